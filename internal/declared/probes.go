package declared

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"netgen.dev/gen/topology"
)

// Probe is one attempt between two places.
type Probe struct {
	Port     uint16
	Protocol topology.Protocol
}

func (p Probe) String() string { return fmt.Sprintf("%d/%s", p.Port, p.Protocol) }

// Probes returns every port that the topology names anywhere or its DNS needs,
// the ports beside it and, of a range, one in the middle; and ports that nothing
// names. TCP and UDP are always tried, SCTP where the topology has it.
func (t *Truth) Probes() []Probe {
	numbers := map[int]bool{1: true, 65535: true}
	for _, p := range t.named() {
		first, last := int(p.First), int(p.Last)
		for _, n := range []int{first - 1, first, first + 1, (first + last) / 2, last - 1, last, last + 1} {
			numbers[n] = true
		}
	}
	return t.tried(numbers)
}

// ProbesOf returns the probes that tell about one destination, mostly far fewer
// than Probes has: sorted, none twice. They are, for TCP and UDP, and SCTP where
// the topology has it,
//
//   - the ports of each flow to it, the ports beside them and, of a range, one in
//     the middle;
//   - where such a flow is for any port, the lowest and the highest port that
//     other flows name;
//   - the ports that its own declaration names, also where nobody connects;
//   - a port that nothing names, unless the topology names all.
//
// A rule that is too wide lets in on the port of what it was written for, and not
// on the destination's. A place that represents nothing, as witnesses and
// addresses, or that no flow is to, is therefore tried on the first port of each
// other flow as well, in the protocol of that port.
func (t *Truth) ProbesOf(dst Place) []Probe {
	numbers := map[int]bool{}
	var others []topology.Port // of flows to other places
	lure, anyPort := true, false
	for _, f := range t.flows {
		if !f.Callee.Is(dst) {
			others = append(others, f.Ports...)
			continue
		}
		lure, anyPort = len(dst.StandsFor) == 0, anyPort || f.AnyPort
		for _, p := range f.Ports {
			first, last := int(p.First), int(p.Last)
			for _, n := range []int{first - 1, first, (first + last) / 2, last, last + 1} {
				numbers[n] = true
			}
		}
	}
	for _, p := range t.declaredBy(dst) {
		numbers[int(p.First)], numbers[int(p.Last)] = true, true
	}
	if n, ok := t.unnamed(); ok {
		numbers[n] = true
	}
	if anyPort && len(others) > 0 {
		lowest := slices.MinFunc(others, func(a, b topology.Port) int { return cmp.Compare(a.First, b.First) })
		highest := slices.MaxFunc(others, func(a, b topology.Port) int { return cmp.Compare(a.Last, b.Last) })
		numbers[int(lowest.First)], numbers[int(highest.Last)] = true, true
	}
	out := t.tried(numbers)
	if lure {
		for _, p := range others {
			out = append(out, Probe{p.First, p.Protocol})
		}
	}
	slices.SortFunc(out, compareProbes)
	return slices.Compact(out)
}

// tried returns each number that can be a port with each protocol, sorted.
func (t *Truth) tried(numbers map[int]bool) []Probe {
	protocols := []topology.Protocol{topology.TCP, topology.UDP}
	if slices.ContainsFunc(t.named(), func(p topology.Port) bool { return p.Protocol == topology.SCTP }) {
		protocols = append(protocols, topology.SCTP)
	}
	var out []Probe
	for _, n := range slices.Sorted(maps.Keys(numbers)) {
		if n < 1 || n > 65535 {
			continue
		}
		for _, protocol := range protocols {
			out = append(out, Probe{uint16(n), protocol})
		}
	}
	return out
}

// named returns the ports that the topology names anywhere or its DNS needs.
func (t *Truth) named() []topology.Port {
	var ports []topology.Port
	for _, s := range t.model.Services {
		ports = slices.AppendSeq(ports, maps.Values(s.Ports))
	}
	for _, g := range t.model.Groups {
		ports = slices.AppendSeq(ports, maps.Values(g.Ports))
	}
	for _, p := range t.model.Peers {
		ports = slices.AppendSeq(ports, maps.Values(p.Ports))
	}
	for _, f := range t.flows {
		ports = append(ports, f.Ports...)
	}
	return ports
}

// unnamed returns the lowest port that no name of the topology has, in any
// protocol.
func (t *Truth) unnamed() (int, bool) {
	named := t.named()
	slices.SortFunc(named, func(a, b topology.Port) int { return cmp.Compare(a.First, b.First) })
	n := 1
	for _, p := range named {
		if n < int(p.First) {
			break
		}
		n = max(n, int(p.Last)+1)
	}
	return n, n <= 65535
}

// declaredBy returns the ports of each service, group and peer that a place is.
func (t *Truth) declaredBy(dst Place) []topology.Port {
	var out []topology.Port
	add := func(kind topology.Kind, name string, ports map[string]topology.Port) {
		if EndOf(t.model, topology.Ref{Kind: kind, Name: name}).Is(dst) {
			out = slices.AppendSeq(out, maps.Values(ports))
		}
	}
	for name, s := range t.model.Services {
		add(topology.KindService, name, s.Ports)
	}
	for name, g := range t.model.Groups {
		add(topology.KindGroup, name, g.Ports)
	}
	for name, p := range t.model.Peers {
		add(topology.KindPeer, name, p.Ports)
	}
	return out
}

func compareProbes(a, b Probe) int {
	return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(a.Protocol, b.Protocol))
}
