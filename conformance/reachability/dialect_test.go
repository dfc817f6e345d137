package reachability

import (
	"maps"
	"slices"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/kube"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// inDialect says the same policy so that cyclonus understands it as Kubernetes
// does. It differs in two points of label selectors: it takes NotIn for false
// where a pod has no such label, and a label that must be empty for one that may
// be missing. NotIn is therefore said as "has it, and not one of these" or "does
// not have it", each in a selector of its own.
func inDialect(p *networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy {
	var out []*networkingv1.NetworkPolicy
	for _, sel := range selectorsInDialect(p.Spec.PodSelector) {
		q := p.DeepCopy()
		q.Spec.PodSelector = sel
		for i := range q.Spec.Ingress {
			q.Spec.Ingress[i].From = peersInDialect(q.Spec.Ingress[i].From)
		}
		for i := range q.Spec.Egress {
			q.Spec.Egress[i].To = peersInDialect(q.Spec.Egress[i].To)
		}
		out = append(out, q)
	}
	return out
}

func peersInDialect(peers []networkingv1.NetworkPolicyPeer) []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	for _, p := range peers {
		if p.PodSelector == nil || p.NamespaceSelector == nil {
			out = append(out, p)
			continue
		}
		for _, namespaces := range selectorsInDialect(*p.NamespaceSelector) {
			for _, pods := range selectorsInDialect(*p.PodSelector) {
				out = append(out, networkingv1.NetworkPolicyPeer{NamespaceSelector: &namespaces, PodSelector: &pods})
			}
		}
	}
	return out
}

// selectorsInDialect returns selectors that together select what sel selects.
func selectorsInDialect(sel metav1.LabelSelector) []metav1.LabelSelector {
	base := metav1.LabelSelector{MatchLabels: map[string]string{}}
	for _, k := range slices.Sorted(maps.Keys(sel.MatchLabels)) {
		if v := sel.MatchLabels[k]; v != "" {
			base.MatchLabels[k] = v
		} else {
			base.MatchExpressions = append(base.MatchExpressions, requirement(k, metav1.LabelSelectorOpIn, ""))
		}
	}
	out := []metav1.LabelSelector{base}
	add := func(e metav1.LabelSelectorRequirement) []metav1.LabelSelector {
		var with []metav1.LabelSelector
		for _, s := range out {
			c := s.DeepCopy()
			c.MatchExpressions = append(c.MatchExpressions, e)
			with = append(with, *c)
		}
		return with
	}
	for _, e := range sel.MatchExpressions {
		with := add(e)
		if e.Operator == metav1.LabelSelectorOpNotIn {
			with = append(with, add(requirement(e.Key, metav1.LabelSelectorOpDoesNotExist))...)
		}
		out = with
	}
	return out
}

func requirement(key string, op metav1.LabelSelectorOperator, values ...string) metav1.LabelSelectorRequirement {
	return metav1.LabelSelectorRequirement{Key: key, Operator: op, Values: values}
}

// TestDialect holds what cyclonus makes of a selector in its dialect against
// what Kubernetes makes of the selector.
func TestDialect(t *testing.T) {
	sets := []map[string]string{
		nil, {"a": ""}, {"a": "x"}, {"a": "y"}, {"b": "x"}, {"a": "x", "b": ""}, {"a": "y", "b": "x"}, {"a": "", "b": "y"},
	}
	const in, notIn, exists, absent = metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn,
		metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist
	selectors := []metav1.LabelSelector{
		{},
		{MatchLabels: map[string]string{"a": "x"}},
		{MatchLabels: map[string]string{"a": ""}},
		{MatchLabels: map[string]string{"a": "", "b": "y"}},
		{MatchExpressions: []metav1.LabelSelectorRequirement{requirement("a", in, "x", "")}},
		{MatchExpressions: []metav1.LabelSelectorRequirement{requirement("a", notIn, "x")}},
		{MatchExpressions: []metav1.LabelSelectorRequirement{requirement("a", notIn, "x"), requirement("b", notIn, "x", "")}},
		{MatchExpressions: []metav1.LabelSelectorRequirement{requirement("a", exists), requirement("a", notIn, "y")}},
		{MatchExpressions: []metav1.LabelSelectorRequirement{requirement("a", absent), requirement("b", notIn, "y")}},
	}
	for _, sel := range selectors {
		want, err := metav1.LabelSelectorAsSelector(&sel)
		if err != nil {
			t.Fatal(err)
		}
		for _, set := range sets {
			got := slices.ContainsFunc(selectorsInDialect(sel), func(s metav1.LabelSelector) bool {
				return kube.IsLabelsMatchLabelSelector(set, s)
			})
			if got != want.Matches(labels.Set(set)) {
				t.Errorf("selector %s, labels %v: cyclonus says %t, Kubernetes %t", metav1.FormatLabelSelector(&sel), set, got, !got)
			}
		}
	}
}
