package connectivity

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Protocol is one of the three protocols that a NetworkPolicy can match.
type Protocol string

// The protocols, in the order in which they are listed.
const (
	SCTP Protocol = "SCTP"
	TCP  Protocol = "TCP"
	UDP  Protocol = "UDP"
)

// Protocols are all of them.
var Protocols = []Protocol{SCTP, TCP, UDP}

// maxPort is the last port; the first is 1.
const maxPort = 65535

// Range is the ports First to Last, both included, of a protocol.
type Range struct {
	Protocol    Protocol
	First, Last uint16
}

// String returns the range as 8080/TCP or 30000-32000/UDP.
func (r Range) String() string {
	if r.First == r.Last {
		return fmt.Sprintf("%d/%s", r.First, r.Protocol)
	}
	return fmt.Sprintf("%d-%d/%s", r.First, r.Last, r.Protocol)
}

// Ports is a set of ports: sorted ranges of which no two touch. The zero Ports
// is empty.
type Ports []Range

// AllPorts is every port of every protocol.
var AllPorts = Ports{{SCTP, 1, maxPort}, {TCP, 1, maxPort}, {UDP, 1, maxPort}}

// PortsOf returns the set of the ports in some ranges.
func PortsOf(ranges ...Range) Ports {
	sorted := slices.Clone(ranges)
	slices.SortFunc(sorted, func(a, b Range) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last))
	})
	var out Ports
	for _, r := range sorted {
		if n := len(out); n > 0 && out[n-1].Protocol == r.Protocol && int(r.First) <= int(out[n-1].Last)+1 {
			out[n-1].Last = max(out[n-1].Last, r.Last)
			continue
		}
		out = append(out, r)
	}
	return out
}

// Or returns the ports in p or q.
func (p Ports) Or(q Ports) Ports {
	switch {
	case len(p) == 0:
		return q
	case len(q) == 0:
		return p
	}
	return PortsOf(slices.Concat(p, q)...)
}

// Without returns the ports of p that are not in q.
func (p Ports) Without(q Ports) Ports {
	var out Ports
	for _, r := range p {
		next, last := int(r.First), int(r.Last)
		for _, cut := range q {
			if cut.Protocol != r.Protocol || int(cut.Last) < next || int(cut.First) > last {
				continue
			}
			if int(cut.First) > next {
				out = append(out, Range{r.Protocol, uint16(next), cut.First - 1})
			}
			next = int(cut.Last) + 1
		}
		if next <= last {
			out = append(out, Range{r.Protocol, uint16(next), uint16(last)})
		}
	}
	return out
}

// And returns the ports in both p and q.
func (p Ports) And(q Ports) Ports { return p.Without(p.Without(q)) }

// Has reports whether a port is in p.
func (p Ports) Has(protocol Protocol, port uint16) bool {
	return slices.ContainsFunc(p, func(r Range) bool {
		return r.Protocol == protocol && r.First <= port && port <= r.Last
	})
}

// Equal reports whether p and q are the same set.
func (p Ports) Equal(q Ports) bool { return slices.Equal(p, q) }

// String lists the ranges, "every port" for all of them and "no port" for none.
func (p Ports) String() string {
	switch {
	case len(p) == 0:
		return "no port"
	case p.Equal(AllPorts):
		return "every port"
	}
	parts := make([]string, len(p))
	for i, r := range p {
		parts[i] = r.String()
	}
	return strings.Join(parts, ", ")
}
