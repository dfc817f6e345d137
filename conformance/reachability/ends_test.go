package reachability

import (
	"fmt"
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"netgen.dev/gen/topology"
)

// end is one end of a flow that the topology declares or implies.
type end struct {
	topology.Ref
	is func(place) bool
}

// ours reports whether policies of ours may stand at the end.
func (e end) ours() bool {
	return e.Kind == topology.KindService || e.Kind == topology.KindGroup
}

// endOf returns what a name of the topology means.
func endOf(t *topology.Topology, ref topology.Ref) end {
	switch ref.Kind {
	case topology.KindService:
		return end{ref, serviceEnd(t, t.Services[ref.Name])}
	case topology.KindGroup:
		return end{ref, groupEnd(t, t.Groups[ref.Name])}
	default:
		return end{ref, peerEnd(t, t.Peers[ref.Name])}
	}
}

// serviceEnd is "the set of pods that carry its labels in its namespace", or
// the nodes, where the pods share their network.
func serviceEnd(t *topology.Topology, s *topology.Service) func(place) bool {
	if s.HostNetwork {
		return within(t.Cluster.NodeCIDRs)
	}
	return podsOf(s.Namespace, s.Selector)
}

// groupEnd is the pods of a group and, since what a group may do each of its
// members may, the nodes of the members that are on the host network.
func groupEnd(t *topology.Topology, g *topology.Group) func(place) bool {
	pods := podsOf(g.Namespace, g.Selector)
	selects := selector(g.Selector)
	for _, s := range t.Services {
		if !s.HostNetwork || s.Namespace != g.Namespace {
			continue
		}
		if slices.ContainsFunc(variants(s.Selector, s.PodLabels), selects) {
			nodes := within(t.Cluster.NodeCIDRs)
			return func(p place) bool { return pods(p) || nodes(p) }
		}
	}
	return pods
}

func peerEnd(t *topology.Topology, p *topology.Peer) func(place) bool {
	switch p.Is {
	case topology.Anywhere:
		return func(place) bool { return true }
	case topology.InCluster:
		return func(p place) bool { return p.pod != nil }
	case topology.Nodes:
		return within(t.Cluster.NodeCIDRs)
	case topology.KubeAPIServer:
		return within(t.Cluster.APIServer.CIDRs)
	case topology.Internet:
		return func(p place) bool { return public(t.Cluster, p.addr) }
	}
	if !p.Pods() {
		return func(at place) bool { return containedIn(p.CIDRs, at.addr) && !containedIn(p.Except, at.addr) }
	}
	if p.Namespace != "" {
		return podsOf(p.Namespace, p.Selector)
	}
	// No namespaceLabels is every namespace, as anyNamespace has it.
	namespaces := labels.SelectorFromSet(p.NamespaceLabels)
	pods := selector(p.Selector)
	return func(at place) bool {
		return at.pod != nil && namespaces.Matches(labels.Set(at.pod.namespaceLabels)) && pods(at.pod.labels)
	}
}

// resolverOf is the cluster's DNS, from the text of the language: the pods or
// the addresses of each profile, and the port that they listen on.
func resolverOf(c topology.Cluster) (end, topology.PortNumber) {
	kubeDNS := podsOf("kube-system", topology.Selector{Labels: map[string]string{"k8s-app": "kube-dns"}})
	port := topology.PortNumber(53)
	var is func(place) bool
	switch c.DNS {
	case "kube-dns":
		is = kubeDNS
	case "kube-dns+nodelocal":
		is = either(kubeDNS, at("169.254.20.10"))
	case "gke-clouddns":
		is = at("169.254.169.254")
	case "aks-localdns":
		is = either(at("169.254.10.10"), at("169.254.10.11"))
	case "eks-auto":
		is = func(place) bool { return true }
	case "openshift":
		port = 5353
		is = podsOf("openshift-dns", topology.Selector{Labels: openshiftDNS})
	case "custom":
		port = c.DNSResolver.Port
		is = within(c.DNSResolver.CIDRs)
		if c.DNSResolver.Namespace != "" {
			is = either(is, podsOf(c.DNSResolver.Namespace, topology.Selector{Labels: c.DNSResolver.Labels}))
		}
	default:
		panic(fmt.Sprintf("the test knows no DNS profile %q", c.DNS))
	}
	return end{resolverRef, is}, port
}

// resolverRef is the end that is the cluster's DNS.
var resolverRef = topology.Ref{Kind: "resolver", Name: "dns"}

// openshiftDNS are the labels that OpenShift's DNS operator gives its pods.
var openshiftDNS = map[string]string{"dns.operator.openshift.io/daemonset-dns": "default"}

// addResolvers adds the resolvers of every profile. The pods of the cluster's
// own profile stand for its DNS.
func (w *world) addResolvers() {
	w.addPod("kube-dns", "kube-system", nil, map[string]string{"k8s-app": "kube-dns"})
	w.addPod("openshift-dns", "openshift-dns", nil, openshiftDNS)
	for _, s := range []string{"169.254.20.10", "169.254.169.254", "169.254.10.10", "169.254.10.11"} {
		w.addAddress("link-local resolver", netip.MustParseAddr(s))
	}
	c := w.model.Cluster
	if r := c.DNSResolver; r != nil {
		w.addRanges("dnsResolver", r.CIDRs, nil)
		if r.Namespace != "" {
			w.addPod("dnsResolver", r.Namespace, nil, r.Labels)
		}
	}
	// Almost a resolver, in one way and the other.
	w.addPod("neighbour of kube-dns", "kube-system", nil, nil)
	w.addPod("impostor of kube-dns", elsewhere, nil, map[string]string{"k8s-app": "kube-dns"})
	if c.DNS == "eks-auto" {
		return // an address of the node, so that no pod stands for it
	}
	resolver, _ := resolverOf(c)
	for i := range w.places {
		if w.places[i].pod != nil && resolver.is(w.places[i]) {
			w.places[i].standsFor = append(w.places[i].standsFor, resolverRef)
		}
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

func podsOf(namespace string, sel topology.Selector) func(place) bool {
	selects := selector(sel)
	return func(p place) bool {
		return p.pod != nil && p.pod.namespace == namespace && selects(p.pod.labels)
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

func within(ranges []netip.Prefix) func(place) bool {
	return func(p place) bool { return containedIn(ranges, p.addr) }
}

func at(addr string) func(place) bool {
	want := netip.MustParseAddr(addr)
	return func(p place) bool { return p.addr == want }
}

func either(a, b func(place) bool) func(place) bool {
	return func(p place) bool { return a(p) || b(p) }
}
