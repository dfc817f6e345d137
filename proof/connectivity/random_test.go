package connectivity

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// world makes random clusters, small enough that policies often matter.
type world struct{ *rand.Rand }

func (w world) maybe(n int) bool { return w.IntN(n) == 0 }

func (w world) labels() map[string]string {
	out := map[string]string{}
	for _, k := range []string{"app", "tier"} {
		if !w.maybe(4) {
			out[k] = []string{"a", "b", "c"}[w.IntN(3)]
		}
	}
	return out
}

func (w world) selector() *metav1.LabelSelector {
	out := &metav1.LabelSelector{}
	if w.maybe(2) {
		out.MatchLabels = w.labels()
	}
	if w.maybe(3) {
		e := metav1.LabelSelectorRequirement{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: []string{"a", "b"}}
		switch w.IntN(4) {
		case 0:
			e.Operator = metav1.LabelSelectorOpNotIn
		case 1:
			e.Operator, e.Values = metav1.LabelSelectorOpExists, nil
		case 2:
			e.Operator, e.Values = metav1.LabelSelectorOpDoesNotExist, nil
		}
		out.MatchExpressions = append(out.MatchExpressions, e)
	}
	return out
}

func (w world) namespaceSelector() *metav1.LabelSelector {
	switch w.IntN(3) {
	case 0:
		return &metav1.LabelSelector{MatchLabels: map[string]string{nameLabel: "ns" + fmt.Sprint(w.IntN(3))}}
	case 1:
		return &metav1.LabelSelector{}
	}
	return &metav1.LabelSelector{MatchLabels: map[string]string{"team": []string{"x", "y"}[w.IntN(2)]}}
}

func (w world) peer() networkingv1.NetworkPolicyPeer {
	switch w.IntN(4) {
	case 0:
		b := &networkingv1.IPBlock{CIDR: []string{"192.0.2.0/24", "0.0.0.0/0", "::/0", "10.0.0.0/28"}[w.IntN(4)]}
		if b.CIDR == "0.0.0.0/0" && w.maybe(2) {
			b.Except = []string{"192.0.2.0/25", "10.0.0.0/8"}
		}
		return networkingv1.NetworkPolicyPeer{IPBlock: b}
	case 1:
		return networkingv1.NetworkPolicyPeer{PodSelector: w.selector()}
	case 2:
		return networkingv1.NetworkPolicyPeer{NamespaceSelector: w.namespaceSelector()}
	}
	return networkingv1.NetworkPolicyPeer{NamespaceSelector: w.namespaceSelector(), PodSelector: w.selector()}
}

func (w world) peers() []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	for range w.IntN(3) {
		out = append(out, w.peer())
	}
	return out
}

func (w world) ports() []networkingv1.NetworkPolicyPort {
	var out []networkingv1.NetworkPolicyPort
	for range w.IntN(3) {
		var p networkingv1.NetworkPolicyPort
		if !w.maybe(4) {
			protocol := []corev1.Protocol{"TCP", "UDP", "SCTP"}[w.IntN(3)]
			p.Protocol = &protocol
		}
		switch w.IntN(4) {
		case 0:
			name := intstr.FromString([]string{"web", "dns"}[w.IntN(2)])
			p.Port = &name
		case 1:
			number, end := intstr.FromInt32(80), int32(80+w.IntN(3))
			p.Port, p.EndPort = &number, &end
		case 2:
			number := intstr.FromInt32(int32(80 + w.IntN(3)))
			p.Port = &number
		}
		out = append(out, p)
	}
	return out
}

func (w world) policy(i int) *networkingv1.NetworkPolicy {
	p := &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("p", i), Namespace: fmt.Sprint("ns", w.IntN(3))},
		Spec:       networkingv1.NetworkPolicySpec{PodSelector: *w.selector()},
	}
	for range w.IntN(3) {
		p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: w.peers(), Ports: w.ports()})
	}
	for range w.IntN(3) {
		p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: w.peers(), Ports: w.ports()})
	}
	for _, t := range []networkingv1.PolicyType{"Ingress", "Egress"} {
		if w.maybe(2) {
			p.Spec.PolicyTypes = append(p.Spec.PolicyTypes, t)
		}
	}
	return p
}

func (w world) ends() []End {
	var out []End
	for i := range 9 {
		p := &Pod{Namespace: fmt.Sprint("ns", i%3), Name: fmt.Sprint("pod", i), Labels: w.labels()}
		p.IPs = []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, byte(i * 2)})}
		if w.maybe(2) {
			p.Ports = append(p.Ports, ContainerPort{"web", uint16(80 + w.IntN(2)), TCP}, ContainerPort{"dns", 82, UDP})
		}
		out = append(out, End{Pod: p})
	}
	for _, a := range []string{"192.0.2.1", "192.0.2.200", "10.0.0.17", "2001:db8::1", "8.8.8.8"} {
		out = append(out, End{Addr: netip.MustParseAddr(a)})
	}
	return out
}

func (w world) namespaces() []Namespace {
	return []Namespace{
		{"ns0", map[string]string{"team": "x"}}, {"ns1", map[string]string{"team": "y"}}, {"ns2", nil},
	}
}

// TestReachIsTheAnswers holds the answer for all ends at once against the
// answers one by one.
func TestReachIsTheAnswers(t *testing.T) {
	cells, open := 0, 0
	for seed := range 400 {
		w := world{rand.New(rand.NewPCG(uint64(seed), 3))}
		var policies []*networkingv1.NetworkPolicy
		for i := range 1 + w.IntN(5) {
			policies = append(policies, w.policy(i))
		}
		set, problems := New(policies, w.namespaces())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		ends := NewEnds(w.ends())
		for i, subject := range ends.List {
			if subject.Pod == nil {
				continue
			}
			out, in := set.Reach(Egress, subject.Pod, ends), set.Reach(Ingress, subject.Pod, ends)
			for j, other := range ends.List {
				if i == j {
					continue
				}
				for _, protocol := range Protocols {
					for port := uint16(79); port <= 83; port++ {
						cells += 2
						egress := set.Egress(subject, other, protocol, port).Verdict == Allowed
						ingress := set.Ingress(other, subject, protocol, port).Verdict == Allowed
						if egress {
							open++
						}
						if got := out.On(j, other).Has(protocol, port); got != egress {
							t.Fatalf("seed %d: %s to %s on %d/%s: %v, and %v alone", seed, subject, other, port, protocol, got, egress)
						}
						if got := in.On(j, other).Has(protocol, port); got != ingress {
							t.Fatalf("seed %d: %s from %s on %d/%s: %v, and %v alone", seed, subject, other, port, protocol, got, ingress)
						}
					}
				}
			}
		}
	}
	if open < cells/10 || open > cells/2 {
		t.Errorf("%d of %d cells are open: the worlds say little", open, cells)
	}
}
