// Package diff compares what two sets of policies let through, and says in the
// words of their topologies what opened and what closed.
//
// It compares tables: for each pod and direction, what the old policies let
// through and what the new ones do, over the ends that either side declares or
// names and the witnesses beside them. Every cell in which the two differ ends
// in a row, and a row in which any cell opened is widened. The declarations only
// word what the tables say, so that no change can hide behind them.
package diff

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// Side is one environment before or after: its policies, and the declaration
// that they were made from where there is one.
type Side struct {
	Model    *topology.Topology // nil, with Plan, where only policies are known
	Plan     *plan.Plan
	Locate   topology.Locator
	Policies []*networkingv1.NetworkPolicy
	// Unread are policies of kinds that the proof cannot read, by what names
	// them, with what identifies their contents.
	Unread map[string]string
}

// The sides of a comparison, as indexes.
const (
	before = 0
	after  = 1
)

// Compare returns what changed from one side to the other, most dangerous first.
func Compare(old, new Side) []Change {
	c := newComparison(old, new)
	c.tables()
	c.parties()
	c.connections()
	c.remaining()
	c.isolations()
	c.declarations()
	c.invariants()
	c.undecided()
	return sorted(c.folded())
}

// comparison holds the tables of both sides against each other.
type comparison struct {
	sides [2]Side
	u     *witness.Universe
	sets  [2]*connectivity.Set
	bad   [2][]connectivity.Problem

	deltas  map[connectivity.Direction]map[int]*delta
	members [2]map[*plan.Endpoint][]int
	flows   [2]map[pair]*flow
	names   map[string]string // of renamed parties: the new by the old
	parted  map[string]*redefinition
	rows    map[pair]*row
	pods    [2]map[int]string            // what names pods; see partyOf
	blocks  map[string]string            // what names ranges; see ranges
	edges   [2]map[string]*topology.Edge // by path
	byName  [2]map[string][]*networkingv1.NetworkPolicy
	changes []Change
}

// delta is how a direction of a pod changed.
type delta struct {
	lost, gained bool          // isolation
	with         map[int]*cell // by the index of the end, or AnyEnd, AnyPodEnd
}

// cell is the ports that opened and closed with one end.
type cell struct{ opened, closed connectivity.Ports }

func newComparison(old, new Side) *comparison {
	c := &comparison{
		sides: [2]Side{old, new}, names: map[string]string{}, parted: map[string]*redefinition{}, rows: map[pair]*row{},
		deltas: map[connectivity.Direction]map[int]*delta{connectivity.Egress: {}, connectivity.Ingress: {}},
	}
	var sides []witness.Side
	for _, s := range c.sides {
		sides = append(sides, witness.Side{Topology: s.Model, Plan: s.Plan, Policies: s.Policies})
	}
	c.u = witness.New(sides...)
	for i, s := range c.sides {
		c.sets[i], c.bad[i] = connectivity.New(s.Policies, c.u.Namespaces())
		c.members[i], c.flows[i] = map[*plan.Endpoint][]int{}, map[pair]*flow{}
	}
	return c
}

// tables works out in which cells the two sides differ.
func (c *comparison) tables() {
	same := c.same()
	for i, end := range c.u.List {
		if end.Pod == nil {
			continue
		}
		old, new := c.sets[before].Policies(end.Pod), c.sets[after].Policies(end.Pod)
		if slices.EqualFunc(old, new, func(a, b *connectivity.Policy) bool { return a.String() == b.String() && same[a.String()] }) {
			continue // the same policies let the same through
		}
		for _, dir := range []connectivity.Direction{connectivity.Egress, connectivity.Ingress} {
			if d := c.delta(dir, end.Pod); d != nil {
				c.deltas[dir][i] = d
			}
		}
	}
}

// same returns the policies that both sides have, word for word.
func (c *comparison) same() map[string]bool {
	type key struct{ namespace, name string }
	old, out := map[key]*networkingv1.NetworkPolicy{}, map[string]bool{}
	twice := map[string]bool{} // one of the two policies of a name is in effect, and nobody can say which
	for _, p := range c.sides[before].Policies {
		k := key{p.Namespace, p.Name}
		twice[p.Namespace+"/"+p.Name] = old[k] != nil
		old[k] = p
	}
	seen := map[key]bool{}
	for _, p := range c.sides[after].Policies {
		k := key{p.Namespace, p.Name}
		name := p.Namespace + "/" + p.Name
		out[name] = !seen[k] && !twice[name] && old[k] != nil && reflect.DeepEqual(old[k].Spec, p.Spec)
		seen[k] = true
	}
	return out
}

// delta returns how a direction of a pod changed, nil where it did not.
func (c *comparison) delta(dir connectivity.Direction, pod *connectivity.Pod) *delta {
	old, new := c.reach(before, dir, pod), c.reach(after, dir, pod)
	switch {
	case !old.Isolated && !new.Isolated:
		return nil
	case !new.Isolated:
		return &delta{lost: true}
	case !old.Isolated:
		return &delta{gained: true}
	}
	d := &delta{with: map[int]*cell{}}
	anybody := d.add(connectivity.AnyEnd, old.Any, new.Any, cell{})
	anyPod := d.add(connectivity.AnyPodEnd, old.Any.Or(old.AnyPod), new.Any.Or(new.AnyPod), anybody)
	ends := map[int]bool{}
	for j := range old.With {
		ends[j] = true
	}
	for j := range new.With {
		ends[j] = true
	}
	for j := range ends {
		said := anybody
		if c.u.List[j].Pod != nil {
			said = cell{anybody.opened.Or(anyPod.opened), anybody.closed.Or(anyPod.closed)}
		}
		d.add(j, old.On(j, c.u.List[j]), new.On(j, c.u.List[j]), said)
	}
	if len(d.with) == 0 {
		return nil
	}
	return d
}

// add adds the cell of an end, but for what is said of wider ends already.
func (d *delta) add(end int, old, new connectivity.Ports, said cell) cell {
	out := cell{new.Without(old).Without(said.opened), old.Without(new).Without(said.closed)}
	if len(out.opened) > 0 || len(out.closed) > 0 {
		d.with[end] = &out
	}
	return cell{new.Without(old), old.Without(new)}
}

// reach returns what a side lets through. Pods that may do anything with anybody
// are not isolated, whatever says so: a rule that allows everything is how a
// service is left open in a namespace that is not.
func (c *comparison) reach(side int, dir connectivity.Direction, pod *connectivity.Pod) connectivity.Reach {
	r := c.sets[side].Reach(dir, pod, c.u.Ends)
	r.Isolated = r.Isolated && !r.Any.Equal(connectivity.AllPorts)
	return r
}

// allowing returns the rules of a side that let ports of a cell through.
func (c *comparison) allowing(side int, dir connectivity.Direction, i, j int, ports connectivity.Ports) []*connectivity.Rule {
	var out []*connectivity.Rule
	for _, p := range c.sets[side].Policies(c.u.List[i].Pod) {
		for _, r := range p.Rules(dir) {
			if c.sets[side].Allows(r, c.u.List[i], c.u.Ends, j, ports) {
				out = append(out, r)
			}
		}
	}
	return out
}

// portNote says what a number stands for, where it stands for a name.
func (c *comparison) portNote(ports connectivity.Ports) string {
	var notes []string
	for _, r := range ports {
		if name, ok := c.u.Named[r]; ok {
			notes = append(notes, fmt.Sprintf("%s stands for the port named %q", r, name))
		}
	}
	return strings.Join(notes, "; ")
}
