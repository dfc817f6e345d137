package witness

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"netgen.dev/gen/topology"
)

// Selectors meet in pods that none of them names: one that a policy selects by a
// label and that another leaves out by a second one. Such pods are made here.

const (
	// maxExcluded is how many values of a label that selectors exclude are tried in
	// combination with others. Each has a pod of its own besides.
	maxExcluded = 16
	// maxProduct is how many pods of a namespace stand for every combination of the
	// labels that selectors speak of, where there are no more.
	maxProduct = 128
	// maxNamespaces is in how many namespaces there are all of these.
	maxNamespaces = 32
)

// speak notes values of a label of which a selector speaks.
func (u *Universe) speak(what int, key string, values ...string) {
	if what != ofPods {
		return
	}
	if u.spoken[key] == nil {
		u.spoken[key] = map[string]bool{}
	}
	for _, v := range values {
		u.spoken[key][v] = true
	}
}

// exclude notes a value that a selector excludes, "" for every value.
func (u *Universe) exclude(what int, key, value string) {
	if have := u.negative[what][key]; !slices.Contains(have, value) && len(have) < maxExcluded && key != corev1.LabelMetadataName {
		u.negative[what][key] = append(have, value)
	}
}

// corners adds the pods in which selectors meet: those that all selectors leave
// out at once, as far as they say whom they do not mean, in every namespace; every
// pod that is there with the labels that others exclude; and where there are few
// labels, all of their combinations. Namespaces are left out in the same way.
func (u *Universe) corners() {
	excluded := u.excluded(ofPods)
	for _, set := range u.excluded(ofNamespaces) {
		ns := Namespace + "-" + podKey("", set)
		if _, ok := u.namespaces[ns]; !ok {
			u.namespaces[ns] = set
		}
		u.pod(ns, nil, Origin{})
	}
	namespaces := slices.Sorted(maps.Keys(u.namespaces))
	sets := excluded
	// A topology says which labels its pods carry. Policies alone do not.
	declared := slices.ContainsFunc(u.worlds, func(w *world) bool { return len(w.services) > 0 })
	if product := u.product(); !declared && len(namespaces) <= maxNamespaces {
		sets = append(sets, product...)
	}
	there := slices.Clone(u.List)
	for _, ns := range namespaces {
		for _, set := range sets {
			u.corner(ns, set)
		}
	}
	if len(excluded) == 0 {
		return
	}
	for _, end := range there {
		if end.Pod == nil {
			continue
		}
		set := maps.Clone(excluded[0])
		maps.Copy(set, end.Pod.Labels)
		u.corner(end.Pod.Namespace, set)
	}
}

// corner adds a pod where several selectors meet, unless the closed world of every
// side rules it out.
func (u *Universe) corner(namespace string, set map[string]string) {
	if !slices.ContainsFunc(u.worlds, func(w *world) bool { return w.has(namespace, set) }) {
		return
	}
	for _, pod := range u.completed(namespace, set) {
		u.pod(namespace, pod, Origin{})
	}
}

// world is the closed world of a side: the pods of a service carry no label that a
// selector of the topology names but what is declared of them.
type world struct {
	services map[string][]*topology.Service // by namespace
	named    map[string]bool                // labels of which selectors of the topology speak
}

func newWorld(s Side) *world {
	w := &world{services: map[string][]*topology.Service{}, named: map[string]bool{}}
	if s.Topology == nil {
		return w
	}
	for _, service := range s.Topology.Services {
		w.services[service.Namespace] = append(w.services[service.Namespace], service)
	}
	for _, e := range s.Plan.Endpoints {
		for _, p := range e.Pods {
			for k := range p.Selector.Labels {
				w.named[k] = true
			}
			for _, e := range p.Selector.Expressions {
				w.named[e.Key] = true
			}
		}
	}
	return w
}

// has reports whether there can be a pod with some labels.
func (w *world) has(namespace string, set map[string]string) bool {
	for _, s := range w.services[namespace] {
		if !Selects(s.Selector, set) {
			continue
		}
		for k, v := range set {
			_, own := s.Labels[k]
			own = own || s.PodLabels[k] == v && v != "" || slices.ContainsFunc(s.Expressions, func(e topology.Expression) bool { return e.Key == k })
			if w.named[k] && !own {
				return false
			}
		}
	}
	return true
}

// excluded returns sets of labels that the selectors exclude: one with a value of
// each label, and one for each other value.
func (u *Universe) excluded(what int) []map[string]string {
	value := func(v string) string {
		if v == "" {
			return u.value // whatever it is
		}
		return v
	}
	base := map[string]string{}
	for key, values := range u.negative[what] {
		base[key] = value(values[0])
	}
	if len(base) == 0 {
		return nil
	}
	out := []map[string]string{base}
	for _, key := range slices.Sorted(maps.Keys(base)) {
		for _, v := range u.negative[what][key][1:] {
			set := maps.Clone(base)
			set[key] = value(v)
			out = append(out, set)
		}
	}
	return out
}

// product returns every combination of the values of which selectors of pods
// speak, of one that they do not, and of none; nothing where these are too many.
func (u *Universe) product() []map[string]string {
	n := 1
	for _, values := range u.spoken {
		if n *= len(values) + 2; n > maxProduct {
			return nil
		}
	}
	out := []map[string]string{{}}
	for _, key := range slices.Sorted(maps.Keys(u.spoken)) {
		for _, set := range slices.Clip(out) {
			for _, v := range append(slices.Sorted(maps.Keys(u.spoken[key])), u.value) {
				with := maps.Clone(set)
				with[key] = v
				out = append(out, with)
			}
		}
	}
	return out
}
