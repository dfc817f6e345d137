package graph

import (
	"slices"
	"strings"

	"netgen.dev/proof/diff"
)

// subject marks what a row is about that is about no connection alone: a node, with
// its edges where they lead elsewhere now, a namespace, or everything.
func (c *comparer) subject(row diff.Change) {
	what, name, _ := strings.Cut(row.Subject, " ")
	switch what {
	case "service", "group", "peer":
		if n := c.out.node(name); n != nil && string(n.Kind) == what {
			c.party(n, row)
		}
	case "namespace":
		c.namespace(name, row)
	case "environment", "topology":
		c.whole(row)
	case "pods":
		if i := strings.LastIndex(name, " of namespace "); i >= 0 && row.Kind == diff.IsolationLost {
			c.alarm(name[i+len(" of namespace "):])
		}
	case "policy":
		if ns, _, ok := strings.Cut(name, "/"); ok && row.Kind == diff.Undecided {
			c.alarm(ns)
		}
	case "invariant":
		// What shows that it is broken is an example of who is concerned.
		if row.Kind == diff.InvariantBroken && row.Source != nil && row.Destination != nil {
			c.endanger(append(endIDs(row.Source), endIDs(row.Destination)...)...)
		}
	}
}

// party marks a service, group or peer.
func (c *comparer) party(n *Node, row diff.Change) {
	change := Changed
	switch row.Kind {
	case diff.Added, diff.Removed:
		return // as the graphs have it
	case diff.IsolationLost:
		n.Danger = true
		n.Notes = union(n.Notes, []string{"isolation lost: it " + directions(row, "accepts anything", "connects to anything")})
	case diff.IsolationGained:
		n.Notes = union(n.Notes, []string{"isolated: it " + directions(row, "accepts only what is allowed", "opens only what is allowed")})
	default:
		if row.Class == diff.Neutral {
			change = Neutral
		}
		n.Danger = n.Danger || opensInternet(row)
		n.Notes = union(n.Notes, []string{note(string(row.Kind), row.Note)})
		c.edgesOf(*n, row)
	}
	if n.Change != Added && n.Change != Removed {
		n.Change = merged(n.Change, change)
	}
}

// edgesOf marks the connections of a node that is another, or has another name, now:
// what is said of the node is true of them.
func (c *comparer) edgesOf(n Node, row diff.Change) {
	if row.Kind != diff.Renamed && row.Kind != diff.Redefined {
		return
	}
	change := Changed
	if row.Class == diff.Neutral {
		change = Neutral
	}
	for i := range c.out.Edges {
		e := &c.out.Edges[i]
		if e.From != n.ID && e.To != n.ID || e.Implied {
			continue
		}
		e.Note = strings.Join(union(filled(e.Note), []string{n.Name + " is " + string(row.Kind)}), "; ")
		// Of what is pods, the connections that leave the cluster are those.
		outside := n.Kind == Peer || c.isPeer(e.From) || c.isPeer(e.To)
		e.Danger = e.Danger || outside && opensInternet(row)
		if e.Change == Same || e.Change == Neutral {
			e.Change = change
		}
	}
}

func (c *comparer) isPeer(id string) bool {
	n := c.out.node(id)
	return n != nil && n.Kind == Peer
}

func note(what, more string) string {
	if more == "" {
		return what
	}
	return what + ": " + more
}

// directions says what pods do in each direction that a row names, or in both.
func directions(row diff.Change, ingress, egress string) string {
	var out []string
	for _, d := range row.Directions {
		switch d {
		case "ingress":
			out = append(out, ingress)
		case "egress":
			out = append(out, egress)
		}
	}
	if len(out) == 0 {
		out = []string{ingress, egress}
	}
	slices.Sort(out)
	return strings.Join(out, " and ")
}

// namespace marks a namespace and those of it that a row names.
func (c *comparer) namespace(name string, row diff.Change) {
	lost := row.Kind == diff.IsolationLost || row.Kind == diff.Removed && row.Class != diff.Neutral
	if lost {
		c.alarm(name)
	}
	for i := range c.out.Nodes {
		n := &c.out.Nodes[i]
		switch {
		case n.Namespace != name || n.Kind != Service:
		case row.Kind == diff.Removed && lost:
			n.Danger = true
		case lost && slices.Contains(row.Members, n.ID):
			c.party(n, row)
		case row.Kind == diff.IsolationGained && slices.Contains(row.Members, n.ID):
			c.party(n, row)
		}
	}
}

func (c *comparer) alarm(namespace string) {
	if namespace != "" && !slices.Contains(c.out.Alarms, namespace) {
		c.out.Alarms = append(c.out.Alarms, namespace)
		slices.Sort(c.out.Alarms)
	}
}

// whole marks everything, of an environment that came or went. Of one that came, all
// connections are new; of one that went, nothing stops anything any more.
func (c *comparer) whole(row diff.Change) {
	switch {
	case row.Kind == diff.Added:
		for i := range c.out.Edges {
			if e := &c.out.Edges[i]; e.Change == Same {
				e.Change, e.Opened = Opened, slices.Clone(e.Ports)
			}
		}
	case row.Kind == diff.Removed && row.Class != diff.Neutral:
		for _, n := range c.out.Nodes {
			c.alarm(n.Namespace)
			if n.Kind == Service {
				c.endanger(n.ID)
			}
		}
		for _, e := range c.before.Edges {
			if find(c.out.Edges, e.From, e.To) >= 0 {
				continue
			}
			c.need(*c.before.node(e.From))
			c.need(*c.before.node(e.To))
			e.Change, e.Note = Neutral, "it still passes: no policy is left that stops anything"
			c.out.Edges = append(c.out.Edges, e)
		}
	}
}
