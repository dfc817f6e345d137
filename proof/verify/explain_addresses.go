package verify

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
)

// address returns what a name that is written as an address stands for. ok is
// false where it is written as something else.
func (x *explainer) address(name string) (p *party, ok bool, err error) {
	addr, err := netip.ParseAddr(name)
	if err != nil {
		cidr, err := netip.ParsePrefix(name)
		if err != nil {
			return nil, false, nil
		}
		if !cidr.IsSingleIP() {
			return nil, true, x.rangeOfAddresses(cidr)
		}
		addr = cidr.Addr()
	}
	if addr.Zone() != "" {
		return nil, true, unknownf("%s: a policy knows no zones of addresses", name)
	}
	addr = addr.Unmap()
	if what := nobodys(addr); what != "" {
		return nil, true, unknownf("%s is %s: policies do not concern it", addr, what)
	}
	return &party{kind: isAddress, name: addr.String(), ends: []standIn{{end: connectivity.End{Addr: addr}, name: addr.String()}}}, true, nil
}

// nobodys says what an address is that no packet between two ends has: rules
// may hold it, and nothing comes of that.
func nobodys(addr netip.Addr) string {
	switch {
	case addr.IsLoopback():
		return "a loopback address, which is the pod itself"
	case addr.IsUnspecified():
		return "the unspecified address, which nobody has"
	case addr.IsMulticast(), addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "a multicast or broadcast address, which stands for no one pod or host"
	}
	return ""
}

// rangeOfAddresses says what to ask instead of a whole range: its addresses may
// differ, and only peers are known to be cut where rules are.
func (x *explainer) rangeOfAddresses(cidr netip.Prefix) error {
	cidr = cidr.Masked()
	var just, within []string
	for _, name := range slices.Sorted(maps.Keys(x.t.Peers)) {
		for _, b := range x.plan.Endpoints[name].Blocks {
			switch {
			case b.CIDR == cidr:
				just = append(just, name)
			case b.CIDR.Bits() < cidr.Bits() && b.CIDR.Overlaps(cidr) && !slices.ContainsFunc(b.Except, cidr.Overlaps):
				within = append(within, fmt.Sprintf("%s (%s)", name, b.CIDR))
			}
		}
	}
	out := fmt.Sprintf("%s is a range of addresses: ask about one of them", cidr)
	switch {
	case len(just) > 0:
		out += ", or about peer " + strings.Join(just, " or ") + ", which has that range"
	case len(within) > 0:
		out += ", or about peer " + strings.Join(within, " or ") + ", which it is part of"
	default:
		out += ", or declare it as a peer and ask about that"
	}
	return unknownf("%s", out)
}

// behind says what an address that was asked for stands for in the cluster,
// where that and not the address is what policies match.
func (x *explainer) behind(other standIn) string {
	if other.end.Pod != nil || other.host != nil {
		return ""
	}
	in := func(ranges []netip.Prefix) bool {
		return slices.ContainsFunc(ranges, func(c netip.Prefix) bool { return c.Contains(other.end.Addr) })
	}
	switch c := x.t.Cluster; {
	case in(c.PodCIDRs):
		return "the address is a pod's, which policies know by its namespace and labels: name that pod"
	case in(c.ServiceCIDRs):
		return "the address is a Service's, and a policy sees what is behind it: name those pods"
	}
	return ""
}

// peersWith returns the peers that have an address, first those with the
// narrowest range around it, but none that is anywhere.
func (x *explainer) peersWith(addr netip.Addr) []string {
	bits := map[string]int{}
	for name := range x.t.Peers {
		e := x.plan.Endpoints[name]
		if e.Anywhere || !x.holds(e, connectivity.End{Addr: addr}) {
			continue
		}
		for _, b := range e.Blocks {
			if b.CIDR.Contains(addr) {
				bits[name] = max(bits[name], b.CIDR.Bits())
			}
		}
	}
	return slices.SortedFunc(maps.Keys(bits), func(a, b string) int {
		return cmp.Or(cmp.Compare(bits[b], bits[a]), cmp.Compare(a, b))
	})
}

// peerWith returns the peer to declare a connection of an address with: one
// that has it, or else a new one. It says where that is more than the address,
// and where an exception leaves the address out.
func (x *explainer) peerWith(addr netip.Addr) suggestion {
	if peers := x.peersWith(addr); len(peers) > 0 {
		out := suggestion{field: "peers", name: peers[0], addr: addr}
		if blocks := x.plan.Endpoints[peers[0]].Blocks; len(blocks) > 1 || !blocks[0].CIDR.IsSingleIP() {
			out.wide = fmt.Sprintf("peer %s is %s: this opens all of it", peers[0], x.extent(peers[0]))
		}
		return out
	}
	out := x.newPeer(addr)
	for _, name := range slices.Sorted(maps.Keys(x.t.Peers)) {
		peer := x.t.Peers[name]
		in := func(c netip.Prefix) bool { return c.Contains(addr) }
		if i := slices.IndexFunc(peer.Except, in); i >= 0 && slices.ContainsFunc(peer.CIDRs, in) {
			out.except = fmt.Sprintf("peer %s leaves %s out, with the exception %s", name, addr, peer.Except[i])
			out.pos = x.place([]string{"peers", name, "except", strconv.Itoa(i)})
		}
	}
	return out
}

// shownRanges is how many ranges of a peer are listed.
const shownRanges = 4

// extent says which addresses a peer is.
func (x *explainer) extent(name string) string {
	peer := x.t.Peers[name]
	if peer.Is != "" {
		return strconv.Quote(string(peer.Is))
	}
	list := func(ranges []netip.Prefix) string {
		var out []string
		for _, c := range ranges[:min(len(ranges), shownRanges)] {
			out = append(out, c.String())
		}
		if more := len(ranges) - shownRanges; more > 0 {
			out = append(out, fmt.Sprintf("%d more", more))
		}
		return strings.Join(out, ", ")
	}
	if len(peer.Except) > 0 {
		return list(peer.CIDRs) + " but for " + list(peer.Except)
	}
	return list(peer.CIDRs)
}

// portOfPeers returns the port that a name is for an address. Addresses have no
// names for ports; the peers that have the address may.
func (x *explainer) portOfPeers(addr netip.Addr, name string) ([]askedPort, error) {
	peers := x.peersWith(addr)
	var found []topology.Port
	var whose, names []string
	for _, peer := range peers {
		ports := x.t.Peers[peer].Ports
		names = append(names, slices.Sorted(maps.Keys(ports))...)
		port, ok := ports[name]
		if !ok {
			continue
		}
		whose = append(whose, fmt.Sprintf("%s of peer %s", port, peer))
		if !slices.Contains(found, port) {
			found = append(found, port)
		}
	}
	slices.Sort(names)
	of := "peer " + strings.Join(peers, " or ")
	switch {
	case len(found) == 1:
		x.note("%s has no names for ports: %s is %s, which has the address", addr, name, strings.Join(whose, " and "))
		return []askedPort{{found[0], name}}, nil
	case len(found) > 1:
		return nil, unknownf("port %q of %s is %s: give its number", name, addr, strings.Join(whose, " and "))
	case len(peers) == 0:
		return nil, unknownf("ports have names in services, groups and peers, and %s is in none: give the number of %q, as in 443 or 53/UDP", addr, name)
	case len(names) == 0:
		return nil, unknownf("%s, which has %s, names no port: give the number of %q, as in 443 or 53/UDP", of, addr, name)
	}
	return nil, unknownf("%s, which has %s, has no port %q: it has %s", of, addr, name, strings.Join(slices.Compact(names), ", "))
}

// portsOfPeers returns the ports that the peers which have an address declare.
func (x *explainer) portsOfPeers(addr netip.Addr) []askedPort {
	var out []askedPort
	var whose []string
	for _, peer := range x.peersWith(addr) {
		ports := x.t.Peers[peer].Ports
		for _, name := range slices.Sorted(maps.Keys(ports)) {
			if !slices.ContainsFunc(out, func(a askedPort) bool { return a.Port == ports[name] }) {
				out = append(out, askedPort{ports[name], name})
			}
		}
		if len(ports) > 0 {
			whose = append(whose, peer)
		}
	}
	if len(out) > 0 {
		of := "peer " + whose[0] + ", which has"
		if len(whose) > 1 {
			of = "peers " + strings.Join(whose, " and ") + ", which have"
		}
		x.note("%s declares no port: asked for those of %s the address", addr, of)
	}
	return out
}

// wellKnown are the ends of which a topology speaks by a kind and not a name.
var wellKnown = []topology.WellKnown{
	topology.Internet, topology.KubeAPIServer, topology.Nodes, topology.InCluster, topology.Anywhere,
}

// unknown says what to ask about instead of what has no meaning here.
func (x *explainer) unknown(name string) error {
	err := &UnknownError{Name: name, Message: fmt.Sprintf("%q is no service, group or peer of the topology, and no address", name)}
	near := closest(name, append(slices.Collect(maps.Keys(x.plan.Endpoints)), isDNS))
	switch {
	case slices.Contains(wellKnown, topology.WellKnown(name)):
		for _, peer := range slices.Sorted(maps.Keys(x.t.Peers)) {
			if string(x.t.Peers[peer].Is) == name {
				err.Message += fmt.Sprintf(": ask about peer %s, which is %q", peer, name)
				return err
			}
		}
		err.Message += fmt.Sprintf(": ask about an address, or declare a peer with is: %q", name)
	case strings.Contains(name, ".") && len(validation.IsDNS1123Subdomain(strings.ToLower(name))) == 0:
		err.Message += ": policies know addresses and no host names: ask about an address that it has, or declare a peer with cidrs"
	case near != "":
		err.Message += fmt.Sprintf(": did you mean %q?", near)
	}
	return err
}
