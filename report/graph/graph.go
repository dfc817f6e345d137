// Package graph draws who may talk to whom in one environment: as Mermaid, DOT,
// SVG, JSON, and as an HTML page that explains itself without a network.
//
// A Graph is a view of a model and its plan: Of makes one, Compare lays two over
// each other, Focus cuts one down to the surroundings of a node. The writers take
// any Graph. They trust no text in it, and for one Graph they always write the same
// bytes.
package graph

import (
	"slices"
)

// Kind is what a node is.
type Kind string

// The kinds of nodes.
const (
	Service  Kind = "service"
	Group    Kind = "group"
	Peer     Kind = "peer"
	Resolver Kind = "dns"      // the DNS of the cluster
	Anything Kind = "anything" // whoever, where a direction is not enforced
	Outside  Kind = "outside"  // what nobody declares; only a diff names it
)

// Change is what a diff says of a node or an edge.
type Change string

// The changes.
const (
	Same    Change = ""
	Opened  Change = "opened"
	Closed  Change = "closed"
	Changed Change = "changed" // of an edge: other ports or ends; of a node: other pods, addresses or isolation
	Neutral Change = "neutral" // another declaration or name, by which all passes as before
	Added   Change = "added"   // of nodes
	Removed Change = "removed"
)

// sign tells changes apart without colour.
func (c Change) sign() string {
	switch c {
	case Opened, Added:
		return "+"
	case Closed, Removed:
		return "−"
	case Changed:
		return "~"
	case Neutral:
		return "="
	default:
		return ""
	}
}

// The IDs of nodes that no name of a topology can be.
const (
	resolverID = "~dns"
	anythingID = "~anything"
)

// Node is one end of connections. Services and groups have a namespace; all else
// is outside.
type Node struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Kind        Kind     `json:"kind"`
	Namespace   string   `json:"namespace,omitempty"`
	Owner       string   `json:"owner,omitempty"`
	Description string   `json:"description,omitempty"`
	Ports       []string `json:"ports,omitempty"` // as in "http 8080/TCP"
	About       []string `json:"about,omitempty"` // what it stands for, and what is special
	Pos         string   `json:"pos,omitempty"`   // where it is declared

	// What a diff says: how it is another, and whether that is dangerous.
	Change Change   `json:"change,omitempty"`
	Notes  []string `json:"notes,omitempty"`
	Danger bool     `json:"danger,omitempty"`
}

// Edge says that From may open connections to To.
type Edge struct {
	From     string   `json:"from"` // the ID of a node
	To       string   `json:"to"`
	Ports    []string `json:"ports"` // as in "8080/TCP" or "every port"
	Why      string   `json:"why,omitempty"`
	Owner    string   `json:"owner,omitempty"`
	Ticket   string   `json:"ticket,omitempty"`
	Expires  string   `json:"expires,omitempty"`
	Pos      string   `json:"pos,omitempty"`      // where it is declared
	Policies []string `json:"policies,omitempty"` // the rules that carry it, as in "shop/shop.backend, ingress[0]"
	Implied  bool     `json:"implied,omitempty"`  // by the DNS of the cluster

	// What a diff says: the ports that pass now and did not, and the other way.
	Change Change   `json:"change,omitempty"`
	Opened []string `json:"opened,omitempty"`
	Closed []string `json:"closed,omitempty"`
	Note   string   `json:"note,omitempty"`
	Danger bool     `json:"danger,omitempty"` // it opens towards the internet
}

// Graph is who may talk to whom in one environment.
type Graph struct {
	Topology    string `json:"topology"`
	Environment string `json:"environment"`
	Nodes       []Node `json:"nodes"` // sorted by namespace, those outside last, and name
	Edges       []Edge `json:"edges"` // sorted by the names of both ends

	// Alarms are the namespaces of which a diff says something dangerous.
	Alarms []string `json:"alarms,omitempty"`
}

// empty returns a graph without anything, whose lists are none in JSON as well.
func empty(topology, environment string) *Graph {
	return &Graph{Topology: topology, Environment: environment, Nodes: []Node{}, Edges: []Edge{}}
}

// title names a graph. A topology without environments has one that nobody named.
func (g *Graph) title() string {
	if g.Environment == "" || g.Environment == "default" {
		return g.Topology
	}
	return g.Topology + " " + g.Environment
}

// Options say what of a graph is written.
type Options struct {
	// DNS shows what the DNS of the cluster implies. Where that changed, it is
	// shown anyhow.
	DNS bool
	// ChangedOnly leaves out what a diff says nothing of.
	ChangedOnly bool
	// MaxEdges, where it is not 0, leaves out connections beyond so many, those
	// that are opened being the last to go.
	MaxEdges int
}

// choose returns the part of a graph that is written, and how many edges were
// left out for their number.
func (g *Graph) choose(o Options) (*Graph, int) {
	out := empty(g.Topology, g.Environment)
	out.Alarms = g.Alarms
	needed := map[string]bool{}
	for _, e := range g.Edges {
		if e.Change == Same && (o.ChangedOnly || e.Implied && !o.DNS) {
			continue
		}
		out.Edges = append(out.Edges, e)
	}
	omitted := 0
	if o.MaxEdges > 0 && len(out.Edges) > o.MaxEdges {
		omitted = len(out.Edges) - o.MaxEdges
		slices.SortStableFunc(out.Edges, func(a, b Edge) int { return urgency(a.Change) - urgency(b.Change) })
		out.Edges = out.Edges[:o.MaxEdges]
		out.sort(g.Nodes)
	}
	for _, e := range out.Edges {
		needed[e.From], needed[e.To] = true, true
	}
	for _, n := range g.Nodes {
		shown := n.Change != Same || !o.ChangedOnly && n.Kind != Resolver && n.Kind != Outside
		if needed[n.ID] || shown {
			out.Nodes = append(out.Nodes, n)
		}
	}
	return out, omitted
}

func urgency(c Change) int { return slices.Index([]Change{Opened, Changed, Closed, Neutral, Same}, c) }

// node returns the node of an ID, nil where there is none.
func (g *Graph) node(id string) *Node {
	for i := range g.Nodes {
		if g.Nodes[i].ID == id {
			return &g.Nodes[i]
		}
	}
	return nil
}

// Find returns the ID of the node of a name: a service, group or peer, "dns" where
// nothing else is named so.
func (g *Graph) Find(name string) (id string, ok bool) {
	for _, n := range g.Nodes {
		if n.Name == name && n.ID == name {
			return n.ID, true
		}
	}
	if name == "dns" && g.node(resolverID) != nil {
		return resolverID, true
	}
	return "", false
}

// Focus returns the part of a graph within some hops of a node, followed from
// caller to callee and from callee to caller, not back and forth: what it reaches
// and what reaches it. hops < 0 is no limit.
func (g *Graph) Focus(id string, hops int, o Options) *Graph {
	near := map[string]bool{id: true}
	keep := map[int]bool{}
	for _, forward := range []bool{true, false} {
		seen, frontier := map[string]bool{id: true}, []string{id}
		for n := 0; len(frontier) > 0 && (hops < 0 || n < hops); n++ {
			var next []string
			for i, e := range g.Edges {
				from, to := e.From, e.To
				if !forward {
					from, to = to, from
				}
				if e.Implied && !o.DNS || !slices.Contains(frontier, from) {
					continue
				}
				keep[i] = true
				if !seen[to] {
					seen[to], near[to] = true, true
					next = append(next, to)
				}
			}
			frontier = next
		}
	}
	out := empty(g.Topology, g.Environment)
	out.Alarms = g.Alarms
	for _, n := range g.Nodes {
		if near[n.ID] {
			out.Nodes = append(out.Nodes, n)
		}
	}
	for i, e := range g.Edges {
		if keep[i] {
			out.Edges = append(out.Edges, e)
		}
	}
	return out
}

// Shown returns the part of a graph that o says to write.
func (g *Graph) Shown(o Options) *Graph {
	out, _ := g.choose(o)
	return out
}
