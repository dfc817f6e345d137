package dialect_test

import (
	"slices"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/kube"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"netgen.dev/conformance/internal/dialect"
)

// selectors returns every selector of a few labels and up to two expressions.
func selectors() []metav1.LabelSelector {
	expressions := []metav1.LabelSelectorRequirement{}
	for _, key := range []string{"a", "b"} {
		for _, values := range [][]string{{"x"}, {""}, {"x", ""}} {
			expressions = append(expressions,
				metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: values},
				metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpNotIn, Values: values},
			)
		}
		expressions = append(expressions,
			metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpExists},
			metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpDoesNotExist},
		)
	}
	var out []metav1.LabelSelector
	for _, set := range []map[string]string{nil, {"a": "x"}, {"a": ""}, {"a": "", "b": "y"}} {
		out = append(out, metav1.LabelSelector{MatchLabels: set})
		for i, e := range expressions {
			out = append(out, metav1.LabelSelector{MatchLabels: set, MatchExpressions: expressions[i : i+1]})
			for _, f := range expressions[i+1:] {
				out = append(out, metav1.LabelSelector{MatchLabels: set, MatchExpressions: []metav1.LabelSelectorRequirement{e, f}})
			}
		}
	}
	return out
}

// TestSelectors holds what cyclonus makes of selectors in its dialect against
// what Kubernetes makes of them, and shows that it needs the dialect for both of
// the points in which it deviates.
func TestSelectors(t *testing.T) {
	var sets []map[string]string
	values := []string{"missing", "", "x", "y"}
	for _, a := range values {
		for _, b := range values {
			set := map[string]string{"a": a, "b": b}
			for key, value := range set {
				if value == "missing" {
					delete(set, key)
				}
			}
			sets = append(sets, set)
		}
	}
	var asks, missing, empty int
	for _, sel := range selectors() {
		kubernetes, err := metav1.LabelSelectorAsSelector(&sel)
		if err != nil {
			t.Fatal(err)
		}
		said := dialect.Selectors(sel)
		for _, set := range sets {
			want := kubernetes.Matches(labels.Set(set))
			got := slices.ContainsFunc(said, func(s metav1.LabelSelector) bool { return kube.IsLabelsMatchLabelSelector(set, s) })
			if got != want {
				t.Errorf("%s on %v: Kubernetes says %t, cyclonus in its dialect %t", metav1.FormatLabelSelector(&sel), set, want, got)
			}
			asks++
			switch plain := kube.IsLabelsMatchLabelSelector(set, sel); {
			case plain && !want:
				empty++
			case !plain && want:
				missing++
			}
		}
	}
	t.Logf("%d questions; without the dialect cyclonus would differ in %d of labels that are missing and %d of labels that must be empty", asks, missing, empty)
	if missing == 0 || empty == 0 {
		t.Error("cyclonus does not need the dialect")
	}
}
