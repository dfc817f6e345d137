package verify

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
)

// manyDifferences is how many differences with one cause are shown before all
// others of their kinds are only counted.
const (
	manyDifferences = 6
	shownOfEachKind = 2
)

// Brief is Findings for a person to read: differences that a cause explains, if
// there are many, are shown by a few examples of each kind. left is how many are
// not shown.
func (p *Proof) Brief(c *Cause, locate topology.Locator) (list diag.List, left int) {
	if c == nil || len(c.explains) <= manyDifferences {
		return p.Findings(locate), 0
	}
	best := slices.Clone(p.Differences)
	slices.SortStableFunc(best, func(a, b Difference) int { return cmp.Compare(p.farFetched(a), p.farFetched(b)) })
	shown, said := map[Kind]int{}, map[string]bool{}
	for _, d := range best {
		if c.explains[key(d)] {
			d = c.ranged(d)
			// Where there is a better example, what nobody declares is none.
			if said[key(d)] || shown[d.Kind] == shownOfEachKind || shown[d.Kind] > 0 && p.farFetched(d) >= witnessed {
				left++
				continue
			}
			shown[d.Kind]++
			said[key(d)] = true
		}
		list = append(list, p.finding(d, locate))
	}
	return append(list, broken(locate, []*Proof{p})...), left
}

// witnessed is how far-fetched a difference is at least that has an end which
// nobody declares.
const witnessed = 100

// farFetched says how little a difference tells a reader: least is one between
// services, which are in the topology by name, and most one of which both ends
// are witnesses.
func (p *Proof) farFetched(d Difference) int {
	of := func(name string) int {
		switch {
		case len(p.u.declared("services", name)) > 0 || name == "anybody":
			return 0
		case p.plan.Endpoints[name] != nil || p.u.about()[name] != nil && name == p.u.about()[name][1]:
			return 1
		case name == "" || !strings.HasPrefix(name, "a pod") && !strings.HasPrefix(name, "address"):
			return 2
		case strings.HasPrefix(name, "address"):
			return 3
		}
		return witnessed
	}
	return 2*of(d.Subject) + of(d.Other) // whose policies they are counts more
}

// ranged words an address of a range that the policy at fault lets through as
// that range: its edges are what is asked about, not what is meant.
func (c *Cause) ranged(d Difference) Difference {
	a, err := netip.ParseAddr(strings.TrimPrefix(d.Other, "address "))
	if err != nil || c.intruder == nil || d.Kind != Excess {
		return d
	}
	best := netip.Prefix{}
	for _, peer := range peersOf(c.intruder, d.Direction) {
		if peer.IPBlock == nil {
			continue
		}
		if r, err := netip.ParsePrefix(peer.IPBlock.CIDR); err == nil && r.Contains(a) && (!best.IsValid() || r.Bits() > best.Bits()) {
			best = r
		}
	}
	if best.IsValid() && !best.IsSingleIP() {
		d.Other = "addresses of " + best.String()
	}
	return d
}

func peersOf(p *networkingv1.NetworkPolicy, dir connectivity.Direction) []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	if dir == connectivity.Ingress {
		for _, r := range p.Spec.Ingress {
			out = append(out, r.From...)
		}
		return out
	}
	for _, r := range p.Spec.Egress {
		out = append(out, r.To...)
	}
	return out
}
