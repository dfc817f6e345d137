package diff

import (
	"net/netip"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/gen/plan"
	"netgen.dev/proof/connectivity"
)

// key tells ends apart: names of parties are what their rows go by.
func (e End) key() string {
	switch e.Kind {
	case ServiceEnd, GroupEnd, PeerEnd, DNSEnd:
		return e.Name
	default:
		return string(e.Kind) + " " + e.Namespace + " " + e.Name
	}
}

// end says what an end is: a party that is declared, or else the pods or
// addresses themselves, as one of the rules words them.
func (c *comparison) end(side, i int, rules []*connectivity.Rule) End {
	switch i {
	case connectivity.AnyEnd:
		return End{Kind: AnybodyEnd, Name: "anybody"}
	case connectivity.AnyPodEnd:
		return End{Kind: AnybodyEnd, Name: "every pod of the cluster"}
	}
	end := c.u.List[i]
	if end.Pod == nil {
		block := end.Addr.String()
		for _, r := range rules {
			if b := c.block(side, r, end.Addr); b != "" {
				block = b
				break
			}
		}
		if name, ok := c.ranges()[block]; ok {
			return c.partyEnd(name)
		}
		return End{Kind: AddressEnd, Name: block}
	}
	if name := c.partyOf(side, i); name != "" {
		return c.partyEnd(name)
	}
	labels := labelText(end.Pod.Labels)
	if labels == "" {
		labels = "without labels"
	}
	return End{Kind: PodsEnd, Name: labels, Namespace: end.Pod.Namespace}
}

// partyOf returns the name of the party that a pod is of, on one side or else on
// the other, "" where it is of none.
func (c *comparison) partyOf(side, i int) string {
	if c.pods[before] == nil {
		for s := range c.sides {
			c.pods[s] = c.podNames(s)
		}
	}
	for _, s := range []int{side, 1 - side} {
		if name, ok := c.pods[s][i]; ok {
			return name
		}
	}
	return ""
}

// podNames returns the services and peers that pods of a side are of.
func (c *comparison) podNames(side int) map[int]string {
	out := map[int]string{}
	if c.sides[side].Plan == nil {
		return out
	}
	for name, e := range c.sides[side].Plan.Endpoints {
		if side == before {
			name = c.canonical(name)
		}
		if e.Kind == plan.Group || len(e.Pods) != 1 || e.Pods[0].Namespaces.Any {
			continue
		}
		for _, i := range c.ends(side, e) {
			// A peer that is all pods of a namespace says less than one that is some.
			if was, ok := out[i]; c.u.List[i].Pod != nil && (!ok || e.Kind == plan.Service || !c.isService(was) && name < was) {
				out[i] = name
			}
		}
	}
	return out
}

func (c *comparison) isService(name string) bool { return c.partyEnd(name).Kind == ServiceEnd }

// ranges returns the peers by each range of addresses that they are, as block
// words it.
func (c *comparison) ranges() map[string]string {
	if c.blocks == nil {
		c.blocks = map[string]string{}
		for _, side := range []int{before, after} {
			if c.sides[side].Plan == nil {
				continue
			}
			for name, e := range c.sides[side].Plan.Endpoints {
				if side == before {
					name = c.canonical(name)
				}
				for _, b := range e.Blocks {
					text := blockText(b)
					if was, ok := c.blocks[text]; e.Kind == plan.Peer && (!ok || name < was) {
						c.blocks[text] = name
					}
				}
			}
		}
	}
	return c.blocks
}

// partyEnd returns the end that a party is.
func (c *comparison) partyEnd(name string) End {
	if name == resolverName {
		return End{Kind: DNSEnd, Name: name}
	}
	e, side := c.endpoint(name)
	if e == nil {
		return End{Kind: AnybodyEnd, Name: name}
	}
	out := End{Kind: EndKind(e.Kind), Name: name}
	if e.Kind == plan.Service || e.Kind == plan.Group {
		out.Namespace = c.ownName(side, namespaceOf(e))
	}
	return out
}

// endpoint returns what a party is now, or was before it went, and on which side
// that is; nil where no side declares it.
func (c *comparison) endpoint(name string) (*plan.Endpoint, int) {
	for _, side := range []int{after, before} {
		if p := c.sides[side].Plan; p != nil && p.Endpoints[name] != nil {
			return p.Endpoints[name], side
		}
	}
	return nil, after
}

// block returns the range of a rule that an address is in, "" where there is
// none.
func (c *comparison) block(side int, r *connectivity.Rule, addr netip.Addr) string {
	for _, p := range c.objects(side)[r.Policy.String()] {
		var peers []networkingv1.NetworkPolicyPeer
		switch {
		case r.Direction == connectivity.Egress && r.Index < len(p.Spec.Egress):
			peers = p.Spec.Egress[r.Index].To
		case r.Direction == connectivity.Ingress && r.Index < len(p.Spec.Ingress):
			peers = p.Spec.Ingress[r.Index].From
		}
		for _, peer := range peers {
			if peer.IPBlock == nil {
				continue
			}
			if cidr, err := netip.ParsePrefix(peer.IPBlock.CIDR); err == nil && cidr.Contains(addr) {
				return rangeText(peer.IPBlock.CIDR, peer.IPBlock.Except)
			}
		}
	}
	return ""
}

// objects returns the policies of a side by namespace/name. Of a name there may be
// several, though the API keeps one.
func (c *comparison) objects(side int) map[string][]*networkingv1.NetworkPolicy {
	if c.byName[side] == nil {
		c.byName[side] = map[string][]*networkingv1.NetworkPolicy{}
		for _, p := range c.sides[side].Policies {
			name := p.Namespace + "/" + p.Name
			c.byName[side][name] = append(c.byName[side][name], p)
		}
	}
	return c.byName[side]
}

func rangeText(cidr string, except []string) string {
	if len(except) > 0 {
		cidr += " except " + strings.Join(except, ", ")
	}
	return cidr
}

func blockText(b plan.Block) string {
	var except []string
	for _, e := range b.Except {
		except = append(except, e.String())
	}
	return rangeText(b.CIDR.String(), except)
}

// notPublic are the ranges of addresses that no host of the internet has.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("::1/128"),
}

// internet reports whether an end is, or may be, a public address.
func (c *comparison) internet(e End) bool {
	switch e.Kind {
	case AnybodyEnd:
		return e.Name == "anybody"
	case AddressEnd:
		cidr, _, _ := strings.Cut(e.Name, " ")
		return public(cidr)
	case PeerEnd:
		for _, side := range []int{after, before} {
			p := c.sides[side].Plan
			if p == nil || p.Endpoints[e.Name] == nil {
				continue
			}
			peer := p.Endpoints[e.Name]
			if peer.Anywhere || slices.ContainsFunc(peer.Blocks, func(b plan.Block) bool { return public(b.CIDR.String()) }) {
				return true
			}
		}
	default: // pods, whatever they are called
	}
	return false
}

// public reports whether a range, or an address, is not wholly private.
func public(s string) bool {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		addr, err := netip.ParseAddr(s)
		if err != nil {
			return true // what it is cannot be said
		}
		p = netip.PrefixFrom(addr, addr.BitLen())
	}
	return !slices.ContainsFunc(notPublic, func(private netip.Prefix) bool {
		return private.Bits() <= p.Bits() && private.Contains(p.Addr())
	})
}
