package topology

import (
	"fmt"
	"maps"
	"slices"

	"netgen.dev/diag"
)

// checkOverlaps reports services that select the same pods: policies are a
// union, so such pods would have the rights of both without anybody saying so.
func (t *Topology) checkOverlaps(r *reporter) {
	index := newPodIndex(t.Services)
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		s := t.Services[name]
		for _, other := range index.candidates(s.Namespace, s.Selector) {
			o := t.Services[other]
			if other == name || index.worlds[other].selected(s.Selector) == none {
				continue
			}
			// Report a pair once, at the wider of the two.
			mutual := index.worlds[name].selected(o.Selector) != none
			if mutual && other < name {
				continue
			}
			d := r.errorf(diag.Overlap, []string{"services", name}, atKey,
				"service %s selects the pods of service %s too", name, other)
			d.Hint = fmt.Sprintf("policies add up, so these pods would have the rights of both: give the services labels of their own, or make %s a group", name)
			r.related(d, []string{"services", other}, "the other service")
		}
	}
}

// resolveMembers finds the services inside each group.
func (t *Topology) resolveMembers(r *reporter) {
	if len(t.Groups) == 0 {
		return
	}
	index := newPodIndex(t.Services)
	for _, name := range slices.Sorted(maps.Keys(t.Groups)) {
		g := t.Groups[name]
		path := []string{"groups", name}
		for _, service := range index.candidates(g.Namespace, g.Selector) {
			switch index.worlds[service].selected(g.Selector) {
			case some:
				d := r.errorf(diag.PartMember, path, atKey, "some pods of service %s are in group %s and some are not", service, name)
				d.Hint = "say with podLabels what all its pods carry, or split the service"
				r.related(d, []string{"services", service}, "the service")
			case all:
				if t.Services[service].HostNetwork {
					d := r.warnf(diag.HostNetwork, path, atKey, "service %s is in group %s, but no policy selects pods on the host network", service, name)
					d.Hint = "what the group may do, the service may do anyhow; who may call the group is not checked for it"
					continue
				}
				g.Members = append(g.Members, service)
			}
		}
		if len(g.Members) == 0 && !g.AnyPod {
			r.warnf(diag.NoMember, path, atKey, "no service is in group %s", name).
				Hint = "members are decided by the labels and podLabels of services"
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
			for _, b := range models[i+1:] {
				there := &reporter{locate: locators[a.which], env: env, list: &diag.List{}}
				here := &reporter{locate: locators[b.which], env: env, list: &list}
				for _, name := range slices.Sorted(maps.Keys(b.model.Services)) {
					s := b.model.Services[name]
					for _, other := range index.candidates(s.Namespace, s.Selector) {
						if index.worlds[other].selected(s.Selector) == none && s.pods().selected(a.model.Services[other].Selector) == none {
							continue
						}
						d := here.errorf(diag.TwoOwners, []string{"services", name}, atKey,
							"service %s of topology %s selects the pods of service %s of topology %s", name, b.model.Name, other, a.model.Name)
						d.Hint = "the pods would have the rights of both: one topology owns a service, the other declares it as a peer"
						there.related(d, []string{"services", other}, "the other service")
					}
				}
			}
		}
	}
	return list
}
