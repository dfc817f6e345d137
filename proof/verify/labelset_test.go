package verify_test

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// labelSet is the sets of labels that a selector matches, by what it demands
// of each key.
type labelSet map[string]demand

// demand is the values that a label may have: those listed, or all but those
// listed; and whether it may be lacking.
type demand struct {
	values  []string
	allBut  bool
	lacking bool
}

var anything = demand{allBut: true, lacking: true}

func (d demand) allows(value string) bool { return slices.Contains(d.values, value) != d.allBut }

func (d demand) and(e demand) demand {
	out := demand{lacking: d.lacking && e.lacking}
	switch {
	case d.allBut && e.allBut:
		out.allBut, out.values = true, slices.Concat(d.values, e.values)
	case d.allBut:
		out.values = slices.DeleteFunc(slices.Clone(e.values), func(v string) bool { return !d.allows(v) })
	default:
		out.values = slices.DeleteFunc(slices.Clone(d.values), func(v string) bool { return !e.allows(v) })
	}
	return out
}

// within reports whether whatever d accepts, e accepts.
func (d demand) within(e demand) bool {
	switch {
	case d.lacking && !e.lacking:
		return false
	case !d.allBut:
		return !slices.ContainsFunc(d.values, func(v string) bool { return !e.allows(v) })
	case !e.allBut: // there are more values than anybody can list
		return false
	}
	return !slices.ContainsFunc(e.values, func(v string) bool { return d.allows(v) })
}

func (s labelSet) demand(key string) demand {
	if d, ok := s[key]; ok {
		return d
	}
	return anything
}

// empty reports whether no pod can match.
func (s labelSet) empty() bool {
	for _, d := range s {
		if !d.lacking && !d.allBut && len(d.values) == 0 {
			return true
		}
	}
	return false
}

// within reports whether every pod that s matches, o matches.
func (s labelSet) within(o labelSet) bool {
	for key, d := range o {
		if !s.demand(key).within(d) {
			return false
		}
	}
	return true
}

func labelSetOf(sel *metav1.LabelSelector) labelSet {
	out := labelSet{}
	add := func(key string, d demand) { out[key] = out.demand(key).and(d) }
	for k, v := range sel.MatchLabels {
		add(k, demand{values: []string{v}})
	}
	for _, e := range sel.MatchExpressions {
		switch e.Operator {
		case metav1.LabelSelectorOpIn:
			add(e.Key, demand{values: e.Values})
		case metav1.LabelSelectorOpNotIn:
			add(e.Key, demand{values: e.Values, allBut: true, lacking: true})
		case metav1.LabelSelectorOpExists:
			add(e.Key, demand{allBut: true})
		case metav1.LabelSelectorOpDoesNotExist:
			add(e.Key, demand{lacking: true})
		}
	}
	return out
}

// split returns sets that are together s, in each of which a label with a list
// of values has one of them: what one rule says of two values, two rules may.
func (s labelSet) split() []labelSet {
	out := []labelSet{s}
	for _, key := range slices.Sorted(maps.Keys(s)) {
		d := s[key]
		if d.allBut || d.lacking || len(d.values) < 2 {
			continue
		}
		var next []labelSet
		for _, set := range out {
			for _, v := range d.values {
				one := maps.Clone(set)
				one[key] = demand{values: []string{v}}
				next = append(next, one)
			}
		}
		out = next
	}
	return out
}
