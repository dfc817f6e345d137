package diff

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/diag"
	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
)

var directions = []connectivity.Direction{connectivity.Egress, connectivity.Ingress}

// declarations makes a change of each row, and of each connection that came or
// went without a row: it was open before, or still is.
func (c *comparison) declarations() {
	for k, r := range c.rows {
		c.changes = append(c.changes, c.connection(k, r))
	}
	if !c.both() {
		return
	}
	for side := range c.sides {
		for k, f := range c.flows[side] {
			if other := c.flows[1-side][k]; c.rows[k] != nil || other != nil && (side == before || other.ports.Equal(f.ports)) {
				continue
			}
			ch := c.connection(k, nil)
			ch.Note = "it passes as before: nothing stopped it"
			if side == before {
				ch.Note = "it still passes: something else lets it"
			}
			c.changes = append(c.changes, ch)
		}
	}
	c.restated()
}

// restated adds the connections of which only what is said about them changed:
// whoever asked for it, and until when.
func (c *comparison) restated() {
	for k, f := range c.flows[after] {
		was := c.flows[before][k]
		if was == nil || c.rows[k] != nil || !was.ports.Equal(f.ports) {
			continue
		}
		old, new := c.edge(before, was.allows[0].Reason.Path), c.edge(after, f.allows[0].Reason.Path)
		if old == nil || new == nil {
			continue
		}
		var notes []string
		for _, field := range []struct{ name, old, new string }{
			{"expires", dateText(old.Connection.Expires), dateText(new.Connection.Expires)},
			{"why", old.Connection.Why, new.Connection.Why},
			{"owner", old.Connection.Owner, new.Connection.Owner},
			{"ticket", old.Connection.Ticket, new.Connection.Ticket},
		} {
			if field.old != field.new {
				notes = append(notes, fmt.Sprintf("%s was %s and is %s", field.name, orNothing(field.old), orNothing(field.new)))
			}
		}
		if len(notes) > 0 {
			ch := c.connection(k, nil)
			ch.Kind, ch.Note = Restated, strings.Join(notes, "; ")
			c.changes = append(c.changes, ch)
		}
	}
}

func dateText(d topology.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.Format("2006-01-02")
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return strconv.Quote(s)
}

// connection words a row.
func (c *comparison) connection(k pair, r *row) Change {
	ch := Change{Kind: Changed, Class: Neutral}
	src, dst := c.partyEnd(k.source), c.partyEnd(k.destination)
	if r != nil && !r.declared {
		src, dst = r.ends[0], r.ends[1]
	}
	ch.Source, ch.Destination = &src, &dst
	ch.Internet = c.internet(src) || c.internet(dst)
	if r != nil {
		for _, dir := range directions {
			x := r.cells[dir]
			ch.Opened, ch.Closed = ch.Opened.Or(x.opened), ch.Closed.Or(x.closed)
			if len(x.opened)+len(x.closed) > 0 {
				ch.Directions = append(ch.Directions, dir)
			}
		}
		ch.Rules = slices.Sorted(maps.Keys(r.rules))
		ch.Note = c.portNote(ch.Opened.Or(ch.Closed))
	}
	old, new := c.flows[before][k], c.flows[after][k]
	switch declared := old != nil || new != nil; {
	case declared && old == nil, !declared && len(ch.Closed) == 0:
		ch.Kind = Opened
	case declared && new == nil, !declared && len(ch.Opened) == 0:
		ch.Kind = Closed
	}
	switch {
	case len(ch.Opened) > 0:
		ch.Class = Widened
	case len(ch.Closed) > 0:
		ch.Class = Narrowed
	}
	c.declared(&ch, k)
	if new != nil && new.ports.Equal(connectivity.AllPorts) && len(ch.Opened) > 0 {
		ch.Note = "on every port now"
	}
	if ch.Note == "" && len(ch.Directions) == 1 && src.Kind == ServiceEnd && dst.Kind == ServiceEnd {
		ch.Note = fmt.Sprintf("only the %s side of it", ch.Directions[0])
	}
	return ch
}

// declared adds where a connection is declared, and by whom and why: now, or
// before where it is no longer.
func (c *comparison) declared(ch *Change, k pair) {
	for _, side := range []int{after, before} {
		f := c.flows[side][k]
		if f == nil {
			continue
		}
		a := f.allows[0]
		path := a.Reason.Path
		if path == nil { // implied
			path = []string{string(a.Src.Kind) + "s", a.Src.Name}
		}
		c.place(ch, side, path)
		if ch.Why = a.Reason.Why; a.Reason.Cause == plan.ImpliedDNS {
			ch.Why = "it resolves names"
		}
		if edge := c.edge(side, a.Reason.Path); edge != nil {
			ch.Owner, ch.Ticket, ch.Expires = edge.Connection.Owner, edge.Connection.Ticket, dateText(edge.Connection.Expires)
		}
		ch.Owner = cmp.Or(ch.Owner, c.owner(side, a.Src.Name))
		return
	}
}

// edge returns the connection of a side that is written at a path.
func (c *comparison) edge(side int, path []string) *topology.Edge {
	if c.edges[side] == nil {
		c.edges[side] = map[string]*topology.Edge{}
		for i, e := range c.sides[side].Model.Edges {
			c.edges[side][strings.Join(e.Path, ".")] = &c.sides[side].Model.Edges[i]
		}
	}
	return c.edges[side][strings.Join(path, ".")]
}

// owner returns who owns a party, or else the topology.
func (c *comparison) owner(side int, name string) string {
	t := c.sides[side].Model
	switch {
	case t.Services[name] != nil:
		return cmp.Or(t.Services[name].Owner, t.Owner)
	case t.Groups[name] != nil:
		return cmp.Or(t.Groups[name].Owner, t.Owner)
	case t.Peers[name] != nil:
		return cmp.Or(t.Peers[name].Owner, t.Owner)
	}
	return t.Owner
}

// place notes where something is declared.
func (c *comparison) place(ch *Change, side int, path []string) {
	s := c.sides[side]
	ch.Path, ch.Before = strings.Join(path, "."), side == before
	if s.Locate == nil {
		return
	}
	if pos := topology.Find(s.Locate, s.Model.Environment, path); pos != (diag.Pos{}) {
		ch.Pos = &pos
	}
}

// undecided adds what cannot be compared: policies that the API would refuse,
// and policies of other kinds.
func (c *comparison) undecided() {
	bad := map[string]connectivity.Problem{} // by policy, what is wrong with it now or else was
	for side := range c.sides {
		for _, p := range c.bad[side] {
			bad[p.Policy] = p
		}
	}
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		// What the API server makes of such a policy depends on what it held before;
		// all that can be said is whether it is the same.
		if !reflect.DeepEqual(specs(c.objects(before)[name]), specs(c.objects(after)[name])) {
			c.changes = append(c.changes, Change{
				Kind: Undecided, Class: Widened, Subject: "policy " + name, Internet: true,
				Note: fmt.Sprintf("it changed, and the API server would refuse it: %s: %s", bad[name].Field, bad[name].Message),
			})
		}
	}
	old, new := c.sides[before].Unread, c.sides[after].Unread
	for _, name := range slices.Sorted(maps.Keys(merged(old, new))) {
		note := "it is another than it was"
		switch {
		case old[name] == new[name]:
			continue
		case old[name] == "":
			note = "it is new"
		case new[name] == "":
			note = "it is gone"
		}
		c.changes = append(c.changes, Change{
			Kind: Undecided, Class: Widened, Subject: name, Internet: true,
			Note: note + ", and what it does is not known here",
		})
	}
}

func specs(policies []*networkingv1.NetworkPolicy) []networkingv1.NetworkPolicySpec {
	var out []networkingv1.NetworkPolicySpec
	for _, p := range policies {
		out = append(out, p.Spec)
	}
	return out
}

func merged(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, b)
	return out
}

// folded returns the changes with those that many callers share as one: of what
// is implied for every service alike.
func (c *comparison) folded() []Change {
	groups := map[string][]Change{}
	var out []Change
	for _, ch := range c.changes {
		if ch.Destination == nil || ch.Destination.Kind != DNSEnd || ch.Source.Kind != ServiceEnd {
			out = append(out, ch)
			continue
		}
		key := fmt.Sprint(ch.Kind, ch.Class, ch.Opened, ch.Closed, ch.Directions, ch.Why, ch.Note)
		groups[key] = append(groups[key], ch)
	}
	for _, alike := range groups {
		slices.SortFunc(alike, compareChanges)
		first := alike[0]
		if len(alike) > 1 {
			var names []string
			for _, ch := range alike {
				names = append(names, ch.Source.Name)
			}
			first.Source = &End{Kind: SeveralEnd, Name: fmt.Sprintf("%d services", len(names)), Members: names}
			first.Pos, first.Path, first.Owner, first.Before = nil, "", "", false
		}
		out = append(out, first)
	}
	return out
}

func sorted(changes []Change) []Change {
	for i, ch := range changes {
		changes[i].Closes = ch.Closes || ch.Class == Narrowed || len(ch.Closed) > 0
	}
	slices.SortFunc(changes, compareChanges)
	return changes
}

// compareChanges orders changes: what is most dangerous first.
func compareChanges(a, b Change) int {
	return cmp.Or(
		cmp.Compare(rank(a), rank(b)),
		cmp.Compare(implied(a), implied(b)),
		cmp.Compare(a.Subject, b.Subject),
		cmp.Compare(a.Source.text(), b.Source.text()),
		cmp.Compare(a.Destination.text(), b.Destination.text()),
		cmp.Compare(a.Opened.String(), b.Opened.String()),
		cmp.Compare(a.Note, b.Note),
		slices.Compare(a.Directions, b.Directions),
	)
}

// implied is 1 for what nobody asked for by itself.
func implied(c Change) int {
	if c.Destination != nil && c.Destination.Kind == DNSEnd {
		return 1
	}
	return 0
}

func (e *End) text() string {
	if e == nil {
		return ""
	}
	return e.key()
}

var kinds = []Kind{
	IsolationLost, InvariantBroken, Undecided, Removed, Added, Renamed, Redefined, Opened, Changed, Closed, IsolationGained, InvariantMet, Restated,
}

// rank orders changes by class, connections after what they are between.
func rank(c Change) int {
	class := slices.Index([]Class{Widened, Narrowed, Neutral}, c.Class)
	return class*len(kinds) + slices.Index(kinds, c.Kind)
}
