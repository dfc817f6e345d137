package verify

import (
	"netgen.dev/gen/plan"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// table is what each pod lets through in a direction, by the index of its end.
type table map[connectivity.Direction][]*connectivity.Reach

// declaration works out what should be let through.
type declaration struct {
	u       *universe
	set     *connectivity.Set // for its selectors; it holds no policy
	members map[*plan.Endpoint][]int
	table   table
}

// expected returns the table that a plan declares: who is isolated, and for who
// is, every declared flow at both of its ends.
func expected(u *universe, set *connectivity.Set, p *plan.Plan) *declaration {
	d := &declaration{u: u, set: set, members: map[*plan.Endpoint][]int{}, table: table{
		connectivity.Egress:  make([]*connectivity.Reach, len(u.List)),
		connectivity.Ingress: make([]*connectivity.Reach, len(u.List)),
	}}
	for _, i := range p.Isolations {
		pods := plan.Pods{Namespaces: plan.Namespaces{Name: i.Namespace}, Selector: i.Selector}
		for _, end := range d.u.Selected(d.set, pods) {
			if i.Egress {
				d.isolate(connectivity.Egress, end)
			}
			if i.Ingress {
				d.isolate(connectivity.Ingress, end)
			}
		}
	}
	for _, a := range p.Allows {
		ports := witness.PortsOf(a)
		d.allow(connectivity.Egress, a.Src, a.Dst, ports)
		d.allow(connectivity.Ingress, a.Dst, a.Src, ports)
	}
	return d
}

func (d *declaration) isolate(dir connectivity.Direction, end int) {
	if d.table[dir][end] == nil {
		d.table[dir][end] = &connectivity.Reach{Isolated: true, With: map[int]connectivity.Ports{}}
	}
}

// allow lets the isolated pods of one end of a flow do their part of it. Peers
// have no part: what they do is not ours to say.
func (d *declaration) allow(dir connectivity.Direction, subject, other *plan.Endpoint, ports connectivity.Ports) {
	if subject.Kind != plan.Service && subject.Kind != plan.Group {
		return
	}
	for _, i := range d.in(subject) {
		r := d.table[dir][i]
		switch {
		case r == nil: // not isolated in this direction
		case other.Anywhere:
			r.Any = r.Any.Or(ports)
		case witness.EveryPod(other):
			r.AnyPod = r.AnyPod.Or(ports)
		default:
			for _, j := range d.in(other) {
				r.With[j] = r.With[j].Or(ports)
			}
		}
	}
}

// in returns the ends that an endpoint is, sorted.
func (d *declaration) in(e *plan.Endpoint) []int {
	if ends, ok := d.members[e]; ok {
		return ends
	}
	out := d.u.Members(d.set, e)
	d.members[e] = out
	return out
}
