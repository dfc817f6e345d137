package graph

import (
	"fmt"
	"strings"

	"netgen.dev/diag"
)

// DOT writes a graph in the language of Graphviz.
func DOT(g *Graph, o Options) string {
	g, omitted := g.choose(o)
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n", dotText(g.title()))
	b.WriteString("  rankdir=LR;\n" +
		"  compound=true;\n" +
		"  node [shape=box, style=\"rounded\", fontname=\"sans-serif\", fontsize=11];\n" +
		"  edge [fontname=\"sans-serif\", fontsize=9];\n")
	ids := g.clustered(&b, clusters{
		open: func(i int, ns string) string {
			return fmt.Sprintf("  subgraph cluster_%d {\n    label=%s;\n    style=\"rounded\";\n    color=\"#8b949e\";\n", i, dotText(ns))
		},
		node:  func(n Node, id string) string { return id + " [" + dotNode(n) + "];" },
		close: "  }\n",
	})
	for _, e := range g.Edges {
		attributes := "label=" + dotText(e.label())
		if e.Why != "" {
			attributes += ", tooltip=" + dotText(e.Why)
		}
		if strokes[e.Change] != "" {
			attributes += fmt.Sprintf(", color=%q, fontcolor=%[1]q, penwidth=2", strokes[e.Change])
		}
		if e.Change == Closed || e.Implied {
			attributes += `, style="dashed"`
		}
		fmt.Fprintf(&b, "  %s -> %s [%s];\n", ids[e.From], ids[e.To], attributes)
	}
	if omitted > 0 {
		fmt.Fprintf(&b, "  more [label=\"%s not shown\", shape=plaintext];\n", plural(omitted, "connection"))
	}
	b.WriteString("}\n")
	return b.String()
}

func dotNode(n Node) string {
	out := "label=" + dotText(n.Change.sign()+n.Name)
	switch n.Kind {
	case Service:
	case Group:
		out += ", peripheries=2"
	default:
		out += ", shape=ellipse"
	}
	if n.Description != "" {
		out += ", tooltip=" + dotText(n.Description)
	}
	if strokes[n.Change] != "" {
		out += fmt.Sprintf(", color=%q, penwidth=2", strokes[n.Change])
	}
	if n.Change == Removed {
		out += `, style="rounded,dashed"`
	}
	return out
}

// dotText writes a string of DOT. A backslash is written twice, since Graphviz
// has escapes of its own in labels, and "&" as an entity, which it reads as well.
func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;", "<", "&lt;", ">", "&gt;", "\t", " ").Replace(diag.Clean(s)) + `"`
}
