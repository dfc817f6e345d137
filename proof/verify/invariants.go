package verify

import (
	"fmt"
	"maps"
	"slices"

	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// Broken is an invariant that does not hold, or that nobody can say to hold.
type Broken struct {
	Invariant string
	Message   string   // with the path that breaks it
	Path      []string // the ends of that path, none where a path is missing

	// Undecidable: it is about pods to which policies do not apply. What cannot
	// be proved counts as broken.
	Undecidable bool

	advice string
	steps  []step
}

// step is a connection of a path, and where it is declared.
type step struct {
	from, to string
	declared [][]string // below topology
}

// Invariants holds the invariants of the topology against what the policies
// let through, and returns those that are broken or cannot be decided, sorted by
// name. It says what the policies do, declared or not. An invariant about what
// is switched off in this environment holds: there is nobody to break it.
func (p *Proof) Invariants() []Broken {
	g := &graph{Proof: p, onNode: map[int]string{}, reach: map[connectivity.Direction]map[int]connectivity.Reach{
		connectivity.Egress: {}, connectivity.Ingress: {},
	}}
	var out []Broken
	for _, name := range slices.Sorted(maps.Keys(p.t.Invariants)) {
		if bad := g.judge(p.t.Invariants[name]); bad != nil {
			bad.Invariant = name
			out = append(out, *bad)
		}
	}
	return out
}

// Idle returns the invariants that say nothing of this environment, since what
// they are about is switched off in it, sorted.
func (p *Proof) Idle() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(p.t.Invariants)) {
		if p.idle(p.t.Invariants[name]) {
			out = append(out, name)
		}
	}
	return out
}

// idle reports whether an end without which an invariant means nothing is
// switched off. Callers that `only` lists may be: it is about everybody else.
func (p *Proof) idle(inv *topology.Invariant) bool {
	var ends []string
	switch {
	case inv.Deny != nil:
		ends = []string{inv.Deny.From, inv.Deny.To}
	case inv.Only != nil:
		ends = []string{inv.Only.To}
	case inv.Require != nil:
		ends = []string{inv.Require.From, inv.Require.To}
	}
	return slices.ContainsFunc(ends, func(name string) bool { return p.plan.Endpoints[name] == nil })
}

// judge returns what is wrong with an invariant, nil for nothing.
func (g *graph) judge(inv *topology.Invariant) *Broken {
	if g.idle(inv) {
		return nil
	}
	var names []string
	var hold func() *Broken
	switch {
	case inv.Deny != nil:
		names, hold = []string{inv.Deny.From, inv.Deny.To}, func() *Broken { return g.deny(inv.Deny) }
	case inv.Only != nil:
		names, hold = append([]string{inv.Only.To}, inv.Only.From...), func() *Broken { return g.only(inv.Only) }
	case inv.Require != nil:
		names, hold = []string{inv.Require.From, inv.Require.To}, func() *Broken { return g.require(inv.Require) }
	default:
		return nil
	}
	for _, name := range names {
		if bad := g.undecidable(name); bad != nil {
			return bad
		}
	}
	if bad := g.betweenOthers(inv); bad != nil {
		return bad
	}
	return hold()
}

// undecidable says why nothing can be proved of what a name stands for. Pods on
// the host network send and receive as their node does, past all policies; and
// what stands for nobody would hold for no reason.
func (g *graph) undecidable(name string) *Broken {
	const host = ", where policies have no defined effect"
	const advice = `state it of a peer with is: "nodes", which is whatever has the address of a node`
	switch {
	case g.plan.Endpoints[name] == nil: // switched off
		return nil
	case g.t.Services[name] != nil && g.t.Services[name].HostNetwork:
		return &Broken{Undecidable: true, Message: name + " is on the host network" + host, advice: advice}
	case g.t.Groups[name] != nil && g.t.Groups[name].HostNetwork:
		return &Broken{Undecidable: true, Message: "a service of group " + name + " is on the host network" + host, advice: advice}
	case len(g.ends(name)) == 0:
		return &Broken{Undecidable: true, Message: "no pod and no address stands for " + name, advice: "say which pods or addresses " + name + " is"}
	}
	return nil
}

// betweenOthers says that nothing can be proved of a direct connection between
// two ends of which neither is ours: the policies that could stop it, or let it
// through, are not ours either.
func (g *graph) betweenOthers(inv *topology.Invariant) *Broken {
	var from, to string
	switch {
	case inv.Deny != nil && inv.Deny.Hops == 1:
		from, to = inv.Deny.From, inv.Deny.To
	case inv.Require != nil:
		from, to = inv.Require.From, inv.Require.To
	default:
		return nil
	}
	if slices.ContainsFunc(g.ends(from), g.ours) || slices.ContainsFunc(g.ends(to), g.ours) {
		return nil
	}
	out := &Broken{
		Undecidable: true, Message: fmt.Sprintf("neither %s nor %s is ours, and what passes between them is not ours to say", from, to),
		advice: "state it where they are isolated, or of a service between them",
	}
	if inv.Deny != nil {
		out.advice = `a path by way of our services can be denied: hops: "any"`
	}
	return out
}

// graph is what the policies let through, worked out as it is asked for.
type graph struct {
	*Proof
	reach  map[connectivity.Direction]map[int]connectivity.Reach
	onNode map[int]string // services on the host network, by the address of a node that stands for them
}

// passes returns the ports on which end i may open connections to end j.
func (g *graph) passes(i, j int) connectivity.Ports {
	out := connectivity.AllPorts
	if g.ours(i) {
		out = out.And(g.of(connectivity.Egress, i).On(j, g.u.List[j]))
	}
	if len(out) > 0 && g.ours(j) {
		out = out.And(g.of(connectivity.Ingress, j).On(i, g.u.List[i]))
	}
	return out
}

func (g *graph) ours(i int) bool {
	pod := g.u.List[i].Pod
	return pod != nil && g.u.managed[pod.Namespace]
}

func (g *graph) of(d connectivity.Direction, i int) connectivity.Reach {
	r, ok := g.reach[d][i]
	if !ok {
		r = g.set.Reach(d, g.u.List[i].Pod, g.u.Ends)
		g.reach[d][i] = r
	}
	return r
}

// ends returns the ends that a name of the topology stands for, sorted.
func (g *graph) ends(name string) []int {
	if e, ok := g.plan.Endpoints[name]; ok {
		if e.Anywhere {
			return g.u.everybody()
		}
		return g.want.in(e)
	}
	return nil // switched off in this environment
}

// named reports whether an invariant names ports: one that is false is taken
// back, and where all are, it is about every port, as without any.
func named(ports map[string]bool) bool {
	return slices.Contains(slices.Collect(maps.Values(ports)), true)
}

// ports returns the named ports of a callee, every port where none is named.
func (g *graph) ports(callee string, names map[string]bool) connectivity.Ports {
	if !named(names) {
		return connectivity.AllPorts
	}
	declared := map[string]topology.Port{}
	switch {
	case g.t.Services[callee] != nil:
		declared = g.t.Services[callee].Ports
	case g.t.Groups[callee] != nil:
		declared = g.t.Groups[callee].Ports
	case g.t.Peers[callee] != nil:
		declared = g.t.Peers[callee].Ports
	}
	var out connectivity.Ports
	for name, listed := range names {
		if p, ok := declared[name]; ok && listed {
			out = out.Or(connectivity.PortsOf(witness.RangeOf(p)))
		}
	}
	return out
}
