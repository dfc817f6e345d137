package graph_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/diff"
	"netgen.dev/report/graph"
)

// shape writes what a comparison says of a graph: its alarms, nodes and edges.
func shape(g *graph.Graph) string {
	var b strings.Builder
	mark := func(danger bool) string {
		if danger {
			return " !"
		}
		return ""
	}
	if len(g.Alarms) > 0 {
		fmt.Fprintln(&b, "alarm:", strings.Join(g.Alarms, " "))
	}
	for _, n := range g.Nodes {
		if n.Change != graph.Same || n.Danger || len(n.Notes) > 0 {
			fmt.Fprintf(&b, "%s%s %s %s\n", n.ID, mark(n.Danger), n.Change, strings.Join(n.Notes, " | "))
		}
	}
	for _, e := range g.Edges {
		if e.Change != graph.Same || e.Danger {
			fmt.Fprintf(&b, "%s-%s%s %s +%v -%v %s\n", e.From, e.To, mark(e.Danger), e.Change, e.Opened, e.Closed, e.Note)
		}
	}
	return b.String()
}

// web and api are services, pay is one in another namespace that calls a peer.
func shopGraph(pay, payNamespace string) *graph.Graph {
	node := func(name, ns string, kind graph.Kind) graph.Node {
		return graph.Node{ID: name, Name: name, Kind: kind, Namespace: ns}
	}
	edge := func(from, to string) graph.Edge {
		return graph.Edge{From: from, To: to, Ports: []string{"80/TCP"}}
	}
	return &graph.Graph{
		Topology: "shop", Environment: "prod",
		Nodes: []graph.Node{
			node("web", "shop", graph.Service), node("api", "shop", graph.Service),
			node(pay, payNamespace, graph.Service), node("bank", "", graph.Peer),
		},
		Edges: []graph.Edge{edge("web", "api"), edge("api", pay), edge(pay, "bank")},
	}
}

func TestCompareRows(t *testing.T) {
	egress := []connectivity.Direction{connectivity.Egress}
	peer := &diff.End{Kind: diff.PeerEnd, Name: "bank"}
	old := shopGraph("pay", "pay")
	withoutPay := &graph.Graph{Nodes: old.Nodes[:2], Edges: old.Edges[:1]}
	for _, test := range []struct {
		name          string
		before, after *graph.Graph
		rows          []diff.Change
		want          string
	}{
		{
			"a neutral row closes nothing", old, withoutPay,
			[]diff.Change{
				{Kind: diff.Closed, Class: diff.Neutral, Source: serviceEnd("pay"), Destination: peer, Note: "it still passes: something else lets it"},
				{Kind: diff.Closed, Class: diff.Narrowed, Source: serviceEnd("api"), Destination: serviceEnd("pay"), Closed: port(80)},
				{Kind: diff.IsolationLost, Class: diff.Widened, Subject: "namespace pay", Members: []string{"pay"}, Internet: true},
			},
			`
alarm: pay
pay ! removed isolation lost: it accepts anything and connects to anything
bank removed 
api-pay closed +[] -[80/TCP] 
pay-bank neutral +[] -[] it still passes: something else lets it
`,
		},
		{
			"a namespace loses a direction, with one of its services", old, old,
			[]diff.Change{{Kind: diff.IsolationLost, Class: diff.Widened, Subject: "namespace shop", Members: []string{"web"}, Directions: egress}},
			`
alarm: shop
web ! changed isolation lost: it connects to anything
`,
		},
		{
			"one edge of several rows, one of them towards the internet", old, old,
			[]diff.Change{
				{Kind: diff.Opened, Class: diff.Widened, Internet: true, Source: serviceEnd("pay"), Destination: peer, Opened: port(81)},
				{Kind: diff.Closed, Class: diff.Narrowed, Internet: true, Source: serviceEnd("pay"), Destination: peer, Closed: port(80)},
			},
			`
bank !  
pay-bank ! changed +[81/TCP] -[80/TCP] 
`,
		},
		{
			"a rename that changes nothing", old, shopGraph("billing", "pay"),
			[]diff.Change{{Kind: diff.Renamed, Class: diff.Neutral, Subject: "service billing", Note: "it was pay"}},
			`
billing neutral renamed: it was pay
api-billing neutral +[] -[] billing is renamed
billing-bank neutral +[] -[] billing is renamed
`,
		},
		{
			"a rename of the labels as well", old, shopGraph("billing", "pay"),
			[]diff.Change{{Kind: diff.Renamed, Class: diff.Widened, Closes: true, Internet: true, Subject: "service billing", Note: "it was pay; it was pods a and is pods b"}},
			`
billing ! changed renamed: it was pay; it was pods a and is pods b
api-billing changed +[] -[] billing is renamed
billing-bank ! changed +[] -[] billing is renamed
`,
		},
		{
			"another name that only a redefinition tells of", old, shopGraph("billing", "pay"),
			[]diff.Change{{Kind: diff.Redefined, Class: diff.Widened, Subject: "service billing", Note: "it was pods a and is pods b"}},
			`
billing changed redefined: it was pods a and is pods b
api-billing changed +[] -[] billing is redefined
billing-bank changed +[] -[] billing is redefined
`,
		},
		{
			"a service moves to another namespace", old, shopGraph("pay", "money"),
			[]diff.Change{{Kind: diff.Redefined, Class: diff.Widened, Subject: "service pay", Note: "it moved"}},
			`
pay changed redefined: it moved
api-pay changed +[] -[] pay is redefined
pay-bank changed +[] -[] pay is redefined
`,
		},
		{
			"a peer becomes everybody", old, old,
			[]diff.Change{{Kind: diff.Redefined, Class: diff.Widened, Internet: true, Subject: "peer bank", Note: "it is 0.0.0.0/0"}},
			`
bank ! changed redefined: it is 0.0.0.0/0
pay-bank ! changed +[] -[] bank is redefined
`,
		},
		{
			"a new environment opens everything", nil, old,
			[]diff.Change{{Kind: diff.Added, Class: diff.Widened, Subject: "environment prod"}},
			`
pay added 
api added 
web added 
bank added 
api-pay opened +[80/TCP] -[] 
pay-bank opened +[80/TCP] -[] 
web-api opened +[80/TCP] -[] 
`,
		},
		{
			"an environment that goes closes nothing", withoutPay, nil,
			[]diff.Change{{Kind: diff.Removed, Class: diff.Widened, Subject: "environment prod"}},
			`
alarm: shop
api ! removed 
web ! removed 
web-api neutral +[] -[] it still passes: no policy is left that stops anything
`,
		},
		{
			"what declares otherwise and what cannot be read", old, old,
			[]diff.Change{
				{Kind: diff.Restated, Class: diff.Neutral, Source: serviceEnd("web"), Destination: serviceEnd("api"), Note: "another why"},
				{Kind: diff.Undecided, Class: diff.Widened, Subject: "policy shop/odd"},
				{Kind: diff.InvariantBroken, Class: diff.Widened, Subject: "invariant apart", Source: serviceEnd("api"), Destination: serviceEnd("pay")},
				{Kind: diff.IsolationGained, Class: diff.Narrowed, Subject: "service pay", Directions: egress},
			},
			`
alarm: shop
pay ! changed isolated: it opens only what is allowed
api !  
web-api neutral +[] -[] another why
`,
		},
	} {
		got := shape(graph.Compare(test.before, test.after, test.rows))
		if d := cmp.Diff(strings.TrimLeft(test.want, "\n"), got); d != "" {
			t.Errorf("%s:\n%s", test.name, d)
		}
	}
}

// TestColours sees that a namespace has its colour whatever else is drawn.
func TestColours(t *testing.T) {
	colour := func(g *graph.Graph, ns string) string {
		found := regexp.MustCompile(`class="ns (h\d)[^>]*>.*?>` + ns + `</text>`).FindStringSubmatch(graph.SVG(g, graph.Options{}))
		if found == nil {
			t.Fatal("no namespace ", ns)
		}
		return found[1]
	}
	small, large := &graph.Graph{}, &graph.Graph{}
	used := map[string]bool{}
	for _, ns := range []string{"shop", "payments", "data", "web", "mail"} {
		small = &graph.Graph{Nodes: []graph.Node{{ID: ns, Name: ns, Kind: graph.Service, Namespace: ns}}}
		large.Nodes = slices.Insert(large.Nodes, 0, small.Nodes[0])
		used[colour(small, ns)] = true
		if a, b := colour(small, ns), colour(large, ns); a != b {
			t.Errorf("%s is %s alone and %s among others", ns, a, b)
		}
	}
	if len(used) < 3 {
		t.Errorf("five namespaces have %d colours", len(used))
	}
}
