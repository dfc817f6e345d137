package changes

import (
	"fmt"
	"io"
	"strings"

	"netgen.dev/proof/diff"
)

// Marker is the first line of the Markdown, invisible once rendered: by it a
// comment is found again, to be replaced.
const Marker = "<!-- netgen-diff -->"

// MarkdownLimit is how many bytes the Markdown has at most. A comment on GitHub
// has room for 65,536 characters, and somebody may add a line.
const MarkdownLimit = 60_000

const (
	maxAlarms  = 5      // dangers that are spelled out above the tables
	maxListed  = 8      // environments in a cell
	maxDrawing = 12_000 // bytes
	maxDrawn   = 12     // edges that are shown without a click
)

// Markdown writes a diff as a comment on a pull request. Where there is not room
// for everything, whole rows are left out, the least dangerous first.
func Markdown(w io.Writer, d *diff.Diff, o Options) error {
	p := &page{options: o, room: MarkdownLimit, several: len(topologies(d)) > 1}
	if empty(d) {
		text := Marker + "\n" + nothing + "\n"
		if stops := p.stops(); stops != "" {
			text += "\n" + strings.TrimSuffix(stops, "\n")
		}
		_, err := io.WriteString(w, text)
		return err
	}
	var important, neutral []row
	for _, r := range allRows(d) {
		if danger(r.Change) == isNeutral {
			neutral = append(neutral, r)
		} else {
			important = append(important, r)
		}
	}
	head := p.head(d, important)
	drawing := p.drawing(d)
	foot := p.foot(d)
	p.room -= len(head) + len(drawing) + len(foot) + len(more(len(important)+len(neutral))) + len(foldedBytes)
	tables, left := p.tables(d, important)
	folded, leftNeutral := p.neutral(neutral)
	rules := p.rules(important)
	var b strings.Builder
	b.WriteString(head)
	b.WriteString(tables)
	if n := left + leftNeutral; n > 0 {
		b.WriteString(more(n))
	}
	b.WriteString(drawing)
	b.WriteString(folded)
	b.WriteString(rules)
	b.WriteString(foot)
	_, err := io.WriteString(w, b.String())
	return err
}

// foldedBytes stands for what the folded parts need around their rows.
var foldedBytes = strings.Repeat(" ", 600)

func more(n int) string {
	return fmt.Sprintf("**%s: run `netgen diff`**\n\n", plural(n, "more change"))
}

// page is a comment in the making.
type page struct {
	options Options
	room    int  // for rows
	several bool // topologies
}

// head is the headline and, before anything else, what is dangerous.
func (p *page) head(d *diff.Diff, all []row) string {
	var b strings.Builder
	b.WriteString(Marker + "\n")
	fmt.Fprintf(&b, "### %s%s\n\n", alarms(all), p.summary(d))
	var spelled []string
	for _, r := range all {
		if !loud(r.Change) {
			break
		}
		shout, text := title(r.Change)
		line := fmt.Sprintf("> **%s**: %s", shout, text.mark())
		if where := p.where(r); where != "" {
			line += ", " + where
		}
		spelled = append(spelled, line+"\n")
	}
	b.WriteString(p.stops())
	if len(spelled) == 0 {
		return b.String()
	}
	b.WriteString("> [!CAUTION]\n" + strings.Join(spelled[:min(len(spelled), maxAlarms)], ">\n"))
	if rest := len(spelled) - maxAlarms; rest > 0 {
		fmt.Fprintf(&b, ">\n> and %d more below\n", rest)
	}
	return b.String() + "\n"
}

// stops says why the change is not to pass.
func (p *page) stops() string {
	var b strings.Builder
	all := p.options.Stops
	for _, s := range all[:min(len(all), maxAlarms)] {
		line := "- **Not to pass**: " + code(s.Message, textLimit)
		if s.Pos != nil {
			line += ", " + p.options.link(code(s.Pos.String(), nameLimit), *s.Pos, false)
		}
		b.WriteString(line + "\n")
	}
	if rest := len(all) - maxAlarms; rest > 0 {
		fmt.Fprintf(&b, "- and %s\n", plural(rest, "more reason"))
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	return b.String()
}

// where is the topology of a row, if there are several, and its environments.
func (p *page) where(r row) string {
	out := environments(r.topology, r.environments, maxListed).mark()
	if p.several && r.topology.Name != "" {
		out = strings.TrimLeft(out+" of ", " ") + code(r.topology.Name, nameLimit)
	}
	return out
}

func (p *page) summary(d *diff.Diff) string { return summary(d, maxListed).mark() }

// alarms counts what is dangerous, for the headline.
func alarms(all []row) string {
	n := map[int]int{}
	for _, r := range all {
		n[danger(r.Change)]++
	}
	var parts []string
	for _, kind := range []struct {
		danger int
		one    string
		many   string
	}{
		{losesIsolation, "isolation removed", "isolations removed"},
		{breaksInvariant, "invariant broken or changed", "invariants broken or changed"},
		{isUndecided, "policy cannot be proved", "policies cannot be proved"},
		{opensInternet, "opens towards the internet", "open towards the internet"},
	} {
		switch count := n[kind.danger]; {
		case count == 1:
			parts = append(parts, "1 "+kind.one)
		case count > 1:
			parts = append(parts, fmt.Sprintf("%d %s", count, kind.many))
		}
	}
	if len(parts) == 0 {
		return "Connectivity: "
	}
	return "Danger: " + strings.Join(parts, ", ") + ". Connectivity: "
}

const tableHead = "| | connection | ports | class | environments | declared at | why |\n|:-:|---|---|---|---|---|---|\n"

// tables writes a table for each topology, as far as there is room, and returns
// how many rows it left out. What is more dangerous gets room first, whichever
// topology it is of.
func (p *page) tables(d *diff.Diff, all []row) (out string, left int) {
	lines := map[*diff.Topology]*strings.Builder{}
	for i, r := range all {
		line := p.row(r, false)
		cost := len(line)
		if lines[r.topology] == nil {
			cost += len(heading(r.topology)) + len(tableHead) + 1
		}
		if cost > p.room {
			left = len(all) - i
			break
		}
		p.room -= cost
		if lines[r.topology] == nil {
			lines[r.topology] = &strings.Builder{}
		}
		lines[r.topology].WriteString(line)
	}
	var b strings.Builder
	for _, t := range topologies(d) {
		if body := lines[t]; body != nil {
			b.WriteString(heading(t) + tableHead + body.String() + "\n")
		}
	}
	return b.String(), left
}

func heading(t *diff.Topology) string {
	if t.Name == "" {
		return "" // what was compared is no topology
	}
	return "#### " + versions(t).mark() + "\n\n"
}

// row writes a row of a table; in one for all topologies it says of which it is.
func (p *page) row(r row, mixed bool) string {
	shout, text := title(r.Change)
	what := text.mark()
	if shout != "" {
		what = "**" + shout + "**: " + what
	}
	if r.Note != "" {
		what += "<br>" + code(r.Note, textLimit)
	}
	class := strings.TrimSuffix(class(r.Change).mark(), internet)
	if r.Internet {
		class += ", **internet**"
	}
	where := list(names(r.environments), maxListed).mark()
	if everywhere(r.topology, r.environments) {
		where = "every"
	}
	if mixed && p.several {
		where = strings.TrimSuffix(code(r.topology.Name, nameLimit)+": "+where, ": ")
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s | %s | %s |\n",
		sign(r.Change), what, ports(r.Change).mark(), class, where, p.place(r.Change), why(r.Change))
}

// place is where a change is declared, with a link if there is an address.
func (p *page) place(c *diff.Change) string {
	if c.Pos == nil || c.Pos.File == "" {
		return place(c).mark()
	}
	return was(c) + p.options.link(code(position(c), nameLimit), *c.Pos, c.Before)
}

// why is who asked for a change and why, in one cell.
func why(c *diff.Change) string {
	return strings.Join(filled(
		code(c.Why, textLimit),
		strings.Join(filled(
			labelled("owner ", code(c.Owner, nameLimit)), labelled("ticket ", code(c.Ticket, nameLimit)), labelled("expires ", code(c.Expires, nameLimit)),
		), ", "),
		oneSide(c),
	), "<br>")
}

func labelled(label, s string) string {
	if s == "" {
		return ""
	}
	return label + s
}

// drawing is a graph of what changed, folded where it is large.
func (p *page) drawing(d *diff.Diff) string {
	drawn := mermaid(d)
	block := fenced(drawn)
	switch {
	case block == "" || len(block) > maxDrawing:
		return ""
	case strings.Count(drawn, "\n") > 3*maxDrawn:
		return details("Graph", block)
	}
	return block + "\n"
}

// neutral folds what changed nothing, and returns how many rows it left out.
func (p *page) neutral(all []row) (out string, left int) {
	body, n := p.fill(all, func(r row) string { return p.row(r, true) })
	if n == 0 {
		return "", len(all)
	}
	return details(plural(n, "neutral change"), tableHead+body), len(all) - n
}

// rules folds the rules that let through what nobody declares.
func (p *page) rules(all []row) string {
	var with []row
	for _, r := range all {
		if len(r.Rules) > 0 {
			with = append(with, r)
		}
	}
	body, n := p.fill(with, func(r row) string {
		_, text := title(r.Change)
		return fmt.Sprintf("- %s: %s\n", text.mark(), list(names(r.Rules), maxListed).mark())
	})
	if n == 0 {
		return ""
	}
	if n < len(with) {
		body += fmt.Sprintf("- and the rules of %s\n", plural(len(with)-n, "more change"))
	}
	return details("Rules", body)
}

// fill writes lines as far as there is room, and returns how many.
func (p *page) fill(all []row, line func(row) string) (string, int) {
	var b strings.Builder
	for i, r := range all {
		s := line(r)
		if len(s) > p.room {
			return b.String(), i
		}
		p.room -= len(s)
		b.WriteString(s)
	}
	return b.String(), len(all)
}

// details folds Markdown, which needs the empty lines to be seen as that.
func details(summary, body string) string {
	return "<details><summary>" + summary + "</summary>\n\n" + strings.TrimRight(body, "\n") + "\n\n</details>\n\n"
}

// foot says what was compared.
func (p *page) foot(d *diff.Diff) string {
	if d.Old == "" || d.New == "" {
		return ""
	}
	return fmt.Sprintf("From %s to %s\n", code(d.Old, nameLimit), code(d.New, nameLimit))
}
