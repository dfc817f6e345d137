package verify

import (
	"fmt"
	"slices"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
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
		p.u.about()[d.Subject],
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
