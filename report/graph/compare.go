package graph

import (
	"slices"
	"strings"

	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/diff"
)

// Compare lays two graphs of an environment over each other, with what a diff of
// the two says. What the proof found counts: a connection is opened or closed by a
// row of changes, not because its declaration came or went. Either graph may be
// nil, where the environment is new or gone.
func Compare(before, after *Graph, changes []diff.Change) *Graph {
	if before == nil {
		before = &Graph{}
	}
	if after == nil {
		after = &Graph{Topology: before.Topology, Environment: before.Environment}
	}
	c := &comparer{before: before, out: &Graph{Topology: after.Topology, Environment: after.Environment}}
	for _, n := range after.Nodes {
		if before.node(n.ID) == nil && declared(n) {
			n.Change = Added
		}
		c.out.Nodes = append(c.out.Nodes, n)
	}
	for _, n := range before.Nodes {
		if after.node(n.ID) == nil && declared(n) {
			n.Change = Removed
			c.out.Nodes = append(c.out.Nodes, n)
		}
	}
	c.out.Edges = slices.Clone(after.Edges)
	for _, row := range changes {
		if row.Source == nil || row.Destination == nil {
			c.subject(row)
			continue
		}
		for _, from := range c.ends(row.Source) {
			for _, to := range c.ends(row.Destination) {
				c.edge(from, to, row)
			}
		}
	}
	c.out.sort(nil)
	return c.out
}

func declared(n Node) bool { return n.Kind == Service || n.Kind == Group || n.Kind == Peer }

type comparer struct {
	before, out *Graph
}

// endIDs returns the IDs of the nodes of an end.
func endIDs(e *diff.End) []string {
	switch e.Kind {
	case diff.SeveralEnd:
		return e.Members
	case diff.ServiceEnd, diff.GroupEnd, diff.PeerEnd:
		return []string{e.Name}
	case diff.DNSEnd:
		return []string{resolverID}
	default: // no topology names it
		return []string{"~" + string(e.Kind) + " " + e.Namespace + "/" + e.Name}
	}
}

// ends returns the IDs of an end, whose nodes are made where there are none yet.
func (c *comparer) ends(e *diff.End) []string {
	ids := endIDs(e)
	for _, id := range ids {
		n := Node{ID: id, Name: e.Name, Kind: Outside, Description: "nobody declares it"}
		switch e.Kind {
		case diff.SeveralEnd:
			n = Node{ID: id, Name: id, Kind: Service}
		case diff.ServiceEnd, diff.GroupEnd, diff.PeerEnd:
			n = Node{ID: id, Name: e.Name, Kind: Kind(e.Kind), Namespace: e.Namespace}
		case diff.DNSEnd:
			n = Node{ID: id, Name: "dns", Kind: Resolver, Description: "the DNS of the cluster"}
		default:
			if e.Namespace != "" {
				n.About = []string{"namespace " + e.Namespace}
			}
		}
		c.need(n)
	}
	return ids
}

// need adds a node that is not there, as it was before where it was.
func (c *comparer) need(n Node) {
	if c.out.node(n.ID) != nil {
		return
	}
	if old := c.before.node(n.ID); old != nil {
		n = *old
	}
	c.out.Nodes = append(c.out.Nodes, n)
}

// edge puts a row on the edge that it is about: that of now, or that of before,
// or a new one where no topology declares any.
func (c *comparer) edge(from, to string, row diff.Change) {
	i := find(c.out.Edges, from, to)
	if i < 0 {
		e := Edge{From: from, To: to, Ports: list(row.Opened.Or(row.Closed)), Policies: row.Rules}
		if j := find(c.before.Edges, from, to); j >= 0 {
			e = c.before.Edges[j]
		}
		c.out.Edges = append(c.out.Edges, e)
		i = len(c.out.Edges) - 1
	}
	e := &c.out.Edges[i]
	e.Opened, e.Closed, e.Note = list(row.Opened), list(row.Closed), row.Note
	switch {
	case len(row.Opened) > 0 && len(row.Closed) > 0, row.Kind == diff.Changed:
		e.Change = Changed
	case len(row.Opened) > 0, row.Kind == diff.Opened:
		e.Change = Opened
	case len(row.Closed) > 0, row.Kind == diff.Closed:
		e.Change = Closed
	}
	for _, f := range []struct {
		to   *string
		from string
	}{{&e.Why, row.Why}, {&e.Owner, row.Owner}, {&e.Ticket, row.Ticket}} {
		if *f.to == "" {
			*f.to = f.from
		}
	}
	if row.Pos != nil {
		e.Pos = row.Pos.String()
	}
}

// find returns the edge between two nodes, the declared one where another is
// implied.
func find(edges []Edge, from, to string) int {
	found := -1
	for i, e := range edges {
		if e.From == from && e.To == to && (found < 0 || edges[found].Implied) {
			found = i
		}
	}
	return found
}

// subject marks the node that a row is about, where it is about one.
func (c *comparer) subject(row diff.Change) {
	_, name, _ := strings.Cut(row.Subject, " ")
	if row.Kind != diff.IsolationGained && row.Kind != diff.IsolationLost {
		return
	}
	n := c.out.node(name)
	if n == nil || !strings.HasPrefix(row.Subject, string(n.Kind)+" ") {
		return
	}
	if n.Change == Same {
		n.Change = Changed
	}
	var directions []string
	for _, d := range row.Directions {
		directions = append(directions, string(d))
	}
	n.About = append(slices.Clone(n.About), strings.TrimSpace(strings.Replace(string(row.Kind), "-", " ", 1)+" "+strings.Join(directions, " and ")))
}

func list(ports connectivity.Ports) []string {
	switch {
	case len(ports) == 0:
		return nil
	case ports.Equal(connectivity.AllPorts):
		return []string{anyPort}
	}
	out := make([]string, len(ports))
	for i, r := range ports {
		out[i] = r.String()
	}
	return out
}
