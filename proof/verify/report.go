package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
)

// Findings words the differences and broken invariants of a proof, each at the
// place that is concerned.
func (p *Proof) Findings(locate topology.Locator) diag.List { return Findings(locate, p) }

// Findings words the differences and broken invariants of the proofs of several
// environments of a topology: an invariant that is broken in the same way in
// many of them once.
func Findings(locate topology.Locator, proofs ...*Proof) diag.List {
	var list diag.List
	for _, p := range proofs {
		for _, d := range p.Differences {
			list = append(list, p.finding(d, locate))
		}
	}
	return append(list, broken(locate, proofs)...)
}

// inSome stands in a message for the environments that it is about until all of
// them are known. No name of a topology has it.
const inSome = "\x00"

// manyDifferences is how many differences with one cause are shown before all
// others of their kinds are only counted.
const (
	manyDifferences = 6
	shownOfEachKind = 2
)

// Brief is Findings for a person to read: differences that a cause explains, if
// there are many, are shown by a few examples of each kind. left is how many are
// not shown.
func (p *Proof) Brief(c *Cause, locate topology.Locator) (list diag.List, left int) {
	if c == nil || len(c.explains) <= manyDifferences {
		return p.Findings(locate), 0
	}
	// What is declared says more to a reader than a witness.
	declaredFirst := slices.Clone(p.Differences)
	slices.SortStableFunc(declaredFirst, func(a, b Difference) int {
		return cmp.Compare(min(1, len(p.u.declared("services", b.Subject))), min(1, len(p.u.declared("services", a.Subject))))
	})
	shown := map[Kind]int{}
	for _, d := range declaredFirst {
		if c.explains[key(d)] {
			if shown[d.Kind]++; shown[d.Kind] > shownOfEachKind {
				left++
				continue
			}
		}
		list = append(list, p.finding(d, locate))
	}
	return append(list, broken(locate, []*Proof{p})...), left
}

// broken words the broken invariants of proofs.
func broken(locate topology.Locator, proofs []*Proof) diag.List {
	var list diag.List
	var environments [][]string // that each finding is of
	same := map[string]int{}
	for _, p := range proofs {
		for _, b := range p.Invariants() {
			k := b.Invariant + "\n" + b.Message
			i, ok := same[k]
			if !ok {
				i = len(list)
				same[k] = i
				list = append(list, p.brokenInvariant(b, locate))
				environments = append(environments, nil)
			}
			for _, r := range p.stepsOf(b, locate) {
				if !slices.Contains(list[i].Related, r) {
					list[i].Related = append(list[i].Related, r)
				}
			}
			if p.t.Environment != topology.DefaultEnvironment {
				environments[i] = append(environments[i], p.t.Environment)
			}
		}
	}
	for i := range list {
		in := ""
		switch names := environments[i]; len(names) {
		case 0:
		case 1:
			in = " in environment " + names[0]
		default:
			in = " in environments " + strings.Join(names, ", ")
		}
		list[i].Message = strings.Replace(list[i].Message, inSome, in, 1)
	}
	return list
}

func (p *Proof) brokenInvariant(b Broken, locate topology.Locator) diag.Diagnostic {
	path := []string{"invariants", b.Invariant}
	out := diag.Diagnostic{
		Code: diag.Invariant, Severity: diag.Error, Path: strings.Join(path, "."),
		Pos:     topology.Find(locate, p.t.Environment, path),
		Message: fmt.Sprintf("invariant %s is broken%s: %s", b.Invariant, inSome, b.Message),
	}
	var hints []string
	if b.Undecidable {
		out.Message = fmt.Sprintf("invariant %s cannot be decided%s: %s", b.Invariant, inSome, b.Message)
		hints = append(hints, b.advice)
	}
	if why := p.t.Invariants[b.Invariant].Why; why != "" {
		hints = append(hints, "it is there because: "+why)
	}
	out.Hint = strings.Join(hints, "; ")
	return out
}

// stepsOf says where each connection of the path that breaks an invariant is
// declared. What is not declared has no place: the differences speak of it.
func (p *Proof) stepsOf(b Broken, locate topology.Locator) []diag.Related {
	var out []diag.Related
	for _, s := range b.steps {
		for _, path := range s.declared {
			if pos := topology.Find(locate, p.t.Environment, path); pos != (diag.Pos{}) {
				out = append(out, diag.Related{Pos: pos, Message: fmt.Sprintf("lets %s reach %s", s.from, s.to)})
			}
		}
	}
	return out
}

func (p *Proof) inEnvironment() string {
	if p.t.Environment == topology.DefaultEnvironment {
		return ""
	}
	return " in environment " + p.t.Environment
}

// pathOf returns where the topology speaks of what a difference is about: the
// declaration, the subject, or else the environment.
func (p *Proof) pathOf(d Difference, locate topology.Locator) []string {
	if d.Path != nil {
		return d.Path
	}
	for _, path := range [][]string{
		{"services", d.Subject},
		{"groups", d.Subject},
		{"peers", d.Subject},
		p.u.about[d.Subject],
		{"environments", p.t.Environment},
	} {
		if path == nil {
			continue
		}
		if _, _, ok := locate(path); ok {
			return path
		}
	}
	return nil
}

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
		out.Message = fmt.Sprintf("the %s of %s%s %s %s on %s, which nobody declares", d.Direction, d.Subject, p.inEnvironment(), does, d.Other, d.Ports)
	case Missing:
		out.Code = diag.MissingFlow
		out.Message = fmt.Sprintf("%s %s %s on %s%s, and its %s does not allow it", d.Subject, passive, d.Other, d.Ports, p.inEnvironment(), d.Direction)
	case NotIsolated:
		out.Code = diag.Open
		out.Message = fmt.Sprintf("no policy isolates the %s of %s%s", d.Direction, d.Subject, p.inEnvironment())
	case Isolated:
		out.Code = diag.Closed
		out.Message = fmt.Sprintf("the %s of %s is isolated%s, which nobody declares", d.Direction, d.Subject, p.inEnvironment())
	case Malformed:
	}
	if len(d.Rules) > 0 {
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
