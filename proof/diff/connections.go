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
// a flow that the new side declares and the old one did not, what closed of one
// that only the old side declares.
//
// A flow that is declared on both sides opens where one of its ends is something
// else than it was: that belongs to the end. Whatever nobody claims stays in the
// tables.
func (c *comparison) connections() {
	left := map[*cell]*cell{}
	for _, deltas := range c.deltas {
		for _, d := range deltas {
			for _, x := range d.with {
				copied := *x
				left[x] = &copied
			}
		}
	}
	for side := range c.sides {
		for k, f := range c.flows[side] {
			c.claimFresh(side, k, f, left)
		}
	}
	// Several ends may be at the root of one cell, so all look at what is left now.
	for x, rest := range left {
		*x = *rest
	}
	for side := range c.sides {
		for k, f := range c.flows[side] {
			c.claimParted(side, k, f, left)
		}
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

// ports returns the ports that a side declares for a connection.
func (c *comparison) ports(side int, k pair) connectivity.Ports {
	if f := c.flows[side][k]; f != nil {
		return f.ports
	}
	return nil
}

// claimFresh makes a row of the cells of a flow that the other side does not
// declare.
func (c *comparison) claimFresh(side int, k pair, f *flow, left map[*cell]*cell) {
	ports := f.ports.Without(c.ports(1-side, k))
	if len(ports) == 0 {
		return
	}
	c.visit(side, f, func(dir connectivity.Direction, x *cell) {
		changed := x.part(side).And(ports)
		if len(changed) == 0 {
			return
		}
		rest := left[x].part(side)
		*rest = rest.Without(changed)
		r := c.row(k)
		r.declared = true
		p := r.cells[dir].part(side)
		*p = p.Or(changed)
	})
}

// claimParted gives the cells of a flow that both sides declare to its ends, as
// far as they are something else than they were.
func (c *comparison) claimParted(side int, k pair, f *flow, left map[*cell]*cell) {
	ports := f.ports.And(c.ports(1-side, k))
	if len(ports) == 0 || c.parted[k.source] == nil && c.parted[k.destination] == nil {
		return
	}
	c.visit(side, f, func(_ connectivity.Direction, x *cell) {
		changed := x.part(side).And(ports)
		if len(changed) == 0 {
			return
		}
		rest := left[x].part(side)
		*rest = rest.Without(changed)
		for _, name := range []string{k.source, k.destination} {
			if party := c.parted[name]; party != nil {
				party.opened, party.closed = party.opened || side == after, party.closed || side == before
				party.internet = party.internet || side == after && (c.internet(c.partyEnd(k.source)) || c.internet(c.partyEnd(k.destination)))
			}
		}
	})
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
	subject, other := c.selected(side, i, rules), c.end(side, j, rules)
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
