package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/proof/verify"
)

// writeAnswer shows an answer to a person.
func writeAnswer(w io.Writer, e *explained) error {
	p := &explanationPrinter{}
	for i, env := range e.Environments {
		if i > 0 {
			p.line(0, "")
		}
		// A topology without environments has one that nobody named.
		if len(e.Environments) > 1 || env.Environments[0] != "default" {
			p.line(0, "in %s:", strings.Join(env.Environments, ", "))
		}
		if env.Unknown != "" {
			p.line(0, "%s", env.Unknown)
			continue
		}
		for _, port := range env.Ports {
			for _, c := range port.Cases {
				p.verdict(e, port, c, len(port.Cases) > 1)
			}
		}
		for _, note := range env.Notes {
			p.line(0, "note: %s", note)
		}
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

// explanationPrinter collects lines.
type explanationPrinter struct{ b strings.Builder }

func (p *explanationPrinter) line(depth int, format string, args ...any) {
	p.b.WriteString(strings.Repeat("  ", depth) + diag.Clean(fmt.Sprintf(format, args...)) + "\n")
}

// verdict shows a case: the ends that it is about are named where another case
// is about others.
func (p *explanationPrinter) verdict(e *explained, port verify.PortAnswer, c verify.Case, several bool) {
	from, to := e.From, e.To
	if several {
		from, to = withEnds(from, c.From), withEnds(to, c.To)
	}
	name := port.Port
	if port.Name != "" {
		name = fmt.Sprintf("%s (%s)", port.Name, port.Port)
	}
	verdict := c.Verdict
	if c.Reason != "" {
		verdict += ": " + c.Reason
	}
	p.line(0, "%s → %s, %s: %s", from, to, name, verdict)
	p.side("egress", c.Egress, c.Reason)
	p.side("ingress", c.Ingress, c.Reason)
	if c.Missing == nil {
		return
	}
	at := ""
	if c.Missing.Pos != nil {
		at = " (" + c.Missing.Pos.String() + ")"
	}
	p.line(1, "missing on %s: %s%s", strings.Join(c.Missing.On, " and "), c.Missing.What, at)
	for _, add := range c.Missing.Add {
		p.line(1, "add: %s", add)
	}
	for _, more := range c.Missing.Opens {
		p.line(1, "note: %s", more)
	}
	for _, add := range c.Missing.Instead {
		p.line(1, "or add: %s", add)
	}
	for _, f := range c.Missing.ForbiddenBy {
		p.forbidding(f)
	}
}

func (p *explanationPrinter) forbidding(f verify.Forbidding) {
	why, at := "", ""
	if f.Why != "" {
		why = " (" + f.Why + ")"
	}
	if f.Pos != nil {
		at = ": " + f.Pos.String()
	}
	p.line(1, "note: invariant %s%s forbids this%s", f.Invariant, why, at)
}

// shownEnds is how many ends are named before the rest are counted; the JSON
// form has them all.
const shownEnds = 6

func withEnds(name string, ends []string) string {
	if slices.Equal(ends, []string{name}) {
		return name
	}
	shown := strings.Join(ends[:min(len(ends), shownEnds)], ", ")
	if more := len(ends) - shownEnds; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("%s (%s)", name, shown)
}

// side shows a direction; what is said of the connection already is not said
// again.
func (p *explanationPrinter) side(direction string, s verify.Side, said string) {
	switch {
	case !s.Isolated && s.Reason != "" && s.Reason == said:
		p.line(1, "%s of %s: %s", direction, s.Of, s.Verdict)
		return
	case !s.Isolated && s.Reason != "":
		p.line(1, "%s of %s: %s: %s", direction, s.Of, s.Verdict, s.Reason)
		return
	case s.Reason != "" && s.Reason != said:
		p.line(1, "%s of %s: %s: %s", direction, s.Of, s.Verdict, s.Reason)
	case s.Reason != "":
		p.line(1, "%s of %s: %s", direction, s.Of, s.Verdict)
	case len(s.Rules) > 0:
		p.line(1, "%s of %s: allowed by %s", direction, s.Of, strings.Join(s.Rules, "; "))
	default:
		p.line(1, "%s of %s: denied: no rule lets it through", direction, s.Of)
	}
	by := strings.Join(s.IsolatedBy, ", ")
	if by == "" {
		by = "policies of each" // alike, but for the policies
	}
	p.line(2, "isolated by %s", by)
	for _, d := range s.Declared {
		p.declaration(d)
	}
}

func (p *explanationPrinter) declaration(d verify.Declaration) {
	if d.Pos == nil {
		p.line(2, "implied by %s", d.Why)
		return
	}
	p.line(2, "declared at %s: %s", d.Pos, d.Path)
	for _, about := range []struct{ what, text string }{{"why", d.Why}, {"owner", d.Owner}, {"ticket", d.Ticket}} {
		if about.text != "" {
			p.line(3, "%s: %s", about.what, about.text)
		}
	}
}
