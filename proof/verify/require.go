package verify

import (
	"fmt"
	"slices"

	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
)

// require finds two pods, or addresses, that stand for what is declared and
// between which a listed port does not pass; where none is listed, one of all
// has to. That some pod which the policies imagine would get through is no help
// to those that are there.
func (g *graph) require(inv *topology.Require) *Broken {
	from, to := g.standing(g.plan.Endpoints[inv.From]), g.standing(g.plan.Endpoints[inv.To])
	wanted := connectivity.Ports(nil)
	if named(inv.Ports) {
		wanted = g.ports(inv.To, inv.Ports)
	}
	var stopped []gap
	pairs := 0
	for _, i := range from {
		for _, j := range to {
			// A pod stands for all of its kind, so that with itself it is two replicas;
			// an address is but one.
			if i == j && g.u.List[i].Pod == nil {
				continue
			}
			pairs++
			open := g.through(i, j)
			if missing := wanted.Without(open); len(missing) > 0 || wanted == nil && len(open) == 0 {
				stopped = append(stopped, gap{i, j, missing})
			}
		}
	}
	if len(stopped) == 0 {
		return nil
	}
	a, b := inv.From, inv.To
	all := len(stopped) == pairs && !slices.ContainsFunc(stopped, func(s gap) bool { return !s.ports.Equal(stopped[0].ports) })
	if !all {
		a, b = g.which(inv.From, stopped[0].from), g.which(inv.To, stopped[0].to)
	}
	out := &Broken{Message: fmt.Sprintf("%s does not reach %s", a, b)}
	if wanted != nil {
		out.Message += fmt.Sprintf(" on %s", stopped[0].ports)
	}
	return out
}

// gap is two ends between which ports do not pass.
type gap struct {
	from, to int
	ports    connectivity.Ports // none where none is asked for
}

// through returns the ports on which end i reaches end j by all policies that
// there are, those of others included: these can stop what has to pass.
func (g *graph) through(i, j int) connectivity.Ports {
	out := connectivity.AllPorts
	if g.u.List[i].Pod != nil {
		out = out.And(g.of(connectivity.Egress, i).On(j, g.u.List[j]))
	}
	if len(out) > 0 && g.u.List[j].Pod != nil {
		out = out.And(g.of(connectivity.Ingress, j).On(i, g.u.List[i]))
	}
	return out
}

// which names an end that stands for a name of the topology.
func (g *graph) which(name string, i int) string {
	if end := g.u.called(i); end != name {
		return fmt.Sprintf("%s (%s)", name, end)
	}
	return name
}
