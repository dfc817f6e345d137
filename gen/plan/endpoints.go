package plan

import (
	"cmp"
	"net/netip"
	"slices"

	"netgen.dev/gen/topology"
)

// endpoint returns the endpoint of a name of the topology, always the same.
func (p *planner) endpoint(ref topology.Ref) *Endpoint {
	if e, ok := p.plan.Endpoints[ref.Name]; ok {
		return e
	}
	e := &Endpoint{Kind: Kind(ref.Kind), Name: ref.Name}
	switch ref.Kind {
	case topology.KindService:
		s := p.t.Services[ref.Name]
		if s.HostNetwork {
			// No selector matches such pods: they have the addresses of nodes.
			e.Blocks = blocks(p.t.Cluster.NodeCIDRs, nil)
			break
		}
		e.isolable = true
		e.Pods = []Pods{{Namespaces{Name: s.Namespace}, s.Selector}}
	case topology.KindGroup:
		g := p.t.Groups[ref.Name]
		e.isolable = true
		e.Pods = []Pods{{Namespaces{Name: g.Namespace}, g.Selector}}
		if g.HostNetwork {
			e.Blocks = blocks(p.t.Cluster.NodeCIDRs, nil)
		}
	case topology.KindPeer:
		p.peer(e, p.t.Peers[ref.Name])
	}
	p.plan.Endpoints[ref.Name] = e
	return e
}

func (p *planner) peer(e *Endpoint, peer *topology.Peer) {
	cluster := p.t.Cluster
	switch peer.Is {
	case topology.Internet:
		e.Blocks = internet(cluster)
	case topology.KubeAPIServer:
		e.Blocks = blocks(cluster.APIServer.CIDRs, nil)
	case topology.Nodes:
		e.Blocks = blocks(cluster.NodeCIDRs, nil)
	case topology.InCluster:
		e.Pods = []Pods{{Namespaces{Any: true}, topology.Selector{AnyPod: true}}}
	case topology.Anywhere:
		e.Anywhere = true
	case "":
		if peer.Pods() {
			namespaces := Namespaces{Name: peer.Namespace, Labels: peer.NamespaceLabels, Any: peer.AnyNamespace}
			e.Pods = []Pods{{namespaces, peer.Selector}}
		} else {
			e.Blocks = blocks(peer.CIDRs, peer.Except)
		}
	}
}

// NotInternet are the ranges that no host of the public internet has: private
// (RFC 1918), shared (RFC 6598) and link-local (RFC 3927, among them the
// metadata service at 169.254.169.254); unique local (RFC 4193, among them the
// metadata service at fd00:ec2::254) and link-local (RFC 4291).
var NotInternet = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("fc00::/7"),
	netip.MustParsePrefix("fe80::/10"),
}

// internet returns the public internet in the families of the cluster, without
// what is not public and without the cluster's own addresses.
func internet(c topology.Cluster) []Block {
	var all []netip.Prefix
	if slices.Contains(c.Families, "IPv4") {
		all = append(all, netip.MustParsePrefix("0.0.0.0/0"))
	}
	if slices.Contains(c.Families, "IPv6") {
		all = append(all, netip.MustParsePrefix("::/0"))
	}
	except := slices.Concat(NotInternet, c.PodCIDRs, c.ServiceCIDRs, c.NodeCIDRs)
	if c.APIServer != nil {
		except = append(except, c.APIServer.CIDRs...)
	}
	if c.DNSResolver != nil {
		except = append(except, c.DNSResolver.CIDRs...)
	}
	return blocks(all, except)
}

// blocks returns one block a range, each with the exceptions that lie strictly
// inside it and in no other exception.
func blocks(ranges, except []netip.Prefix) []Block {
	inside := func(c, e netip.Prefix) bool { return c.Bits() < e.Bits() && c.Contains(e.Addr()) }
	var out []Block
	for _, c := range sortedPrefixes(ranges) {
		b := Block{CIDR: c}
		for _, e := range sortedPrefixes(except) {
			if inside(c, e) && !slices.ContainsFunc(except, func(wider netip.Prefix) bool { return inside(wider, e) && inside(c, wider) }) {
				b.Except = append(b.Except, e)
			}
		}
		out = append(out, b)
	}
	return out
}

func sortedPrefixes(ps []netip.Prefix) []netip.Prefix {
	out := slices.SortedFunc(slices.Values(ps), comparePrefixes)
	return slices.Compact(out)
}

func comparePrefixes(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// resolverOf returns the DNS resolvers of a cluster and the ports that they
// listen on. Both protocols are always needed: an answer that does not fit
// into a UDP packet is asked for again by TCP.
func resolverOf(c topology.Cluster) (*Endpoint, []topology.Port) {
	r, anywhere := c.Resolver()
	e := &Endpoint{Kind: Resolver, Name: "dns", Anywhere: anywhere, Blocks: blocks(r.CIDRs, nil)}
	if r.Namespace != "" {
		e.Pods = []Pods{{Namespaces{Name: r.Namespace}, topology.Selector{Labels: r.Labels}}}
	}
	port := uint16(r.Port)
	return e, []topology.Port{
		{First: port, Last: port, Protocol: topology.TCP},
		{First: port, Last: port, Protocol: topology.UDP},
	}
}
