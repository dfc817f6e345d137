package witness

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
)

// variants returns sets of labels that a selector selects, with further labels
// that its pods carry: one set for all, and for each label of an expression one
// with each value that the label can have: those that are named, in the selector
// or in an expression of a policy, one that nobody names, and none at all. misses
// are those that fail one expression alone: what a slip in the expression would
// let in.
//
// Labels are varied one by one, since a policy that asks for several at once has
// pods of its own.
func (u *Universe) variants(sel topology.Selector, more map[string]string) (sets, misses []map[string]string) {
	base := maps.Clone(sel.Labels)
	if base == nil {
		base = map[string]string{}
	}
	maps.Copy(base, more)
	byKey := map[string][]topology.Expression{}
	for _, e := range sel.Expressions {
		byKey[e.Key] = append(byKey[e.Key], e)
	}
	type option struct {
		key    string
		values []string // that the label can have besides the one in base
		absent bool     // it can be left out too
		fails  []string // one expression
		lacks  bool     // to leave it out fails one expression
	}
	var options []option
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		expressions := byKey[key]
		if value, fixed := base[key]; fixed {
			if failing(expressions, key, value, true) > 0 {
				return nil, nil // it selects nothing
			}
			continue
		}
		o := option{key: key}
		for _, value := range u.valuesOf(key, expressions) {
			switch failing(expressions, key, value, true) {
			case 0:
				o.values = append(o.values, value)
			case 1:
				o.fails = append(o.fails, value)
			}
		}
		failed := failing(expressions, key, "", false)
		o.absent, o.lacks = failed == 0, failed == 1
		if !o.absent {
			if len(o.values) == 0 {
				return nil, nil
			}
			base[key], o.values = o.values[0], o.values[1:]
		}
		options = append(options, o)
	}
	sets = append(sets, base)
	with := func(key, value string) map[string]string {
		out := maps.Clone(base)
		out[key] = value
		return out
	}
	for _, o := range options {
		for _, value := range o.values {
			sets = append(sets, with(o.key, value))
		}
		for _, value := range o.fails {
			misses = append(misses, with(o.key, value))
		}
		if o.lacks {
			out := maps.Clone(base)
			delete(out, o.key)
			misses = append(misses, out)
		}
	}
	return sets, misses
}

// Selects reports whether a selector selects a pod with some labels.
func Selects(sel topology.Selector, set map[string]string) bool {
	for k, v := range sel.Labels {
		if have, ok := set[k]; !ok || have != v {
			return false
		}
	}
	for _, e := range sel.Expressions {
		value, ok := set[e.Key]
		if failing([]topology.Expression{e}, e.Key, value, ok) > 0 {
			return false
		}
	}
	return true
}

// failing returns how many of the expressions on a label a value of it fails, or
// its absence.
func failing(expressions []topology.Expression, key, value string, present bool) int {
	set := labels.Set{}
	if present {
		set[key] = value
	}
	n := 0
	for _, e := range expressions {
		requirement, err := labels.NewRequirement(key, operators[e.Operator], e.Values)
		if err != nil || !requirement.Matches(set) {
			n++
		}
	}
	return n
}

// operators are those of selectors, as the library of Kubernetes calls them.
var operators = map[string]selection.Operator{
	"In": selection.In, "NotIn": selection.NotIn, "Exists": selection.Exists, "DoesNotExist": selection.DoesNotExist,
}

// completed returns a pod of a namespace with what the closed world adds to it:
// a pod that is of a service carries all that the pods of the service carry. There
// is no such pod where that contradicts the labels it has. Each side has a world
// of its own.
func (u *Universe) completed(namespace string, set map[string]string) []map[string]string {
	var out []map[string]string
	for _, carrying := range u.carrying {
		if pod, ok := complete(carrying[namespace], set); ok && !slices.ContainsFunc(out, func(p map[string]string) bool { return maps.Equal(p, pod) }) {
			out = append(out, pod)
		}
	}
	return out
}

func complete(services []*topology.Service, set map[string]string) (pod map[string]string, ok bool) {
	out, owned := set, false
	for again := true; again; {
		again = false
		for _, s := range services {
			if !Selects(s.Selector, out) {
				continue
			}
			for k, v := range s.PodLabels {
				switch have, ok := out[k]; {
				case ok && have != v:
					return nil, false
				case !ok:
					if !owned {
						out, owned = maps.Clone(out), true
						if out == nil {
							out = map[string]string{}
						}
					}
					out[k], again = v, true
				}
			}
		}
	}
	return out, true
}

// Members returns the ends that an endpoint is, sorted. The set is asked for its
// selectors; its policies do not matter.
func (u *Universe) Members(set *connectivity.Set, e *plan.Endpoint) []int {
	var out []int
	for _, p := range e.Pods {
		out = append(out, u.Selected(set, p)...)
	}
	for _, b := range e.Blocks {
		out = append(out, u.Ends.InBlock(b.CIDR, b.Except)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Selected returns the ends that are some pods.
func (u *Universe) Selected(set *connectivity.Set, p plan.Pods) []int {
	namespaces := &metav1.LabelSelector{MatchLabels: p.Namespaces.Labels}
	if p.Namespaces.Name != "" {
		namespaces.MatchLabels = map[string]string{corev1.LabelMetadataName: p.Namespaces.Name}
	}
	return set.Select(u.Ends, namespaces, LabelSelector(p.Selector))
}

// EveryPod reports whether an endpoint is every pod of the cluster and nothing
// else.
func EveryPod(e *plan.Endpoint) bool {
	return len(e.Pods) == 1 && len(e.Blocks) == 0 && e.Pods[0].Namespaces.Any && e.Pods[0].Selector.AnyPod
}

// PortsOf returns the ports of a flow as a set.
func PortsOf(a *plan.Allow) connectivity.Ports {
	if a.AnyPort {
		return connectivity.AllPorts
	}
	ranges := make([]connectivity.Range, len(a.Ports))
	for i, p := range a.Ports {
		ranges[i] = RangeOf(p)
	}
	return connectivity.PortsOf(ranges...)
}

// RangeOf returns a port of the model in the words of the proof.
func RangeOf(p topology.Port) connectivity.Range {
	return connectivity.Range{Protocol: connectivity.Protocol(p.Protocol), First: p.First, Last: p.Last}
}

// LabelSelector returns a selector of the model as the API has it.
func LabelSelector(sel topology.Selector) *metav1.LabelSelector {
	out := &metav1.LabelSelector{MatchLabels: sel.Labels}
	for _, e := range sel.Expressions {
		out.MatchExpressions = append(out.MatchExpressions, metav1.LabelSelectorRequirement{
			Key: e.Key, Operator: metav1.LabelSelectorOperator(e.Operator), Values: e.Values,
		})
	}
	return out
}

// selectorOf returns a selector of the API in the words of the model.
func selectorOf(in *metav1.LabelSelector) topology.Selector {
	out := topology.Selector{Labels: in.MatchLabels}
	for _, e := range in.MatchExpressions {
		out.Expressions = append(out.Expressions, topology.Expression{Key: e.Key, Operator: string(e.Operator), Values: e.Values})
	}
	return out
}

// podKey tells pods apart by what policies can.
func podKey(namespace string, set map[string]string) string {
	if len(set) == 1 { // as most are
		for k, v := range set {
			return namespace + "," + k + "=" + v
		}
	}
	var b strings.Builder
	b.WriteString(namespace)
	for _, k := range slices.Sorted(maps.Keys(set)) {
		fmt.Fprintf(&b, ",%s=%s", k, set[k])
	}
	return b.String()
}
