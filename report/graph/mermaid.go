package graph

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"netgen.dev/diag"
)

// Mermaid writes a graph as a Mermaid flowchart, which may stand in a fenced block
// of Markdown: no text in it can end the block, or be more than text in the chart.
func Mermaid(g *Graph, o Options) string {
	g, omitted := g.choose(o)
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	ids := g.clustered(&b, clusters{
		open:  func(i int, ns string) string { return fmt.Sprintf("  subgraph ns%d[\"%s\"]\n", i, mermaidText(ns)) },
		node:  mermaidNode,
		close: "  end\n",
	})
	styles := map[Change][]string{}
	for i, e := range g.Edges {
		arrow := "-->"
		switch {
		case e.Change == Closed:
			arrow = "-.->"
		case e.Change != Same && e.Change != Neutral:
			arrow = "==>"
		case e.Implied:
			arrow = "-.->"
		}
		fmt.Fprintf(&b, "  %s %s|\"%s\"| %s\n", ids[e.From], arrow, mermaidText(e.label()), ids[e.To])
		styles[e.Change] = append(styles[e.Change], fmt.Sprint(i))
	}
	if omitted > 0 {
		fmt.Fprintf(&b, "  more[\"%s not shown\"]\n", plural(omitted, "connection"))
	}
	for _, c := range []Change{Opened, Closed, Changed} {
		if len(styles[c]) > 0 {
			fmt.Fprintf(&b, "  linkStyle %s stroke:%s,stroke-width:3px\n", strings.Join(styles[c], ","), strokes[c])
		}
	}
	for _, c := range []Change{Added, Removed, Changed} {
		var marked []string
		for _, n := range g.Nodes {
			if n.Change == c {
				marked = append(marked, ids[n.ID])
			}
		}
		if len(marked) > 0 {
			fmt.Fprintf(&b, "  classDef %s stroke:%s,stroke-width:3px%s\n  class %s %[1]s\n", c, strokes[c], dashes[c], strings.Join(marked, ","))
		}
	}
	return b.String()
}

// clusters is how a language writes the nodes of a namespace together.
type clusters struct {
	open  func(i int, namespace string) string // i tells clusters apart
	node  func(n Node, id string) string
	close string
}

// clustered writes the nodes, those of a namespace in a cluster, and returns what
// each is called from then on, by its ID.
func (g *Graph) clustered(b *strings.Builder, c clusters) map[string]string {
	ids := map[string]string{}
	for i := 0; i < len(g.Nodes); {
		ns, indent := g.Nodes[i].Namespace, "  "
		if ns != "" {
			b.WriteString(c.open(i, ns))
			indent = "    "
		}
		for ; i < len(g.Nodes) && g.Nodes[i].Namespace == ns; i++ {
			n := g.Nodes[i]
			ids[n.ID] = fmt.Sprintf("n%d", i)
			b.WriteString(indent + c.node(n, ids[n.ID]) + "\n")
		}
		if ns != "" {
			b.WriteString(c.close)
		}
	}
	return ids
}

// strokes are legible on light and on dark.
var strokes = map[Change]string{
	Opened: "#1a8f4c", Added: "#1a8f4c", Closed: "#d1383d", Removed: "#d1383d", Changed: "#b7791f",
}

var dashes = map[Change]string{Removed: ",stroke-dasharray:5 4"}

// mermaidNode writes a node in the shape of its kind.
func mermaidNode(n Node, id string) string {
	text := mermaidText(n.Change.sign() + n.Name)
	switch n.Kind {
	case Group:
		return fmt.Sprintf(`%s[["%s"]]`, id, text)
	case Service:
		return fmt.Sprintf(`%s["%s"]`, id, text)
	default:
		return fmt.Sprintf(`%s(["%s"])`, id, text)
	}
}

// label is what is written beside an edge. No space follows a sign: Mermaid would
// take it for an item of a list.
func (e Edge) label() string {
	if e.Change == Same {
		return strings.Join(e.Ports, ", ")
	}
	var parts []string
	for _, p := range e.Opened {
		parts = append(parts, "+"+p)
	}
	for _, p := range e.Closed {
		parts = append(parts, "−"+p)
	}
	if e.Change == Neutral {
		// What passes as before is told from what is declared otherwise.
		parts = e.Ports
		if how, _, ok := strings.Cut(strings.TrimPrefix(e.Note, "it "), ":"); ok && strings.Contains(how, "passes") {
			parts = append(slices.Clone(parts), how)
		}
		return e.Change.sign() + strings.Join(parts, ", ")
	}
	if len(parts) == 0 {
		return e.Change.sign() + strings.Join(e.Ports, ", ")
	}
	return strings.Join(parts, ", ")
}

// mermaidText writes all that Mermaid, Markdown or HTML could read as more than
// text as Mermaid's entities. Nothing is left that a line of Markdown can be made
// of, nor the name of a person to be told.
func mermaidText(s string) string {
	var b strings.Builder
	for i, r := range diag.Clean(s) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), strings.ContainsRune("._/, −~", r), strings.ContainsRune("+-:", r) && (i > 0 || r == '+'):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
