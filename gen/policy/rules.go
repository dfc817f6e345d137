package policy

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
)

// namespaceName is the label that the API server sets on every namespace to
// its name.
const namespaceName = "kubernetes.io/metadata.name"

// rule is a rule of either direction. Nil peers are any peer, nil ports any
// port.
type rule struct {
	peers  []networkingv1.NetworkPolicyPeer
	ports  []networkingv1.NetworkPolicyPort
	allows []*plan.Allow // that it is for
}

// carried says that rule i of a direction is r.
func (r rule) carried(d plan.Direction, i int) []Carried {
	out := make([]Carried, len(r.allows))
	for j, a := range r.allows {
		out[j] = Carried{a, d, i}
	}
	return out
}

// rules returns the rules of one direction: the flows of one set of ports
// share a rule, in the order of their ports, any port last.
func (s *speller) rules(halves []plan.Half, d plan.Direction) []rule {
	type bucket struct {
		ports    []topology.Port
		anyPort  bool
		anywhere bool
		ends     []*plan.Endpoint
		allows   []*plan.Allow
	}
	buckets := map[string]*bucket{}
	for _, h := range halves {
		if h.Direction != d {
			continue
		}
		// Any peer is a rule of its own: beside other peers it would vanish.
		k := portsKey(h.Allow)
		if h.Other().Anywhere {
			k += " anywhere"
		}
		b := buckets[k]
		if b == nil {
			b = &bucket{ports: h.Allow.Ports, anyPort: h.Allow.AnyPort, anywhere: h.Other().Anywhere}
			buckets[k] = b
		}
		b.ends = append(b.ends, h.Other())
		b.allows = append(b.allows, h.Allow)
	}
	var out []rule
	for _, k := range slices.Sorted(maps.Keys(buckets)) {
		b := buckets[k]
		r := rule{allows: b.allows}
		if !b.anyPort {
			r.ports = portList(b.ports)
		}
		if !b.anywhere {
			r.peers = s.peersOf(b.ends)
		}
		out = append(out, r)
	}
	return out
}

// portsKey orders and tells apart sets of ports. Numbers are padded to sort.
func portsKey(a *plan.Allow) string {
	if a.AnyPort {
		return "\xff\xff\xff\xff any"
	}
	if len(a.Ports) == 0 {
		panic("policy: a flow without ports would be a flow on every port")
	}
	var b strings.Builder
	for _, p := range a.Ports {
		for _, n := range []uint16{p.First, p.Last} {
			b.WriteByte(byte(n >> 8))
			b.WriteByte(byte(n))
		}
		b.WriteString(string(p.Protocol))
	}
	return b.String()
}

// portList spells ports with the protocol always written: left out, it would
// be TCP, not any.
func portList(ports []topology.Port) []networkingv1.NetworkPolicyPort {
	out := make([]networkingv1.NetworkPolicyPort, len(ports))
	for i, p := range ports {
		protocol := corev1.Protocol(p.Protocol)
		number := intstr.FromInt32(int32(p.First))
		out[i] = networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: &number}
		if p.Last != p.First {
			last := int32(p.Last)
			out[i].EndPort = &last
		}
	}
	return out
}

// peersOf spells endpoints that are not anywhere, pods first, each peer once.
func (s *speller) peersOf(ends []*plan.Endpoint) []networkingv1.NetworkPolicyPeer {
	type keyed struct {
		key  string
		peer networkingv1.NetworkPolicyPeer
	}
	var all []keyed
	for _, e := range ends {
		for _, p := range s.spell(e) {
			all = append(all, keyed{peerKey(p), p})
		}
	}
	if len(all) == 0 {
		panic("policy: a rule without peers would be a rule for every peer")
	}
	slices.SortStableFunc(all, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
	all = slices.CompactFunc(all, func(a, b keyed) bool { return a.key == b.key })
	out := make([]networkingv1.NetworkPolicyPeer, len(all))
	for i, k := range all {
		out[i] = k.peer
	}
	return out
}

// spell returns the peers of an endpoint, made once and shared. A peer of pods
// always has both selectors: podSelector alone would be pods of the policy's
// own namespace, and the two in one peer are AND, in two peers OR.
func (s *speller) spell(e *plan.Endpoint) []networkingv1.NetworkPolicyPeer {
	if out, ok := s.peers[e]; ok {
		return out
	}
	var out []networkingv1.NetworkPolicyPeer
	for _, p := range e.Pods {
		namespaces := metav1.LabelSelector{}
		switch {
		case p.Namespaces.Any:
		case p.Namespaces.Name != "":
			namespaces.MatchLabels = map[string]string{namespaceName: p.Namespaces.Name}
		default:
			namespaces.MatchLabels = p.Namespaces.Labels
		}
		pods := labelSelector(p.Selector)
		out = append(out, networkingv1.NetworkPolicyPeer{NamespaceSelector: &namespaces, PodSelector: &pods})
	}
	for _, b := range e.Blocks {
		block := networkingv1.IPBlock{CIDR: b.CIDR.String()}
		for _, e := range b.Except {
			block.Except = append(block.Except, e.String())
		}
		out = append(out, networkingv1.NetworkPolicyPeer{IPBlock: &block})
	}
	s.peers[e] = out
	return out
}

// peerKey orders peers: pods by namespace and labels, then blocks.
func peerKey(p networkingv1.NetworkPolicyPeer) string {
	if p.IPBlock != nil {
		return "~" + p.IPBlock.CIDR + "-" + strings.Join(p.IPBlock.Except, "-")
	}
	return selectorKey(p.NamespaceSelector) + "|" + selectorKey(p.PodSelector)
}

func selectorKey(sel *metav1.LabelSelector) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(sel.MatchLabels)) {
		b.WriteString(k + "=" + sel.MatchLabels[k] + ",")
	}
	for _, e := range sel.MatchExpressions {
		b.WriteString(e.Key + " " + string(e.Operator) + " (" + strings.Join(e.Values, ",") + "),")
	}
	return b.String()
}

// labelSelector spells a selector of pods. One that says nothing is {}, which
// is every pod.
func labelSelector(sel topology.Selector) metav1.LabelSelector {
	out := metav1.LabelSelector{}
	if len(sel.Labels) > 0 {
		out.MatchLabels = sel.Labels
	}
	for _, e := range sel.Expressions {
		out.MatchExpressions = append(out.MatchExpressions, metav1.LabelSelectorRequirement{
			Key: e.Key, Operator: metav1.LabelSelectorOperator(e.Operator), Values: slices.Sorted(slices.Values(e.Values)),
		})
	}
	return out
}
