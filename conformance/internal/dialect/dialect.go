// Package dialect says policies so that cyclonus understands them as Kubernetes
// does.
//
// It deviates in two points, both of label selectors: NotIn is false to it where
// the label is missing, and a label that must be empty may be missing. The first
// is said as two selectors, one with NotIn and one with DoesNotExist; the second
// as In with an empty value. A policy becomes one for each of its selectors, a
// peer one for each pair. So no question has to be left out.
package dialect

import (
	"maps"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Policies returns policies that together are to cyclonus what list is to
// Kubernetes.
func Policies(list []*networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy {
	var out []*networkingv1.NetworkPolicy
	for _, p := range list {
		for _, sel := range Selectors(p.Spec.PodSelector) {
			q := p.DeepCopy()
			q.Spec.PodSelector = sel
			for i := range q.Spec.Ingress {
				q.Spec.Ingress[i].From = peers(q.Spec.Ingress[i].From)
			}
			for i := range q.Spec.Egress {
				q.Spec.Egress[i].To = peers(q.Spec.Egress[i].To)
			}
			out = append(out, q)
		}
	}
	return out
}

func peers(list []networkingv1.NetworkPolicyPeer) []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	for _, p := range list {
		for _, namespaces := range optional(p.NamespaceSelector) {
			for _, pods := range optional(p.PodSelector) {
				out = append(out, networkingv1.NetworkPolicyPeer{NamespaceSelector: namespaces, PodSelector: pods, IPBlock: p.IPBlock})
			}
		}
	}
	return out
}

func optional(sel *metav1.LabelSelector) []*metav1.LabelSelector {
	if sel == nil {
		return []*metav1.LabelSelector{nil}
	}
	var out []*metav1.LabelSelector
	for _, s := range Selectors(*sel) {
		out = append(out, &s)
	}
	return out
}

// Selectors returns selectors that together select to cyclonus what sel selects
// to Kubernetes.
func Selectors(sel metav1.LabelSelector) []metav1.LabelSelector {
	first := metav1.LabelSelector{}
	for _, k := range slices.Sorted(maps.Keys(sel.MatchLabels)) {
		first.MatchExpressions = append(first.MatchExpressions, metav1.LabelSelectorRequirement{
			Key: k, Operator: metav1.LabelSelectorOpIn, Values: []string{sel.MatchLabels[k]},
		})
	}
	out := []metav1.LabelSelector{first}
	for _, e := range sel.MatchExpressions {
		ways := []metav1.LabelSelectorRequirement{e}
		if e.Operator == metav1.LabelSelectorOpNotIn {
			ways = append(ways, metav1.LabelSelectorRequirement{Key: e.Key, Operator: metav1.LabelSelectorOpDoesNotExist})
		}
		var next []metav1.LabelSelector
		for _, s := range out {
			for _, way := range ways {
				next = append(next, metav1.LabelSelector{MatchExpressions: append(slices.Clone(s.MatchExpressions), way)})
			}
		}
		out = next
	}
	return out
}
