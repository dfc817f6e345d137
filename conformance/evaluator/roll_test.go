package evaluator

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"netgen.dev/proof/connectivity"
)

// roll makes random clusters. Names, labels, addresses and ports are few, so
// that what policies say of them meets often.
type roll struct{ *rand.Rand }

func newRoll(seed uint64) roll { return roll{rand.New(rand.NewPCG(seed, 7))} }

func (r roll) oneIn(n int) bool { return r.IntN(n) == 0 }

func pick[T any](r roll, from ...T) T { return from[r.IntN(len(from))] }

// some returns up to n things, or an empty list, or nil.
func some[T any](r roll, n int, one func() T) []T {
	if r.oneIn(4) {
		return pick(r, nil, []T{})
	}
	var out []T
	for range 1 + r.IntN(n) {
		out = append(out, one())
	}
	return out
}

// A namespace that is not declared has its name label and no other.
const undeclared = "four"

var namespaceNames = []string{"one", "two", "three", undeclared}

func (r roll) cluster() *cluster {
	c := &cluster{}
	for _, name := range namespaceNames {
		if name != undeclared {
			c.namespaces = append(c.namespaces, connectivity.Namespace{Name: name, Labels: r.namespaceLabels(name)})
		}
	}
	for i := range 6 + r.IntN(4) {
		c.ends = append(c.ends, connectivity.End{Pod: r.pod(i)})
	}
	for _, addr := range outside {
		if r.oneIn(2) {
			c.ends = append(c.ends, connectivity.End{Addr: netip.MustParseAddr(addr)})
		}
	}
	for i := range 2 + r.IntN(8) {
		c.policies = append(c.policies, r.policy(fmt.Sprintf("policy-%d", i)))
	}
	return c
}

func (r roll) namespaceLabels(name string) map[string]string {
	out := map[string]string{}
	if r.oneIn(2) {
		out[nameLabel] = name
	}
	for _, key := range []string{"team", "env"} {
		if !r.oneIn(3) {
			out[key] = pick(r, "a", "b", "")
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// The addresses of pods are below 10.0.0.32 and fd00::20, those of nodes are the
// first two outside.
var outside = []string{
	"192.0.2.10", "2001:db8::10",
	"::ffff:192.0.2.10", "10.0.0.33", "192.0.2.200", "198.51.100.7", "::ffff:192.0.2.9", "fd00::ff", "2001:db8:1::1",
}

func (r roll) pod(i int) *connectivity.Pod {
	p := &connectivity.Pod{Namespace: pick(r, namespaceNames...), Name: fmt.Sprintf("pod-%d", i), Labels: map[string]string{}}
	for _, key := range []string{"app", "tier", "canary"} {
		if !r.oneIn(3) {
			p.Labels[key] = pick(r, "a", "b", "c", "")
		}
	}
	if r.oneIn(8) {
		p.Labels = nil
	}
	v4, v6 := netip.AddrFrom4([4]byte{10, 0, 0, byte(3 * i)}), netip.MustParseAddr(fmt.Sprintf("fd00::%x", 3*i))
	p.IPs = pick(r, []netip.Addr{v4}, []netip.Addr{v4}, []netip.Addr{v6}, []netip.Addr{v4, v6}, []netip.Addr{v6, v4}, nil)
	node := []netip.Addr{netip.MustParseAddr(outside[0]), netip.MustParseAddr(outside[1])}
	if r.oneIn(3) {
		p.HostIPs = node[:1+r.IntN(2)]
	}
	if r.oneIn(12) {
		p.HostNetwork, p.HostIPs, p.IPs = true, node, node
	}
	for _, port := range containerPorts {
		if r.oneIn(3) {
			p.Ports = append(p.Ports, port)
		}
	}
	return p
}

// One name may be several ports, and one port have several names.
var containerPorts = []connectivity.ContainerPort{
	{Name: "web", Port: 80, Protocol: connectivity.TCP},
	{Name: "web", Port: 82, Protocol: connectivity.TCP},
	{Name: "web", Port: 80, Protocol: connectivity.UDP},
	{Name: "http", Port: 80, Protocol: connectivity.TCP},
	{Name: "dns", Port: 53, Protocol: connectivity.UDP},
	{Name: "dns", Port: 53, Protocol: connectivity.TCP},
	{Name: "signal", Port: 81, Protocol: connectivity.SCTP},
	{Name: "dns", Port: 81, Protocol: connectivity.SCTP},
}

// probed are the ports that connections are tried on: those that policies name
// and those beside.
var probed = []uint16{1, 53, 79, 80, 81, 82, 83, 443, 8080, 65535}

func (r roll) policy(name string) *networkingv1.NetworkPolicy {
	p := &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: pick(r, namespaceNames...)},
		Spec:       networkingv1.NetworkPolicySpec{PodSelector: r.selector("app", "tier", "canary")},
	}
	p.Spec.PolicyTypes = pick(r, nil, []networkingv1.PolicyType{},
		[]networkingv1.PolicyType{"Ingress"}, []networkingv1.PolicyType{"Egress"},
		[]networkingv1.PolicyType{"Ingress", "Egress"}, []networkingv1.PolicyType{"Egress", "Ingress"},
		[]networkingv1.PolicyType{"Egress", "Egress"})
	p.Spec.Ingress = some(r, 3, func() networkingv1.NetworkPolicyIngressRule {
		return networkingv1.NetworkPolicyIngressRule{From: some(r, 3, r.peer), Ports: some(r, 3, r.port)}
	})
	p.Spec.Egress = some(r, 3, func() networkingv1.NetworkPolicyEgressRule {
		return networkingv1.NetworkPolicyEgressRule{To: some(r, 3, r.peer), Ports: some(r, 3, r.port)}
	})
	return p
}

func (r roll) peer() networkingv1.NetworkPolicyPeer {
	pods, namespaces := r.selector("app", "tier", "canary"), r.namespaceSelector()
	switch r.IntN(4) {
	case 0:
		return networkingv1.NetworkPolicyPeer{IPBlock: r.block()}
	case 1:
		return networkingv1.NetworkPolicyPeer{PodSelector: &pods}
	case 2:
		return networkingv1.NetworkPolicyPeer{NamespaceSelector: &namespaces}
	}
	return networkingv1.NetworkPolicyPeer{NamespaceSelector: &namespaces, PodSelector: &pods}
}

// blocks are ranges around the addresses. One has host bits, which older API
// servers store.
var blocks = []string{
	"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/27", "10.0.0.0/28", "10.0.0.5/28", "10.0.0.3/32", "10.0.0.6/31",
	"192.0.2.0/24", "192.0.2.8/29", "192.0.2.10/32", "128.0.0.0/1",
	"::/0", "fd00::/16", "fd00::/124", "fd00::3/128", "2001:db8::/32", "2001:db8::/64", "::/1",
}

func (r roll) block() *networkingv1.IPBlock {
	out := &networkingv1.IPBlock{CIDR: pick(r, blocks...)}
	outer := netip.MustParsePrefix(out.CIDR)
	var inside []string
	for _, b := range blocks {
		if inner := netip.MustParsePrefix(b); inner.Bits() > outer.Bits() && outer.Contains(inner.Addr()) {
			inside = append(inside, b)
		}
	}
	if len(inside) > 0 && r.oneIn(2) {
		out.Except = some(r, 2, func() string { return pick(r, inside...) })
	}
	return out
}

func (r roll) port() networkingv1.NetworkPolicyPort {
	var out networkingv1.NetworkPolicyPort
	if !r.oneIn(4) {
		out.Protocol = new(pick(r, corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP))
	}
	switch r.IntN(5) {
	case 0:
	case 1:
		out.Port = new(intstr.FromString(pick(r, "web", "http", "dns", "signal", "nobodys")))
	case 2:
		first := pick(r, probed...)
		last := pick(r, slices.DeleteFunc(slices.Clone(probed), func(p uint16) bool { return p < first })...)
		out.Port, out.EndPort = new(intstr.FromInt32(int32(first))), new(int32(last))
	default:
		out.Port = new(intstr.FromInt32(int32(pick(r, probed...))))
	}
	return out
}

// namespaceSelector returns a selector of labels, of names or of both.
func (r roll) namespaceSelector() metav1.LabelSelector {
	sel := r.selector("team", "env")
	switch r.IntN(6) {
	case 0, 1:
		if sel.MatchLabels == nil {
			sel.MatchLabels = map[string]string{}
		}
		sel.MatchLabels[nameLabel] = pick(r, namespaceNames...)
	case 2:
		op := pick(r, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn)
		sel.MatchExpressions = append(sel.MatchExpressions, requirement(nameLabel, op, pick(r, namespaceNames...), pick(r, namespaceNames...)))
	}
	return sel
}

// selector returns a selector over some keys; one in three selects everything.
func (r roll) selector(keys ...string) metav1.LabelSelector {
	var out metav1.LabelSelector
	if r.oneIn(3) {
		return pick(r, out, metav1.LabelSelector{MatchLabels: map[string]string{}, MatchExpressions: []metav1.LabelSelectorRequirement{}})
	}
	if r.oneIn(2) {
		out.MatchLabels = map[string]string{pick(r, keys...): pick(r, "a", "a", "b", "c", "")}
	}
	if r.oneIn(2) {
		out.MatchExpressions = some(r, 2, func() metav1.LabelSelectorRequirement {
			key := pick(r, keys...)
			switch r.IntN(4) {
			case 0:
				return requirement(key, metav1.LabelSelectorOpExists)
			case 1:
				return requirement(key, metav1.LabelSelectorOpDoesNotExist)
			case 2:
				return requirement(key, metav1.LabelSelectorOpNotIn, pick(r, "a", "b", ""), pick(r, "a", "c"))
			}
			return requirement(key, metav1.LabelSelectorOpIn, pick(r, "a", "b", ""), pick(r, "a", "c"))
		})
	}
	return out
}
