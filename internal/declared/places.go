package declared

import (
	"maps"
	"net/netip"
	"slices"

	"netgen.dev/gen/topology"
)

// addServices adds the pods of each service. Those on the host network have the
// addresses of nodes instead.
func (w *World) addServices() {
	for _, name := range slices.Sorted(maps.Keys(w.model.Services)) {
		s := w.model.Services[name]
		ref := topology.Ref{Kind: topology.KindService, Name: name}
		if s.HostNetwork {
			for _, nodes := range w.model.Cluster.NodeCIDRs {
				w.addAddress("node of "+name, nodes.Addr().Next())
			}
			continue
		}
		for _, labels := range variants(s.Selector, s.PodLabels) {
			w.addPod(name, s.Namespace, nil, labels, ref)
		}
	}
}

// addPodPeers adds the pods of each peer that is pods.
func (w *World) addPodPeers() {
	for _, name := range slices.Sorted(maps.Keys(w.model.Peers)) {
		p := w.model.Peers[name]
		if !p.Pods() {
			continue
		}
		ref := topology.Ref{Kind: topology.KindPeer, Name: name}
		namespace, labels := p.Namespace, p.NamespaceLabels
		switch {
		case p.AnyNamespace:
			namespace = elsewhere
		case namespace == "":
			namespace = "of-" + name
		}
		for _, podLabels := range variants(p.Selector, nil) {
			w.addPod(name, namespace, labels, podLabels, ref)
		}
		// In the right namespace, and not the right pod.
		w.addPod("neighbour of "+name, namespace, labels, nil)
		// The right labels, and not in the right namespace.
		w.addPod("impostor of "+name, elsewhere, nil, variants(p.Selector, nil)[0])
	}
}

// addWitnesses adds pods that are almost, and not quite, those of a service.
func (w *World) addWitnesses() {
	for _, namespace := range slices.Sorted(maps.Keys(w.Managed)) {
		w.addPod("stray pod", namespace, nil, nil)
	}
	w.addPod("foreign pod", elsewhere, nil, nil)
	for _, name := range slices.Sorted(maps.Keys(w.model.Services)) {
		s := w.model.Services[name]
		if s.HostNetwork {
			continue
		}
		labels := variants(s.Selector, s.PodLabels)[0]
		w.addPod("impostor of "+name, elsewhere, nil, labels)
		if len(s.Labels) > 1 {
			fewer := maps.Clone(labels)
			delete(fewer, slices.Min(slices.Collect(maps.Keys(s.Labels))))
			w.addPod("near miss of "+name, s.Namespace, nil, fewer)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.model.Groups)) {
		g := w.model.Groups[name]
		labels := variants(g.Selector, nil)[0]
		w.addPod("pod of no service in group "+name, g.Namespace, nil, labels)
		w.addPod("impostor of group "+name, elsewhere, nil, labels)
	}
}

// landmarks are addresses of which the language says what they are: public,
// private, shared, link-local or a metadata service.
var landmarks = []string{
	"8.8.8.8", "203.0.113.77",
	"10.1.2.3", "172.16.5.5", "192.168.1.1", "100.64.0.1", "169.254.169.254", "169.254.0.1",
	"2001:4860:4860::8888",
	"fd00:ec2::254", "fc00::1", "fe80::1",
}

// addAddresses adds landmarks and, for each range that the topology names, an
// address inside, one in each exception, and its neighbours on both sides.
func (w *World) addAddresses() {
	for _, s := range landmarks {
		w.addAddress("landmark", netip.MustParseAddr(s))
	}
	c := w.model.Cluster
	for _, name := range slices.Sorted(maps.Keys(w.model.Peers)) {
		p := w.model.Peers[name]
		if p.Is == topology.KubeAPIServer {
			w.addRanges(name, c.APIServer.CIDRs, nil)
		}
		w.addRanges(name, p.CIDRs, p.Except)
	}
	w.addRanges("pods", c.PodCIDRs, nil)
	w.addRanges("Services", c.ServiceCIDRs, nil)
	w.addRanges("nodes", c.NodeCIDRs, nil)
}

func (w *World) addRanges(name string, ranges, except []netip.Prefix) {
	for _, r := range ranges {
		if addr, ok := inside(r, except); ok {
			w.addAddress("in "+name, addr)
		}
	}
	for _, r := range slices.Concat(ranges, except) {
		w.addAddress("edge of "+name, r.Addr())
		w.addAddress("edge of "+name, last(r))
		if before := r.Addr().Prev(); before.IsValid() {
			w.addAddress("before "+name, before)
		}
		if after := last(r).Next(); after.IsValid() {
			w.addAddress("after "+name, after)
		}
	}
}

// inside returns an address of r that no exception takes.
func inside(r netip.Prefix, except []netip.Prefix) (netip.Addr, bool) {
	candidates := []netip.Addr{r.Addr().Next(), r.Addr(), last(r)}
	for _, e := range except {
		candidates = append(candidates, last(e).Next(), e.Addr().Prev())
	}
	for _, addr := range candidates {
		if r.Contains(addr) && !containedIn(except, addr) {
			return addr, true
		}
	}
	return netip.Addr{}, false
}

func containedIn(ranges []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(ranges, func(r netip.Prefix) bool { return r.Contains(addr) })
}

// last returns the last address of r.
func last(r netip.Prefix) netip.Addr {
	b := r.Addr().AsSlice()
	for bit := r.Bits(); bit < 8*len(b); bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	addr, _ := netip.AddrFromSlice(b)
	return addr
}

// podRange returns the address below which pods get none: of the cluster's own
// range, or else of one that no peer names. An ipBlock matches pods by their
// address in most data planes, cyclonus included, so that a pod inside a peer's
// range would be that peer.
func podRange(model *topology.Topology) netip.Addr {
	if own := model.Cluster.PodCIDRs; len(own) > 0 {
		return own[0].Addr()
	}
	usual := []string{"10.244.0.0/16", "172.30.0.0/16", "192.168.128.0/17", "100.96.0.0/16", "198.18.0.0/15"}
	if !slices.Contains(model.Cluster.Families, "IPv4") {
		usual = []string{"fd10:244::/48", "fd20:244::/48"}
	}
	for _, s := range usual {
		r := netip.MustParsePrefix(s)
		named := false
		for _, p := range model.Peers {
			named = named || slices.ContainsFunc(p.CIDRs, r.Overlaps)
		}
		if !named {
			return r.Addr()
		}
	}
	return netip.MustParsePrefix(usual[0]).Addr()
}
