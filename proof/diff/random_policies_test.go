package diff_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/diff"
)

// randomSelector returns a selector over two labels.
func randomSelector(r *rand.Rand) metav1.LabelSelector {
	s := metav1.LabelSelector{}
	switch r.IntN(5) {
	case 0:
	case 1, 2:
		s.MatchLabels = map[string]string{"a": fmt.Sprint(r.IntN(3))}
		if r.IntN(3) == 0 {
			s.MatchLabels["b"] = fmt.Sprint(r.IntN(2))
		}
	default:
		k := "a"
		if r.IntN(2) == 0 {
			k = "b"
		}
		op := []metav1.LabelSelectorOperator{"In", "NotIn", "Exists", "DoesNotExist"}[r.IntN(4)]
		e := metav1.LabelSelectorRequirement{Key: k, Operator: op}
		if op == "In" || op == "NotIn" {
			e.Values = []string{fmt.Sprint(r.IntN(3))}
			if r.IntN(2) == 0 {
				e.Values = append(e.Values, fmt.Sprint(r.IntN(4)))
			}
		}
		s.MatchExpressions = []metav1.LabelSelectorRequirement{e}
		if r.IntN(4) == 0 && k == "a" {
			s.MatchLabels = map[string]string{"b": "1"}
		}
	}
	return s
}

// randomPorts returns ports of a rule: numbers, ranges and names.
func randomPorts(r *rand.Rand) []networkingv1.NetworkPolicyPort {
	if r.IntN(3) == 0 {
		return nil
	}
	var out []networkingv1.NetworkPolicyPort
	for range 1 + r.IntN(2) {
		p := networkingv1.NetworkPolicyPort{}
		if r.IntN(3) == 0 {
			x := corev1.ProtocolUDP
			p.Protocol = &x
		}
		switch r.IntN(5) {
		case 0:
		case 1:
			v := intstr.FromString([]string{"http", "ssh"}[r.IntN(2)])
			p.Port = &v
		case 2:
			v := intstr.FromInt32(int32(78 + r.IntN(4)))
			p.Port = &v
			e := v.IntVal + int32(r.IntN(4))
			p.EndPort = &e
		default:
			v := intstr.FromInt32(int32(78 + r.IntN(8)))
			p.Port = &v
		}
		out = append(out, p)
	}
	return out
}

// randomPeers returns peers of a rule.
func randomPeers(r *rand.Rand) []networkingv1.NetworkPolicyPeer {
	if r.IntN(6) == 0 {
		return nil
	}
	var out []networkingv1.NetworkPolicyPeer
	for range 1 + r.IntN(3) {
		p := networkingv1.NetworkPolicyPeer{}
		switch r.IntN(4) {
		case 0:
			b := []networkingv1.IPBlock{{CIDR: "0.0.0.0/0"}, {CIDR: "10.0.0.0/8"}, {CIDR: "10.1.0.0/16"}, {CIDR: "0.0.0.0/0", Except: []string{"10.0.0.0/8"}}, {CIDR: "10.0.0.0/8", Except: []string{"10.1.0.0/16", "10.2.0.0/16"}}, {CIDR: "::/0"}}[r.IntN(6)]
			p.IPBlock = &b
		case 1:
			s := randomSelector(r)
			p.PodSelector = &s
		case 2:
			s := randomSelector(r)
			p.PodSelector = &s
			fallthrough
		default:
			n := metav1.LabelSelector{}
			switch r.IntN(4) {
			case 0:
			case 1:
				n.MatchLabels = map[string]string{"kubernetes.io/metadata.name": []string{"n1", "n2", "n3"}[r.IntN(3)]}
			case 2:
				n.MatchLabels = map[string]string{"team": fmt.Sprint(r.IntN(2))}
			case 3:
				n.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "team", Operator: "NotIn", Values: []string{"0"}}}
			}
			p.NamespaceSelector = &n
		}
		out = append(out, p)
	}
	return out
}

// randomPolicy returns a policy of one of two namespaces.
func randomPolicy(r *rand.Rand, name string) *networkingv1.NetworkPolicy {
	p := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: []string{"n1", "n2"}[r.IntN(2)]}}
	p.Spec.PodSelector = randomSelector(r)
	t := r.IntN(4)
	if t != 1 {
		p.Spec.PolicyTypes = append(p.Spec.PolicyTypes, "Ingress")
	}
	if t != 2 {
		p.Spec.PolicyTypes = append(p.Spec.PolicyTypes, "Egress")
	}
	if t == 3 {
		p.Spec.PolicyTypes = nil
	}
	for range r.IntN(3) {
		p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: randomPeers(r), Ports: randomPorts(r)})
	}
	for range r.IntN(3) {
		p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: randomPeers(r), Ports: randomPorts(r)})
	}
	return p
}

// crowd is concrete pods with every combination of labels, and addresses.
func crowd() ([]connectivity.End, []connectivity.Namespace) {
	var pods []connectivity.End
	nss := []connectivity.Namespace{{Name: "n1"}, {Name: "n2", Labels: map[string]string{"team": "0"}}, {Name: "n3", Labels: map[string]string{"team": "1"}}, {Name: "n4"}}
	for _, ns := range nss {
		for a := -1; a < 5; a++ {
			for b := -1; b < 2; b++ {
				l := map[string]string{}
				if a >= 0 {
					l["a"] = fmt.Sprint(a)
				}
				if b >= 0 {
					l["b"] = fmt.Sprint(b)
				}
				pods = append(pods, connectivity.End{Pod: &connectivity.Pod{Namespace: ns.Name, Name: fmt.Sprint(a, b), Labels: l, Ports: []connectivity.ContainerPort{{Name: "http", Port: 80, Protocol: "TCP"}, {Name: "ssh", Port: 22, Protocol: "TCP"}, {Name: "ssh", Port: 23, Protocol: "UDP"}}}})
			}
		}
	}
	for _, s := range []string{"8.8.8.8", "10.0.0.1", "10.1.0.1", "10.2.3.4", "2001:db8::1"} {
		pods = append(pods, connectivity.End{Addr: netip.MustParseAddr(s)})
	}
	return pods, nss
}

// TestRandomPolicies changes random policies and asks who can reach whom, pod by
// pod and port by port. Whatever opens, the diff says widened; where anything
// closes, it says something.
func TestRandomPolicies(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 77))
		var old, new []*networkingv1.NetworkPolicy
		for i := range 1 + r.IntN(4) {
			old = append(old, randomPolicy(r, fmt.Sprint("p", i)))
		}
		for _, p := range old {
			new = append(new, p.DeepCopy())
		}
		new = changePolicies(r, new)
		changes := diff.Compare(diff.Side{Policies: old}, diff.Side{Policies: new})
		opened, closed := reached(t, old, new)
		widened := slices.ContainsFunc(changes, func(c diff.Change) bool { return c.Class == diff.Widened })
		if opened != "" && !widened {
			t.Errorf("seed %d: %s opened, and the diff says:\n%s", seed, opened, lines(changes))
		}
		if closed != "" && len(changes) == 0 {
			t.Errorf("seed %d: %s closed, and the diff says nothing", seed, closed)
		}
	}
}

// changePolicies makes one change.
func changePolicies(r *rand.Rand, policies []*networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy {
	one := policies[r.IntN(len(policies))]
	switch r.IntN(6) {
	case 0:
		return policies[:len(policies)-1]
	case 1:
		return append(policies, randomPolicy(r, "q"))
	case 2:
		one.Spec = randomPolicy(r, "").Spec
	case 3:
		one.Spec.PodSelector = randomSelector(r)
	case 4:
		for i := range one.Spec.Ingress {
			one.Spec.Ingress[i].From = randomPeers(r)
		}
	case 5:
		for i := range one.Spec.Egress {
			one.Spec.Egress[i] = networkingv1.NetworkPolicyEgressRule{To: randomPeers(r), Ports: randomPorts(r)}
		}
	}
	return policies
}

// reached names one connection that opened and one that closed, "" where none did.
func reached(t *testing.T, old, new []*networkingv1.NetworkPolicy) (opened, closed string) {
	t.Helper()
	ends, namespaces := crowd()
	was, bad := connectivity.New(old, namespaces)
	is, worse := connectivity.New(new, namespaces)
	if len(bad)+len(worse) > 0 {
		t.Fatal(bad, worse)
	}
	ports := []connectivity.Range{
		{Protocol: "TCP", First: 80},
		{Protocol: "TCP", First: 22},
		{Protocol: "UDP", First: 23},
		{Protocol: "TCP", First: 79},
		{Protocol: "UDP", First: 84},
		{Protocol: "TCP", First: 443},
		{Protocol: "SCTP", First: 9},
	}
	for _, subject := range ends {
		if subject.Pod == nil {
			continue
		}
		for _, other := range ends {
			if other == subject {
				continue
			}
			for _, p := range ports {
				out := [2]connectivity.Verdict{was.Egress(subject, other, p.Protocol, p.First).Verdict, is.Egress(subject, other, p.Protocol, p.First).Verdict}
				in := [2]connectivity.Verdict{was.Ingress(other, subject, p.Protocol, p.First).Verdict, is.Ingress(other, subject, p.Protocol, p.First).Verdict}
				for _, v := range [][2]connectivity.Verdict{out, in} {
					what := fmt.Sprint(subject, subject.Pod.Labels, " and ", other, " on ", p.First, "/", p.Protocol)
					if v == [2]connectivity.Verdict{connectivity.Denied, connectivity.Allowed} {
						opened = what
					}
					if v == [2]connectivity.Verdict{connectivity.Allowed, connectivity.Denied} {
						closed = what
					}
				}
			}
		}
	}
	return opened, closed
}
