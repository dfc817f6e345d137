package topology

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"netgen.dev/diag"
)

// checkOverlaps reports services that select the same pods: policies are a
// union, so such pods would have the rights of both without anybody saying so.
func (t *Topology) checkOverlaps(r *reporter) {
	index := newPodIndex(t.Services)
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		s := t.Services[name]
		var others []string
		for _, other := range index.candidates(s.Namespace, s.Selector) {
			if other == name || r.hole("services", other) || index.worlds[other].selected(s.Selector) == none {
				continue
			}
			// A pair that selects each other's pods is reported once, at the
			// wider of the two.
			o := t.Services[other]
			mutual := index.worlds[name].selected(o.Selector) != none
			if !mutual || s.narrowness() < o.narrowness() || s.narrowness() == o.narrowness() && name < other {
				others = append(others, other)
			}
		}
		if len(others) == 0 {
			continue
		}
		d := r.errorf(diag.Overlap, []string{"services", name}, atKey,
			"service %s selects the pods of %s too", name, someOf(others))
		d.Hint = fmt.Sprintf("policies add up, so these pods would have the rights of both: give the services labels of their own, or make %s a group", name)
		for _, other := range others[:min(len(others), maxListed)] {
			r.related(d, []string{"services", other}, "service "+other)
		}
	}
}

// narrowness counts what a selector demands of a pod.
func (s Selector) narrowness() int { return len(s.Labels) + len(s.Expressions) }

// maxListed is how many names a message lists.
const maxListed = 3

// someOf names the first few services of a list.
func someOf(names []string) string {
	noun := "service "
	if len(names) > 1 {
		noun = "services "
	}
	if rest := len(names) - maxListed; rest > 0 {
		return fmt.Sprintf("%s%s and %d more", noun, strings.Join(names[:maxListed], ", "), rest)
	}
	return noun + strings.Join(names, ", ")
}

// resolveMembers finds the services inside each group.
func (t *Topology) resolveMembers(r *reporter) {
	if len(t.Groups) == 0 {
		return
	}
	used := map[string]Edge{}
	for _, e := range t.Edges {
		for _, end := range []Ref{e.Caller, e.Callee} {
			if _, ok := used[end.Name]; !ok && end.Kind == KindGroup {
				used[end.Name] = e
			}
		}
	}
	index := newPodIndex(t.Services)
	for _, name := range slices.Sorted(maps.Keys(t.Groups)) {
		g := t.Groups[name]
		path := []string{"groups", name}
		partly := false
		for _, service := range index.candidates(g.Namespace, g.Selector) {
			switch index.worlds[service].selected(g.Selector) {
			case some:
				partly = true
				d := r.errorf(diag.PartMember, path, atKey, "some pods of service %s are in group %s and some are not", service, name)
				d.Hint = "say with podLabels what all its pods carry, or split the service"
				r.related(d, []string{"services", service}, "the service")
			case none:
			case all:
				if !t.Services[service].HostNetwork {
					g.Members = append(g.Members, service)
					continue
				}
				g.HostNetwork = true
				if e, ok := used[name]; ok && len(t.Cluster.NodeCIDRs) == 0 {
					d := r.errorf(diag.NodeCIDRs, e.Path, atKey,
						"service %s of group %s has the addresses of its node, and the cluster does not say which these are", service, name)
					d.Hint = "state cluster: nodeCIDRs"
					r.related(d, []string{"services", service, "hostNetwork"}, "declared here")
				}
			}
		}
		if len(g.Members) == 0 && !g.HostNetwork && !partly && !g.AnyPod {
			r.warnf(diag.NoMember, path, atKey, "no service is in group %s", name).
				Hint = "members are services of its namespace, " + g.Namespace + ", by their labels and podLabels"
		}
	}
}

// CheckTogether reports pods that two topologies select in environments of one
// name. Each list of models is what Resolve returned for one of them.
func CheckTogether(topologies [][]*Topology, locators []Locator) diag.List {
	type owned struct {
		model *Topology
		which int
	}
	byEnvironment := map[string][]owned{}
	for i, models := range topologies {
		for _, t := range models {
			byEnvironment[t.Environment] = append(byEnvironment[t.Environment], owned{t, i})
		}
	}
	var list diag.List
	for _, env := range slices.Sorted(maps.Keys(byEnvironment)) {
		models := byEnvironment[env]
		for i, a := range models {
			index := newPodIndex(a.model.Services)
			for j, b := range models {
				if i == j {
					continue
				}
				there := &reporter{locate: locators[a.which], env: env, list: &diag.List{}}
				here := &reporter{locate: locators[b.which], env: env, list: &list}
				for _, ref := range b.model.refs() {
					shared(here, there, a.model, b.model, ref, index, j < i)
				}
			}
		}
	}
	return list
}

// shared reports the services of a whose pods a service or group of b selects.
// What is mutual is reported but once.
func shared(here, there *reporter, a, b *Topology, ref Ref, index *podIndex, again bool) {
	hint := "the pods would have the rights of both: one topology owns a service, the other declares it as a peer"
	var sel Selector
	var namespace string
	var own *Service
	switch ref.Kind {
	case KindService:
		own = b.Services[ref.Name]
		sel, namespace = own.Selector, own.Namespace
	case KindGroup:
		sel, namespace = b.Groups[ref.Name].Selector, b.Groups[ref.Name].Namespace
		hint = "the pods would have the rights of both: a group is of the services of its own topology"
	case KindPeer:
		return
	}
	for _, other := range index.candidates(namespace, sel) {
		mutual := own != nil && own.pods().selected(a.Services[other].Selector) != none
		if index.worlds[other].selected(sel) == none || mutual && again {
			continue
		}
		d := here.errorf(diag.TwoOwners, []string{ref.field(), ref.Name}, atKey,
			"%s %s of topology %s selects the pods of service %s of topology %s", ref.Kind, ref.Name, b.Name, other, a.Name)
		d.Hint = hint
		there.related(d, []string{"services", other}, "the other service")
	}
}
