package graph

import (
	"maps"
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
	c := &comparer{
		before: before.renamed(formerNames(before, after, changes)), after: after,
		out: &Graph{Topology: after.Topology, Environment: after.Environment},
	}
	for _, n := range after.Nodes {
		if c.before.node(n.ID) == nil && declared(n) {
			n.Change = Added
		}
		c.out.Nodes = append(c.out.Nodes, n)
	}
	for _, n := range c.before.Nodes {
		if after.node(n.ID) == nil && declared(n) {
			n.Change = Removed
			c.out.Nodes = append(c.out.Nodes, n)
		}
	}
	c.out.Edges = slices.Clone(after.Edges)
	// What a row says of a connection goes before what follows from other rows.
	for _, row := range changes {
		if row.Source != nil && row.Destination != nil && row.Subject == "" {
			c.connection(row)
		}
	}
	for _, row := range changes {
		if row.Subject != "" {
			c.subject(row)
		}
	}
	c.out.sort(nil)
	return c.out
}

func declared(n Node) bool { return n.Kind == Service || n.Kind == Group || n.Kind == Peer }

// formerNames returns the old names of what has another name now, by the new ones.
func formerNames(before, after *Graph, changes []diff.Change) map[string]string {
	out := map[string]string{}
	var removed []string
	for _, row := range changes {
		_, name, _ := strings.Cut(row.Subject, " ")
		switch row.Kind {
		case diff.Renamed:
			old, _, _ := strings.Cut(strings.TrimPrefix(row.Note, "it was "), ";")
			if before.node(old) != nil && after.node(old) == nil && after.node(name) != nil {
				out[name] = old
			}
		case diff.Removed:
			removed = append(removed, name)
		default:
		}
	}
	// What is redefined was there, by a name that nothing else accounts for.
	for _, row := range changes {
		_, name, _ := strings.Cut(row.Subject, " ")
		is := after.node(name)
		if row.Kind != diff.Redefined || is == nil || before.node(name) != nil || out[name] != "" {
			continue
		}
		var gone []string
		for _, n := range before.Nodes {
			known := slices.Contains(removed, n.ID) || slices.Contains(slices.Collect(maps.Values(out)), n.ID)
			if n.Kind == is.Kind && after.node(n.ID) == nil && !known {
				gone = append(gone, n.ID)
			}
		}
		if len(gone) == 1 {
			out[name] = gone[0]
		}
	}
	return out
}

// renamed returns a graph in which nodes have the names that they got later.
func (g *Graph) renamed(former map[string]string) *Graph {
	now := map[string]string{}
	for name, old := range former {
		now[old] = name
	}
	named := func(id string) string {
		if name, ok := now[id]; ok {
			return name
		}
		return id
	}
	out := &Graph{Topology: g.Topology, Environment: g.Environment}
	for _, n := range g.Nodes {
		n.ID = named(n.ID)
		out.Nodes = append(out.Nodes, n)
	}
	for _, e := range g.Edges {
		e.From, e.To = named(e.From), named(e.To)
		out.Edges = append(out.Edges, e)
	}
	return out
}

type comparer struct {
	before, after, out *Graph
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

// connection puts a row on the edges that it is about, and marks the ends by which
// it leads out of the cluster.
func (c *comparer) connection(row diff.Change) {
	from, to := c.ends(row.Source), c.ends(row.Destination)
	for _, a := range from {
		for _, b := range to {
			c.edge(a, b, row)
		}
	}
	if !opensInternet(row) {
		return
	}
	marked := false
	for _, end := range []*diff.End{row.Source, row.Destination} {
		if end.Kind == diff.PeerEnd || end.Kind == diff.AddressEnd || end.Kind == diff.AnybodyEnd {
			marked = true
			c.endanger(endIDs(end)...)
		}
	}
	if !marked {
		c.endanger(append(from, to...)...)
	}
}

func opensInternet(row diff.Change) bool {
	return row.Internet && row.Class != diff.Narrowed && row.Class != diff.Neutral
}

func (c *comparer) endanger(ids ...string) {
	for _, id := range ids {
		if n := c.out.node(id); n != nil {
			n.Danger = true
		}
	}
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
	// Several rows may be about one edge.
	e.Opened, e.Closed = union(e.Opened, list(row.Opened)), union(e.Closed, list(row.Closed))
	e.Note = strings.Join(union(filled(e.Note), filled(row.Note)), "; ")
	e.Danger = e.Danger || opensInternet(row)
	e.Change = merged(e.Change, changeOf(row))
	for _, f := range []struct {
		to   *string
		from string
	}{{&e.Why, row.Why}, {&e.Owner, row.Owner}, {&e.Ticket, row.Ticket}, {&e.Expires, row.Expires}} {
		if *f.to == "" {
			*f.to = f.from
		}
	}
	if row.Pos != nil {
		e.Pos = row.Pos.String()
	}
}

// changeOf is what a row says of its connection: that something passes or does not,
// and not only that somebody declares it.
func changeOf(row diff.Change) Change {
	switch {
	case row.Class == diff.Neutral:
		return Neutral
	case len(row.Opened) > 0 && len(row.Closed) > 0, row.Kind == diff.Changed:
		return Changed
	case len(row.Opened) > 0, row.Kind == diff.Opened:
		return Opened
	case len(row.Closed) > 0, row.Kind == diff.Closed:
		return Closed
	}
	return Neutral
}

// merged is the change of an edge of which two rows tell.
func merged(a, b Change) Change {
	switch {
	case a == b, b == Same, b == Neutral && a != Same:
		return a
	case a == Same, a == Neutral:
		return b
	}
	return Changed
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(slices.Clip(a), s)
		}
	}
	return a
}

func filled(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
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
