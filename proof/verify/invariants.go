package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
)

// Broken is an invariant that does not hold.
type Broken struct {
	Invariant string
	Message   string   // with the path that breaks it
	Path      []string // the ends of that path, none where a path is missing
}

// Invariants holds the invariants of the topology against what the policies
// let through, and returns those that are broken, sorted by name. It says what
// the policies do, declared or not.
func (p *Proof) Invariants() []Broken {
	g := &graph{Proof: p, reach: map[connectivity.Direction]map[int]connectivity.Reach{
		connectivity.Egress: {}, connectivity.Ingress: {},
	}}
	var out []Broken
	for _, name := range slices.Sorted(maps.Keys(p.t.Invariants)) {
		inv := p.t.Invariants[name]
		var bad *Broken
		switch {
		case inv.Deny != nil:
			bad = g.deny(inv.Deny)
		case inv.Only != nil:
			bad = g.only(inv.Only)
		case inv.Require != nil:
			bad = g.require(inv.Require)
		}
		if bad != nil {
			bad.Invariant = name
			out = append(out, *bad)
		}
	}
	return out
}

// graph is what the policies let through, worked out as it is asked for.
type graph struct {
	*Proof
	reach map[connectivity.Direction]map[int]connectivity.Reach
}

// passes returns the ports on which end i may open connections to end j.
func (g *graph) passes(i, j int) connectivity.Ports {
	out := connectivity.AllPorts
	if g.ours(i) {
		out = out.And(g.of(connectivity.Egress, i).On(j, g.u.list[j]))
	}
	if len(out) > 0 && g.ours(j) {
		out = out.And(g.of(connectivity.Ingress, j).On(i, g.u.list[i]))
	}
	return out
}

func (g *graph) ours(i int) bool {
	pod := g.u.list[i].Pod
	return pod != nil && g.u.managed[pod.Namespace]
}

func (g *graph) of(d connectivity.Direction, i int) connectivity.Reach {
	r, ok := g.reach[d][i]
	if !ok {
		r = g.set.Reach(d, g.u.list[i].Pod, g.u.ends)
		g.reach[d][i] = r
	}
	return r
}

// ends returns the ends that a name of the topology stands for.
func (g *graph) ends(name string) []int {
	if e, ok := g.plan.Endpoints[name]; ok {
		if e.Anywhere {
			return g.everybody()
		}
		return g.want.in(e)
	}
	return nil // switched off in this environment
}

func (g *graph) everybody() []int {
	out := make([]int, len(g.u.list))
	for i := range out {
		out[i] = i
	}
	return out
}

// ports returns the named ports of a callee, every port where none is named.
func (g *graph) ports(callee string, names map[string]bool) connectivity.Ports {
	if len(names) == 0 {
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
			out = out.Or(connectivity.PortsOf(rangeOf(p)))
		}
	}
	return out
}

// deny finds the shortest path of at most so many connections. Only services
// pass on what they are asked: what is not ours is at most an end of a path.
func (g *graph) deny(inv *topology.Deny) *Broken {
	ports := g.ports(inv.To, inv.Ports)
	targets := map[int]bool{}
	for _, j := range g.ends(inv.To) {
		targets[j] = true
	}
	limit := int(inv.Hops)
	if inv.Hops == topology.AnyHops {
		limit = len(g.u.list)
	}
	before := map[int]int{} // the end that each was reached from
	frontier := g.ends(inv.From)
	for _, i := range frontier {
		before[i] = -1
	}
	for hop := 1; hop <= limit && len(frontier) > 0; hop++ {
		var next []int
		for _, i := range frontier {
			for j := range targets {
				if i != j && len(g.passes(i, j).And(ports)) > 0 {
					path := g.path(before, i, j)
					return &Broken{Message: strings.Join(path, " → "), Path: path}
				}
			}
			if hop == limit {
				continue
			}
			for _, ends := range g.u.services {
				for _, j := range ends {
					if _, seen := before[j]; !seen && len(g.passes(i, j)) > 0 {
						before[j] = i
						next = append(next, j)
					}
				}
			}
		}
		slices.Sort(next)
		frontier = next
	}
	return nil
}

// path returns the names of the ends that lead to i, and then j.
func (g *graph) path(before map[int]int, i, j int) []string {
	out := []string{g.u.names[j]}
	for ; i >= 0; i = before[i] {
		out = append(out, g.u.names[i])
	}
	slices.Reverse(out)
	return out
}

// only finds somebody who is not listed and reaches it.
func (g *graph) only(inv *topology.Only) *Broken {
	ports := g.ports(inv.To, inv.Ports)
	listed := map[int]bool{}
	for _, from := range inv.From {
		for _, i := range g.ends(from) {
			listed[i] = true
		}
	}
	for _, j := range g.ends(inv.To) {
		listed[j] = true // a pod and its replicas are one service
	}
	for _, j := range g.ends(inv.To) {
		for i := range g.u.list {
			if open := g.passes(i, j).And(ports); !listed[i] && len(open) > 0 {
				path := []string{g.u.names[i], g.u.names[j]}
				return &Broken{Message: fmt.Sprintf("%s reaches %s on %s", path[0], path[1], open), Path: path}
			}
		}
	}
	return nil
}

// require finds a listed port that does not pass; where none is listed, one of
// those that the callee declares has to.
func (g *graph) require(inv *topology.Require) *Broken {
	from, to := g.ends(inv.From), g.ends(inv.To)
	open := connectivity.Ports{}
	for _, i := range from {
		for _, j := range to {
			if i != j {
				open = open.Or(g.passes(i, j))
			}
		}
	}
	wanted := g.ports(inv.To, inv.Ports)
	missing := wanted.Without(open)
	if len(inv.Ports) == 0 && len(open) > 0 || len(inv.Ports) > 0 && len(missing) == 0 {
		return nil
	}
	if len(inv.Ports) == 0 {
		return &Broken{Message: fmt.Sprintf("%s does not reach %s", inv.From, inv.To)}
	}
	return &Broken{Message: fmt.Sprintf("%s does not reach %s on %s", inv.From, inv.To, missing)}
}
