package declared

import (
	"fmt"
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"netgen.dev/gen/topology"
)

// End is one end of a flow that the topology declares or implies.
type End struct {
	topology.Ref
	is func(Place) bool
}

// Is reports whether a place is what the topology names by this end.
func (e End) Is(p Place) bool { return e.is(p) }

// ours reports whether policies of ours may stand at the end.
func (e End) ours() bool {
	return e.Kind == topology.KindService || e.Kind == topology.KindGroup
}

// EndOf returns what a name of the topology means. The topology must have it.
func EndOf(model *topology.Topology, ref topology.Ref) End {
	switch ref.Kind {
	case topology.KindService:
		return End{ref, serviceEnd(model, model.Services[ref.Name])}
	case topology.KindGroup:
		return End{ref, groupEnd(model, model.Groups[ref.Name])}
	default:
		return End{ref, peerEnd(model, model.Peers[ref.Name])}
	}
}

// serviceEnd is "the set of pods that carry its labels in its namespace", or
// the nodes, where the pods share their network.
func serviceEnd(t *topology.Topology, s *topology.Service) func(Place) bool {
	if s.HostNetwork {
		return within(t.Cluster.NodeCIDRs)
	}
	return podsOf(s.Namespace, s.Selector)
}

// groupEnd is the pods of a group and, since what a group may do each of its
// members may, the nodes of the members that are on the host network.
func groupEnd(t *topology.Topology, g *topology.Group) func(Place) bool {
	pods := podsOf(g.Namespace, g.Selector)
	selects := selector(g.Selector)
	for _, s := range t.Services {
		if !s.HostNetwork || s.Namespace != g.Namespace {
			continue
		}
		if slices.ContainsFunc(variants(s.Selector, s.PodLabels), selects) {
			nodes := within(t.Cluster.NodeCIDRs)
			return func(p Place) bool { return pods(p) || nodes(p) }
		}
	}
	return pods
}

func peerEnd(t *topology.Topology, p *topology.Peer) func(Place) bool {
	switch p.Is {
	case topology.Anywhere:
		return func(Place) bool { return true }
	case topology.InCluster:
		return func(p Place) bool { return p.Pod != nil }
	case topology.Nodes:
		return within(t.Cluster.NodeCIDRs)
	case topology.KubeAPIServer:
		return within(t.Cluster.APIServer.CIDRs)
	case topology.Internet:
		return func(p Place) bool { return public(t.Cluster, p.Addr) }
	}
	if !p.Pods() {
		return func(at Place) bool { return containedIn(p.CIDRs, at.Addr) && !containedIn(p.Except, at.Addr) }
	}
	if p.Namespace != "" {
		return podsOf(p.Namespace, p.Selector)
	}
	// No namespaceLabels is every namespace, as anyNamespace has it.
	namespaces := labels.SelectorFromSet(p.NamespaceLabels)
	pods := selector(p.Selector)
	return func(at Place) bool {
		return at.Pod != nil && namespaces.Matches(labels.Set(at.Pod.NamespaceLabels)) && pods(at.Pod.Labels)
	}
}

// public reports whether addr is of the public internet, in the words of the
// language: "both address families, without private, link-local and metadata
// ranges and without the cluster's own", the API server's among these.
func public(c topology.Cluster, addr netip.Addr) bool {
	own := slices.Concat(c.PodCIDRs, c.ServiceCIDRs, c.NodeCIDRs)
	if c.APIServer != nil {
		own = append(own, c.APIServer.CIDRs...)
	}
	family := "IPv6"
	if addr.Is4() {
		family = "IPv4"
	}
	shared := netip.MustParsePrefix("100.64.0.0/10") // RFC 6598
	return slices.Contains(c.Families, family) &&
		!addr.IsPrivate() && !addr.IsLinkLocalUnicast() && !shared.Contains(addr) &&
		!containedIn(own, addr)
}

func podsOf(namespace string, sel topology.Selector) func(Place) bool {
	selects := selector(sel)
	return func(p Place) bool {
		return p.Pod != nil && p.Pod.Namespace == namespace && selects(p.Pod.Labels)
	}
}

// selector is a selector of pods as Kubernetes itself evaluates it.
func selector(sel topology.Selector) func(map[string]string) bool {
	s := &metav1.LabelSelector{MatchLabels: sel.Labels}
	for _, e := range sel.Expressions {
		s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{
			Key: e.Key, Operator: metav1.LabelSelectorOperator(e.Operator), Values: e.Values,
		})
	}
	compiled, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		panic(fmt.Sprintf("the topology has a selector that Kubernetes refuses: %v", err))
	}
	return func(set map[string]string) bool { return compiled.Matches(labels.Set(set)) }
}

func within(ranges []netip.Prefix) func(Place) bool {
	return func(p Place) bool { return containedIn(ranges, p.Addr) }
}

func at(addr string) func(Place) bool {
	want := netip.MustParseAddr(addr)
	return func(p Place) bool { return p.Addr == want }
}

func either(a, b func(Place) bool) func(Place) bool {
	return func(p Place) bool { return a(p) || b(p) }
}
