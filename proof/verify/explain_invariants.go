package verify

import (
	"maps"
	"slices"

	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// ours reports whether policies of the topology decide about an end.
func (x *explainer) ours(p *party, s standIn) bool {
	switch {
	case p.kind == string(topology.KindService), p.kind == string(topology.KindGroup), s.host != nil:
		return true
	}
	return s.end.Pod != nil && x.u.managed[s.end.Pod.Namespace]
}

// forbidding returns the invariants that a connection would break: who adds it
// should know before netgen refuses to build.
func (x *explainer) forbidding(from, to standIn, port askedPort) []Forbidding {
	var out []Forbidding
	for _, name := range slices.Sorted(maps.Keys(x.t.Invariants)) {
		inv := x.t.Invariants[name]
		if x.idle(inv) {
			continue
		}
		breaks := false
		switch {
		case inv.Deny != nil:
			breaks = x.breaksDeny(name, inv.Deny, from, to, port)
		case inv.Only != nil:
			breaks = x.is(inv.Only.To, x.dst, to) && x.among(inv.Only.To, inv.Only.Ports, port) &&
				!slices.ContainsFunc(append([]string{inv.Only.To}, inv.Only.From...), func(n string) bool { return x.is(n, x.src, from) })
		}
		if breaks {
			out = append(out, Forbidding{Invariant: name, Why: inv.Why, Pos: x.place([]string{"invariants", name})})
		}
	}
	return out
}

// is reports whether an end is what a name of the topology stands for.
func (x *explainer) is(name string, p *party, s standIn) bool {
	return p.name == name || x.plan.Endpoints[name] != nil && x.holds(x.plan.Endpoints[name], s.end)
}

// among reports whether an invariant about some ports of a callee is about a
// port that is asked for.
func (x *explainer) among(callee string, ports map[string]bool, port askedPort) bool {
	return len(x.walk().ports(callee, ports).And(connectivity.PortsOf(witness.RangeOf(port.Port)))) > 0
}

func (x *explainer) walk() *graph {
	if x.graph == nil {
		x.graph = &graph{Proof: x.Proof, onNode: map[int]string{}, reach: map[connectivity.Direction]map[int]connectivity.Reach{
			connectivity.Egress: {}, connectivity.Ingress: {},
		}}
	}
	return x.graph
}

// pathsThrough are how many connections it takes to each end from where an
// invariant begins, and from each end to where it leads.
type pathsThrough struct{ to, from map[int]int }

// breaksDeny reports whether a connection is one that must not be, or with those
// that there are makes a path that must not be.
func (x *explainer) breaksDeny(name string, inv *topology.Deny, from, to standIn, port askedPort) bool {
	first, last := x.is(inv.From, x.src, from), x.is(inv.To, x.dst, to)
	if first && last {
		return x.among(inv.To, inv.Ports, port)
	}
	limit := int(inv.Hops)
	if inv.Hops == topology.AnyHops {
		limit = len(x.u.List)
	}
	if limit < 2 {
		return false
	}
	paths := x.paths[name]
	if paths == nil {
		g := x.walk()
		ports := g.ports(inv.To, inv.Ports)
		paths = &pathsThrough{
			to: steps(g.ends(inv.From), g.relays(), limit, func(i, j, _ int) bool { return len(g.passes(i, j)) > 0 }),
			from: steps(g.ends(inv.To), g.relays(), limit, func(j, i, hops int) bool {
				if hops == 0 && g.onNode[i] != "" && g.ours(j) {
					return true // nobody can say that it does not
				}
				open := g.passes(i, j)
				if hops == 0 { // the ports are those of where it leads
					open = open.And(ports)
				}
				return len(open) > 0
			}),
		}
		if x.paths == nil {
			x.paths = map[string]*pathsThrough{}
		}
		x.paths[name] = paths
	}
	before, comes := paths.to[x.index(from)]
	after, goes := paths.from[x.index(to)]
	if first {
		before, comes = 0, true
	}
	if last {
		after, goes = 0, x.among(inv.To, inv.Ports, port)
	}
	return comes && goes && before+1+after <= limit
}

// index returns the place of an end among those of the proof, or -1.
func (x *explainer) index(s standIn) int {
	return slices.Index(x.u.List, s.end)
}

// steps returns how many connections it takes from some ends to each of the
// relays, up to a limit.
func steps(start, relays []int, limit int, connected func(i, j, hops int) bool) map[int]int {
	out := map[int]int{}
	for _, i := range start {
		out[i] = 0
	}
	frontier := start
	for hops := 0; hops+1 < limit && len(frontier) > 0; hops++ {
		var next []int
		for _, i := range frontier {
			for _, j := range relays {
				if _, seen := out[j]; !seen && connected(i, j, hops) {
					out[j] = hops + 1
					next = append(next, j)
				}
			}
		}
		frontier = next
	}
	return out
}
