package layout

import (
	"cmp"
	"math"
	"slices"
)

// The shape that a large drawing should have: a screen's.
const (
	tallest = 2.0  // height to width, before bands are put side by side
	wanted  = 0.62 // after
	large   = 3500 // height
)

// fold lays out a drawing that became a tower anew: its bands in several stacks
// side by side. Edges between stacks are drawn straight to their end, behind what
// is between; in a drawing so large, a single line is followed by other means.
func (s *state) fold(whole *Layout) *Layout {
	if whole.Height < large || whole.Height < tallest*whole.Width || len(s.bands) < 2 {
		return whole
	}
	n := int(math.Round(math.Sqrt(whole.Height / whole.Width / wanted)))
	stackOf := s.stacks(n)
	out := &Layout{Nodes: make([]Rect, len(s.nodes)), Edges: make([]Route, len(s.edges)), Clusters: make([]Rect, len(whole.Clusters))}
	x := s.fringeWidth(true)
	tall := 0.0
	for stack := range n {
		part, tallPart := s.placeStack(out, stackOf, stack, x)
		if part > 0 {
			x += part + 3*s.o.Gutter
		}
		tall = max(tall, tallPart)
	}
	for v, r := range out.Nodes {
		if s.fringe[v] {
			continue
		}
		out.Width = max(out.Width, r.X+r.Width)
	}
	for _, r := range out.Clusters {
		out.Width = max(out.Width, r.X+r.Width)
	}
	out.Height = tall
	s.foldFringe(out)
	for i, e := range s.edges {
		if len(out.Edges[i].Points) == 0 {
			out.Edges[i] = direct(out.Nodes[e.From], out.Nodes[e.To])
		}
	}
	return out
}

// stacks cuts the order of the bands into n parts of about the same height, and
// returns the part of each node, -1 for those at the fringe.
func (s *state) stacks(n int) []int {
	total := 0.0
	for _, b := range s.bands {
		total += b.height
	}
	stack := make([]int, len(s.bands))
	at := 0.0
	for _, i := range s.order {
		b := s.bands[i]
		stack[i] = min(n-1, int((at+b.height/2)/total*float64(n)))
		at += b.height
	}
	out := make([]int, len(s.nodes))
	for v := range s.nodes {
		out[v] = stack[s.items[s.byNode[v]].band]
		if s.fringe[v] {
			out[v] = -1
		}
	}
	return out
}

// placeStack lays out one stack at x and returns its size.
func (s *state) placeStack(out *Layout, stackOf []int, stack int, x float64) (width, height float64) {
	index := map[int]int{} // of a node in the part
	var members, edges []int
	var nodes []Node
	for v, n := range s.nodes {
		if stackOf[v] == stack {
			index[v] = len(nodes)
			members = append(members, v)
			nodes = append(nodes, n)
		}
	}
	var inside []Edge
	for i, e := range s.edges {
		from, ok := index[e.From]
		to, too := index[e.To]
		if ok && too {
			inside = append(inside, Edge{from, to, e.Label})
			edges = append(edges, i)
		}
	}
	part := place(nodes, inside, s.o).result()
	for i, v := range members {
		out.Nodes[v] = part.Nodes[i]
		out.Nodes[v].X += x
	}
	for c, r := range part.Clusters {
		if r.Width > 0 {
			r.X += x
			out.Clusters[c] = r
		}
	}
	for i, e := range edges {
		out.Edges[e] = part.Edges[i]
		for j := range out.Edges[e].Points {
			out.Edges[e].Points[j].X += x
		}
	}
	return part.Width, part.Height
}

// fringeWidth is what the first column takes.
func (s *state) fringeWidth(first bool) float64 {
	w := 0.0
	for v, n := range s.nodes {
		if s.fringe[v] && (s.layer[v] == 0) == first {
			w = max(w, n.Width)
		}
	}
	if w > 0 {
		w += 3 * s.o.Gutter
	}
	return w
}

// foldFringe puts the first and the last column at both sides, each node beside
// what it is linked to.
func (s *state) foldFringe(out *Layout) {
	for _, first := range []bool{true, false} {
		width := s.fringeWidth(first) - 3*s.o.Gutter
		if width <= 0 {
			continue
		}
		x := 0.0
		if !first {
			x = out.Width + 3*s.o.Gutter
		}
		want := map[int]float64{}
		var column []int
		for v := range s.nodes {
			if !s.fringe[v] || (s.layer[v] == 0) != first {
				continue
			}
			sum, n := 0.0, 0
			for _, e := range s.edges {
				other := e.To
				if e.To == v {
					other = e.From
				} else if e.From != v {
					continue
				}
				if !s.fringe[other] {
					sum += out.Nodes[other].Y + out.Nodes[other].Height/2
					n++
				}
			}
			it := s.byNode[v]
			want[it] = sum / float64(max(1, n))
			column = append(column, it)
		}
		slices.SortStableFunc(column, func(a, b int) int { return cmp.Compare(want[a], want[b]) })
		out.Height = max(out.Height, s.needs(column))
		s.settle(column, out.Height, func(it int) (float64, float64) { return want[it], 1 })
		for _, it := range column {
			v := s.items[it].node
			n := s.nodes[v]
			out.Nodes[v] = Rect{x, round(s.items[it].y - n.Height/2), width, n.Height}
		}
		if !first {
			out.Width = x + width
		}
	}
}

// direct is the way between two nodes that goes by nothing else.
func direct(a, b Rect) Route {
	start, end := Point{a.X + a.Width, a.Y + a.Height/2}, Point{b.X, b.Y + b.Height/2}
	r := Route{Direct: true}
	if b.X+b.Width < a.X {
		start.X, end.X, r.Backward = a.X, b.X+b.Width, true
	}
	r.Points = []Point{start, end}
	return r
}
