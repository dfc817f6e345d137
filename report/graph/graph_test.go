package graph_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/diag"
	"netgen.dev/gen/plan"
	"netgen.dev/gen/policy"
	"netgen.dev/gen/topology"
	"netgen.dev/internal/randomtopology"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/diff"
	"netgen.dev/report/graph"
)

// graphsOf returns the graph of each environment of a topology.
func graphsOf(t testing.TB, data map[string]any) []*graph.Graph {
	t.Helper()
	nowhere := func([]string) (key, value diag.Pos, ok bool) { return key, value, false }
	models, list := topology.Resolve(data, nowhere)
	if list.Failed() {
		t.Fatal(list)
	}
	var out []*graph.Graph
	for _, m := range models {
		p := plan.Make(m)
		out = append(out, graph.Of(m, p, policy.Spell(p), nil))
	}
	return out
}

func large(t testing.TB, n int) *graph.Graph {
	return graphsOf(t, randomtopology.Large(rand.New(rand.NewPCG(1, uint64(n))), n))[0]
}

func html(t testing.TB, p graph.Page) string {
	t.Helper()
	var b strings.Builder
	if err := graph.HTML(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func BenchmarkSVG(b *testing.B) {
	for _, n := range []int{10, 100, 500} {
		g := large(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				graph.SVG(g, graph.Options{})
			}
		})
	}
}

func BenchmarkHTML(b *testing.B) {
	for _, n := range []int{10, 100, 500} {
		g := large(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			size := 0
			for b.Loop() {
				size = len(html(b, graph.Page{Title: "estate", Views: []graph.View{{Name: "prod", Graph: g}}}))
			}
			b.ReportMetric(float64(size), "bytes")
		})
	}
}

// TestProperties holds the graphs of random topologies against their plans.
func TestProperties(t *testing.T) {
	for seed := range uint64(40) {
		for _, g := range graphsOf(t, randomtopology.New(rand.New(rand.NewPCG(seed, 9)))) {
			ids := map[string]bool{}
			for _, n := range g.Nodes {
				if ids[n.ID] {
					t.Errorf("seed %d: two nodes %s", seed, n.ID)
				}
				ids[n.ID] = true
			}
			for _, e := range g.Edges {
				if !ids[e.From] || !ids[e.To] {
					t.Errorf("seed %d: the edge from %s to %s leads nowhere", seed, e.From, e.To)
				}
				if len(e.Ports) == 0 {
					t.Errorf("seed %d: the edge from %s to %s has no port", seed, e.From, e.To)
				}
			}
			o := graph.Options{DNS: seed%2 == 0}
			for name, write := range map[string]func() string{
				"mermaid": func() string { return graph.Mermaid(g, o) },
				"dot":     func() string { return graph.DOT(g, o) },
				"svg":     func() string { return graph.SVG(g, o) },
				"html": func() string {
					return html(t, graph.Page{Title: "x", Views: []graph.View{{Name: "a", Graph: g}, {Name: "b", Graph: g}}})
				},
			} {
				if first, second := write(), write(); first != second {
					t.Errorf("seed %d: %s is written in two ways", seed, name)
				}
			}
		}
	}
}

// TestPolicies sees that each declared connection names the rules of both ends.
func TestPolicies(t *testing.T) {
	g := large(t, 40)
	for _, e := range g.Edges {
		want := 2
		for _, n := range g.Nodes {
			if (n.ID == e.From || n.ID == e.To) && n.Namespace == "" {
				want--
			}
		}
		if len(e.Policies) != want {
			t.Errorf("%s → %s is carried by %q, want %d rules", e.From, e.To, e.Policies, want)
		}
	}
}

// before and after are two sides of a change.
func sides() (before, after *graph.Graph) {
	service := func(name string) graph.Node {
		return graph.Node{ID: name, Name: name, Kind: graph.Service, Namespace: "ns"}
	}
	edge := func(from, to string, ports ...string) graph.Edge {
		return graph.Edge{From: from, To: to, Ports: ports, Why: "declared"}
	}
	before = &graph.Graph{
		Topology: "t", Nodes: []graph.Node{service("a"), service("b"), service("gone")},
		Edges: []graph.Edge{edge("a", "b", "80/TCP"), edge("a", "gone", "80/TCP"), edge("b", "a", "1/TCP")},
	}
	after = &graph.Graph{
		Topology: "t", Nodes: []graph.Node{service("a"), service("b"), service("new")},
		Edges: []graph.Edge{edge("a", "b", "81/TCP"), edge("a", "new", "80/TCP"), edge("new", "b", "80/TCP")},
	}
	return before, after
}

func port(n uint16) connectivity.Ports {
	return connectivity.PortsOf(connectivity.Range{Protocol: connectivity.TCP, First: n, Last: n})
}

func serviceEnd(name string) *diff.End { return &diff.End{Kind: diff.ServiceEnd, Name: name} }

var rows = []diff.Change{
	{Kind: diff.Changed, Class: diff.Widened, Source: serviceEnd("a"), Destination: serviceEnd("b"), Opened: port(81), Closed: port(80)},
	{Kind: diff.Opened, Class: diff.Widened, Source: serviceEnd("a"), Destination: serviceEnd("new"), Opened: port(80)},
	{Kind: diff.Closed, Class: diff.Narrowed, Source: serviceEnd("a"), Destination: serviceEnd("gone"), Closed: port(80)},
	{
		Kind: diff.Opened, Class: diff.Widened, Source: &diff.End{Kind: diff.SeveralEnd, Name: "2 services", Members: []string{"a", "b"}},
		Destination: &diff.End{Kind: diff.DNSEnd, Name: "dns"}, Opened: port(53),
	},
	{Kind: diff.IsolationLost, Class: diff.Widened, Subject: "service b", Directions: []connectivity.Direction{connectivity.Ingress}},
}

func TestCompare(t *testing.T) {
	before, after := sides()
	g := graph.Compare(before, after, rows)
	want := `flowchart LR
  subgraph ns0["ns"]
    n0["a"]
    n1["~b"]
    n2["−gone"]
    n3["+new"]
  end
  n4(["dns"])
  n0 ==>|"+81/TCP, −80/TCP"| n1
  n0 ==>|"+53/TCP"| n4
  n0 -.->|"−80/TCP"| n2
  n0 ==>|"+80/TCP"| n3
  n1 ==>|"+53/TCP"| n4
  linkStyle 1,3,4 stroke:#1a8f4c,stroke-width:3px
  linkStyle 2 stroke:#d1383d,stroke-width:3px
  linkStyle 0 stroke:#b7791f,stroke-width:3px
  classDef added stroke:#1a8f4c,stroke-width:3px
  class n3 added
  classDef removed stroke:#d1383d,stroke-width:3px,stroke-dasharray:5 4
  class n2 removed
  classDef changed stroke:#b7791f,stroke-width:3px
  class n1 changed
`
	if d := cmp.Diff(want, graph.Mermaid(g, graph.Options{ChangedOnly: true})); d != "" {
		t.Error(d)
	}
	// What is declared anew and opens nothing is shown, as no change.
	whole := graph.Mermaid(g, graph.Options{})
	if !strings.Contains(whole, `n3 -->|"80/TCP"| n1`) {
		t.Errorf("what did not change is missing:\n%s", whole)
	}
	// What is no longer declared and passes all the same is no edge of now.
	if strings.Contains(whole, `"1/TCP"`) {
		t.Errorf("what nobody declares is there:\n%s", whole)
	}
	limited := graph.Mermaid(g, graph.Options{ChangedOnly: true, MaxEdges: 3})
	if strings.Count(limited, "==>") != 3 || !strings.Contains(limited, "2 connections not shown") || strings.Contains(limited, "-.->") {
		t.Errorf("of five edges, the three that opened are shown:\n%s", limited)
	}
}

// TestCompareOneSide compares where an environment is new or gone, or where no
// topology is behind the policies at all.
func TestCompareOneSide(t *testing.T) {
	before, after := sides()
	for _, g := range []*graph.Graph{graph.Compare(nil, after, rows), graph.Compare(before, nil, rows), graph.Compare(nil, nil, rows)} {
		for _, text := range []string{"+81/TCP, −80/TCP", "+53/TCP"} {
			if chart := graph.Mermaid(g, graph.Options{}); !strings.Contains(chart, text) {
				t.Errorf("%s is missing:\n%s", text, chart)
			}
		}
		graph.SVG(g, graph.Options{})
		html(t, graph.Page{Title: "x", Views: []graph.View{{Graph: g, Changes: rows}}})
	}
	html(t, graph.Page{Title: "nothing"})
}

// TestFocus follows connections one way, and what is implied only where asked.
func TestFocus(t *testing.T) {
	g := &graph.Graph{}
	for _, name := range []string{"a", "b", "c", "d", "x", "~dns"} {
		g.Nodes = append(g.Nodes, graph.Node{ID: name, Name: name})
	}
	for _, e := range []string{"ab", "bc", "cd", "ax"} {
		g.Edges = append(g.Edges, graph.Edge{From: e[:1], To: e[1:]})
	}
	g.Edges = append(g.Edges, graph.Edge{From: "b", To: "~dns", Implied: true})
	for _, test := range []struct {
		of   string
		hops int
		dns  bool
		want string
	}{
		{"b", 1, false, "a b c"},
		{"b", 2, false, "a b c d"},
		{"b", -1, true, "a b c d ~dns"},
		{"x", -1, false, "a x"},
		{"~dns", 2, true, "a b ~dns"},
		{"~dns", 2, false, "~dns"},
	} {
		var got []string
		for _, n := range g.Focus(test.of, test.hops, graph.Options{DNS: test.dns}).Nodes {
			got = append(got, n.ID)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%d hops around %s are %v, want %s", test.hops, test.of, got, test.want)
		}
	}
}
