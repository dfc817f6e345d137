package verify_test

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"netgen.dev/gen/topology"
)

// This file decides whether two sets of policies mean the same, without a
// single pod: it compares selectors as sets of labels, ranges of addresses and
// ranges of ports as intervals. It shares nothing with what it judges, neither
// the witnesses of package verify nor the rules of package connectivity, and
// it holds for every pod that anybody could make.

// meaning is what a policy says: whom it isolates, and what it allows.
type meaning struct {
	isolations []isolation
	allowances []allowance
}

type isolation struct {
	namespace string
	direction networkingv1.PolicyType
	subject   labelSet
}

// allowance is one subject, one peer and one range of ports.
type allowance struct {
	isolation // who: the policy isolates whom it has rules for
	peer      partner
	ports     interval
	protocol  corev1.Protocol
}

// partner is a peer: anybody, pods, or addresses.
type partner struct {
	namespaces, pods labelSet // of pods
	cidr             netip.Prefix
	except           []netip.Prefix
	kind             partnerKind
}

type partnerKind int

const (
	anybody partnerKind = iota
	somePods
	someAddresses
)

// promise is what a topology says of the pods that a service selects: that they
// carry further labels.
type promise struct {
	namespace      string
	selects, carry labelSet
}

// kept adds what is promised of all pods of a set.
func (j *judge) kept(namespace string, s labelSet) labelSet {
	for _, p := range j.promises {
		if p.namespace == namespace && s.within(p.selects) {
			s = maps.Clone(s)
			for key, d := range p.carry {
				s[key] = s.demand(key).and(d)
			}
		}
	}
	return s
}

// read reads a policy that the API accepts. No mutant isolates a peer, so that
// what one says of the pods of others means nothing.
func (j *judge) read(p *networkingv1.NetworkPolicy) meaning {
	var out meaning
	if !j.owned[p.Namespace] {
		return out
	}
	for _, direction := range directionsOf(p) {
		for _, subject := range labelSetOf(&p.Spec.PodSelector).split() {
			subject = j.kept(p.Namespace, subject)
			who := isolation{p.Namespace, direction, subject}
			if subject.empty() {
				continue
			}
			out.isolations = append(out.isolations, who)
			for _, r := range rulesOf(p, direction) {
				out.allowances = append(out.allowances, j.allowances(who, *r.peers, *r.ports)...)
			}
		}
	}
	return out
}

// directionsOf returns policyTypes as the API server defaults them.
func directionsOf(p *networkingv1.NetworkPolicy) []networkingv1.PolicyType {
	switch {
	case len(p.Spec.PolicyTypes) > 0:
		return slices.Compact(slices.Sorted(slices.Values(p.Spec.PolicyTypes)))
	case len(p.Spec.Egress) > 0:
		return []networkingv1.PolicyType{networkingv1.PolicyTypeEgress, networkingv1.PolicyTypeIngress}
	}
	return []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
}

func (j *judge) allowances(who isolation, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) []allowance {
	partners := []partner{{kind: anybody}}
	if len(peers) > 0 {
		partners = nil
		for _, p := range peers {
			partners = append(partners, j.partners(who.namespace, p)...)
		}
	}
	var out []allowance
	for _, with := range partners {
		if len(ports) == 0 {
			for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP} {
				out = append(out, allowance{who, with, everyPort, protocol})
			}
		}
		for _, p := range ports {
			a := allowance{who, with, everyPort, corev1.ProtocolTCP}
			if p.Protocol != nil {
				a.protocol = *p.Protocol
			}
			if p.Port != nil {
				a.ports = interval{p.Port.IntVal, p.Port.IntVal}
			}
			if p.EndPort != nil {
				a.ports.last = *p.EndPort
			}
			out = append(out, a)
		}
	}
	return out
}

func (j *judge) partners(namespace string, p networkingv1.NetworkPolicyPeer) []partner {
	if p.IPBlock != nil {
		out := partner{kind: someAddresses, cidr: netip.MustParsePrefix(p.IPBlock.CIDR)}
		for _, e := range p.IPBlock.Except {
			out.except = append(out.except, netip.MustParsePrefix(e))
		}
		return []partner{out}
	}
	// Every namespace has its name for a label, and no two have the same.
	namespaces := labelSet{corev1.LabelMetadataName: demand{values: []string{namespace}}}
	if p.NamespaceSelector != nil {
		namespaces = labelSetOf(p.NamespaceSelector)
		namespaces[corev1.LabelMetadataName] = namespaces.demand(corev1.LabelMetadataName).and(demand{allBut: true})
	}
	pods := labelSet{}
	if p.PodSelector != nil {
		pods = labelSetOf(p.PodSelector)
	}
	var out []partner
	for _, ns := range namespaces.split() {
		for _, set := range pods.split() {
			if name := ns[corev1.LabelMetadataName]; len(name.values) == 1 && !name.allBut {
				set = j.kept(name.values[0], set)
			}
			if !ns.empty() && !set.empty() {
				out = append(out, partner{kind: somePods, namespaces: ns, pods: set})
			}
		}
	}
	return out
}

// has reports whether a range, less what it leaves out, has an address.
func (p partner) has(a netip.Addr) bool {
	return p.kind == anybody || p.cidr.Contains(a) && !slices.ContainsFunc(p.except, func(e netip.Prefix) bool { return e.Contains(a) })
}

// starts returns the addresses where a range begins or ends to hold.
func (p partner) starts() []netip.Addr {
	if p.kind != someAddresses {
		return nil
	}
	var out []netip.Addr
	for _, c := range append([]netip.Prefix{p.cidr}, p.except...) {
		out = append(out, c.Addr())
		// The address after the last: count up the bits of the network.
		bytes := c.Addr().AsSlice()
		for i := c.Bits() - 1; i >= 0; i-- {
			bytes[i/8] ^= 1 << (7 - i%8)
			if bytes[i/8]&(1<<(7-i%8)) != 0 {
				after, _ := netip.AddrFromSlice(bytes)
				out = append(out, after)
				break
			}
		}
	}
	return out
}

type interval struct{ first, last int32 }

var everyPort = interval{1, 65535}

// coveredBy reports whether every port of v is in one of several intervals.
func (v interval) coveredBy(others []interval) bool {
	next := v.first
	for _, o := range slices.SortedFunc(slices.Values(others), func(a, b interval) int { return cmp.Compare(a.first, b.first) }) {
		if o.first <= next {
			next = max(next, o.last+1)
		}
	}
	return next > v.last
}

func (i isolation) within(o isolation) bool {
	return i.namespace == o.namespace && i.direction == o.direction && i.subject.within(o.subject)
}

// coveredBy reports whether all that a allows is allowed without it.
func (a allowance) coveredBy(all []allowance) bool {
	all = slices.DeleteFunc(slices.Clone(all), func(o allowance) bool {
		return a.protocol != o.protocol || !a.within(o.isolation)
	})
	holds := func(includes func(partner) bool) bool {
		var ports []interval
		for _, o := range all {
			if includes(o.peer) {
				ports = append(ports, o.ports)
			}
		}
		return a.ports.coveredBy(ports)
	}
	switch a.peer.kind {
	case anybody:
		return holds(func(o partner) bool { return o.kind == anybody })
	case somePods:
		return holds(func(o partner) bool {
			return o.kind == anybody ||
				o.kind == somePods && a.peer.namespaces.within(o.namespaces) && a.peer.pods.within(o.pods)
		})
	case someAddresses:
	}
	// Between two starts nothing changes, so that one address stands for all.
	starts := a.peer.starts()
	for _, o := range all {
		starts = append(starts, o.peer.starts()...)
	}
	return !slices.ContainsFunc(starts, func(at netip.Addr) bool {
		return a.peer.has(at) && !holds(func(o partner) bool { return o.kind != somePods && o.has(at) })
	})
}

// change is what one set of policies says and another does not.
type change struct{ isolatesMore, isolatesLess, allowsMore, allowsLess bool }

func (c change) none() bool { return c == change{} }

// judge compares sets of policies. Most policies of a mutant are the very
// objects that were mutated, so that their meanings are remembered.
type judge struct {
	promises []promise
	owned    map[string]bool // namespaces; what policies say of others is theirs
	known    map[*networkingv1.NetworkPolicy]meaning
}

func newJudge(t *topology.Topology) *judge {
	j := &judge{known: map[*networkingv1.NetworkPolicy]meaning{}, owned: map[string]bool{}}
	for _, g := range t.Groups {
		j.owned[g.Namespace] = true
	}
	for _, s := range t.Services {
		j.owned[s.Namespace] = true
		sel := &metav1.LabelSelector{MatchLabels: s.Labels}
		for _, e := range s.Expressions {
			sel.MatchExpressions = append(sel.MatchExpressions, metav1.LabelSelectorRequirement{
				Key: e.Key, Operator: metav1.LabelSelectorOperator(e.Operator), Values: e.Values,
			})
		}
		if !s.HostNetwork {
			carry := labelSetOf(&metav1.LabelSelector{MatchLabels: s.PodLabels})
			j.promises = append(j.promises, promise{s.Namespace, labelSetOf(sel), carry})
		}
	}
	return j
}

func (j *judge) of(policies []*networkingv1.NetworkPolicy) meaning {
	var out meaning
	for _, p := range applied(policies) {
		m, ok := j.known[p]
		if !ok {
			m = j.read(p)
			j.known[p] = m
		}
		out.isolations = append(out.isolations, m.isolations...)
		out.allowances = append(out.allowances, m.allowances...)
	}
	return out
}

// applied returns the policies that a cluster has after it was given some, one
// after another: of two with one name, the last.
func applied(policies []*networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy {
	byName := map[string]*networkingv1.NetworkPolicy{}
	for _, p := range policies {
		byName[p.Namespace+"/"+p.Name] = p
	}
	return slices.DeleteFunc(slices.Clone(policies), func(p *networkingv1.NetworkPolicy) bool {
		return byName[p.Namespace+"/"+p.Name] != p
	})
}

// compare says how mutant differs from original.
func (j *judge) compare(original, mutant []*networkingv1.NetworkPolicy) change {
	was, is := j.of(original), j.of(mutant)
	was1, is1 := j.of(without(original, mutant)), j.of(without(mutant, original))
	isolated := func(all []isolation) func(isolation) bool {
		return func(i isolation) bool { return !slices.ContainsFunc(all, i.within) }
	}
	allowed := func(all []allowance) func(allowance) bool {
		return func(a allowance) bool { return !a.coveredBy(all) }
	}
	return change{
		isolatesMore: slices.ContainsFunc(is1.isolations, isolated(was.isolations)),
		isolatesLess: slices.ContainsFunc(was1.isolations, isolated(is.isolations)),
		allowsMore:   slices.ContainsFunc(is1.allowances, allowed(was.allowances)),
		allowsLess:   slices.ContainsFunc(was1.allowances, allowed(is.allowances)),
	}
}

// without returns the policies that are not among others.
func without(policies, others []*networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy {
	others = applied(others)
	return slices.DeleteFunc(slices.Clone(policies), func(p *networkingv1.NetworkPolicy) bool { return slices.Contains(others, p) })
}
