package diff

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// pair is two ends by name: a connection.
type pair struct{ source, destination string }

// flow is what a side declares between two ends.
type flow struct {
	ports  connectivity.Ports
	allows []*plan.Allow
}

// redefinition is a party that is other pods or addresses than it was, and what
// that opens or closes.
type redefinition struct {
	was            string // its old name
	opened, closed bool
	internet       bool // what opened is with a public address
}

// ends returns the ends that an endpoint of a side is.
func (c *comparison) ends(side int, e *plan.Endpoint) []int {
	if ends, ok := c.members[side][e]; ok {
		return ends
	}
	ends := c.u.Members(c.sets[side], e)
	c.members[side][e] = ends
	return ends
}

// both reports whether both sides are declared.
func (c *comparison) both() bool { return c.sides[before].Plan != nil && c.sides[after].Plan != nil }

// parties compares who is declared: services, groups and peers.
func (c *comparison) parties() {
	c.collect()
	if !c.both() {
		return
	}
	old, new := c.sides[before].Plan.Endpoints, c.sides[after].Plan.Endpoints
	var gone, come []string
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if new[name] == nil || new[name].Kind != old[name].Kind {
			gone = append(gone, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(new)) {
		if old[name] == nil || old[name].Kind != new[name].Kind {
			come = append(come, name)
		}
	}
	gone, come = c.renamed(gone, come)
	for _, name := range gone {
		c.party(Removed, before, name)
	}
	for _, name := range come {
		c.party(Added, after, name)
	}
	for _, was := range slices.Sorted(maps.Keys(old)) {
		name := c.canonical(was)
		if is := new[name]; is != nil && is.Kind == old[was].Kind && !c.alike(old[was], is) {
			c.parted[name] = &redefinition{was: was}
		}
	}
	flows := map[pair]*flow{}
	for k, f := range c.flows[before] {
		flows[pair{c.canonical(k.source), c.canonical(k.destination)}] = f
	}
	c.flows[before] = flows
	c.memberships()
}

// collect notes what each side declares.
func (c *comparison) collect() {
	for side, s := range c.sides {
		if s.Plan == nil {
			continue
		}
		for _, a := range s.Plan.Allows {
			if a.Reason.Cause == plan.NotEnforced {
				continue // it says that there is no isolation, and is compared as that
			}
			k := pair{nameOf(a.Src), nameOf(a.Dst)}
			f := c.flows[side][k]
			if f == nil {
				f = &flow{}
				c.flows[side][k] = f
			}
			f.ports, f.allows = f.ports.Or(witness.PortsOf(a)), append(f.allows, a)
		}
	}
}

// party adds a party that came or went. It changes nothing by itself.
func (c *comparison) party(kind Kind, side int, name string) {
	e := c.sides[side].Plan.Endpoints[name]
	ch := Change{Kind: kind, Class: Neutral, Subject: string(e.Kind) + " " + name, Note: c.describe(side, e)}
	c.place(&ch, side, []string{string(e.Kind) + "s", name})
	ch.Owner = c.owner(side, name)
	c.changes = append(c.changes, ch)
}

// renamed finds parties that are the same by another name: the same pods or
// addresses, or else the same ports and connections. It returns what came and
// went besides.
func (c *comparison) renamed(gone, come []string) (stillGone, stillCome []string) {
	old, new := c.sides[before].Plan.Endpoints, c.sides[after].Plan.Endpoints
	matched := map[string]string{} // new name by old name
	taken := map[string]bool{}
	match := func(same func(from, to string) bool) {
		for _, from := range gone {
			var found []string
			for _, to := range come {
				if !taken[to] && old[from].Kind == new[to].Kind && same(from, to) {
					found = append(found, to)
				}
			}
			if matched[from] == "" && len(found) == 1 {
				matched[from], taken[found[0]] = found[0], true
			}
		}
	}
	match(func(from, to string) bool { return c.alike(old[from], new[to]) })
	if len(gone) == 0 || len(come) == 0 {
		return gone, come
	}
	was, is := c.signatures(before), c.signatures(after)
	match(func(from, to string) bool { return was[from] != "" && was[from] == is[to] })
	for _, from := range gone {
		to, ok := matched[from]
		if !ok {
			stillGone = append(stillGone, from)
			continue
		}
		c.names[from] = to
		if c.alike(old[from], new[to]) { // else it is a redefinition too
			ch := Change{Kind: Renamed, Class: Neutral, Subject: string(new[to].Kind) + " " + to, Note: "it was " + from, Owner: c.owner(after, to)}
			c.place(&ch, after, []string{string(new[to].Kind) + "s", to})
			c.changes = append(c.changes, ch)
		}
	}
	for _, to := range come {
		if !taken[to] {
			stillCome = append(stillCome, to)
		}
	}
	return stillGone, stillCome
}

// signatures returns what is declared of each party of a side but for its name.
// Parties of which too little is declared to know them by have none.
func (c *comparison) signatures(side int) map[string]string {
	parts := map[string][]string{}
	for k, f := range c.flows[side] {
		if k.destination != resolverName {
			parts[k.source] = append(parts[k.source], "to "+k.destination+" "+f.ports.String())
			parts[k.destination] = append(parts[k.destination], "from "+k.source+" "+f.ports.String())
		}
	}
	out := map[string]string{}
	for name, list := range parts {
		slices.Sort(list)
		if e := c.sides[side].Plan.Endpoints[name]; e != nil {
			out[name] = namespaceOf(e) + ";" + strings.Join(list, ";")
		}
	}
	return out
}

// namespaceOf returns the namespace of an endpoint that is pods of one, or "".
func namespaceOf(e *plan.Endpoint) string {
	if len(e.Pods) == 1 {
		return e.Pods[0].Namespaces.Name
	}
	return ""
}

// alike reports whether two endpoints are the same pods and addresses.
func (c *comparison) alike(old, new *plan.Endpoint) bool {
	return actual(old) == actual(new) && reflect.DeepEqual(c.podLabels(before, old), c.podLabels(after, new))
}

func (c *comparison) podLabels(side int, e *plan.Endpoint) map[string]string {
	if s := c.sides[side].Model.Services[e.Name]; s != nil && len(s.PodLabels) > 0 {
		return s.PodLabels
	}
	return nil
}

// memberships compares which services are in which groups. A service that
// joins a group may do what the group may, though no policy changes.
func (c *comparison) memberships() {
	old, new := c.sides[before].Model.Groups, c.sides[after].Model.Groups
	for _, name := range slices.Sorted(maps.Keys(new)) {
		if old[name] == nil {
			continue
		}
		var was []string
		for _, m := range old[name].Members {
			was = append(was, c.canonical(m))
		}
		joins := without(new[name].Members, was)
		leaves := without(was, new[name].Members)
		if len(joins)+len(leaves) == 0 {
			continue
		}
		ch := Change{Kind: Redefined, Class: Narrowed, Subject: "group " + name, Closes: len(leaves) > 0, Owner: c.owner(after, name)}
		var notes []string
		if len(joins) > 0 {
			ch.Class = Widened
			notes = append(notes, strings.Join(joins, ", ")+" may now do what the group may")
		}
		for k := range c.flows[after] {
			mine := k.source == name || k.destination == name
			ch.Internet = ch.Internet || mine && len(joins) > 0 && (c.internet(c.partyEnd(k.source)) || c.internet(c.partyEnd(k.destination)))
		}
		if len(leaves) > 0 {
			notes = append(notes, strings.Join(leaves, ", ")+" is no longer in it")
		}
		ch.Note = strings.Join(notes, "; ")
		c.place(&ch, after, []string{"groups", name})
		c.changes = append(c.changes, ch)
	}
}

func without(list, out []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(out, s) })
}

// canonical returns the name that a party of the old side has in all rows: its
// new one.
func (c *comparison) canonical(old string) string {
	if to, ok := c.names[old]; ok {
		return to
	}
	return old
}

// describe says what an endpoint of a side is, with namespaces by the names that
// the topology has for them: what an environment calls them is no change.
func (c *comparison) describe(side int, e *plan.Endpoint) string {
	own := func(namespace string) string { return c.ownName(side, namespace) }
	return described(e, own)
}

// ownName returns the name that the topology of a side has for a namespace.
func (c *comparison) ownName(side int, namespace string) string {
	if t := c.sides[side].Model; t != nil {
		for _, own := range slices.Sorted(maps.Keys(t.Renamed)) {
			if t.Renamed[own] == namespace {
				return own
			}
		}
	}
	return namespace
}

// actual describes an endpoint by the namespaces that it is really in.
func actual(e *plan.Endpoint) string {
	return described(e, func(namespace string) string { return namespace })
}

func described(e *plan.Endpoint, namespaceName func(string) string) string {
	if e.Anywhere {
		return "anybody"
	}
	var parts []string
	for _, p := range e.Pods {
		where := "namespace " + namespaceName(p.Namespaces.Name)
		switch {
		case p.Namespaces.Any:
			where = "every namespace"
		case p.Namespaces.Name == "":
			where = "namespaces " + labelText(p.Namespaces.Labels)
		}
		parts = append(parts, "pods "+selectorText(p.Selector)+" of "+where)
	}
	for _, b := range e.Blocks {
		parts = append(parts, blockText(b))
	}
	return strings.Join(parts, "; ")
}

func selectorText(sel topology.Selector) string {
	var parts []string
	if len(sel.Labels) > 0 {
		parts = append(parts, labelText(sel.Labels))
	}
	for _, e := range sel.Expressions {
		values := slices.Sorted(slices.Values(e.Values))
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Key, e.Operator, strings.Join(values, ","))))
	}
	if len(parts) == 0 {
		return "of any labels"
	}
	return strings.Join(parts, ", ")
}

func labelText(labels map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, k+"="+labels[k])
	}
	return strings.Join(parts, ",")
}
