package changes

import (
	"fmt"
	"io"
	"strings"

	"netgen.dev/proof/diff"
)

// maxAnnotations is how many annotations of one level GitHub shows for a step.
const maxAnnotations = 10

// The levels of a change, as annotations and, with another word for notice,
// SARIF call them.
const (
	levelError   = "error"
	levelWarning = "warning"
	levelNotice  = "notice"
)

// level is how much a program should make of a change.
func level(c *diff.Change) string {
	switch danger(c) {
	case losesIsolation, breaksInvariant:
		return levelError
	case narrows, isNeutral:
		return levelNotice
	}
	return levelWarning
}

// GitHub writes a diff as workflow commands, which GitHub shows beside the lines
// of a pull request. Of each level there are as many as GitHub shows; where there
// are more changes, the last one says so.
func GitHub(w io.Writer, d *diff.Diff, o Options) error {
	byLevel := map[string][]row{}
	for _, r := range allRows(d) {
		l := level(r.Change)
		byLevel[l] = append(byLevel[l], r)
	}
	var b strings.Builder
	for _, s := range o.Stops {
		stop(&b, s, o)
	}
	for _, l := range []string{levelError, levelWarning, levelNotice} {
		all := byLevel[l]
		shown := all
		if len(all) > maxAnnotations {
			shown = all[:maxAnnotations-1]
		}
		for _, r := range shown {
			annotate(&b, l, r, o)
		}
		if rest := len(all) - len(shown); rest > 0 {
			fmt.Fprintf(&b, "::%s title=netgen diff::%s: run netgen diff\n", l, plural(rest, "more change"))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// A command ends at a line end, and "%", "\r" and "\n" (in properties also ":" and
// ",") are escaped as the runner expects.
var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// stop writes the command for what stops a change.
func stop(b *strings.Builder, s Stop, o Options) {
	where := ""
	if s.Pos != nil {
		file := s.Pos.File
		if o.File != nil {
			file = o.File(file)
		}
		where = fmt.Sprintf("file=%s,line=%d,", property.Replace(clean(file)), s.Pos.Line)
	}
	fmt.Fprintf(b, "::%s %stitle=netgen diff::%s\n", levelError, where, data.Replace(clean(s.Message)))
}

// annotate writes the command for a change.
func annotate(b *strings.Builder, level string, r row, o Options) {
	var properties []string
	if r.Pos != nil && r.Pos.File != "" {
		file := r.Pos.File
		if o.File != nil {
			file = o.File(file)
		}
		properties = append(properties, "file="+property.Replace(clean(file)))
		// A line of the old file is some other line of the new one.
		if r.Pos.Line > 0 && !r.Before {
			properties = append(properties, fmt.Sprintf("line=%d", r.Pos.Line))
		}
	}
	properties = append(properties, "title="+property.Replace(fmt.Sprintf("netgen diff: %s", clean(string(r.Kind)))))
	fmt.Fprintf(b, "::%s %s::%s\n", level, strings.Join(properties, ","), data.Replace(strings.Join(sentences(r), "\n")))
}

// sentences tell a change without its place: what, where, who asked for it, and
// what else is known.
func sentences(r row) []string {
	shout, text := title(r.Change)
	line := text.plain()
	if shout != "" {
		line = shout + ": " + line
	}
	if p := ports(r.Change); p != nil {
		line += ", " + p.plain()
	}
	line += " (" + class(r.Change).plain() + ")"
	if where := environments(r.topology, r.environments, 0); where != nil {
		line += " " + where.plain()
	}
	if r.topology.Name != "" {
		line += " of " + clean(r.topology.Name)
	}
	out := filled(line, asked(r.Change).plain(), oneSide(r.Change), clean(r.Note))
	if r.Before {
		out = append(out, filled(place(r.Change).plain())...)
	}
	for _, rule := range r.Rules {
		out = append(out, "rule: "+clean(rule))
	}
	return out
}
