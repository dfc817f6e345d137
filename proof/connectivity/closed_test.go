package connectivity_test

import (
	"net/netip"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"netgen.dev/proof/connectivity"
)

func policy(name string, spec networkingv1.NetworkPolicySpec) *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "x", Name: name}, Spec: spec}
}

// TestNoEnd: what is neither a pod nor an address reaches nobody and is reached
// by nobody, be anybody isolated or not.
func TestNoEnd(t *testing.T) {
	pod := connectivity.End{Pod: &connectivity.Pod{Namespace: "x", Name: "a"}}
	addr := connectivity.End{Addr: netip.MustParseAddr("192.0.2.1")}
	var none connectivity.End
	all, _ := connectivity.New([]*networkingv1.NetworkPolicy{policy("all", networkingv1.NetworkPolicySpec{
		PolicyTypes: []networkingv1.PolicyType{"Ingress", "Egress"},
		Ingress:     []networkingv1.NetworkPolicyIngressRule{{}},
		Egress:      []networkingv1.NetworkPolicyEgressRule{{}},
	})}, nil)
	for name, set := range map[string]*connectivity.Set{"no policy": {}, "allow all": all} {
		for _, pair := range [][2]connectivity.End{{pod, none}, {none, pod}, {addr, none}, {none, addr}, {none, none}} {
			for what, got := range map[string]connectivity.Verdict{
				"Egress":   set.Egress(pair[0], pair[1], connectivity.TCP, 80).Verdict,
				"Ingress":  set.Ingress(pair[0], pair[1], connectivity.TCP, 80).Verdict,
				"Connects": set.Connects(pair[0], pair[1], connectivity.TCP, 80),
			} {
				if got != connectivity.Denied {
					t.Errorf("%s: %s from %+v to %+v is %s", name, what, pair[0], pair[1], got)
				}
			}
		}
		ends := connectivity.NewEnds([]connectivity.End{pod, none})
		for _, d := range []connectivity.Direction{connectivity.Ingress, connectivity.Egress} {
			if ports := set.Reach(d, pod.Pod, ends).On(1, none); len(ports) > 0 {
				t.Errorf("%s: %s reaches no end on %s", name, d, ports)
			}
		}
		if got := set.Connects(pod, addr, connectivity.TCP, 80); got != connectivity.Allowed {
			t.Errorf("%s: a pod to an address is %s", name, got)
		}
	}
}

// TestUnknownPolicyType: which direction an unknown type is for cannot be said,
// so the policy isolates in both, and none of its rules is believed.
func TestUnknownPolicyType(t *testing.T) {
	for _, types := range [][]networkingv1.PolicyType{{"Outward"}, {"Ingress", "Outward"}, {"egress"}} {
		set, problems := connectivity.New([]*networkingv1.NetworkPolicy{policy("p", networkingv1.NetworkPolicySpec{
			PolicyTypes: types,
			Ingress:     []networkingv1.NetworkPolicyIngressRule{{}},
			Egress:      []networkingv1.NetworkPolicyEgressRule{{}},
		})}, nil)
		if len(problems) != 1 || !strings.HasPrefix(problems[0].Field, "spec.policyTypes") {
			t.Errorf("%s: problems %v", types, problems)
		}
		a := connectivity.End{Pod: &connectivity.Pod{Namespace: "x", Name: "a"}}
		b := connectivity.End{Pod: &connectivity.Pod{Namespace: "y", Name: "b"}}
		if got := set.Egress(a, b, connectivity.TCP, 80).Verdict; got != connectivity.Denied {
			t.Errorf("%s: egress is %s", types, got)
		}
		if got := set.Ingress(b, a, connectivity.TCP, 80).Verdict; got != connectivity.Denied {
			t.Errorf("%s: ingress is %s", types, got)
		}
	}
}

// TestDuplicates: each policy that takes a name which is taken is reported, and
// with the policy that has it.
func TestDuplicates(t *testing.T) {
	p, q := policy("p", networkingv1.NetworkPolicySpec{}), policy("q", networkingv1.NetworkPolicySpec{})
	_, problems := connectivity.New([]*networkingv1.NetworkPolicy{p, q, q, p, p}, nil)
	want := [][2]int{{2, 1}, {3, 0}, {4, 0}}
	if len(problems) != len(want) {
		t.Fatalf("problems %v", problems)
	}
	for i, problem := range problems {
		if !problem.Duplicate || problem.Index != want[i][0] || problem.First != want[i][1] {
			t.Errorf("%+v, want policy %d to have the name of %d", problem, want[i][0], want[i][1])
		}
	}
}
