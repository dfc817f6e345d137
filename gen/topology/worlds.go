package topology

import (
	"maps"
	"slices"
)

// Which pods two selectors share is decided from labels alone, before any pod
// exists. The world is closed: the pods of a service carry its labels and
// podLabels, what its expressions demand, and no other label that a selector of
// the topology names.

// values is a set of values that a label may have: those listed, or where
// negated all but those listed; absent says whether the label may be missing.
type values struct {
	listed  []string // sorted
	negated bool
	absent  bool
}

var missing = values{absent: true}

func (v values) empty() bool { return !v.absent && !v.negated && len(v.listed) == 0 }

// and returns the values in both sets.
func (v values) and(w values) values {
	out := values{absent: v.absent && w.absent, negated: v.negated && w.negated}
	switch {
	case v.negated && w.negated:
		out.listed = slices.Compact(slices.Sorted(slices.Values(slices.Concat(v.listed, w.listed))))
	case v.negated:
		out.listed = without(w.listed, v.listed)
	case w.negated:
		out.listed = without(v.listed, w.listed)
	default:
		out.listed = without(v.listed, without(v.listed, w.listed))
	}
	return out
}

// within reports whether every value of v is one of w.
func (v values) within(w values) bool {
	if v.absent && !w.absent {
		return false
	}
	switch {
	case v.negated && !w.negated:
		return false // all but a few strings are not among a few
	case v.negated:
		return len(without(w.listed, v.listed)) == 0
	case w.negated:
		return len(without(v.listed, w.listed)) == len(v.listed)
	}
	return len(without(v.listed, w.listed)) == 0
}

// without returns the strings of a that are not in b, both sorted.
func without(a, b []string) []string {
	var out []string
	for _, s := range a {
		if _, ok := slices.BinarySearch(b, s); !ok {
			out = append(out, s)
		}
	}
	return out
}

// world is what the labels of a set of pods may be. A label that it does not
// name is missing, or of any value where open.
type world struct {
	labels map[string]values
	open   bool
}

func (w world) of(key string) values {
	if v, ok := w.labels[key]; ok {
		return v
	}
	if w.open {
		return values{negated: true, absent: true}
	}
	return missing
}

// worldOf returns what a selector demands of the labels that it names.
//
// The rules are those of Kubernetes' label selectors: In and Exists demand the
// label, DoesNotExist forbids it, and NotIn is also true of a pod without it.
func worldOf(sel Selector) map[string]values {
	out := make(map[string]values, len(sel.Labels)+len(sel.Expressions))
	demand := func(key string, v values) {
		if have, ok := out[key]; ok {
			v = have.and(v)
		}
		out[key] = v
	}
	for key, value := range sel.Labels {
		demand(key, values{listed: []string{value}})
	}
	for _, e := range sel.Expressions {
		switch listed := slices.Compact(slices.Sorted(slices.Values(e.Values))); e.Operator {
		case "In":
			demand(e.Key, values{listed: listed})
		case "NotIn":
			demand(e.Key, values{listed: listed, negated: true, absent: true})
		case "Exists":
			demand(e.Key, values{negated: true})
		case "DoesNotExist":
			demand(e.Key, missing)
		}
	}
	return out
}

// pods returns what the labels of the pods of s may be.
func (s *Service) pods() world {
	w := world{labels: worldOf(s.Selector), open: s.AnyPod}
	for key, value := range s.PodLabels {
		w.labels[key] = values{listed: []string{value}}
	}
	return w
}

// share is how much of a set of pods a selector selects.
type share int

const (
	none share = iota
	some
	all
)

// selected returns how many of the pods of w a selector selects.
func (w world) selected(sel Selector) share {
	out := all
	for key, demand := range worldOf(sel) {
		have := w.of(key)
		if have.and(demand).empty() {
			return none
		}
		if !have.within(demand) {
			out = some
		}
	}
	return out
}

// podIndex finds the services of which a selector may select a pod, without
// trying them all.
type podIndex struct {
	worlds map[string]world
	// By namespace, label and value; a service whose values of a label cannot
	// be listed is under the value "*", which no label has.
	byLabel map[indexKey][]string
	all     map[string][]string // by namespace
}

type indexKey struct{ namespace, key, value string }

const unlisted = "*"

// newPodIndex indexes the pods of services.
func newPodIndex(services map[string]*Service) *podIndex {
	x := &podIndex{
		worlds:  make(map[string]world, len(services)),
		byLabel: make(map[indexKey][]string, len(services)),
		all:     map[string][]string{},
	}
	for _, name := range slices.Sorted(maps.Keys(services)) {
		s := services[name]
		w := s.pods()
		x.worlds[name] = w
		x.all[s.Namespace] = append(x.all[s.Namespace], name)
		if w.open {
			k := indexKey{s.Namespace, "", unlisted}
			x.byLabel[k] = append(x.byLabel[k], name)
		}
		for key, v := range w.labels {
			for _, value := range v.listed {
				if !v.negated {
					k := indexKey{s.Namespace, key, value}
					x.byLabel[k] = append(x.byLabel[k], name)
				}
			}
			if v.negated {
				k := indexKey{s.Namespace, key, unlisted}
				x.byLabel[k] = append(x.byLabel[k], name)
			}
		}
	}
	return x
}

// candidates returns the services in namespace that sel may select, sorted.
func (x *podIndex) candidates(namespace string, sel Selector) []string {
	best, found := x.all[namespace], false
	for key, value := range sel.Labels {
		c := slices.Concat(
			x.byLabel[indexKey{namespace, key, value}],
			x.byLabel[indexKey{namespace, key, unlisted}],
			x.byLabel[indexKey{namespace, "", unlisted}],
		)
		if !found || len(c) < len(best) {
			best, found = c, true
		}
	}
	if !found {
		return best
	}
	slices.Sort(best)
	return slices.Compact(best)
}
