package changes

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/diff"
)

// nothing is what every format says of an empty diff.
const nothing = "No change of connectivity."

// The escape sequences of the text format.
const (
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	alarm  = "\x1b[1;31m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	reset  = "\x1b[0m"
)

// maxColumn is how wide a column gets.
const maxColumn = 40

// Text writes a diff for a terminal: a line for each change, and below it who
// asked for it.
func Text(w io.Writer, d *diff.Diff, o Options) error {
	if empty(d) {
		_, err := io.WriteString(w, nothing+"\n")
		return err
	}
	t := textWriter{color: o.Color}
	for _, topology := range topologies(d) {
		if topology.Name != "" { // else what was compared is no topology
			t.printf("%s\n", t.paint(bold, versions(topology).plain()))
		}
		for _, s := range sections(topology) {
			t.section(topology, s)
		}
		t.printf("\n")
	}
	t.printf("%s\n", t.paint(bold, "Diff: "+summary(d, 0).plain()))
	_, err := io.WriteString(w, t.b.String())
	return err
}

// summary counts the changes of a diff and says where there are none.
func summary(d *diff.Diff, limit int) phrase {
	n, x := countOf(d.Topologies...), extentOf(d)
	widened := fmt.Sprintf("%d widened", n.Widened)
	if both := n.Closing - n.Narrowed; both > 0 {
		widened += fmt.Sprintf(" (%d of them %s something too)", both, map[bool]string{true: "closes", false: "close"}[both == 1])
	}
	out := say(fmt.Sprintf("%s, %d narrowed, %d neutral", widened, n.Narrowed, n.Neutral))
	if x.all > x.unnamed {
		out = join(out, say(fmt.Sprintf(" in %d of %s", x.changed, plural(x.all, "environment"))))
	}
	if len(x.unchanged) > 0 {
		out = join(out, say("; unchanged: "), list(names(x.unchanged), limit))
	}
	return out
}

type textWriter struct {
	b     strings.Builder
	color bool
}

func (t *textWriter) printf(format string, args ...any) { fmt.Fprintf(&t.b, format, args...) }

func (t *textWriter) paint(color, s string) string {
	if !t.color || s == "" {
		return s
	}
	return color + s + reset
}

func (t *textWriter) section(topology *diff.Topology, s diff.Section) {
	if where := environments(topology, s.Environments, 0); where != nil {
		t.printf("%s:\n", where.plain())
	}
	var all []row
	for i := range s.Changes {
		all = append(all, row{&s.Changes[i], topology, s.Environments})
	}
	byDanger(all)
	var width [3]int
	for _, r := range all {
		if line := cells(r.Change); linedUp(r.Change, line) {
			for i, cell := range line {
				width[i] = max(width[i], utf8.RuneCountInString(cell))
			}
		}
	}
	for _, r := range all {
		t.change(r.Change, width)
	}
}

// environments is where something changed, nil where a topology has none.
func environments(t *diff.Topology, in []string, limit int) phrase {
	switch {
	case len(in) == 0, len(in) == 1 && in[0] == "": // nobody knows which it is
		return nil
	case everywhere(t, in):
		return say("in every environment")
	}
	return join(say("in "), list(names(in), limit))
}

// cells are the columns of a change.
func cells(c *diff.Change) [3]string {
	_, text := title(c)
	return [3]string{text.plain(), ports(c).plain(), class(c).plain()}
}

// linedUp reports whether a change takes part in columns: connections do, unless
// that would push all others aside, and sentences do not.
func linedUp(c *diff.Change, line [3]string) bool {
	return !loud(c) && c.Source != nil && c.Destination != nil &&
		utf8.RuneCountInString(line[0]) <= maxColumn && utf8.RuneCountInString(line[1]) <= maxColumn
}

func (t *textWriter) change(c *diff.Change, width [3]int) {
	color := map[string]string{"!": alarm, "+": green, "-": red, "~": yellow, "=": dim}[sign(c)]
	t.printf("  %s ", t.paint(color, sign(c)))
	where := place(c).plain()
	if shout, text := title(c); loud(c) {
		t.printf("%s: %s", t.paint(alarm, shout), text.plain())
		if p := ports(c); p != nil {
			t.printf("  %s", p.plain())
		}
		// The words are long already; where it is written is below them.
		t.detail(c, strings.Join(filled(class(c).plain(), where), "; "))
		return
	}
	line := cells(c)
	if linedUp(c, line) {
		for i, cell := range line {
			line[i] += strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
		}
	}
	t.printf("%s", strings.TrimRight(strings.Join(filled(line[0], line[1], line[2], where), "  "), " "))
	t.detail(c, "")
}

// detail ends the line of a change and writes what is known of it besides.
func (t *textWriter) detail(c *diff.Change, first string) {
	lines := filled(first, asked(c).plain())
	if side := oneSide(c); side != "" {
		lines = append(lines, side)
	}
	if c.Note != "" {
		lines = append(lines, clean(c.Note))
	}
	for _, rule := range c.Rules {
		lines = append(lines, "rule: "+clean(rule))
	}
	t.printf("\n")
	for _, line := range lines {
		t.printf("      %s\n", t.paint(dim, line))
	}
}

// oneSide explains a change of a connection that lets nothing more or less
// through: what the other side lets through decides.
func oneSide(c *diff.Change) string {
	if c.Class != diff.Neutral || c.Note != "" || c.Source == nil || len(c.Directions) != 1 ||
		c.Directions[0] != connectivity.Ingress && c.Directions[0] != connectivity.Egress {
		return ""
	}
	return "on the " + string(c.Directions[0]) + " side only"
}

func filled(in ...string) []string {
	var out []string
	for _, s := range in {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
