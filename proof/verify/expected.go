package verify

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
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
		connectivity.Egress:  make([]*connectivity.Reach, len(u.list)),
		connectivity.Ingress: make([]*connectivity.Reach, len(u.list)),
	}}
	for _, i := range p.Isolations {
		pods := plan.Pods{Namespaces: plan.Namespaces{Name: i.Namespace}, Selector: i.Selector}
		for _, end := range d.selected(pods) {
			if i.Egress {
				d.isolate(connectivity.Egress, end)
			}
			if i.Ingress {
				d.isolate(connectivity.Ingress, end)
			}
		}
	}
	for _, a := range p.Allows {
		ports := portsOf(a)
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
		case everyPod(other):
			r.AnyPod = r.AnyPod.Or(ports)
		default:
			for _, j := range d.in(other) {
				r.With[j] = r.With[j].Or(ports)
			}
		}
	}
}

func everyPod(e *plan.Endpoint) bool {
	return len(e.Pods) == 1 && len(e.Blocks) == 0 && e.Pods[0].Namespaces.Any && e.Pods[0].Selector.AnyPod
}

// in returns the ends that an endpoint is, sorted.
func (d *declaration) in(e *plan.Endpoint) []int {
	if ends, ok := d.members[e]; ok {
		return ends
	}
	var out []int
	for _, p := range e.Pods {
		out = append(out, d.selected(p)...)
	}
	for _, b := range e.Blocks {
		out = append(out, d.u.ends.InBlock(b.CIDR, b.Except)...)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	d.members[e] = out
	return out
}

func (d *declaration) selected(p plan.Pods) []int {
	namespaces := &metav1.LabelSelector{MatchLabels: p.Namespaces.Labels}
	if p.Namespaces.Name != "" {
		namespaces.MatchLabels = map[string]string{corev1.LabelMetadataName: p.Namespaces.Name}
	}
	return d.set.Select(d.u.ends, namespaces, labelSelector(p.Selector))
}

// portsOf returns the ports of a flow as a set.
func portsOf(a *plan.Allow) connectivity.Ports {
	if a.AnyPort {
		return connectivity.AllPorts
	}
	ranges := make([]connectivity.Range, len(a.Ports))
	for i, p := range a.Ports {
		ranges[i] = rangeOf(p)
	}
	return connectivity.PortsOf(ranges...)
}

func rangeOf(p topology.Port) connectivity.Range {
	return connectivity.Range{Protocol: connectivity.Protocol(p.Protocol), First: p.First, Last: p.Last}
}
