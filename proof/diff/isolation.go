package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"netgen.dev/gen/plan"
	"netgen.dev/proof/connectivity"
)

// subject is whose isolation changed: a service, or pods that nobody declares.
type subject struct {
	name      string // of a service
	namespace string
	labels    string // of other pods
}

// isolations makes changes of the pods whose isolation was lost or gained.
func (c *comparison) isolations() {
	c.redefinitions()
	for _, kind := range []Kind{IsolationLost, IsolationGained} {
		found := map[subject]map[connectivity.Direction]bool{}
		for dir, deltas := range c.deltas {
			for i, d := range deltas {
				if kind == IsolationLost && d.lost || kind == IsolationGained && d.gained {
					s := c.subject(kind, i)
					if found[s] == nil {
						found[s] = map[connectivity.Direction]bool{}
					}
					found[s][dir] = true
				}
			}
		}
		c.isolation(kind, found)
	}
}

// subject says whose pod an end is: where isolation was lost, of the service
// that it is now, since that is what lies open.
func (c *comparison) subject(kind Kind, i int) subject {
	pod := c.u.List[i].Pod
	side := after
	if kind == IsolationGained {
		side = before
	}
	for _, s := range []int{side, 1 - side} {
		if name := c.partyOf(s, i); name != "" && c.isService(name) {
			return subject{name: name, namespace: pod.Namespace}
		}
	}
	return subject{namespace: pod.Namespace, labels: stands(labelText(pod.Labels))}
}

// isolation adds a change for each namespace of which all undeclared pods lost
// or gained a direction, which speaks for its services too, and for whoever is
// besides.
func (c *comparison) isolation(kind Kind, found map[subject]map[connectivity.Direction]bool) {
	class := Widened
	if kind == IsolationGained {
		class = Narrowed
	}
	whole := map[string]map[connectivity.Direction]bool{} // of namespaces
	for s, dirs := range found {
		if s.name == "" && s.labels == "" {
			whole[s.namespace] = dirs
		}
	}
	services := map[string][]string{} // of whole namespaces
	for s, dirs := range found {
		all := whole[s.namespace]
		switch {
		case all != nil && covers(all, dirs) && s.name != "":
			services[s.namespace] = append(services[s.namespace], s.name)
		case all != nil && covers(all, dirs):
		default:
			ch := Change{Kind: kind, Class: class, Subject: "service " + s.name, Directions: list(dirs), Internet: class == Widened}
			if s.name == "" {
				ch.Subject = fmt.Sprintf("pods %s of namespace %s", s.labels, s.namespace)
			} else if e, side := c.endpoint(s.name); e != nil {
				c.place(&ch, side, []string{"services", s.name})
				ch.Owner = c.owner(side, s.name)
			}
			c.changes = append(c.changes, ch)
		}
	}
	for _, ns := range slices.Sorted(maps.Keys(whole)) {
		ch := Change{Kind: kind, Class: class, Subject: "namespace " + ns, Directions: list(whole[ns]), Internet: class == Widened, Members: services[ns]}
		slices.Sort(ch.Members)
		c.cause(&ch, kind, ns)
		c.changes = append(c.changes, ch)
	}
}

// cause notes what left a namespace open, or isolated it: what the topology
// enforces, or that the first service came or the last one went.
func (c *comparison) cause(ch *Change, kind Kind, ns string) {
	if !c.both() {
		return
	}
	old, new := c.sides[before].Model, c.sides[after].Model
	ch.Owner = c.owner(after, "")
	switch {
	case old.Enforce != new.Enforce:
		c.place(ch, after, []string{"enforce"})
		return
	case old.Output.DefaultDeny != new.Output.DefaultDeny:
		c.place(ch, after, []string{"output", "defaultDeny"})
		return
	}
	side := before // who is gone
	if kind == IsolationGained {
		side = after
	}
	services := c.sides[side].Model.Services
	for _, name := range slices.Sorted(maps.Keys(services)) {
		if services[name].Namespace == ns {
			c.place(ch, side, []string{"services", name, "namespace"})
			return
		}
	}
}

func covers(all, some map[connectivity.Direction]bool) bool {
	for d := range some {
		if !all[d] {
			return false
		}
	}
	return true
}

func list(dirs map[connectivity.Direction]bool) []connectivity.Direction {
	return slices.Sorted(maps.Keys(dirs))
}

// redefinitions makes changes of the parties that are something else than they
// were.
func (c *comparison) redefinitions() {
	moved := map[pair][]string{} // services by the namespaces that they were in and are in
	for _, name := range slices.Sorted(maps.Keys(c.parted)) {
		d := c.parted[name]
		was, is := c.sides[before].Plan.Endpoints[d.was], c.sides[after].Plan.Endpoints[name]
		from, to := namespaceOf(was), namespaceOf(is)
		if is.Kind != plan.Peer && d.was == name && from != to && from != "" && to != "" &&
			described(was, func(string) string { return to }) == actual(is) {
			moved[pair{from, to}] = append(moved[pair{from, to}], name)
			continue
		}
		c.changes = append(c.changes, c.redefined(name, d))
		c.ontoHost(name, d)
	}
	for k, names := range moved {
		if len(names) == 1 {
			c.changes = append(c.changes, c.redefined(names[0], c.parted[names[0]]))
			continue
		}
		ch := Change{Kind: Redefined, Class: Neutral, Subject: "namespace " + k.destination, Owner: c.owner(after, "")}
		ch.Note = fmt.Sprintf("it was %s, with %s", k.source, strings.Join(names, ", "))
		for _, name := range names {
			judge(&ch, c.parted[name])
		}
		c.place(&ch, after, []string{"namespace"})
		c.changes = append(c.changes, ch)
	}
}

// judge adds to a change what a redefinition opens and closes.
func judge(ch *Change, d *redefinition) {
	ch.Closes = ch.Closes || d.closed
	switch {
	case d.opened:
		ch.Class = Widened
	case d.closed && ch.Class == Neutral:
		ch.Class = Narrowed
	}
}

// redefined is the change of a party that is something else than it was, or has
// another name as well.
func (c *comparison) redefined(name string, d *redefinition) Change {
	was, is := c.sides[before].Plan.Endpoints[d.was], c.sides[after].Plan.Endpoints[name]
	ch := Change{Kind: Redefined, Class: Neutral, Subject: string(is.Kind) + " " + name}
	from, to := c.describe(before, was), c.describe(after, is)
	if from == to { // but for what the environment calls the namespace
		from, to = actual(was), actual(is)
	}
	ch.Note = fmt.Sprintf("it was %s and is %s", from, to)
	if added, dropped := ranges(was, is); len(added)+len(dropped) > 0 {
		ch.Note = changed(added, dropped)
	}
	if from == to {
		ch.Note = fmt.Sprintf("its pods carry %s and carried %s",
			orNone(labelText(c.podLabels(after, is))), orNone(labelText(c.podLabels(before, was))))
	}
	if d.was != name {
		ch.Kind, ch.Note = Renamed, "it was "+d.was+"; "+ch.Note
	}
	judge(&ch, d)
	ch.Note += c.partners(name)
	ch.Internet = d.internet || c.internet(End{Kind: EndKind(is.Kind), Name: name})
	ch.Owner = c.owner(after, name)
	c.place(&ch, after, []string{string(is.Kind) + "s", name})
	return ch
}

// ranges compares what two endpoints are that are addresses alone, widest first.
// Ranges of many addresses tell little where they are listed whole.
func ranges(was, is *plan.Endpoint) (added, dropped []string) {
	if len(was.Pods)+len(is.Pods) > 0 || was.Anywhere || is.Anywhere || len(was.Blocks)+len(is.Blocks) <= maxPartners/2 {
		return nil, nil
	}
	texts := func(e *plan.Endpoint) []string {
		blocks := slices.Clone(e.Blocks)
		slices.SortStableFunc(blocks, func(a, b plan.Block) int { return a.CIDR.Bits() - b.CIDR.Bits() })
		var out []string
		for _, b := range blocks {
			out = append(out, blockText(b))
		}
		return out
	}
	return without(texts(is), texts(was)), without(texts(was), texts(is))
}

func changed(added, dropped []string) string {
	var parts []string
	for _, l := range []struct {
		does  string
		texts []string
	}{{"adds", added}, {"drops", dropped}} {
		if len(l.texts) > 0 {
			more := ""
			if n := len(l.texts) - maxPartners; n > 0 {
				l.texts, more = l.texts[:maxPartners], fmt.Sprintf(" and %d more", n)
			}
			parts = append(parts, l.does+" "+strings.Join(l.texts, "; ")+more)
		}
	}
	return "it " + strings.Join(parts, ", ")
}

// ontoHost adds the isolation that a service lost by sharing the network of its
// node.
func (c *comparison) ontoHost(name string, d *redefinition) {
	old, new := c.sides[before].Model.Services[d.was], c.sides[after].Model.Services[name]
	if old == nil || new == nil || !new.HostNetwork || old.HostNetwork {
		return
	}
	ch := Change{Kind: IsolationLost, Class: Widened, Subject: "service " + name, Internet: true, Note: "on the host network no policy isolates it"}
	ch.Owner = c.owner(after, name)
	c.place(&ch, after, []string{"services", name, "hostNetwork"})
	c.changes = append(c.changes, ch)
}

func orNone(s string) string {
	if s == "" {
		return "nothing more"
	}
	return s
}

// partners says whom a party that is something else now calls, and who calls it.
func (c *comparison) partners(name string) string {
	var calls, callers []string
	for k, f := range c.flows[after] {
		switch {
		case k.source == name && k.destination != resolverName:
			calls = append(calls, fmt.Sprintf("%s (%s)", k.destination, f.ports))
		case k.destination == name:
			callers = append(callers, fmt.Sprintf("%s (%s)", k.source, f.ports))
		}
	}
	var out strings.Builder
	for _, l := range []struct {
		does  string
		names []string
	}{{"calls", calls}, {"is called by", callers}} {
		if len(l.names) > 0 {
			slices.Sort(l.names)
			more := ""
			if n := len(l.names) - maxPartners; n > 0 {
				l.names, more = l.names[:maxPartners], fmt.Sprintf(" and %d more", n)
			}
			fmt.Fprintf(&out, "; it %s %s%s", l.does, strings.Join(l.names, ", "), more)
		}
	}
	return out.String()
}

// maxPartners is how many partners are named before the rest are counted.
const maxPartners = 8
