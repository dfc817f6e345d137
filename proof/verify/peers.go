package verify

import (
	"slices"
	"strings"

	"netgen.dev/gen/plan"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// A stream may hold the policies of others as well, which isolate their own
// pods. That is theirs to do, and no difference by itself. It is one where it
// stops a connection that is declared, since a connection has two ends.

// comparePeers finds the declared flows that the policies stop at the end of a
// peer. Resolvers are peers here: names are resolved at somebody's pods.
func (c *comparison) comparePeers() {
	stopped := map[stop]int{}
	for _, a := range c.plan.Allows {
		c.comparePeer(stopped, a, connectivity.Egress, a.Src, a.Dst)
		c.comparePeer(stopped, a, connectivity.Ingress, a.Dst, a.Src)
	}
}

// stop is two ends, that of the peer first.
type stop struct {
	direction   connectivity.Direction
	peer, other int
}

// comparePeer compares what one end of a flow lets through, where that is a peer.
// stopped are the differences that there are already: several flows may be between
// the same ends, as those of a group and of its members.
func (c *comparison) comparePeer(stopped map[stop]int, a *plan.Allow, dir connectivity.Direction, peer, other *plan.Endpoint) {
	if peer.Kind != plan.Peer && peer.Kind != plan.Resolver || other.Kind != plan.Service && other.Kind != plan.Group {
		return
	}
	ports := witness.PortsOf(a)
	for _, i := range c.standing(peer) {
		pod := c.u.List[i].Pod
		if pod == nil || c.u.managed[pod.Namespace] || !c.set.Isolating(pod) {
			continue
		}
		got := c.set.Reach(dir, pod, c.u.Ends)
		if !got.Isolated {
			continue
		}
		others := c.standing(other)
		c.Cells += len(others)
		for _, j := range others {
			missing := ports.Without(got.On(j, c.u.List[j]))
			at, ok := stopped[stop{dir, i, j}]
			switch {
			case len(missing) == 0:
			case ok:
				d := &c.Differences[at]
				if len(d.Ports.Without(missing)) == 0 {
					d.Path = a.Reason.Path // it says more of what is stopped
				}
				d.Ports = d.Ports.Or(missing)
			default:
				stopped[stop{dir, i, j}] = len(c.Differences)
				c.Differences = append(c.Differences, Difference{
					Kind: Missing, Direction: dir, Subject: c.u.called(i), Other: c.u.called(j), Ports: missing,
					Rules: c.isolating(dir, pod), Path: a.Reason.Path, end: i, foreign: true,
				})
			}
		}
	}
}

// standing returns the ends that stand for what is declared, sorted: of a
// service its pods, of a group the services that are its members, of a peer its
// pods and every address of its ranges that is asked about. Pods that only the
// policies speak of are left out, whatever selects them: no declaration says
// that there are any.
func (p *Proof) standing(e *plan.Endpoint) []int {
	in := p.want.in(e)
	var out []int
	switch {
	case e.Anywhere:
		// Whoever is not ours: pods of namespaces that nobody has stand for those
		// of any.
		for i, end := range p.u.List {
			if end.Pod != nil && strings.HasPrefix(end.Pod.Namespace, witness.Namespace) {
				out = append(out, i)
			}
		}
		in = p.u.everybody()
	case e.Kind == plan.Group:
		for name := range p.t.Services {
			for _, i := range p.u.declared("services", name) {
				if slices.Contains(in, i) {
					out = append(out, i)
				}
			}
		}
		if len(out) == 0 {
			out = append(out, p.u.declared("groups", e.Name)...)
		}
	default:
		out = append(out, p.u.declared(string(e.Kind)+"s", e.Name)...)
	}
	for _, i := range in {
		if p.u.List[i].Pod == nil {
			out = append(out, i)
		}
	}
	if len(out) == 0 {
		return in
	}
	slices.Sort(out)
	return slices.Compact(out)
}
