package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// relays returns the ends that pass on what they are asked: our services, those
// on the host network by the addresses of their nodes. What is not ours is at
// most an end of a path.
func (g *graph) relays() []int {
	var out []int
	for _, name := range slices.Sorted(maps.Keys(g.t.Services)) {
		if !g.t.Services[name].HostNetwork {
			out = append(out, g.u.declared("services", name)...)
			continue
		}
		for _, i := range g.ends(name) {
			if !slices.Contains(out, i) {
				g.onNode[i] = name
				out = append(out, i)
			}
		}
	}
	return out
}

// walked is a search for a path: the end that each was reached from, -1 for those
// where it began.
type walked struct {
	before map[int]int
	// byNode is the last connection of the first path of which nobody can say that
	// there is none: from a pod on the host network to one of ours.
	byNode []int
}

// deny finds the shortest path of at most so many connections.
func (g *graph) deny(inv *topology.Deny) *Broken {
	ports := g.ports(inv.To, inv.Ports)
	targets := g.ends(inv.To)
	limit := int(inv.Hops)
	if inv.Hops == topology.AnyHops {
		limit = len(g.u.List)
	}
	var relays []int
	if limit > 1 {
		relays = g.relays()
	}
	w := &walked{before: map[int]int{}}
	frontier := g.ends(inv.From)
	for _, i := range frontier {
		w.before[i] = -1
	}
	for hop := 1; hop <= limit && len(frontier) > 0; hop++ {
		for _, i := range frontier {
			if j, open := g.arrives(w, hop, i, targets, ports); len(open) > 0 {
				return g.found(w.before, i, j, open)
			}
		}
		if hop == limit {
			break
		}
		var next []int
		for _, i := range frontier {
			for _, j := range relays {
				if _, seen := w.before[j]; !seen && len(g.passes(i, j)) > 0 {
					w.before[j] = i
					next = append(next, j)
				}
			}
		}
		slices.Sort(next)
		frontier = next
	}
	if w.byNode != nil {
		return g.pastPolicies(w.before, w.byNode[0], w.byNode[1])
	}
	return nil
}

// arrives returns the first target that an end reaches, and on which of the
// ports.
func (g *graph) arrives(w *walked, hop, i int, targets []int, ports connectivity.Ports) (int, connectivity.Ports) {
	for _, j := range targets {
		switch {
		case hop == 1 && !g.ours(i) && !g.ours(j):
			continue // what passes between others is not ours to stop
		case i == j && g.u.List[i].Pod == nil:
			continue // a pod stands for its replicas, an address for itself
		}
		if open := g.passes(i, j).And(ports); len(open) > 0 {
			return j, open
		}
		// An end that a path began at is not on the host network: it could not be
		// decided, whoever it reached.
		if w.byNode == nil && g.onNode[i] != "" && w.before[i] >= 0 && g.ours(j) {
			w.byNode = []int{i, j}
		}
	}
	return 0, nil
}

// pastPolicies says that nobody can say of a path whether it is there: it is by
// way of a pod on the host network, and the node of a pod always reaches it.
func (g *graph) pastPolicies(before map[int]int, i, j int) *Broken {
	host := g.onNode[i]
	return &Broken{
		Undecidable: true,
		Message: fmt.Sprintf("%s may be a path: %s is on the host network, and a pod is always reached from the node that it runs on",
			strings.Join(g.path(before, i, j), " → "), host),
		advice: fmt.Sprintf("take %s off the host network, or close what leads to it", host),
	}
}

// path names the ends of the path that leads to i and then to j.
func (g *graph) path(before map[int]int, i, j int) []string {
	var out []string
	for n, end := range endsOf(before, i, j) {
		name := g.u.called(end)
		if host := g.onNode[end]; n > 0 && end != j && host != "" {
			name = fmt.Sprintf("%s (host network, %s)", host, name)
		}
		out = append(out, name)
	}
	return out
}

// endsOf returns the ends of that path.
func endsOf(before map[int]int, i, j int) []int {
	ends := []int{j}
	for ; i >= 0; i = before[i] {
		ends = append(ends, i)
	}
	slices.Reverse(ends)
	return ends
}

// found words the path that leads to i, and then to j on some ports.
func (g *graph) found(before map[int]int, i, j int, open connectivity.Ports) *Broken {
	ends := endsOf(before, i, j)
	out := &Broken{Path: g.path(before, i, j)}
	for n := range ends[1:] {
		ports := open
		if n+2 < len(ends) {
			ports = g.passes(ends[n], ends[n+1])
		}
		out.steps = append(out.steps, step{out.Path[n], out.Path[n+1], g.declared(ends[n], ends[n+1], ports)})
	}
	out.Message = fmt.Sprintf("%s on %s", strings.Join(out.Path, " → "), open)
	return out
}

// declared returns where connections from one end to another are declared.
func (g *graph) declared(i, j int, ports connectivity.Ports) [][]string {
	var out [][]string
	for _, a := range g.plan.Allows {
		if a.Reason.Path != nil && len(witness.PortsOf(a).And(ports)) > 0 && g.within(a.Src, i) && g.within(a.Dst, j) {
			out = append(out, a.Reason.Path)
		}
	}
	return out
}

// only finds somebody who is not listed and reaches it, where one of both is
// ours: whom others reach is not ours to stop.
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
		for i := range g.u.List {
			if listed[i] || !g.ours(i) && !g.ours(j) {
				continue
			}
			if open := g.passes(i, j).And(ports); len(open) > 0 {
				out := g.found(map[int]int{i: -1}, i, j, open)
				out.Message = fmt.Sprintf("%s reaches %s on %s", out.Path[0], out.Path[1], open)
				return out
			}
		}
	}
	return g.besides(inv, listed)
}

// besides says of whom nobody can say whether they reach it: a service on the
// host network that is not among those that are listed, by its node. What is not
// ours it reaches past all policies, and of ours whoever is on the same node.
func (g *graph) besides(inv *topology.Only, listed map[int]bool) *Broken {
	for _, name := range slices.Sorted(maps.Keys(g.t.Services)) {
		ends := g.ends(name)
		if !g.t.Services[name].HostNetwork || len(ends) > 0 && !slices.ContainsFunc(ends, func(i int) bool { return !listed[i] }) {
			continue
		}
		why := "policies have no defined effect on what it calls"
		if slices.ContainsFunc(g.ends(inv.To), g.ours) {
			why = "a pod is always reached from the node that it runs on"
		}
		return &Broken{
			Undecidable: true, Message: fmt.Sprintf("%s may reach %s: it is on the host network, and %s", name, inv.To, why),
			advice: `if the nodes may, list a peer with is: "nodes" in from`,
		}
	}
	return nil
}
