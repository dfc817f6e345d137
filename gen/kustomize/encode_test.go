package kustomize

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// withText returns a policy that has s wherever a policy of ours may have a
// text or a label value. Values in lists are label values, which have no
// spaces.
func withText(s string) *networkingv1.NetworkPolicy {
	listed := strings.ReplaceAll(s, " ", "_")
	return &networkingv1.NetworkPolicy{
		TypeMeta: metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{
			Name: "shop.backend", Namespace: "shop",
			Annotations: map[string]string{"kubernetes.io/description": s, "a": s},
			Labels:      map[string]string{"app.kubernetes.io/version": "1.4.0"},
		},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{
				MatchLabels: map[string]string{"app": s},
				MatchExpressions: []metav1.LabelSelectorRequirement{
					{Key: "tier", Operator: "In", Values: []string{listed, "x"}}, {Key: "old", Operator: "DoesNotExist"},
				},
			},
			PolicyTypes: []networkingv1.PolicyType{"Ingress"},
		},
	}
}

func checkSame(t *testing.T, p *networkingv1.NetworkPolicy) {
	t.Helper()
	want, err := yaml.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(appendPolicy(nil, p))); diff != "" {
		t.Errorf("the encoder and sigs.k8s.io/yaml differ (-want +got):\n%s", diff)
	}
}

func TestEncodeTexts(t *testing.T) {
	long := "backend accepts " + strings.Repeat("frontend on 8080/TCP, ", 12) + "that is all"
	for _, s := range []string{
		"a", "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nulls", "1", "1.4.0", "1e3", "0x1f", "012", "2027-01-01", "-", "~", "",
		"a b", "A b", "a: b", "a #b", "it's", `say "so"`, "über uns", "{x}", "[x]", "* x", "& x", "a, b; (c)", "a  b", "a ", " a",
		long, strings.ReplaceAll(long, "that", "it's"), strings.ToUpper(long), strings.Repeat("x", 120) + " y", "x " + strings.Repeat("y", 200) + " z",
	} {
		checkSame(t, withText(s))
	}
}

func FuzzEncodeText(f *testing.F) {
	f.Add("backend accepts frontend on 8080/TCP; calls database on 5432/TCP (orders and carts) and a good deal more")
	f.Fuzz(func(t *testing.T, s string) {
		// What reaches the encoder is one line of printable text (package
		// topology sees to it), which YAML does not turn into a block.
		for _, r := range s {
			if r < 0x20 || r == 0x7f || r == 0xfffd || r > 0x7e && r < 0xa1 {
				t.Skip()
			}
		}
		checkSame(t, withText(s))
	})
}
