package witness

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/proof/connectivity"
)

// namePorts gives every pod a port for each name of which a policy speaks and
// which the pod does not declare: containers may call a port so. It is a number
// that nobody has, so that neither hides the other.
func (u *Universe) namePorts(sides []Side) {
	used, wanted := portsIn(sides)
	u.Named = map[connectivity.Range]string{}
	for _, r := range used {
		u.unused = u.unused.Without(connectivity.PortsOf(connectivity.Range{Protocol: connectivity.TCP, First: r[0], Last: r[1]}))
	}
	for _, k := range slices.SortedFunc(maps.Keys(wanted), func(a, b connectivity.ContainerPort) int {
		return slices.Compare([]string{a.Name, string(a.Protocol)}, []string{b.Name, string(b.Protocol)})
	}) {
		k.Port = u.free()
		u.Named[connectivity.Range{Protocol: k.Protocol, First: k.Port, Last: k.Port}] = k.Name
		for _, end := range u.List {
			if end.Pod != nil && !slices.ContainsFunc(end.Pod.Ports, func(p connectivity.ContainerPort) bool {
				return p.Name == k.Name && p.Protocol == k.Protocol
			}) {
				end.Pod.Ports = append(end.Pod.Ports, k)
			}
		}
	}
}

// free returns a port that nothing speaks of and that touches no other such, 0
// where there is none left: no range has that one either.
func (u *Universe) free() uint16 {
	if len(u.unused) == 0 {
		return 0
	}
	port := u.unused[len(u.unused)-1].Last
	u.unused = u.unused.Without(connectivity.Ports{{Protocol: connectivity.TCP, First: max(1, port-1), Last: port}})
	return port
}

// portsIn returns the ranges of ports of which anything speaks, and the names of
// which policies do.
func portsIn(sides []Side) (used [][2]uint16, wanted map[connectivity.ContainerPort]bool) {
	wanted = map[connectivity.ContainerPort]bool{}
	seen := map[[2]uint16]bool{}
	use := func(first, last uint16) {
		if r := [2]uint16{first, last}; !seen[r] && first > 0 && first <= last {
			seen[r] = true
			used = append(used, r)
		}
	}
	add := func(ports []networkingv1.NetworkPolicyPort) {
		for _, p := range ports {
			switch {
			case p.Port == nil:
			case p.Port.StrVal != "":
				protocol := connectivity.TCP
				if p.Protocol != nil {
					protocol = connectivity.Protocol(*p.Protocol)
				}
				wanted[connectivity.ContainerPort{Name: p.Port.StrVal, Protocol: protocol}] = true
			default:
				last := p.Port.IntVal
				if p.EndPort != nil {
					last = *p.EndPort
				}
				use(uint16(p.Port.IntVal), uint16(last))
			}
		}
	}
	for _, s := range sides {
		for _, p := range s.Policies {
			for _, r := range p.Spec.Ingress {
				add(r.Ports)
			}
			for _, r := range p.Spec.Egress {
				add(r.Ports)
			}
		}
		if s.Plan == nil {
			continue
		}
		for _, a := range s.Plan.Allows {
			for _, p := range a.Ports {
				use(p.First, p.Last)
			}
		}
	}
	return used, wanted
}

// PortText lists ports, those that stand for a name by that name.
func (u *Universe) PortText(ports connectivity.Ports) string {
	if len(u.Named) == 0 || ports.Equal(connectivity.AllPorts) {
		return ports.String()
	}
	var parts []string
	for _, r := range ports {
		if name, ok := u.Named[r]; ok {
			parts = append(parts, fmt.Sprintf("whatever is named %q/%s", name, r.Protocol))
			continue
		}
		parts = append(parts, r.String())
	}
	return strings.Join(parts, ", ")
}
