package graph

import (
	"fmt"
	"strings"

	"netgen.dev/report/graph/layout"
)

// drawForPage lays a graph out as if nothing were implied, and then puts the DNS of
// the cluster beside it: shown or not, all else is in its place.
func drawForPage(g *Graph) *drawing {
	declared := &Graph{Topology: g.Topology, Environment: g.Environment}
	declared.Alarms = g.Alarms
	hidden := &Graph{}
	used := map[string]bool{}
	for _, e := range g.Edges {
		if e.Implied && (e.Change == Same || e.Change == Neutral) {
			hidden.Edges = append(hidden.Edges, e)
			continue
		}
		declared.Edges = append(declared.Edges, e)
		used[e.From], used[e.To] = true, true
	}
	for _, n := range g.Nodes {
		if n.Kind == Resolver && !used[n.ID] {
			hidden.Nodes = append(hidden.Nodes, n)
		} else {
			declared.Nodes = append(declared.Nodes, n)
		}
	}
	d := draw(declared)
	x, y := d.at.Width+distances.Gutter*1.6, d.at.Height/2-nodeHeight/2
	for _, n := range hidden.Nodes {
		declared.Nodes = append(declared.Nodes, n)
		d.at.Nodes = append(d.at.Nodes, layout.Rect{X: x, Y: half(y), Width: widthOf(n), Height: nodeHeight})
	}
	for _, e := range hidden.Edges {
		from, to := d.at.Nodes[d.index(e.From)], d.at.Nodes[d.index(e.To)]
		declared.Edges = append(declared.Edges, e)
		d.labels = append(d.labels, label{})
		d.at.Edges = append(d.at.Edges, layout.Route{Points: []layout.Point{
			{X: from.X + from.Width, Y: from.Y + from.Height/2}, {X: to.X, Y: to.Y + to.Height/2},
		}})
	}
	return d
}

// stage writes view i of a page: its picture, of which the script moves the parts.
func stage(b *strings.Builder, i int, v View) {
	d := drawForPage(v.Graph)
	hidden := " hidden"
	if i == 0 {
		hidden = ""
	}
	prefix := fmt.Sprintf("v%d-", i)
	fmt.Fprintf(b, `<svg class="netgen stage" id="stage-%d" data-view="%[1]d"%s viewBox="0 0 %s %s" role="group" aria-label="%s">`+"\n",
		i, hidden, num(d.at.Width), num(d.at.Height), escape("Graph of "+v.Name+": "+d.summary(0)))
	b.WriteString("<defs>" + markers(prefix) + "</defs>\n" + `<g class="viewport">` + "\n")
	d.write(b, false, prefix)
	b.WriteString("</g>\n</svg>\n")
}
