package declared

import (
	"maps"
	"slices"

	"netgen.dev/gen/topology"
)

// Flow says that one end may open connections to the other.
type Flow struct {
	Caller, Callee End
	Ports          []topology.Port // none where AnyPort
	AnyPort        bool
}

func (f Flow) String() string { return f.Caller.Name + " -> " + f.Callee.Name }

// Opens reports whether the flow is meant for the port of a probe.
func (f Flow) Opens(p Probe) bool {
	return f.AnyPort || slices.ContainsFunc(f.Ports, func(port topology.Port) bool {
		return port.Protocol == p.Protocol && port.First <= p.Port && p.Port <= port.Last
	})
}

// Connections returns the connections that the topology declares.
func Connections(model *topology.Topology) []Flow {
	var out []Flow
	for _, e := range model.Edges {
		out = append(out, Flow{EndOf(model, e.Caller), EndOf(model, e.Callee), e.Ports, e.AnyPort})
	}
	return out
}

// Truth is what must pass in one environment, and nothing else.
type Truth struct {
	model    *topology.Topology
	managed  map[string]bool
	flows    []Flow
	services []End // by name, those on the host network left out
}

// NewTruth returns the truth of a topology with the given connections, which
// are the model's own (Connections) or those of a file that a person wrote. To
// these it adds what the language implies: DNS.
func NewTruth(w *World, connections []Flow) *Truth {
	t := &Truth{model: w.model, managed: w.Managed, flows: slices.Clone(connections)}
	resolver, port := resolverOf(w.model.Cluster)
	dns := func(ref topology.Ref) {
		t.flows = append(t.flows, Flow{Caller: EndOf(w.model, ref), Callee: resolver, Ports: []topology.Port{
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
			t.services = append(t.services, EndOf(w.model, ref))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.model.Groups)) {
		if w.model.Groups[name].DNS {
			dns(topology.Ref{Kind: topology.KindGroup, Name: name})
		}
	}
	return t
}

// Flows returns the flows that are meant: the connections, then DNS.
func (t *Truth) Flows() []Flow { return slices.Clone(t.flows) }

// isolated reports whether a place accepts, or sends, only what is allowed.
//
// The language: a service is isolated in the directions that it enforces; any
// other pod of a namespace with a service or group of ours in those that the
// topology enforces, unless defaultDeny is "service". Nobody else is.
func (t *Truth) isolated(p Place, direction func(topology.Directions) bool) bool {
	if p.Pod == nil {
		return false
	}
	for _, s := range t.services {
		if s.Is(p) {
			return direction(*t.model.Services[s.Name].Enforce)
		}
	}
	return t.managed[p.Pod.Namespace] && t.model.Output.DefaultDeny == "namespace" && direction(t.model.Enforce)
}

func ingress(d topology.Directions) bool { return d.Ingress }
func egress(d topology.Directions) bool  { return d.Egress }

// Verdict is what is meant between two places: what the source may send and
// what the destination may accept.
//
// Kubernetes: a flow passes where both do, and a pod that is not isolated in a
// direction may do anything there. A connection therefore opens the direction of
// each of its ends that we answer for: pods of our services and groups. One to
// "anywhere" says nothing of what all those accept. Where an end is a peer, it
// opens the direction of the pods that are this peer and no other thing.
type Verdict struct{ Send, Accept Half }

// Half is one direction of a verdict.
type Half struct {
	free  bool // not isolated
	flows []Flow
}

// Between returns what is meant from one place to another. From a place to itself
// is from one replica to another: a pod always reaches itself.
func (t *Truth) Between(src, dst Place) Verdict {
	v := Verdict{Send: Half{free: !t.isolated(src, egress)}, Accept: Half{free: !t.isolated(dst, ingress)}}
	for _, f := range t.flows {
		if !f.Caller.Is(src) || !f.Callee.Is(dst) {
			continue
		}
		if f.Caller.ours() || src.Represents(f.Caller.Ref) {
			v.Send.flows = append(v.Send.flows, f)
		}
		if f.Callee.ours() || dst.Represents(f.Callee.Ref) {
			v.Accept.flows = append(v.Accept.flows, f)
		}
	}
	return v
}

// Opens reports whether a probe passes: it does where both halves let it.
func (v Verdict) Opens(p Probe) bool { return v.Send.Opens(p) && v.Accept.Opens(p) }

// Opens reports whether this direction lets a probe through.
func (h Half) Opens(p Probe) bool {
	return h.free || slices.ContainsFunc(h.flows, func(f Flow) bool { return f.Opens(p) })
}

// Reason says where the answer to a probe comes from.
func (h Half) Reason(p Probe) string {
	if h.free {
		return "the pod is not isolated"
	}
	for _, f := range h.flows {
		if f.Opens(p) {
			return "for " + f.String()
		}
	}
	return "for nothing"
}
