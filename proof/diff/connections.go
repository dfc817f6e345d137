package diff

import (
	"maps"
	"slices"

	"netgen.dev/gen/plan"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// resolverName is what rows call the DNS of the cluster. No party can have it:
// names hold no spaces.
const resolverName = "cluster DNS"

func nameOf(e *plan.Endpoint) string {
	if e.Kind == plan.Resolver {
		return resolverName
	}
	return e.Name
}

// row is a connection with cells that changed.
type row struct {
	ends     [2]End // where it is between ends that nobody declares
	declared bool
	cells    map[connectivity.Direction]*cell
	rules    map[string]bool
}

func (c *comparison) row(k pair) *row {
	r := c.rows[k]
	if r == nil {
		r = &row{rules: map[string]bool{}, cells: map[connectivity.Direction]*cell{}}
		for _, dir := range []connectivity.Direction{connectivity.Egress, connectivity.Ingress} {
			r.cells[dir] = &cell{}
		}
		c.rows[k] = r
	}
	return r
}

// part returns the ports of a cell that opened, seen from the new side, or that
// closed, seen from the old one.
func (x *cell) part(side int) *connectivity.Ports {
	if side == after {
		return &x.opened
	}
	return &x.closed
}

// connections finds the declared flows that cells belong to: what opened is of
// a flow that the new side declares, what closed of one that the old side did.
//
// A flow that is declared on both sides opens where one of its ends is something
// else than it was: that belongs to the end.
func (c *comparison) connections() {
	left := map[*cell]*cell{} // what no flow has claimed
	for _, deltas := range c.deltas {
		for _, d := range deltas {
			for _, x := range d.with {
				copied := *x
				left[x] = &copied
			}
		}
	}
	claim := func(side int, fresh bool) {
		for k, f := range c.flows[side] {
			var declared connectivity.Ports
			if other := c.flows[1-side][k]; other != nil {
				declared = other.ports
			}
			ports := f.ports.Without(declared)
			if !fresh {
				ports = f.ports.And(declared)
			}
			if len(ports) == 0 || !fresh && c.parted[k.source] == nil && c.parted[k.destination] == nil {
				continue
			}
			c.visit(side, f, func(dir connectivity.Direction, x *cell) {
				changed := x.part(side).And(ports)
				rest := left[x].part(side)
				if !fresh {
					changed = changed.And(*rest)
				}
				if len(changed) == 0 {
					return
				}
				*rest = rest.Without(changed)
				if fresh {
					r := c.row(k)
					r.declared = true
					p := r.cells[dir].part(side)
					*p = p.Or(changed)
					return
				}
				for _, end := range []string{k.source, k.destination} {
					if party := c.parted[end]; party != nil {
						party.opened, party.closed = party.opened || side == after, party.closed || side == before
					}
				}
			})
		}
	}
	for _, fresh := range []bool{true, false} {
		claim(before, fresh)
		claim(after, fresh)
	}
	for _, deltas := range c.deltas {
		for _, d := range deltas {
			for j, x := range d.with {
				if *x = *left[x]; len(x.opened)+len(x.closed) == 0 {
					delete(d.with, j)
				}
			}
		}
	}
}

// visit calls yield for each cell that changed and that a flow of a side is
// about.
func (c *comparison) visit(side int, f *flow, yield func(connectivity.Direction, *cell)) {
	for _, a := range f.allows {
		for dir, ends := range map[connectivity.Direction][2]*plan.Endpoint{
			connectivity.Egress: {a.Src, a.Dst}, connectivity.Ingress: {a.Dst, a.Src},
		} {
			subject, other := ends[0], ends[1]
			if subject.Kind != plan.Service && subject.Kind != plan.Group {
				continue
			}
			for _, i := range c.ends(side, subject) {
				d := c.deltas[dir][i]
				if d == nil || len(d.with) == 0 {
					continue
				}
				c.cells(side, d, other, func(x *cell) { yield(dir, x) })
			}
		}
	}
}

// cells calls yield for the cells of a delta that are with an endpoint.
func (c *comparison) cells(side int, d *delta, other *plan.Endpoint, yield func(*cell)) {
	if other.Anywhere || witness.EveryPod(other) {
		for j, x := range d.with {
			if other.Anywhere || j == connectivity.AnyPodEnd || j >= 0 && c.u.List[j].Pod != nil {
				yield(x)
			}
		}
		return
	}
	for _, j := range c.ends(side, other) {
		if x := d.with[j]; x != nil {
			yield(x)
		}
	}
}

// remaining makes rows of the cells that no declaration explains.
func (c *comparison) remaining() {
	for _, dir := range []connectivity.Direction{connectivity.Egress, connectivity.Ingress} {
		for _, i := range slices.Sorted(maps.Keys(c.deltas[dir])) {
			for _, j := range slices.Sorted(maps.Keys(c.deltas[dir][i].with)) {
				x := c.deltas[dir][i].with[j]
				for side := range c.sides {
					if ports := *x.part(side); len(ports) > 0 {
						c.undeclared(dir, side, i, j, ports)
					}
				}
			}
		}
	}
}

// undeclared adds a cell that nobody declares to a row between its ends.
func (c *comparison) undeclared(dir connectivity.Direction, side, i, j int, ports connectivity.Ports) {
	rules := c.allowing(side, dir, i, j, ports)
	subject, other := c.end(side, i, nil), c.end(side, j, rules)
	ends := [2]End{subject, other}
	if dir == connectivity.Ingress {
		ends = [2]End{other, subject}
	}
	k := pair{ends[0].key(), ends[1].key()}
	r := c.row(k)
	r.ends = ends
	p := r.cells[dir].part(side)
	*p = p.Or(ports)
	for _, rule := range rules {
		r.rules[rule.String()] = true
	}
}
