package verify

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// maxSuspects is how many policies are tried as the cause of all: each is another
// proof.
const maxSuspects = 3

// ofIntruder finds one policy, not of this topology, that most differences come
// from: it is taken out and the rest proved again. One difference names its policy
// itself.
func (p *Proof) ofIntruder(own Declared, a *accidents, before map[string]bool) *Cause {
	if len(before) < 2 {
		return nil
	}
	var best *Cause
	for _, i := range p.suspects(a) {
		c := &Cause{policy: i, intruder: p.policies[i]}
		others := slices.Delete(slices.Clone(p.policies), i, i+1)
		if _, worth := c.undoing(own, others, before); worth && (best == nil || len(c.explains) > len(best.explains)) {
			best = c
		}
		if best != nil && len(best.explains) == len(before) {
			break
		}
	}
	if best == nil {
		return nil
	}
	best.Message = fmt.Sprintf("policy %s/%s, which %s made, explains %s", best.intruder.Namespace, best.intruder.Name, maker(best.intruder),
		part(len(best.explains), len(before), "difference", "differences"))
	best.Hint = "take it away, or declare what it is for"
	return best
}

// maker says who made a policy, by the labels that netgen stamps.
func maker(policy *networkingv1.NetworkPolicy) string {
	if policy.Labels[managedByLabel] == "netgen" && policy.Labels[partOfLabel] != "" {
		return "topology " + policy.Labels[partOfLabel]
	}
	return "no topology"
}

// suspects returns the policies of others that most differences blame, by their
// indexes. That policies of a peer stop something is not what one of them does:
// it is what all of them leave out.
func (p *Proof) suspects(a *accidents) []int {
	blamed := map[string]int{}
	for _, d := range p.Differences {
		if d.Kind != Excess && d.Kind != Isolated {
			continue
		}
		once := map[string]bool{}
		for _, r := range d.Rules {
			policy, _, _ := strings.Cut(r, ", ")
			if !once[policy] {
				once[policy] = true
				blamed[policy]++
			}
		}
	}
	name := func(i int) string { return p.policies[i].Namespace + "/" + p.policies[i].Name }
	var out []int
	for i, policy := range p.policies {
		ours := policy.Labels[managedByLabel] == "netgen" && policy.Labels[partOfLabel] == p.t.Name
		if a.built[i] == nil && !ours && blamed[name(i)] > 0 {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(i, j int) int { return blamed[name(j)] - blamed[name(i)] })
	return out[:min(len(out), maxSuspects)]
}
