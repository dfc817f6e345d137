package changes

import (
	"fmt"
	"strings"
	"unicode"

	"netgen.dev/proof/diff"
)

// maxEdges is how many connections a drawing shows: more cannot be read.
const maxEdges = 30

// labelLimit is how long a label gets.
const labelLimit = 50

// mermaid draws the connections that changed, the most dangerous ones where they
// are many: opened thick and green, closed dotted and red, changed thin.
func mermaid(d *diff.Diff) string {
	var edges []row
	for _, r := range allRows(d) {
		if r.Source != nil && r.Destination != nil && r.Class != diff.Neutral {
			edges = append(edges, r)
		}
	}
	if len(edges) == 0 {
		return ""
	}
	edges = edges[:min(len(edges), maxEdges)]
	var b, styles strings.Builder
	b.WriteString("flowchart LR\n")
	nodes := map[string]int{}
	node := func(r row, e *diff.End) int {
		label := endOf(r.Change, e).plain()
		key := r.topology.Name + "\x00" + string(e.Kind) + "\x00" + e.Namespace + "\x00" + label
		n, ok := nodes[key]
		if !ok {
			n = len(nodes)
			nodes[key] = n
			fmt.Fprintf(&b, "  n%d[\"%s\"]\n", n, mermaidLabel(label))
		}
		return n
	}
	for i, r := range edges {
		from, to := node(r, r.Source), node(r, r.Destination)
		arrow, color := "-->", "#9a6700"
		switch {
		case loud(r.Change):
			arrow, color = "==>", "#cf222e"
		case r.Class == diff.Narrowed:
			arrow, color = "-.->", "#cf222e"
		case r.Kind != diff.Changed:
			arrow, color = "==>", "#1a7f37"
		}
		fmt.Fprintf(&b, "  n%d %s|\"%s %s\"| n%d\n", from, arrow, mermaidSign(r.Change), mermaidLabel(ports(r.Change).plain()), to)
		fmt.Fprintf(&styles, "  linkStyle %d stroke:%s\n", i, color)
	}
	return b.String() + styles.String()
}

// mermaidSign is the sign in words: a label that starts with - or + can be taken
// for a list.
func mermaidSign(c *diff.Change) string {
	return map[string]string{"!": "danger", "+": "opened", "-": "closed", "~": "changed"}[sign(c)]
}

// mermaidLabel keeps what names, addresses and ports consist of. Everything else
// could be syntax of Mermaid, or HTML once it is drawn.
func mermaidLabel(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ';' {
			return ',' // it ends a statement
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" -_./:,→()…", r) {
			return r
		}
		return '?'
	}, short(s, labelLimit))
}

// fenced puts a drawing into a block that it cannot end.
func fenced(drawing string) string {
	if strings.TrimSpace(drawing) == "" {
		return ""
	}
	fence := "```"
	for strings.Contains(drawing, fence) {
		fence += "`"
	}
	return fence + "mermaid\n" + strings.TrimRight(drawing, "\n") + "\n" + fence + "\n"
}
