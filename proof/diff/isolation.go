package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

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
	return subject{namespace: pod.Namespace, labels: labelText(pod.Labels)}
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
		ch := Change{Kind: kind, Class: class, Subject: "namespace " + ns, Directions: list(whole[ns]), Internet: class == Widened, Note: "each that no other policy isolates"}
		if names := services[ns]; len(names) > 0 {
			slices.Sort(names)
			ch.Note = "among them " + strings.Join(names, ", ")
		}
		c.changes = append(c.changes, ch)
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
	for _, name := range slices.Sorted(maps.Keys(c.parted)) {
		d := c.parted[name]
		was, is := c.sides[before].Plan.Endpoints[d.was], c.sides[after].Plan.Endpoints[name]
		ch := Change{Kind: Redefined, Class: Neutral, Subject: string(is.Kind) + " " + name}
		from, to := c.describe(before, was), c.describe(after, is)
		if from == to { // but for what the environment calls the namespace
			from, to = actual(was), actual(is)
		}
		ch.Note = fmt.Sprintf("it was %s and is %s", from, to)
		if from == to {
			ch.Note = fmt.Sprintf("its pods carry %s and carried %s",
				orNone(labelText(c.podLabels(after, is))), orNone(labelText(c.podLabels(before, was))))
		}
		switch {
		case d.opened:
			ch.Class = Widened
		case d.closed:
			ch.Class = Narrowed
		}
		ch.Closes = d.closed
		ch.Note += c.partners(name)
		ch.Internet = c.internet(End{Kind: EndKind(is.Kind), Name: name})
		ch.Owner = c.owner(after, name)
		c.place(&ch, after, []string{string(is.Kind) + "s", name})
		c.changes = append(c.changes, ch)
		old, new := c.sides[before].Model.Services[d.was], c.sides[after].Model.Services[name]
		if old != nil && new != nil && new.HostNetwork && !old.HostNetwork {
			ch.Kind, ch.Class, ch.Internet = IsolationLost, Widened, true
			ch.Note = "on the host network no policy isolates it"
			c.changes = append(c.changes, ch)
		}
	}
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
	for k := range c.flows[after] {
		switch {
		case k.source == name && k.destination != resolverName:
			calls = append(calls, k.destination)
		case k.destination == name:
			callers = append(callers, k.source)
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
