package verify

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
)

// finding words a difference.
func (p *Proof) finding(d Difference, locate topology.Locator) diag.Diagnostic {
	if d.Kind == Malformed {
		return p.malformed(d, locate)
	}
	path := p.pathOf(d, locate)
	out := diag.Diagnostic{
		Severity: diag.Error, Path: strings.Join(path, "."), Pos: topology.Find(locate, p.t.Environment, path),
	}
	does, passive := "lets it call", "calls"
	if d.Direction == connectivity.Ingress {
		does, passive = "accepts", "is called by"
	}
	switch d.Kind {
	case Excess:
		out.Code = diag.Excess
		out.Message = fmt.Sprintf("the %s of %s%s %s %s on %s, which nobody declares", d.Direction, d.Subject, p.inEnvironment(), does, d.Other, p.u.PortText(d.Ports))
	case Missing:
		out.Code = diag.MissingFlow
		subject := d.Subject
		if d.foreign && p.t.Peers[subject] != nil {
			subject = "peer " + subject
		}
		out.Message = fmt.Sprintf("%s %s %s on %s%s, and its %s does not allow it", subject, passive, d.Other, p.u.PortText(d.Ports), p.inEnvironment(), d.Direction)
		if !d.foreign {
			out.Related = p.selecting(d)
		}
	case NotIsolated:
		out.Code = diag.Open
		out.Message = fmt.Sprintf("no policy isolates the %s of %s%s", d.Direction, d.Subject, p.inEnvironment())
		out.Related = p.selecting(d)
	case Isolated:
		out.Code = diag.Closed
		out.Message = fmt.Sprintf("the %s of %s is isolated%s, which nobody declares", d.Direction, d.Subject, p.inEnvironment())
	case Malformed:
	}
	switch {
	case d.foreign:
		out.Hint = "isolated by " + strings.Join(d.Rules, ", ") + ", and no rule lets it"
		out.Related = p.written(d.Rules)
	case len(d.Rules) > 0:
		out.Hint = "at fault: " + strings.Join(d.Rules, "; ")
		out.Related = p.written(d.Rules)
	}
	return out
}

// malformed words what the API server would refuse, at the policy where that is
// written somewhere.
func (p *Proof) malformed(d Difference, locate topology.Locator) diag.Diagnostic {
	out := diag.Diagnostic{
		Code: diag.Malformed, Severity: diag.Error, Pos: topology.Find(locate, p.t.Environment, nil),
		Message: fmt.Sprintf("the API server would refuse policy %s: %s", strings.Join(d.Rules, ", "), d.Message),
	}
	if policy := p.policies[d.Problem.Index]; policy.Namespace == "" && d.Problem.Field == "metadata.namespace" {
		// Whoever applies it fills one in, so nothing is refused.
		out.Message = fmt.Sprintf("policy %s has no namespace: whoever applies it decides where it goes", policy.Name)
		out.Hint = "write metadata.namespace: nothing can be proved of a policy that may be anywhere"
	}
	if p.Places == nil {
		return out
	}
	out.Pos = p.Places[d.Problem.Index]
	if d.Problem.Duplicate {
		out.Related = []diag.Related{{Pos: p.Places[d.Problem.First], Message: "the other policy"}}
	}
	return out
}

// maxWritten is how many policies at fault are shown with their place. The hint
// names all of them.
const maxWritten = 3

// written returns where the policies of rules are written.
func (p *Proof) written(rules []string) []diag.Related {
	var out []diag.Related
	for i, policy := range p.policies {
		name := policy.Namespace + "/" + policy.Name
		blamed := slices.ContainsFunc(rules, func(r string) bool { return r == name || strings.HasPrefix(r, name+", ") })
		if blamed && p.Places != nil && len(out) < maxWritten {
			out = append(out, diag.Related{Pos: p.Places[i], Message: "policy " + name})
		}
	}
	return out
}

// selecting returns where the policies are written that select the subject: in
// which a rule is missing, or which leave out a direction.
func (p *Proof) selecting(d Difference) []diag.Related {
	if p.Places == nil {
		return nil
	}
	policies := p.set.Policies(p.u.List[d.end].Pod)
	policies = slices.DeleteFunc(policies, func(policy *connectivity.Policy) bool {
		return policy.Isolates(d.Direction) != (d.Kind == Missing)
	})
	// What has rules is where one more would be: it comes before what only denies.
	slices.SortStableFunc(policies, func(a, b *connectivity.Policy) int {
		return min(1, len(b.Rules(d.Direction))) - min(1, len(a.Rules(d.Direction)))
	})
	var out []diag.Related
	for _, policy := range policies {
		i := slices.IndexFunc(p.policies, func(in *networkingv1.NetworkPolicy) bool {
			return in.Namespace == policy.Namespace && in.Name == policy.Name
		})
		message := "selected by " + policy.String()
		switch more := len(policies) - maxWritten; {
		case d.Kind == NotIsolated:
			message = fmt.Sprintf("%s selects it for %s only", policy, opposite(d.Direction))
		case len(policies) == 1:
			message += " alone"
		case len(out) == maxWritten-1 && more > 0:
			message += fmt.Sprintf(", and by %d more", more)
		}
		if out = append(out, diag.Related{Pos: p.Places[i], Message: message}); len(out) == maxWritten {
			break
		}
	}
	return out
}

func opposite(d connectivity.Direction) connectivity.Direction {
	if d == connectivity.Ingress {
		return connectivity.Egress
	}
	return connectivity.Ingress
}
