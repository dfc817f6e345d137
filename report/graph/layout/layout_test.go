package layout

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

var options = Options{Gap: 16, Gutter: 72, Padding: 18, Header: 26}

// random returns a graph as systems have it: clusters that mostly call inside, a
// few hubs, a few nodes outside that call or are called.
func random(r *rand.Rand, n, perNode int) ([]Node, []Edge) {
	clusters := max(1, n/30)
	var nodes []Node
	for i := range n {
		c := i * clusters / n
		if i%25 == 24 {
			c = -1
		}
		nodes = append(nodes, Node{Width: 120 + float64(r.IntN(60)), Height: 44, Cluster: c})
	}
	var edges []Edge
	for i := range n {
		for range r.IntN(2*perNode + 1) {
			to := r.IntN(n)
			switch r.IntN(4) {
			case 0, 1:
				to = min(n-1, max(0, i-15+r.IntN(30)))
			case 2:
				to = r.IntN(n/20 + 1)
			}
			edges = append(edges, Edge{From: i, To: to})
		}
	}
	return nodes, edges
}

func overlap(a, b Rect) bool {
	return a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height
}

func within(a, b Rect) bool {
	return a.X >= b.X && a.Y >= b.Y && a.X+a.Width <= b.X+b.Width && a.Y+a.Height <= b.Y+b.Height
}

// TestProperties holds random graphs against what every layout must be.
func TestProperties(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		size := 2 + r.IntN(80)
		if seed >= 55 {
			size = 400 + r.IntN(200) // some are folded
		}
		nodes, edges := random(r, size, r.IntN(4))
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			out := Place(nodes, edges, options)
			for i, a := range out.Nodes {
				for j, b := range out.Nodes {
					if i < j && overlap(a, b) {
						t.Errorf("nodes %d %v and %d %v overlap", i, a, j, b)
					}
				}
				if !within(a, Rect{0, 0, out.Width, out.Height}) {
					t.Errorf("node %d %v is outside the drawing", i, a)
				}
				for c, box := range out.Clusters {
					switch in := within(a, box); {
					case nodes[i].Cluster == c && !in:
						t.Errorf("node %d %v is outside its cluster %v", i, a, box)
					case nodes[i].Cluster != c && overlap(a, box):
						t.Errorf("node %d %v is in cluster %d %v, which is not its own", i, a, c, box)
					}
				}
			}
			for i, a := range out.Clusters {
				for j, b := range out.Clusters {
					if i < j && overlap(a, b) {
						t.Errorf("clusters %d %v and %d %v overlap", i, a, j, b)
					}
				}
			}
			for i, e := range out.Edges {
				checkRoute(t, out, edges[i], e)
			}
		})
	}
}

// checkRoute sees that an edge goes from its caller to its callee, in one
// direction, and meets no other node.
func checkRoute(t *testing.T, out *Layout, e Edge, route Route) {
	t.Helper()
	if e.From == e.To {
		return
	}
	from, to := out.Nodes[e.From], out.Nodes[e.To]
	first, last := route.Points[0], route.Points[len(route.Points)-1]
	startX, endX, sign := from.X+from.Width, to.X, 1.0
	if route.Backward {
		startX, endX, sign = from.X, to.X+to.Width, -1.0
	}
	if first.X != startX || first.Y != from.Y+from.Height/2 || last.X != endX || last.Y != to.Y+to.Height/2 {
		t.Errorf("edge %v goes from %v to %v, not from %v to %v", e, first, last, from, to)
	}
	for i := 1; i < len(route.Points) && !route.Direct; i++ {
		a, b := route.Points[i-1], route.Points[i]
		if (b.X-a.X)*sign < 0 {
			t.Errorf("edge %v turns back at %v", e, b)
		}
		// A curve is between columns, where no node is; along a column the way is
		// straight.
		for v, n := range out.Nodes {
			lo, hi := min(a.X, b.X), max(a.X, b.X)
			if v == e.From || v == e.To || hi <= n.X || lo >= n.X+n.Width {
				continue
			}
			if a.Y != b.Y {
				t.Errorf("edge %v is not straight from %v to %v, where node %d is", e, a, b, v)
			} else if a.Y > n.Y && a.Y < n.Y+n.Height {
				t.Errorf("edge %v goes through node %d", e, v)
			}
		}
	}
}

// TestAcyclic sees that nothing points to the left that need not.
func TestAcyclic(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	nodes, edges := random(r, 100, 3)
	var forward []Edge
	for _, e := range edges {
		if e.From < e.To {
			forward = append(forward, e)
		}
	}
	for i, e := range Place(nodes, forward, options).Edges {
		if e.Backward {
			t.Errorf("edge %v points to the left, and closes no cycle", forward[i])
		}
	}
}

func TestDeterministic(t *testing.T) {
	nodes, edges := random(rand.New(rand.NewPCG(3, 3)), 120, 3)
	if !reflect.DeepEqual(Place(nodes, edges, options), Place(nodes, edges, options)) {
		t.Error("one graph has two layouts")
	}
}

// TestSmall sees to graphs at the edge.
func TestSmall(t *testing.T) {
	Place(nil, nil, options)
	out := Place([]Node{{Width: 10, Height: 10, Cluster: -1}}, []Edge{{}}, options)
	if out.Width != 10 || out.Height != 10 {
		t.Errorf("a node alone takes %v by %v", out.Width, out.Height)
	}
	out = Place([]Node{{10, 10, 0}, {10, 10, 0}}, []Edge{{From: 0, To: 1}, {From: 1, To: 0}}, options)
	if out.Edges[0].Backward == out.Edges[1].Backward {
		t.Error("of a cycle of two, one edge is turned around")
	}
	out = Place([]Node{{10, 10, 2}}, nil, options)
	if len(out.Clusters) != 3 || out.Clusters[0].Width != 0 || out.Clusters[2].Width == 0 {
		t.Errorf("clusters are %v", out.Clusters)
	}
}

func TestLarge(t *testing.T) {
	nodes, edges := random(rand.New(rand.NewPCG(5, 5)), 500, 4)
	start := time.Now()
	out := Place(nodes, edges, options)
	took := time.Since(start)
	t.Logf("%d nodes and %d edges in %v: %v by %v, %d columns", len(nodes), len(edges), took, out.Width, out.Height, out.Columns)
	if took > 10*time.Second { // a tenth of it is what it takes; the machine may be busy
		t.Errorf("it takes %v", took)
	}
}

func BenchmarkPlace(b *testing.B) {
	for _, n := range []int{10, 100, 500} {
		nodes, edges := random(rand.New(rand.NewPCG(5, 5)), n, 4)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				Place(nodes, edges, options)
			}
		})
	}
}
