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
	next := 65535
	for _, k := range slices.SortedFunc(maps.Keys(wanted), func(a, b connectivity.ContainerPort) int {
		return slices.Compare([]string{a.Name, string(a.Protocol)}, []string{b.Name, string(b.Protocol)})
	}) {
		for next > 1 && used[uint16(next)] {
			next--
		}
		k.Port = uint16(next)
		u.Named[connectivity.Range{Protocol: k.Protocol, First: k.Port, Last: k.Port}] = k.Name
		for _, end := range u.List {
			if end.Pod != nil && !slices.ContainsFunc(end.Pod.Ports, func(p connectivity.ContainerPort) bool {
				return p.Name == k.Name && p.Protocol == k.Protocol
			}) {
				end.Pod.Ports = append(end.Pod.Ports, k)
			}
		}
		next = max(1, next-2) // two that touch would be one range
	}
}

// portsIn returns the numbers of ports of which anything speaks, and the names of
// which policies do.
func portsIn(sides []Side) (used map[uint16]bool, wanted map[connectivity.ContainerPort]bool) {
	used, wanted = map[uint16]bool{}, map[connectivity.ContainerPort]bool{}
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
				used[uint16(p.Port.IntVal)] = true
				if p.EndPort != nil {
					used[uint16(*p.EndPort)] = true
				}
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
				used[p.First], used[p.Last] = true, true
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
