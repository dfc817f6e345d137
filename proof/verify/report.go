package verify

import (
	"fmt"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
)

// Findings words the differences and broken invariants of a proof, each at the
// place of the topology that is concerned.
func (p *Proof) Findings(locate topology.Locator) diag.List {
	var list diag.List
	for _, d := range p.Differences {
		list = append(list, p.finding(d, locate))
	}
	for _, b := range p.Invariants() {
		path := []string{"invariants", b.Invariant}
		out := diag.Diagnostic{
			Code: diag.Invariant, Severity: diag.Error, Path: strings.Join(path, "."),
			Pos:     topology.Find(locate, p.t.Environment, path),
			Message: fmt.Sprintf("invariant %s is broken%s: %s", b.Invariant, p.inEnvironment(), b.Message),
		}
		if why := p.t.Invariants[b.Invariant].Why; why != "" {
			out.Hint = "it is there because: " + why
		}
		list = append(list, out)
	}
	return list
}

func (p *Proof) inEnvironment() string {
	if p.t.Environment == topology.DefaultEnvironment {
		return ""
	}
	return " in environment " + p.t.Environment
}

func (p *Proof) finding(d Difference, locate topology.Locator) diag.Diagnostic {
	path := d.Path
	if path == nil {
		for _, field := range []string{"services", "groups"} {
			if _, _, ok := locate([]string{field, d.Subject}); ok {
				path = []string{field, d.Subject}
			}
		}
	}
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
		out.Code = diag.Malformed
		out.Message = fmt.Sprintf("the API server would refuse policy %s: %s", strings.Join(d.Rules, ", "), d.Message)
		return out
	}
	if len(d.Rules) > 0 {
		out.Hint = "at fault: " + strings.Join(d.Rules, "; ")
	}
	return out
}
