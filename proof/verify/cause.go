package verify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/diag"
	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
)

// Declared is an environment with the policies that netgen builds for it.
type Declared struct {
	Topology *topology.Topology
	Plan     *plan.Plan
	Policies []*networkingv1.NetworkPolicy
}

// Cause is what many differences come from.
type Cause struct {
	Message string
	Hint    string
	// Aside: it is true, and not what the differences come from. It is to be said
	// after them.
	Aside bool

	explains map[string]bool             // differences, by their keys
	policy   int                         // the first that shows it, -1 where all do
	intruder *networkingv1.NetworkPolicy // the policy that it is, or nil
	stamped  []int                       // policies that say so themselves
}

// key tells differences apart.
func key(d Difference) string {
	return fmt.Sprintf("%s|%s|%s|%s|%s|%d", d.Kind, d.Direction, d.Subject, d.Other, d.Ports, d.policy())
}

// Finding words a cause. source is what the policies were read from.
func (p *Proof) Finding(c *Cause, source string) diag.Diagnostic {
	out := diag.Diagnostic{
		Code: diag.Cause, Severity: diag.Error, Pos: diag.Pos{File: source}, Message: c.Message, Hint: c.Hint,
	}
	if c.Aside {
		out.Severity = diag.Warning
	}
	if c.policy >= 0 && p.Places != nil {
		out.Pos = p.Places[c.policy]
	}
	return out
}

// Cause looks for one accident that all differences, or most of them, come from.
// An accident is not guessed from what it looks like: it is undone and the rest
// proved again, so that whatever it does not explain is seen. nil is no cause.
//
// own is the environment of the proof, others are those beside it.
func (p *Proof) Cause(own Declared, others []Declared) *Cause {
	before := p.explicable()
	if len(before) == 0 {
		return nil
	}
	if c := p.ofOther(others, before); c != nil {
		return c
	}
	a := newAccidents(p, own.Policies)
	stamp := p.stamps(own, others)
	if stamp == nil {
		return p.withoutStamp(own, a, before)
	}
	// An old stamp does no harm by itself: what is wrong may be something else.
	if _, worth := stamp.undoing(own, a.rebuilt(stamp.stamped), before); !worth {
		return p.withoutStamp(own, a, before).besides(stamp, len(before))
	}
	stamp.explains = nil // it is not known what of it is due to the stamp alone
	c, undone := p.ofAccidents(own, a, stamp, before)
	switch {
	case c != nil:
		return c
	case !undone:
		if c := p.ofIntruder(own, a, before); c != nil && len(c.explains) == len(before) {
			return c.besides(stamp, len(before))
		}
		return stamp
	}
	return nil
}

// withoutStamp is Cause for policies that say nothing of themselves.
func (p *Proof) withoutStamp(own Declared, a *accidents, before map[string]bool) *Cause {
	if c, _ := p.ofAccidents(own, a, nil, before); c != nil {
		return c
	}
	return p.ofIntruder(own, a, before)
}

// besides adds what policies say of themselves to what the differences come from:
// it is worth knowing, and building them again would change nothing.
func (c *Cause) besides(stamp *Cause, of int) *Cause {
	if c != nil {
		c.Hint += "; besides, " + stamp.Message
		return c
	}
	explains := "none of the differences"
	if n := len(stamp.explains); n > 0 {
		explains = part(n, of, "difference", "differences")
	}
	stamp.Message += ": this explains " + explains
	stamp.Aside, stamp.explains = true, nil
	stamp.Hint = "correct what else is found: to build and render them again would not be enough"
	return stamp
}

// ofAccidents undoes what has happened to the policies that netgen built. undone
// reports whether there was anything to undo.
func (p *Proof) ofAccidents(own Declared, a *accidents, stamp *Cause, before map[string]bool) (c *Cause, undone bool) {
	facts, hints := a.facts(p.t)
	if len(facts) == 0 {
		return nil, false
	}
	c = &Cause{policy: a.first}
	left, worth := c.undoing(own, a.undone(), before)
	if stamp != nil {
		if left > 0 {
			return stamp, true // it says more than what may follow from it
		}
	}
	if !worth {
		return nil, true
	}
	if len(facts) > 1 {
		facts, hints = numbered(facts), numbered(hints)
	}
	c.Message = strings.Join(facts, "; ") + ": this explains " + part(len(c.explains), len(before), "difference", "differences")
	c.Hint = strings.Join(hints, "; ")
	if stamp != nil {
		c = c.besides(stamp, len(before))
	}
	return c, true
}

// undoing notes the differences that are gone with other policies. left is how
// many there are then, and worth whether the cause is worth naming: whether it
// explains most of what there was.
func (c *Cause) undoing(own Declared, policies []*networkingv1.NetworkPolicy, before map[string]bool) (left int, worth bool) {
	after := map[string]bool{}
	for _, d := range Prove(own.Topology, own.Plan, policies).Differences {
		after[key(d)] = true
	}
	c.explains = map[string]bool{}
	for k := range before {
		if !after[k] {
			c.explains[k] = true
		}
	}
	// What is there only when it is undone speaks against it.
	uncovered := 0
	for k := range after {
		if !before[k] {
			uncovered++
		}
	}
	return len(after), 2*(len(c.explains)-uncovered) >= len(before)
}

// numbered tells several facts, or hints, apart, for each hint to be seen to be of
// one. What is said of several is said once.
func numbered(list []string) []string {
	var out []string
	for i, s := range list {
		if slices.Contains(list[:i], s) {
			continue
		}
		of := []string{strconv.Itoa(i + 1)}
		for j := i + 1; j < len(list); j++ {
			if list[j] == s {
				of = append(of, strconv.Itoa(j+1))
			}
		}
		out = append(out, "("+strings.Join(of, ", ")+") "+s)
	}
	return out
}

// explicable returns the differences that an accident to all policies may have,
// by their keys. What is malformed is so by itself.
func (p *Proof) explicable() map[string]bool {
	out := map[string]bool{}
	for _, d := range p.Differences {
		if d.Kind != Malformed {
			out[key(d)] = true
		}
	}
	return out
}

// part says how many of many.
func part(n, of int, one, many string) string {
	switch {
	case of == 1:
		return "the one " + one
	case n == of && of == 2:
		return "both " + many
	case n == of:
		return fmt.Sprintf("all %d %s", of, many)
	}
	return fmt.Sprintf("%d of %d %s", n, of, many)
}

// ofOther finds the environments that declare exactly what the policies let
// through.
func (p *Proof) ofOther(others []Declared, before map[string]bool) *Cause {
	var names []string
	for _, o := range others {
		if len(Prove(o.Topology, o.Plan, p.policies).Differences) == 0 {
			names = append(names, o.Topology.Environment)
		}
	}
	if len(names) == 0 {
		return nil
	}
	declare := "environment " + names[0] + " declares"
	if len(names) > 1 {
		declare = "environments " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + " declare"
	}
	return &Cause{
		Message: fmt.Sprintf("these policies are what %s, not %s: this explains %s",
			declare, p.t.Environment, part(len(before), len(before), "difference", "differences")),
		Hint: "prove them with --env " + names[0] + ", or render the overlay of " + p.t.Environment,
		// Nothing has to be undone to see that they are whole.
		explains: before, policy: -1,
	}
}

// The labels and the annotation that netgen stamps on what it renders.
const (
	partOfLabel      = "app.kubernetes.io/part-of"
	versionLabel     = "app.kubernetes.io/version"
	managedByLabel   = "app.kubernetes.io/managed-by"
	digestAnnotation = "netgen.dev/digest"
)

// stamps finds policies that say themselves that they are of something else:
// another topology, version or environment, or another state of this one.
func (p *Proof) stamps(own Declared, others []Declared) *Cause {
	digests := map[string]string{}
	for _, o := range others {
		digests[o.Plan.Digest()] = o.Topology.Environment
	}
	ours := 0
	var total []int
	found := map[string]int{} // what they say, and how many do
	which := map[string][]int{}
	say := func(i int, format string, args ...any) {
		s := fmt.Sprintf(format, args...)
		found[s]++
		which[s] = append(which[s], i)
	}
	for i, policy := range p.policies {
		if policy.Labels[managedByLabel] != "netgen" {
			continue
		}
		total = append(total, i)
		if policy.Labels[partOfLabel] != p.t.Name {
			continue
		}
		ours++
		version, digest := policy.Labels[versionLabel], policy.Annotations[digestAnnotation]
		switch environment := digests[digest]; {
		case version != "" && version != p.t.Version:
			say(i, "of version %s of the topology, which is %s now", version, p.t.Version)
		case digest == "" || digest == own.Plan.Digest():
		case environment != "":
			say(i, "built for environment %s, not %s, by their digest", environment, p.t.Environment)
		default:
			say(i, "by their digest not built from the topology as it is now")
		}
	}
	if ours == 0 && len(total) > 0 {
		return &Cause{
			policy: -1, stamped: total, Message: fmt.Sprintf("none of the policies that netgen has built is of topology %s", p.t.Name),
			Hint: "is it the stream of another topology?",
		}
	}
	best := ""
	for s, n := range found {
		if n > found[best] || n == found[best] && s < best {
			best = s
		}
	}
	if best == "" {
		return nil
	}
	are := " are "
	if found[best] == 1 {
		are = " is "
	}
	return &Cause{
		Message: part(found[best], ours, "policy", "policies") + are + best, policy: which[best][0], stamped: which[best],
		Hint: "build and render them again, or prove them with the topology and the environment that they are of",
	}
}

// listed lists at most a few names.
func listed(names []string) string {
	const few = 3
	slices.Sort(names)
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
