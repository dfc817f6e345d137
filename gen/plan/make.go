package plan

import (
	"maps"
	"slices"

	"netgen.dev/gen/topology"
)

// Make decides what the policies of t must amount to. t must be free of
// errors.
func Make(t *topology.Topology) *Plan {
	p := &planner{
		t:    t,
		plan: &Plan{Topology: t.Name, Environment: t.Environment, Output: t.Output, Endpoints: map[string]*Endpoint{}},
	}
	for name := range t.Services {
		p.endpoint(topology.Ref{Kind: topology.KindService, Name: name})
	}
	for name := range t.Groups {
		p.endpoint(topology.Ref{Kind: topology.KindGroup, Name: name})
	}
	for name := range t.Peers {
		p.endpoint(topology.Ref{Kind: topology.KindPeer, Name: name})
	}
	p.isolate()
	for _, e := range t.Edges {
		p.allow(&Allow{
			Src:     p.endpoint(e.Caller),
			Dst:     p.endpoint(e.Callee),
			Ports:   t.Expanded(e.Ports),
			AnyPort: e.AnyPort,
			Reason:  Reason{Cause: Declared, Why: e.Connection.Why, Path: e.Path},
		})
	}
	p.allowDNS()
	p.openUnenforced()
	return p.plan
}

type planner struct {
	t    *topology.Topology
	plan *Plan
}

// isolate lists who is isolated: every pod of each namespace that holds a
// service or group, and each service in the directions that it enforces.
//
// A service states its own isolation even where its namespace does: should
// anything remove the policy of the namespace, the service stays closed.
func (p *planner) isolate() {
	if p.t.Output.DefaultDeny == "namespace" {
		namespaces := map[string]bool{}
		for _, s := range p.t.Services {
			namespaces[s.Namespace] = true
		}
		for _, g := range p.t.Groups {
			namespaces[g.Namespace] = true
		}
		for _, ns := range slices.Sorted(maps.Keys(namespaces)) {
			p.plan.Isolations = append(p.plan.Isolations, Isolation{Namespace: ns, Directions: p.t.Enforce})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.t.Services)) {
		s := p.t.Services[name]
		if s.HostNetwork || !s.Enforce.Ingress && !s.Enforce.Egress {
			continue
		}
		p.plan.Isolations = append(p.plan.Isolations, Isolation{
			Namespace: s.Namespace, Service: name, Selector: s.Selector, Directions: *s.Enforce,
		})
	}
}

// namespaceIsolates reports whether every pod of the namespaces of the
// topology is isolated in a direction.
func (p *planner) namespaceIsolates(d Direction) bool {
	return p.t.Output.DefaultDeny == "namespace" && has(p.t.Enforce, d)
}

func has(ds topology.Directions, d Direction) bool {
	if d == Ingress {
		return ds.Ingress
	}
	return ds.Egress
}

// allow adds a flow and the halves that it needs.
func (p *planner) allow(a *Allow) {
	p.plan.Allows = append(p.plan.Allows, a)
	p.write(a, Egress, a.Src)
	p.write(a, Ingress, a.Dst)
}

// write adds the half of a that is written at an end, where there is one.
//
// A policy isolates the pods that it selects. A group's own policy may
// therefore be written only where all these pods are isolated anyhow; else each
// member that is isolated carries the half itself.
func (p *planner) write(a *Allow, d Direction, end *Endpoint) {
	switch {
	case !end.isolable:
	case end.Kind == Service:
		if has(*p.t.Services[end.Name].Enforce, d) {
			p.plan.Halves = append(p.plan.Halves, Half{end, d, a})
		}
	case p.namespaceIsolates(d):
		p.plan.Halves = append(p.plan.Halves, Half{end, d, a})
	default:
		for _, member := range p.t.Groups[end.Name].Members {
			if has(*p.t.Services[member].Enforce, d) {
				subject := p.endpoint(topology.Ref{Kind: topology.KindService, Name: member})
				p.plan.Halves = append(p.plan.Halves, Half{subject, d, a})
			}
		}
	}
}

// allowDNS lets services and groups resolve names where they are meant to.
func (p *planner) allowDNS() {
	resolver, ports := resolverOf(p.t.Cluster)
	reason := Reason{Cause: ImpliedDNS, Why: "DNS profile " + p.t.Cluster.DNS}
	add := func(ref topology.Ref) {
		if src := p.endpoint(ref); src.isolable {
			p.allow(&Allow{Src: src, Dst: resolver, Ports: ports, Reason: reason})
			for _, own := range p.t.OwnDNS {
				// The DNS may ask its other replicas.
				dst := p.endpoint(topology.Ref{Kind: topology.KindService, Name: own})
				p.allow(&Allow{Src: src, Dst: dst, Ports: ports, Reason: reason})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.t.Services)) {
		if p.t.Services[name].DNS {
			add(topology.Ref{Kind: topology.KindService, Name: name})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.t.Groups)) {
		if p.t.Groups[name].DNS {
			add(topology.Ref{Kind: topology.KindGroup, Name: name})
		}
	}
}

// openUnenforced opens a direction that a service does not enforce but its
// namespace does: policies are a union, so only a rule that allows everything
// leaves such a service as it was.
func (p *planner) openUnenforced() {
	anything := &Endpoint{Kind: Anything, Name: "anything", Anywhere: true}
	for _, name := range slices.Sorted(maps.Keys(p.t.Services)) {
		s := p.t.Services[name]
		self := p.endpoint(topology.Ref{Kind: topology.KindService, Name: name})
		if !self.isolable {
			continue
		}
		reason := Reason{Cause: NotEnforced, Why: "enforce leaves it open", Path: []string{"services", name, "enforce"}}
		for _, d := range []Direction{Ingress, Egress} {
			if !p.namespaceIsolates(d) || has(*s.Enforce, d) {
				continue
			}
			a := &Allow{Src: self, Dst: anything, AnyPort: true, Reason: reason}
			if d == Ingress {
				a.Src, a.Dst = anything, self
			}
			p.plan.Allows = append(p.plan.Allows, a)
			p.plan.Halves = append(p.plan.Halves, Half{self, d, a})
		}
	}
}
