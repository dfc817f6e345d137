package connectivity

import (
	"net/netip"
	"slices"
	"sort"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Ends is many ends, indexed so that a question about all of them costs what
// the answer is long, not their number.
type Ends struct {
	List []End

	pods       map[string][]int    // by namespace
	byLabel    map[[3]string][]int // by namespace, key and value
	byAddr     []addressed         // sorted by address
	namespaces []string            // sorted
}

type addressed struct {
	addr netip.Addr
	end  int
}

// NewEnds indexes ends. The list must not be changed afterwards.
func NewEnds(list []End) *Ends {
	x := &Ends{List: list, pods: map[string][]int{}, byLabel: map[[3]string][]int{}}
	for i, e := range list {
		for _, a := range e.addrs() {
			x.byAddr = append(x.byAddr, addressed{a.Unmap(), i})
		}
		if e.Pod == nil {
			continue
		}
		ns := e.Pod.Namespace
		if x.pods[ns] == nil {
			x.namespaces = append(x.namespaces, ns)
		}
		x.pods[ns] = append(x.pods[ns], i)
		for k, v := range e.Pod.Labels {
			x.byLabel[[3]string{ns, k, v}] = append(x.byLabel[[3]string{ns, k, v}], i)
		}
	}
	slices.Sort(x.namespaces)
	slices.SortFunc(x.byAddr, func(a, b addressed) int { return a.addr.Compare(b.addr) })
	return x
}

// selected calls yield for each pod of a namespace that a selector matches.
func (x *Ends) selected(namespace string, sel *selector, yield func(int)) {
	candidates := x.pods[namespace]
	if sel != nil {
		for k, v := range sel.labels {
			if c := x.byLabel[[3]string{namespace, k, v}]; len(c) < len(candidates) {
				candidates = c
			}
		}
	}
	for _, i := range candidates {
		if sel == nil || sel.matches(x.List[i].Pod.Labels) {
			yield(i)
		}
	}
}

// inBlock calls yield for each end with an address in b.
func (x *Ends) inBlock(b *block, yield func(int)) {
	from := sort.Search(len(x.byAddr), func(i int) bool { return x.byAddr[i].addr.Compare(b.cidr.Addr()) >= 0 })
	for _, a := range x.byAddr[from:] {
		if !b.cidr.Contains(a.addr) {
			break // a range of addresses is a range of the order
		}
		if b.has(a.addr) {
			yield(a.end)
		}
	}
}

// Reach is what one direction of a pod lets through, as the policies say it.
// An end that is on the host network, or the pod itself, is listed as any other
// is: what is Undefined is for Set.Egress and Set.Ingress to say.
type Reach struct {
	Isolated bool
	Any      Ports         // with any end at all
	AnyPod   Ports         // with every pod of every namespace
	With     map[int]Ports // with an end, by its index; what Any and AnyPod have may be missing
}

// On returns the ports that r lets through with one end, none with what is no
// end.
func (r Reach) On(end int, e End) Ports {
	switch {
	case !e.Valid():
		return nil
	case !r.Isolated:
		return AllPorts
	}
	out := r.Any.Or(r.With[end])
	if e.Pod != nil {
		out = out.Or(r.AnyPod)
	}
	return out
}

// Reach returns what a direction of a pod lets through with all the ends. It
// costs as much as there are peers in the rules and ends that these match; a
// rule for any peer costs the same however many ends there are.
func (s *Set) Reach(d Direction, pod *Pod, ends *Ends) Reach {
	out := Reach{With: map[int]Ports{}}
	self := End{Pod: pod}
	for _, p := range s.Policies(pod) {
		if !p.isolates[d] {
			continue
		}
		out.Isolated = true
		for _, r := range p.rules[d] {
			s.reachByRule(r, self, ends, &out)
		}
	}
	return out
}

func (s *Set) reachByRule(r *Rule, self End, ends *Ends, out *Reach) {
	ports := r.portsOn(self)
	// A port that is named is the destination's: on egress, each end's own.
	differs := r.Direction == Egress && slices.ContainsFunc(r.ports, func(m portMatch) bool { return m.name != "" })
	with := func(i int) {
		if differs {
			ports = r.portsOn(ends.List[i])
		}
		out.With[i] = out.With[i].Or(ports)
	}
	if r.peers == nil {
		if !differs {
			out.Any = out.Any.Or(ports)
			return
		}
		for i := range ends.List {
			with(i)
		}
		return
	}
	for _, p := range r.peers {
		switch {
		case p.block != nil:
			ends.inBlock(p.block, with)
		case p.namespaces == nil:
			for _, ns := range s.standing(r.Policy.Namespace) {
				ends.selected(ns, p.pods, with)
			}
		case p.everyPod() && !differs:
			out.AnyPod = out.AnyPod.Or(ports)
		default:
			for _, ns := range s.matching(p.namespaces, ends) {
				ends.selected(ns, p.pods, with)
			}
		}
	}
}

// Indexes that stand for ends without one of their own.
const (
	AnyEnd    = -1 // whatever end
	AnyPodEnd = -2 // whatever pod
)

// Allows reports whether a rule of a pod lets any of some ports through with an
// end, by its index.
func (s *Set) Allows(r *Rule, self End, ends *Ends, end int, ports Ports) bool {
	if end >= 0 {
		other, dst := ends.List[end], self
		if r.Direction == Egress {
			dst = other
		}
		return s.peerMatches(r, other) && len(r.portsOn(dst).And(ports)) > 0
	}
	// A port that is named is each destination's own, and nobody's in general.
	if r.Direction == Egress && slices.ContainsFunc(r.ports, func(m portMatch) bool { return m.name != "" }) {
		return false
	}
	anybody := r.peers == nil || end == AnyPodEnd && slices.ContainsFunc(r.peers, peer.everyPod)
	return anybody && len(r.portsOn(self).And(ports)) > 0
}

// Select returns the pods among the ends that selectors match, by index and in
// order: those of namespaces that the first matches, and of these pods that the
// second does.
func (s *Set) Select(ends *Ends, namespaces, pods *metav1.LabelSelector) []int {
	var out []int
	in := &selector{labels: namespaces.MatchLabels, expressions: namespaces.MatchExpressions}
	for _, ns := range s.matching(in, ends) {
		ends.selected(ns, &selector{labels: pods.MatchLabels, expressions: pods.MatchExpressions}, func(i int) { out = append(out, i) })
	}
	slices.Sort(out)
	return out
}

// InBlock returns the ends with an address in a range but not in its
// exceptions, by index and in order.
func (x *Ends) InBlock(cidr netip.Prefix, except []netip.Prefix) []int {
	var out []int
	x.inBlock(&block{cidr, except}, func(i int) { out = append(out, i) })
	slices.Sort(out)
	return slices.Compact(out)
}

// matching returns the namespaces of the ends that a selector matches.
func (s *Set) matching(sel *selector, ends *Ends) []string {
	if name, ok := sel.labels[nameLabel]; ok {
		return slices.DeleteFunc(s.standing(name), func(ns string) bool { return !sel.matches(s.labelsOf(ns)) })
	}
	return slices.DeleteFunc(slices.Clone(ends.namespaces), func(ns string) bool { return !sel.matches(s.labelsOf(ns)) })
}
