package witness

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
)

// maxVariants is how many pods stand for a selector with expressions, and how
// many for what it just leaves out.
const maxVariants = 16

// variants returns sets of labels that a selector selects, with further labels
// that its pods carry: for each label of an expression each value that is
// named, in it or in an expression of a policy, one that is not, and none.
// misses are those that fail one expression alone: what a slip in the
// expression would let in.
func (u *Universe) variants(sel topology.Selector, more map[string]string) (sets, misses []map[string]string) {
	base := map[string]string{}
	maps.Copy(base, sel.Labels)
	maps.Copy(base, more)
	all := []map[string]string{base}
	for _, e := range sel.Expressions {
		if _, fixed := base[e.Key]; fixed {
			continue
		}
		var next []map[string]string
		for _, set := range all {
			next = append(next, set)
			for _, value := range append(u.valuesOf(e), Value) {
				with := maps.Clone(set)
				with[e.Key] = value
				next = append(next, with)
			}
		}
		all = next[:min(len(next), 4096)]
	}
	for _, set := range all {
		switch failed := failing(sel, set); {
		case failed == 0 && len(sets) < maxVariants:
			sets = append(sets, set)
		case failed == 1 && len(misses) < maxVariants:
			misses = append(misses, set)
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
	return failing(sel, set) == 0
}

// failing returns how many expressions of a selector a set of labels fails.
func failing(sel topology.Selector, set map[string]string) int {
	n := 0
	for _, e := range sel.Expressions {
		one := LabelSelector(topology.Selector{Expressions: []topology.Expression{e}})
		matches, err := metav1.LabelSelectorAsSelector(one)
		if err != nil || !matches.Matches(labels.Set(set)) {
			n++
		}
	}
	return n
}

// contradicts reports whether a pod would be of a service and yet lack what all
// pods of the service carry. The world is closed: there is no such pod. Where
// there are several sides, there is none only if none of them has it.
func (u *Universe) contradicts(namespace string, set map[string]string) bool {
	for _, carrying := range u.carrying {
		if !slices.ContainsFunc(carrying[namespace], func(s *topology.Service) bool { return lacking(s, set) }) {
			return false
		}
	}
	return true
}

// lacking reports whether a pod would be of a service but for its podLabels.
func lacking(s *topology.Service, set map[string]string) bool {
	if !Selects(s.Selector, set) {
		return false
	}
	for k, v := range s.PodLabels {
		if set[k] != v {
			return true
		}
	}
	return false
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
