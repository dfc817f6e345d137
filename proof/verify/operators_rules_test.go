package verify_test

import (
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func labelled(key, value string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
}

func blockPeer(cidr string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr}}
}

// ruleOperators are mistakes in rules.
var ruleOperators = []operator{
	{"delete-rule", narrows, onRule(func(p *networkingv1.NetworkPolicy, r rule) bool {
		for i := range p.Spec.Ingress {
			if r.peers == &p.Spec.Ingress[i].From {
				p.Spec.Ingress = slices.Delete(p.Spec.Ingress, i, i+1)
				return true
			}
		}
		for i := range p.Spec.Egress {
			if r.peers == &p.Spec.Egress[i].To {
				p.Spec.Egress = slices.Delete(p.Spec.Egress, i, i+1)
				return true
			}
		}
		return false
	})},
	{"peers→[]", widens, onRule(func(_ *networkingv1.NetworkPolicy, r rule) bool {
		had := len(*r.peers) > 0
		*r.peers = nil
		return had
	})},
	{"ports→[]", widens, onRule(func(_ *networkingv1.NetworkPolicy, r rule) bool {
		had := len(*r.ports) > 0
		*r.ports = nil
		return had
	})},
	// A dash too few: what were two rules is one, each peer on each port.
	{"merge-rules", widens, onRule(func(p *networkingv1.NetworkPolicy, r rule) bool {
		rules := rulesOf(p, r.direction)
		i := slices.IndexFunc(rules, func(o rule) bool { return o.at == r.at })
		if i+1 == len(rules) {
			return false
		}
		next := rules[i+1]
		if len(*r.peers) == 0 || len(*next.peers) == 0 || len(*r.ports) == 0 || len(*next.ports) == 0 {
			return false
		}
		*r.peers = slices.Concat(*r.peers, *next.peers)
		*r.ports = slices.Concat(*r.ports, *next.ports)
		*next.peers, *next.ports = *r.peers, *r.ports
		return true
	})},
	addPeer("any-namespace", func(*networkingv1.NetworkPolicy) networkingv1.NetworkPolicyPeer {
		return networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{}}
	}),
	addPeer("own-namespace", func(*networkingv1.NetworkPolicy) networkingv1.NetworkPolicyPeer {
		return networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{}}
	}),
	addPeer("own-pods", func(p *networkingv1.NetworkPolicy) networkingv1.NetworkPolicyPeer {
		return networkingv1.NetworkPolicyPeer{PodSelector: p.Spec.PodSelector.DeepCopy()}
	}),
	addPeer("neighbour", func(*networkingv1.NetworkPolicy) networkingv1.NetworkPolicyPeer {
		return networkingv1.NetworkPolicyPeer{PodSelector: labelled("app", typo)}
	}),
	addPeer("foreign-namespace", func(*networkingv1.NetworkPolicy) networkingv1.NetworkPolicyPeer {
		return networkingv1.NetworkPolicyPeer{NamespaceSelector: labelled(corev1.LabelMetadataName, foreign)}
	}),
	addPeer("foreign-pods", func(*networkingv1.NetworkPolicy) networkingv1.NetworkPolicyPeer {
		return networkingv1.NetworkPolicyPeer{NamespaceSelector: labelled("team", "sre"), PodSelector: labelled("app", "scraper")}
	}),
	addBlock("0.0.0.0/0"), addBlock("::/0"), addBlock("10.0.0.0/8"), addBlock("192.168.7.7/32"), addBlock("2001:db8:7::/64"),
	// All of IPv4, for whoever reads addresses as Go's package net does; newer API
	// servers refuse it.
	{"add-mapped-block", refused, onRule(func(_ *networkingv1.NetworkPolicy, r rule) bool {
		*r.peers = append(*r.peers, blockPeer("::ffff:0.0.0.0/96"))
		return true
	})},
	{"drop-family", narrows, onEach([]string{".", ":"}, func(separator string) func([]*networkingv1.NetworkPolicy) []mutant {
		return onRule(func(_ *networkingv1.NetworkPolicy, r rule) bool {
			before := len(*r.peers)
			*r.peers = slices.DeleteFunc(*r.peers, func(p networkingv1.NetworkPolicyPeer) bool {
				return p.IPBlock != nil && strings.Contains(p.IPBlock.CIDR, separator)
			})
			return len(*r.peers) > 0 && len(*r.peers) < before // none at all is peers→[]
		})
	})},
	{"add-port", widens, onRule(func(_ *networkingv1.NetworkPolicy, r rule) bool {
		had := len(*r.ports) > 0
		port := intstr.FromInt32(22)
		*r.ports = append(*r.ports, networkingv1.NetworkPolicyPort{Port: &port})
		return had
	})},
}

// addPeer adds to rules that have peers: a rule without has every peer.
func addPeer(what string, peer func(*networkingv1.NetworkPolicy) networkingv1.NetworkPolicyPeer) operator {
	return operator{"add-" + what + "-peer", widens, onRule(func(p *networkingv1.NetworkPolicy, r rule) bool {
		had := len(*r.peers) > 0
		*r.peers = append(*r.peers, peer(p))
		return had
	})}
}

func addBlock(cidr string) operator {
	return addPeer(cidr, func(*networkingv1.NetworkPolicy) networkingv1.NetworkPolicyPeer { return blockPeer(cidr) })
}

// peerOperators are mistakes in peers of pods.
var peerOperators = []operator{
	{"delete-peer", narrows, onPeer(func(_ *networkingv1.NetworkPolicy, r rule, i int) bool {
		*r.peers = slices.Delete(*r.peers, i, i+1)
		return len(*r.peers) > 0 // to delete the only one is peers→[]
	})},
	{"drop-podSelector", widens, onPeer(func(_ *networkingv1.NetworkPolicy, r rule, i int) bool {
		p := &(*r.peers)[i]
		had := p.PodSelector != nil && p.NamespaceSelector != nil
		p.PodSelector = nil
		return had
	})},
	// The pods are then those of the policy's own namespace.
	{"drop-namespaceSelector", either, onPeer(func(_ *networkingv1.NetworkPolicy, r rule, i int) bool {
		p := &(*r.peers)[i]
		had := p.PodSelector != nil && p.NamespaceSelector != nil
		p.NamespaceSelector = nil
		return had
	})},
	// A dash too many: pods of whatever name in the namespace, or of that name
	// in the policy's own.
	{"AND→OR", widens, onPeer(func(_ *networkingv1.NetworkPolicy, r rule, i int) bool {
		p := &(*r.peers)[i]
		had := p.PodSelector != nil && p.NamespaceSelector != nil
		pods := networkingv1.NetworkPolicyPeer{PodSelector: p.PodSelector}
		p.PodSelector = nil
		*r.peers = append(*r.peers, pods)
		return had
	})},
	{"add-namespaceSelector-{}", refused, onPeer(func(_ *networkingv1.NetworkPolicy, r rule, i int) bool {
		p := &(*r.peers)[i]
		p.NamespaceSelector = &metav1.LabelSelector{}
		return p.IPBlock != nil // netgen emits no peer with a podSelector alone
	})},
	{"peer→{}", refused, onPeer(func(_ *networkingv1.NetworkPolicy, r rule, i int) bool {
		(*r.peers)[i] = networkingv1.NetworkPolicyPeer{}
		return true
	})},
	replaceDNS("any-pod", networkingv1.NetworkPolicyPeer{NamespaceSelector: labelled(corev1.LabelMetadataName, "kube-system")}),
	replaceDNS("coredns", networkingv1.NetworkPolicyPeer{
		NamespaceSelector: labelled(corev1.LabelMetadataName, "kube-system"), PodSelector: labelled("k8s-app", "coredns"),
	}),
	replaceDNS("nodelocal", blockPeer("169.254.20.10/32")),
	replaceDNS("any-address", blockPeer("0.0.0.0/0")),
}

// replaceDNS puts another peer where a rule names the resolver.
func replaceDNS(what string, peer networkingv1.NetworkPolicyPeer) operator {
	return operator{"replace-dns-" + what, either, onPeer(func(_ *networkingv1.NetworkPolicy, r rule, i int) bool {
		sel := (*r.peers)[i].PodSelector
		was := sel != nil && sel.MatchLabels["k8s-app"] == "kube-dns"
		(*r.peers)[i] = peer
		return was
	})}
}

// onBlock makes a mutant of each block.
func onBlock(change func(b *networkingv1.IPBlock, cidr netip.Prefix) bool) func([]*networkingv1.NetworkPolicy) []mutant {
	return onPeer(func(_ *networkingv1.NetworkPolicy, r rule, i int) bool {
		b := (*r.peers)[i].IPBlock
		return b != nil && change(b, netip.MustParsePrefix(b.CIDR))
	})
}

// onExcept makes a mutant of each of the first twenty exceptions of blocks, by
// what it puts in the place of one.
func onExcept(change func(cidr, except netip.Prefix) []netip.Prefix) func([]*networkingv1.NetworkPolicy) []mutant {
	return onEach(first(20, "except"), func(n nth) func([]*networkingv1.NetworkPolicy) []mutant {
		return onBlock(func(b *networkingv1.IPBlock, cidr netip.Prefix) bool {
			if n.i >= len(b.Except) {
				return false
			}
			except := netip.MustParsePrefix(b.Except[n.i])
			b.Except = slices.Delete(b.Except, n.i, n.i+1)
			for _, e := range change(cidr, except) {
				if e == except || e.Bits() <= cidr.Bits() {
					return false
				}
				b.Except = append(b.Except, e.String())
			}
			return true
		})
	})
}

// resized returns a range with the first address of c and other bits.
func resized(c netip.Prefix, bits int) netip.Prefix {
	bits = max(0, min(bits, c.Addr().BitLen()))
	return netip.PrefixFrom(c.Addr(), bits).Masked()
}

func resize(bits func(netip.Prefix) int, wider bool) func([]*networkingv1.NetworkPolicy) []mutant {
	return onBlock(func(b *networkingv1.IPBlock, cidr netip.Prefix) bool {
		c := resized(cidr, bits(cidr))
		b.CIDR = c.String()
		if wider {
			return c.Bits() < cidr.Bits()
		}
		return c.Bits() > cidr.Bits() && len(b.Except) == 0 // exceptions would lie outside
	})
}

// blockOperators are mistakes in ranges of addresses.
var blockOperators = []operator{
	{"cidr→/0", widens, resize(func(netip.Prefix) int { return 0 }, true)},
	{"cidr→/24", widens, resize(func(netip.Prefix) int { return 24 }, true)},
	{"cidr-shorter", widens, resize(func(c netip.Prefix) int { return c.Bits() - 1 }, true)},
	{"cidr-longer", narrows, resize(func(c netip.Prefix) int { return c.Bits() + 1 }, false)},
	{"drop-except", widens, onExcept(func(_, _ netip.Prefix) []netip.Prefix { return nil })},
	{"drop-all-excepts", widens, onBlock(func(b *networkingv1.IPBlock, _ netip.Prefix) bool {
		had := len(b.Except) > 0
		b.Except = nil
		return had
	})},
	{"except-wider", narrows, onExcept(func(_, e netip.Prefix) []netip.Prefix { return []netip.Prefix{resized(e, e.Bits()-1)} })},
	{"except-narrower", widens, onExcept(func(_, e netip.Prefix) []netip.Prefix { return []netip.Prefix{resized(e, e.Bits()+1)} })},
	// The first and the last quarter stay closed, and what is between opens.
	{"except-ends", widens, onExcept(func(_, e netip.Prefix) []netip.Prefix {
		if e.Bits()+2 > e.Addr().BitLen() {
			return []netip.Prefix{e}
		}
		return []netip.Prefix{resized(e, e.Bits()+2), lastQuarter(e)}
	})},
	{"add-except", narrows, onEach([]string{"8.8.8.8/32", "2001:4860:4860::8888/128", "9.9.9.9/32", "2620:fe::fe/128"}, func(except string) func([]*networkingv1.NetworkPolicy) []mutant {
		return onBlock(func(b *networkingv1.IPBlock, cidr netip.Prefix) bool {
			e := netip.MustParsePrefix(except)
			b.Except = append(b.Except, except)
			return cidr.Bits() < e.Bits() && cidr.Contains(e.Addr())
		})
	})},
	{"except-outside", refused, onBlock(func(b *networkingv1.IPBlock, _ netip.Prefix) bool {
		b.Except = append(b.Except, "0.0.0.0/0")
		return true
	})},
}

// lastQuarter returns the last quarter of a range.
func lastQuarter(c netip.Prefix) netip.Prefix {
	bytes := c.Addr().AsSlice()
	for _, bit := range []int{c.Bits(), c.Bits() + 1} {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	a, _ := netip.AddrFromSlice(bytes)
	return netip.PrefixFrom(a, c.Bits()+2)
}

// portOperators are mistakes in ports.
var portOperators = []operator{
	{"port+1", either, onPort(func(r rule, i int) bool { return shift(&(*r.ports)[i], 1) })},
	{"port-1", either, onPort(func(r rule, i int) bool { return shift(&(*r.ports)[i], -1) })},
	{"port→nil", widens, onPort(func(r rule, i int) bool {
		p := &(*r.ports)[i]
		had := p.Port != nil
		p.Port, p.EndPort = nil, nil
		return had
	})},
	{"endPort→65535", widens, onPort(func(r rule, i int) bool {
		last := int32(65535)
		(*r.ports)[i].EndPort = &last
		return true
	})},
	{"endPort+1", widens, onPort(func(r rule, i int) bool {
		p := &(*r.ports)[i]
		last := p.Port.IntVal + 1
		if p.EndPort != nil {
			last = *p.EndPort + 1
		}
		p.EndPort = &last
		return last <= 65535
	})},
	{"drop-endPort", narrows, onPort(func(r rule, i int) bool {
		p := &(*r.ports)[i]
		had := p.EndPort != nil
		p.EndPort = nil
		return had
	})},
	{"endPort-below-port", refused, onPort(func(r rule, i int) bool {
		p := &(*r.ports)[i]
		last := p.Port.IntVal - 1
		p.EndPort = &last
		return true
	})},
	{"delete-port", narrows, onPort(func(r rule, i int) bool {
		*r.ports = slices.Delete(*r.ports, i, i+1)
		return len(*r.ports) > 0 // to delete the only one is ports→[]
	})},
	protocol(corev1.ProtocolTCP), protocol(corev1.ProtocolUDP), protocol(corev1.ProtocolSCTP),
	{"protocol→nil", either, onPort(func(r rule, i int) bool {
		(*r.ports)[i].Protocol = nil
		return true
	})},
}

// shift moves a port, the first of a range alone.
func shift(p *networkingv1.NetworkPolicyPort, by int32) bool {
	p.Port.IntVal += by
	return p.Port.IntVal >= 1 && p.Port.IntVal <= 65535 && (p.EndPort == nil || p.Port.IntVal <= *p.EndPort)
}

func protocol(to corev1.Protocol) operator {
	return operator{"protocol→" + string(to), either, onPort(func(r rule, i int) bool {
		was := *(*r.ports)[i].Protocol
		(*r.ports)[i].Protocol = &to
		return was != to
	})}
}
