package evaluator

import (
	"maps"
	"slices"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/kube"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// inDialect says policies so that cyclonus understands them as Kubernetes does.
// It deviates in two points, both of label selectors: NotIn is false to it where
// the label is missing, and a label that must be empty may be missing. The first
// is said as two selectors, one with NotIn and one with DoesNotExist; the second
// as In with an empty value. A policy becomes one for each of its selectors, a
// peer one for each pair. So no cell has to be left out.
func inDialect(list policies) policies {
	var out policies
	for _, p := range list {
		for _, sel := range inSelectors(p.Spec.PodSelector) {
			q := p.DeepCopy()
			q.Spec.PodSelector = sel
			for i := range q.Spec.Ingress {
				q.Spec.Ingress[i].From = inPeers(q.Spec.Ingress[i].From)
			}
			for i := range q.Spec.Egress {
				q.Spec.Egress[i].To = inPeers(q.Spec.Egress[i].To)
			}
			out = append(out, q)
		}
	}
	return out
}

func inPeers(peers []networkingv1.NetworkPolicyPeer) []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	for _, p := range peers {
		for _, namespaces := range inOptional(p.NamespaceSelector) {
			for _, pods := range inOptional(p.PodSelector) {
				out = append(out, networkingv1.NetworkPolicyPeer{NamespaceSelector: namespaces, PodSelector: pods, IPBlock: p.IPBlock})
			}
		}
	}
	return out
}

func inOptional(sel *metav1.LabelSelector) []*metav1.LabelSelector {
	if sel == nil {
		return []*metav1.LabelSelector{nil}
	}
	var out []*metav1.LabelSelector
	for _, s := range inSelectors(*sel) {
		out = append(out, &s)
	}
	return out
}

// inSelectors returns selectors that together select what sel does.
func inSelectors(sel metav1.LabelSelector) []metav1.LabelSelector {
	first := metav1.LabelSelector{}
	for _, k := range slices.Sorted(maps.Keys(sel.MatchLabels)) {
		first.MatchExpressions = append(first.MatchExpressions, requirement(k, metav1.LabelSelectorOpIn, sel.MatchLabels[k]))
	}
	out := []metav1.LabelSelector{first}
	for _, e := range sel.MatchExpressions {
		ways := []metav1.LabelSelectorRequirement{e}
		if e.Operator == metav1.LabelSelectorOpNotIn {
			ways = append(ways, requirement(e.Key, metav1.LabelSelectorOpDoesNotExist))
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

func requirement(key string, op metav1.LabelSelectorOperator, values ...string) metav1.LabelSelectorRequirement {
	return metav1.LabelSelectorRequirement{Key: key, Operator: op, Values: values}
}

// TestDialect holds what cyclonus makes of random selectors in its dialect
// against what Kubernetes makes of them, and shows that it needs the dialect for
// those two points.
func TestDialect(t *testing.T) {
	var asks, missing, empty int
	for seed := range uint64(2000) {
		r := newRoll(seed)
		sel, set := r.selector("app", "tier", "canary"), r.pod(0).Labels
		kubernetes, err := metav1.LabelSelectorAsSelector(&sel)
		if err != nil {
			t.Fatal(err)
		}
		want := kubernetes.Matches(labels.Set(set))
		got := slices.ContainsFunc(inSelectors(sel), func(s metav1.LabelSelector) bool { return kube.IsLabelsMatchLabelSelector(set, s) })
		if got != want {
			t.Errorf("seed %d: %s on %v: Kubernetes says %t, cyclonus in its dialect %t", seed, metav1.FormatLabelSelector(&sel), set, want, got)
		}
		asks++
		switch plain := kube.IsLabelsMatchLabelSelector(set, sel); {
		case plain && !want:
			empty++
		case !plain && want:
			missing++
		}
	}
	t.Logf("%d selectors; without the dialect cyclonus would differ in %d of labels that are missing and %d of labels that must be empty", asks, missing, empty)
	if missing == 0 || empty == 0 {
		t.Error("cyclonus does not need the dialect")
	}
}
