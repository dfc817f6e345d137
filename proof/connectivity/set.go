package connectivity

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// Set is the policies and namespaces of a cluster, ready to be asked. The zero
// Set is of a cluster without policies, where everything is allowed; New makes
// any other.
type Set struct {
	namespaces map[string]map[string]string // labels by name
	standIns   map[string][]string          // namespaces by the one that they stand for
	policies   map[string]*policyIndex      // by namespace
}

// policyIndex finds the policies of a namespace that may select a pod.
type policyIndex struct {
	byLabel map[[2]string][]*Policy // by one label that the policy demands
	others  []*Policy               // that demand no label by its value
}

// New prepares policies for questions. What the API would refuse is reported,
// and allows nothing. Namespaces that are not given have their name label and
// no other.
func New(policies []*networkingv1.NetworkPolicy, namespaces []Namespace) (*Set, []Problem) {
	s := &Set{namespaces: map[string]map[string]string{}, standIns: map[string][]string{}, policies: map[string]*policyIndex{}}
	for _, ns := range namespaces {
		labels := maps.Clone(ns.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		if name, ok := labels[nameLabel]; ok && name != ns.Name {
			s.standIns[name] = append(s.standIns[name], ns.Name)
		}
		if labels[nameLabel] == "" {
			labels[nameLabel] = ns.Name
		}
		s.namespaces[ns.Name] = labels
	}
	var problems []Problem
	names := map[string]int{} // the first policy of each name
	for i, in := range policies {
		p, bad := parse(in)
		if first, taken := names[p.String()]; taken {
			bad = append(bad, Problem{
				Policy: p.String(), Field: "metadata.name", Message: "another policy has it, and the API keeps one of the two",
				Duplicate: true, First: first,
			})
		} else {
			names[p.String()] = i
		}
		for _, problem := range bad {
			problem.Index = i
			problems = append(problems, problem)
		}
		x := s.policies[p.Namespace]
		if x == nil {
			x = &policyIndex{byLabel: map[[2]string][]*Policy{}}
			s.policies[p.Namespace] = x
		}
		if label, ok := anyLabel(p.selector.labels); ok {
			x.byLabel[label] = append(x.byLabel[label], p)
		} else {
			x.others = append(x.others, p)
		}
	}
	return s, problems
}

// anyLabel returns one of the labels, always the same.
func anyLabel(labels map[string]string) ([2]string, bool) {
	if len(labels) == 0 {
		return [2]string{}, false
	}
	key := slices.Min(slices.Collect(maps.Keys(labels)))
	return [2]string{key, labels[key]}, true
}

// Policies returns the policies that select a pod, sorted by name.
func (s *Set) Policies(pod *Pod) []*Policy {
	x := s.policies[pod.Namespace]
	if x == nil {
		return nil
	}
	var out []*Policy
	add := func(candidates []*Policy) {
		for _, p := range candidates {
			if p.selector.matches(pod.Labels) {
				out = append(out, p)
			}
		}
	}
	for k, v := range pod.Labels {
		add(x.byLabel[[2]string{k, v}])
	}
	add(x.others)
	slices.SortFunc(out, func(a, b *Policy) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Isolating reports whether a policy selects a pod.
func (s *Set) Isolating(pod *Pod) bool { return len(s.Policies(pod)) > 0 }

// standing returns a namespace and those that stand for it.
func (s *Set) standing(namespace string) []string {
	return append([]string{namespace}, s.standIns[namespace]...)
}

// labelsOf returns the labels of a namespace.
func (s *Set) labelsOf(namespace string) map[string]string {
	if labels, ok := s.namespaces[namespace]; ok {
		return labels
	}
	return map[string]string{nameLabel: namespace}
}

// Answer is what one direction makes of a connection.
type Answer struct {
	Verdict  Verdict
	Isolated []*Policy // that isolate the pod in this direction; none: it may do anything
	Rules    []*Rule   // that allow the connection
	Reason   string    // why it is Undefined
}

// Egress answers whether src may open a connection to dst.
func (s *Set) Egress(src, dst End, protocol Protocol, port uint16) Answer {
	return s.ask(Egress, src, dst, dst, protocol, port)
}

// Ingress answers whether dst accepts a connection from src.
func (s *Set) Ingress(src, dst End, protocol Protocol, port uint16) Answer {
	return s.ask(Ingress, dst, src, dst, protocol, port)
}

// Connects answers whether a connection passes at both of its ends.
func (s *Set) Connects(src, dst End, protocol Protocol, port uint16) Verdict {
	return s.Egress(src, dst, protocol, port).Verdict.and(s.Ingress(src, dst, protocol, port).Verdict)
}

// ask answers for the policies of subject. Ports are those of dst, whichever
// of the two it is.
func (s *Set) ask(d Direction, subject, other, dst End, protocol Protocol, port uint16) Answer {
	switch {
	case !subject.Valid() || !other.Valid():
		return Answer{Verdict: Denied, Reason: "an end is neither a pod nor an address"}
	case subject.Pod == nil:
		return Answer{Verdict: Allowed} // policies are about pods
	}
	if reason := undefined(d, subject.Pod, other); reason != "" {
		return Answer{Verdict: Undefined, Reason: reason}
	}
	var out Answer
	for _, p := range s.Policies(subject.Pod) {
		if !p.isolates[d] {
			continue
		}
		out.Isolated = append(out.Isolated, p)
		for _, r := range p.rules[d] {
			if r.portsOn(dst).Has(protocol, port) && s.peerMatches(r, other) {
				out.Rules = append(out.Rules, r)
			}
		}
	}
	hostPeer := other.Pod != nil && other.Pod.HostNetwork
	switch {
	case len(out.Isolated) == 0 || len(out.Rules) > 0 && (!hostPeer || anyPeer(out.Rules)):
		out.Verdict = Allowed
	case d == Ingress && fromOwnNode(subject.Pod, other):
		out.Verdict = Allowed // the node of a pod always reaches it
	case hostPeer:
		out.Verdict, out.Reason = Undefined, "the other end is on the host network, where data planes differ in what selects it"
	}
	return out
}

// undefined says why Kubernetes leaves open what policies make of a connection
// of a pod, "" where it does not.
func undefined(d Direction, pod *Pod, other End) string {
	switch {
	case pod.HostNetwork:
		return "the pod is on the host network, where policies have no defined effect"
	case other.Pod == pod:
		return "a pod and itself: data planes differ in whether policies apply"
	case d == Egress && fromOwnNode(pod, other):
		return "a pod and its own node: data planes differ in whether policies apply"
	}
	return ""
}

func fromOwnNode(pod *Pod, other End) bool {
	return other.Pod == nil && slices.ContainsFunc(pod.HostIPs, func(a netip.Addr) bool { return a.Unmap() == other.Addr.Unmap() })
}

func anyPeer(rules []*Rule) bool {
	return slices.ContainsFunc(rules, func(r *Rule) bool { return r.peers == nil })
}

// peerMatches reports whether a rule has an end among its peers.
func (s *Set) peerMatches(r *Rule, end End) bool {
	if r.peers == nil {
		return true
	}
	return slices.ContainsFunc(r.peers, func(p peer) bool {
		if p.block != nil {
			return slices.ContainsFunc(end.addrs(), func(a netip.Addr) bool { return p.block.has(a.Unmap()) })
		}
		if end.Pod == nil {
			return false // selectors match pods
		}
		if p.namespaces == nil && s.labelsOf(end.Pod.Namespace)[nameLabel] != r.Policy.Namespace ||
			p.namespaces != nil && !p.namespaces.matches(s.labelsOf(end.Pod.Namespace)) {
			return false
		}
		return p.pods == nil || p.pods.matches(end.Pod.Labels)
	})
}

// portsOn returns the ports that a rule allows on a destination. A name stands
// for the ports that the destination gives it; an address gives none.
func (r *Rule) portsOn(dst End) Ports {
	if r.ports == nil {
		return AllPorts
	}
	var ranges []Range
	for _, m := range r.ports {
		if m.name == "" {
			ranges = append(ranges, Range{m.protocol, m.first, m.last})
			continue
		}
		if dst.Pod == nil {
			continue
		}
		for _, p := range dst.Pod.Ports {
			if p.Name == m.name && p.Protocol == m.protocol {
				ranges = append(ranges, Range{p.Protocol, p.Port, p.Port})
			}
		}
	}
	return PortsOf(ranges...)
}
