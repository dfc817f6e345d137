package reachability

import (
	"maps"
	"slices"

	"netgen.dev/gen/topology"
)

// flow says that one end may open connections to the other.
type flow struct {
	caller, callee end
	ports          []topology.Port
	anyPort        bool
}

func (f flow) String() string { return f.caller.Name + " -> " + f.callee.Name }

func (f flow) opens(p probe) bool {
	return f.anyPort || slices.ContainsFunc(f.ports, func(port topology.Port) bool {
		return port.Protocol == p.protocol && port.First <= p.port && p.port <= port.Last
	})
}

// truth is what must pass in one environment, and nothing else.
type truth struct {
	model    *topology.Topology
	managed  map[string]bool
	flows    []flow
	services []end // by name, those on the host network left out
}

// newTruth returns the truth of a topology with the given connections, which
// are the model's own or those of a file that a person wrote.
func newTruth(w *world, connections []flow) *truth {
	t := &truth{model: w.model, managed: w.managed, flows: slices.Clone(connections)}
	resolver, port := resolverOf(w.model.Cluster)
	dns := func(ref topology.Ref) {
		t.flows = append(t.flows, flow{caller: endOf(w.model, ref), callee: resolver, ports: []topology.Port{
			{First: uint16(port), Last: uint16(port), Protocol: topology.TCP},
			{First: uint16(port), Last: uint16(port), Protocol: topology.UDP},
		}})
	}
	for _, name := range slices.Sorted(maps.Keys(w.model.Services)) {
		ref := topology.Ref{Kind: topology.KindService, Name: name}
		if w.model.Services[name].DNS {
			dns(ref)
		}
		if !w.model.Services[name].HostNetwork {
			t.services = append(t.services, endOf(w.model, ref))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.model.Groups)) {
		if w.model.Groups[name].DNS {
			dns(topology.Ref{Kind: topology.KindGroup, Name: name})
		}
	}
	return t
}

// connections returns the connections that the topology declares.
func connections(t *topology.Topology) []flow {
	var out []flow
	for _, e := range t.Edges {
		out = append(out, flow{endOf(t, e.Caller), endOf(t, e.Callee), e.Ports, e.AnyPort})
	}
	return out
}

// isolated reports whether a place accepts, or sends, only what is allowed.
//
// The language: a service is isolated in the directions that it enforces; any
// other pod of a namespace with a service or group of ours in those that the
// topology enforces, unless defaultDeny is "service". Nobody else is.
func (t *truth) isolated(p place, direction func(topology.Directions) bool) bool {
	if p.pod == nil {
		return false
	}
	for _, s := range t.services {
		if s.is(p) {
			return direction(*t.model.Services[s.Name].Enforce)
		}
	}
	return t.managed[p.pod.namespace] && t.model.Output.DefaultDeny == "namespace" && direction(t.model.Enforce)
}

func ingress(d topology.Directions) bool { return d.Ingress }
func egress(d topology.Directions) bool  { return d.Egress }

// verdict is what is meant between two places: what the source may send and
// what the destination may accept.
//
// Kubernetes: a flow passes where both do, and a pod that is not isolated in a
// direction may do anything there. A connection therefore opens the direction of
// each of its ends that we answer for: pods of our services and groups. One to
// "anywhere" says nothing of what all those accept. Where an end is a peer, it
// opens the direction of the pods that are this peer and no other thing.
type verdict struct{ send, accept half }

// half is one direction of a verdict.
type half struct {
	free  bool // not isolated
	flows []flow
}

func (t *truth) between(src, dst place) verdict {
	v := verdict{send: half{free: !t.isolated(src, egress)}, accept: half{free: !t.isolated(dst, ingress)}}
	for _, f := range t.flows {
		if !f.caller.is(src) || !f.callee.is(dst) {
			continue
		}
		if f.caller.ours() || src.represents(f.caller.Ref) {
			v.send.flows = append(v.send.flows, f)
		}
		if f.callee.ours() || dst.represents(f.callee.Ref) {
			v.accept.flows = append(v.accept.flows, f)
		}
	}
	return v
}

func (h half) opens(p probe) bool {
	return h.free || slices.ContainsFunc(h.flows, func(f flow) bool { return f.opens(p) })
}

// reason says where the answer to a probe comes from.
func (h half) reason(p probe) string {
	if h.free {
		return "the pod is not isolated"
	}
	for _, f := range h.flows {
		if f.opens(p) {
			return "for " + f.String()
		}
	}
	return "for nothing"
}

// probe is one attempt between two places.
type probe struct {
	port     uint16
	protocol topology.Protocol
}

// probes returns every port that the topology names anywhere or its DNS needs,
// the ports beside it and, of a range, one in the middle; and ports that nothing
// names. TCP and UDP are always tried, SCTP where the topology has it.
func (t *truth) probes() []probe {
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
		ports = append(ports, f.ports...)
	}
	numbers := map[int]bool{1: true, 65535: true}
	protocols := []topology.Protocol{topology.TCP, topology.UDP}
	for _, p := range ports {
		first, last := int(p.First), int(p.Last)
		for _, n := range []int{first - 1, first, first + 1, (first + last) / 2, last - 1, last, last + 1} {
			numbers[n] = true
		}
		if p.Protocol == topology.SCTP && !slices.Contains(protocols, topology.SCTP) {
			protocols = append(protocols, topology.SCTP)
		}
	}
	var out []probe
	for _, n := range slices.Sorted(maps.Keys(numbers)) {
		if n < 1 || n > 65535 {
			continue
		}
		for _, protocol := range protocols {
			out = append(out, probe{uint16(n), protocol})
		}
	}
	return out
}
