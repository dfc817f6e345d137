package verify

import (
	"cmp"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/diag"
	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// Kind is how policies and declaration differ.
type Kind string

// The kinds of differences.
const (
	Excess      Kind = "excess"       // the policies let through what nobody declared
	Missing     Kind = "missing"      // the policies stop what is declared
	NotIsolated Kind = "not isolated" // no policy isolates what should be
	Isolated    Kind = "isolated"     // a policy isolates what nobody declared to be
	Malformed   Kind = "malformed"    // the API would refuse a policy
)

// Difference is one way in which the policies are not what is declared.
type Difference struct {
	Kind      Kind
	Direction connectivity.Direction
	Subject   string // whose egress or ingress it is
	Other     string // the other end, "anybody" for whoever is not named elsewhere
	Ports     connectivity.Ports
	Rules     []string              // the rules, or policies, at fault: namespace/policy, ingress[0]
	Path      []string              // of the declaration concerned, below topology
	Message   string                // of what is malformed
	Problem   *connectivity.Problem // what is malformed

	end     int  // the subject, by its index
	foreign bool // the subject stands for a peer, whose policies are not ours
}

// Proof is what was compared.
type Proof struct {
	Services    int
	Policies    int
	Flows       int // declared and implied
	Cells       int // pairs of ends in a direction, each for every port of every protocol
	Differences []Difference

	// Places are where the policies are written, in the order in which they were
	// given; none where that is no file of the user's.
	Places []diag.Pos

	policies []*networkingv1.NetworkPolicy

	u    *universe
	set  *connectivity.Set
	t    *topology.Topology
	plan *plan.Plan
	want *declaration
}

// Prove compares the policies of an environment with what its plan declares.
// All policies of the namespaces count, whoever wrote them.
func Prove(t *topology.Topology, p *plan.Plan, policies []*networkingv1.NetworkPolicy) *Proof {
	out, problems := prepare(t, p, policies)
	for _, bad := range problems {
		if bad.Duplicate && policies[bad.Index].Namespace == "" {
			continue // where they go is not said, so neither is whether it is one place
		}
		out.Differences = append(out.Differences, Difference{
			Kind: Malformed, Rules: []string{bad.Policy}, Message: bad.Field + ": " + bad.Message, Problem: &bad,
		})
	}
	c := &comparison{Proof: out}
	for i, end := range out.u.List {
		if end.Pod != nil && out.u.managed[end.Pod.Namespace] {
			c.compare(i, connectivity.Egress)
			c.compare(i, connectivity.Ingress)
		}
	}
	c.comparePeers()
	out.Differences = folded(out.Differences)
	return out
}

// Invariants returns the invariants that policies break, and compares nothing
// else.
func Invariants(t *topology.Topology, p *plan.Plan, policies []*networkingv1.NetworkPolicy) []Broken {
	out, _ := prepare(t, p, policies)
	return out.Invariants()
}

// prepare makes what a proof is asked from: the ends, the policies, and what is
// declared.
func prepare(t *topology.Topology, p *plan.Plan, policies []*networkingv1.NetworkPolicy) (*Proof, []connectivity.Problem) {
	u := newUniverse(t, p, policies)
	set, problems := connectivity.New(policies, u.Namespaces())
	return &Proof{
		Services: len(t.Services), Policies: len(policies), Flows: len(p.Allows),
		policies: policies, u: u, set: set, t: t, plan: p, want: expected(u, set, p),
	}, problems
}

// comparison holds the policies against the declaration.
type comparison struct{ *Proof }

// compare compares what one pod lets through in one direction.
func (c *comparison) compare(i int, dir connectivity.Direction) {
	c.Cells += len(c.u.List)
	pod := c.u.List[i].Pod
	got, want := c.set.Reach(dir, pod, c.u.Ends), c.want.table[dir][i]
	switch {
	case want == nil && !got.Isolated:
		return
	case want == nil:
		c.Differences = append(c.Differences, Difference{Kind: Isolated, Direction: dir, Subject: c.u.called(i), end: i, Rules: c.isolating(dir, pod)})
		return
	case !got.Isolated:
		c.Differences = append(c.Differences, Difference{Kind: NotIsolated, Direction: dir, Subject: c.u.called(i), end: i})
		return
	}
	named := map[int]bool{}
	for j := range got.With {
		named[j] = true
	}
	for j := range want.With {
		named[j] = true
	}
	// An end stands for all pods of its kind: with itself, for two of these. (What
	// one pod may do to itself is undefined, and no question here.)
	for j := range named {
		c.difference(dir, i, j, got.On(j, c.u.List[j]), want.On(j, c.u.List[j]))
	}
	// All ends that neither names are alike.
	c.difference(dir, i, connectivity.AnyEnd, got.Any, want.Any)
	if !got.AnyPod.Equal(want.AnyPod) {
		c.difference(dir, i, connectivity.AnyPodEnd, got.Any.Or(got.AnyPod), want.Any.Or(want.AnyPod))
	}
}

func (c *comparison) difference(dir connectivity.Direction, i, j int, got, want connectivity.Ports) {
	if got.Equal(want) {
		return
	}
	d := Difference{Direction: dir, Subject: c.u.called(i), Other: "anybody", end: i}
	switch {
	case j >= 0:
		d.Other = c.u.called(j)
	case j == connectivity.AnyPodEnd:
		d.Other = "every pod of the cluster"
	}
	if excess := got.Without(want); len(excess) > 0 {
		d := d
		d.Kind, d.Ports, d.Rules = Excess, excess, c.allowing(dir, i, j, excess)
		c.Differences = append(c.Differences, d)
	}
	if missing := want.Without(got); len(missing) > 0 {
		d.Kind, d.Ports, d.Path = Missing, missing, c.declaring(dir, i, j, missing)
		c.Differences = append(c.Differences, d)
	}
}

// allowing names the rules that let through what nobody declared.
func (c *comparison) allowing(dir connectivity.Direction, i, j int, ports connectivity.Ports) []string {
	var out []string
	for _, p := range c.set.Policies(c.u.List[i].Pod) {
		for _, r := range p.Rules(dir) {
			if c.set.Allows(r, c.u.List[i], c.u.Ends, j, ports) {
				out = append(out, r.String())
			}
		}
	}
	return out
}

func (c *comparison) isolating(dir connectivity.Direction, pod *connectivity.Pod) []string {
	var out []string
	for _, p := range c.set.Policies(pod) {
		if p.Isolates(dir) {
			out = append(out, p.String())
		}
	}
	return out
}

// declaring returns where a flow that is missing is declared.
func (c *comparison) declaring(dir connectivity.Direction, i, j int, ports connectivity.Ports) []string {
	for _, a := range c.plan.Allows {
		subject, other := a.Src, a.Dst
		if dir == connectivity.Ingress {
			subject, other = a.Dst, a.Src
		}
		if a.Reason.Path == nil || len(witness.PortsOf(a).And(ports)) == 0 || !slices.Contains(c.want.in(subject), i) {
			continue
		}
		pod := j == connectivity.AnyPodEnd || j >= 0 && c.u.List[j].Pod != nil
		if other.Anywhere || pod && witness.EveryPod(other) || j >= 0 && c.within(other, j) {
			return a.Reason.Path
		}
	}
	return nil
}

// folded returns differences sorted, those that say the same once: several
// pods may stand for one service. What is malformed is so in one policy each.
func folded(in []Difference) []Difference {
	slices.SortFunc(in, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Direction, b.Direction),
			cmp.Compare(a.Other, b.Other), cmp.Compare(a.Ports.String(), b.Ports.String()), cmp.Compare(a.Message, b.Message),
			cmp.Compare(strings.Join(a.Rules, " "), strings.Join(b.Rules, " ")), cmp.Compare(a.policy(), b.policy()), cmp.Compare(a.end, b.end))
	})
	return slices.CompactFunc(in, func(a, b Difference) bool {
		return a.Kind == b.Kind && a.Direction == b.Direction && a.Subject == b.Subject && a.Other == b.Other &&
			a.Ports.Equal(b.Ports) && a.Message == b.Message && a.policy() == b.policy()
	})
}

// policy returns the index of the policy that is malformed, -1 for none.
func (d Difference) policy() int {
	if d.Problem == nil {
		return -1
	}
	return d.Problem.Index
}
