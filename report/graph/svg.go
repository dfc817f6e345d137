package graph

import (
	_ "embed"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

//go:embed page/graph.css
var graphStyle string

// SVG writes a graph as a picture of its own: no script, no font, nothing to be
// fetched, in light or dark as the viewer has it.
func SVG(g *Graph, o Options) string {
	g, omitted := g.choose(o)
	d := draw(g)
	const margin, head = 24, 44
	w, h := d.at.Width+2*margin, d.at.Height+2*margin+head
	title := g.title()
	w = max(w, textWidth(title, 16)+220)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="netgen" viewBox="0 0 %s %s" width="%[1]s" height="%[2]s" role="img" aria-labelledby="t d">`+"\n", num(w), num(h))
	fmt.Fprintf(&b, "<title id=\"t\">%s</title>\n<desc id=\"d\">%s</desc>\n", escape(title), escape(d.summary(omitted)))
	b.WriteString("<style>" + d.standaloneStyle() + "</style>\n<defs>" + markers("") + "</defs>\n")
	fmt.Fprintf(&b, `<rect class="page" width="%s" height="%s" rx="12"/>`+"\n", num(w), num(h))
	fmt.Fprintf(&b, `<text class="title" x="%d" y="34">%s</text>`, margin, escape(title))
	fmt.Fprintf(&b, `<text class="sub" x="%s" y="34" text-anchor="end">%s</text>`+"\n", num(w-margin), escape(d.summary(omitted)))
	fmt.Fprintf(&b, `<g transform="translate(%d %d)">`+"\n", margin, margin+head)
	d.write(&b, true, "")
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

// summary counts what is drawn.
func (d *drawing) summary(omitted int) string {
	services := 0
	changes := map[Change]int{}
	for _, n := range d.g.Nodes {
		if n.Kind == Service {
			services++
		}
	}
	for _, e := range d.g.Edges {
		changes[e.Change]++
	}
	parts := []string{plural(services, "service"), plural(len(d.g.Edges), "connection")}
	for _, c := range []Change{Opened, Closed, Changed} {
		if changes[c] > 0 {
			parts = append(parts, fmt.Sprintf("%s%d %s", c.sign(), changes[c], c))
		}
	}
	if omitted > 0 {
		parts = append(parts, fmt.Sprintf("%d not shown", omitted))
	}
	return strings.Join(parts, " · ")
}

// markers are the heads of arrows. Each document that is in one page needs names
// of its own for them.
func markers(prefix string) string {
	var b strings.Builder
	for _, c := range []string{"", "opened", "closed", "changed"} {
		fmt.Fprintf(&b, `<marker id="%s" class="%s" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.6L7.4 4L0 7.4z"/></marker>`,
			markerID(prefix, Change(c)), strings.TrimSpace("head "+c))
	}
	return b.String()
}

func markerID(prefix string, c Change) string {
	if c == Neutral {
		c = Same
	}
	return prefix + "head" + string(c)
}

// write draws namespaces, edges, nodes and labels, from below to above. titles
// are for viewers that show them as tips.
func (d *drawing) write(b *strings.Builder, titles bool, prefix string) {
	for i, ns := range d.namespaces {
		r := d.at.Clusters[i]
		alarm := ""
		if slices.Contains(d.g.Alarms, ns) {
			alarm, ns = " danger", "! "+ns
		}
		fmt.Fprintf(b, `<g class="ns h%d%s"><rect x="%s" y="%s" width="%s" height="%s" rx="14"/><text x="%s" y="%s">%s</text></g>`+"\n",
			hue(d.namespaces[i]), alarm, num(r.X), num(r.Y), num(r.Width), num(r.Height), num(r.X+distances.Padding), num(r.Y+24), escape(clip(ns, 40)))
	}
	b.WriteString(`<g class="edges">` + "\n")
	for i := range d.g.Edges {
		d.edge(b, i, titles, prefix)
	}
	b.WriteString("</g>\n" + `<g class="nodes">` + "\n")
	for i, n := range d.g.Nodes {
		d.node(b, i, n, titles)
	}
	b.WriteString("</g>\n" + `<g class="labels">` + "\n")
	for i, l := range d.labels {
		if l.text != "" {
			fmt.Fprintf(b, `<g class="%s" data-e="%d"><rect x="%s" y="%s" width="%s" height="18" rx="9"/><text x="%s" y="%s">%s</text></g>`+"\n",
				strings.TrimSpace("label "+string(d.g.Edges[i].Change))+danger(d.g.Edges[i].Danger), i, num(half(l.x-l.width/2)), num(half(l.y-9)), num(half(l.width)), num(half(l.x)), num(half(l.y+4)), escape(l.text))
		}
	}
	b.WriteString("</g>\n")
}

// half rounds to half a pixel.
func half(f float64) float64 { return float64(int(f*2+0.5)) / 2 }

func (d *drawing) edge(b *strings.Builder, i int, titles bool, prefix string) {
	e := d.g.Edges[i]
	class := strings.TrimSpace("edge "+string(e.Change)) + danger(e.Danger)
	if e.Implied {
		class += " implied"
	}
	data := path(d.at.Edges[i])
	if e.From == e.To {
		data = loop(d.at.Nodes[d.index(e.From)])
	}
	fmt.Fprintf(b, `<path class="%s" data-e="%d" d="%s" marker-end="url(#%s)"`, class, i, data, markerID(prefix, e.Change))
	if !titles {
		b.WriteString("/>\n")
		return
	}
	tip := fmt.Sprintf("%s → %s, %s", d.g.node(e.From).Name, d.g.node(e.To).Name, strings.Join(e.Ports, ", "))
	if e.Why != "" {
		tip += ": " + e.Why
	}
	fmt.Fprintf(b, "><title>%s</title></path>\n", escape(tip))
}

func (d *drawing) index(id string) int {
	for i := range d.g.Nodes {
		if d.g.Nodes[i].ID == id {
			return i
		}
	}
	return -1
}

func (d *drawing) node(b *strings.Builder, i int, n Node, titles bool) {
	r := d.at.Nodes[i]
	color := ""
	if n.Namespace != "" {
		color = fmt.Sprintf(" h%d", hue(n.Namespace))
	}
	class := strings.TrimSpace(fmt.Sprintf("node %s%s %s", n.Kind, color, n.Change)) + danger(n.Danger)
	fmt.Fprintf(b, `<g class="%s" data-n="%d" transform="translate(%s %s)">`, class, i, num(r.X), num(r.Y))
	if titles && n.Description != "" {
		fmt.Fprintf(b, "<title>%s</title>", escape(n.Name+": "+n.Description))
	}
	if n.Kind == Group {
		fmt.Fprintf(b, `<rect class="behind" x="4" y="4" width="%s" height="%d" rx="9"/>`, num(r.Width), nodeHeight)
	}
	corner := 9
	if n.Kind != Service && n.Kind != Group {
		corner = nodeHeight / 2
	}
	fmt.Fprintf(b, `<rect class="card" width="%s" height="%d" rx="%d"/>`, num(r.Width), nodeHeight, corner)
	x := num(half(r.Width / 2))
	fmt.Fprintf(b, `<text class="name" x="%s" y="19">%s</text> <text class="sub" x="%[1]s" y="34">%[3]s</text>`, x, escape(nodeName(n)), escape(nodeSub(n)))
	if n.Danger {
		fmt.Fprintf(b, `<g class="alarm"><circle cx="%s" cy="2" r="9"/><text x="%[1]s" y="6.5">!</text></g>`, num(r.Width-4))
	}
	b.WriteString("</g>\n")
}

// danger is the class of what is dangerous.
func danger(is bool) string {
	if is {
		return " danger"
	}
	return ""
}

// hue returns the colour of a namespace, the same in whatever graph it is.
func hue(namespace string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(namespace)) // it never fails
	return int(h.Sum32() % hues)
}

// theme is the colours of one appearance, by the variables of the style.
type theme [][2]string

// standaloneStyle is the style with the colours written out, since programs other
// than browsers know no variables, and without the hues that nothing has.
func (d *drawing) standaloneStyle() string {
	var has [hues]bool
	for _, ns := range d.namespaces {
		has[hue(ns)] = true
	}
	var b strings.Builder
	for line := range strings.Lines(graphStyle) {
		used := true
		for i := range hues {
			used = used && (has[i] || !strings.Contains(line, fmt.Sprintf(".h%d ", i)))
		}
		if used {
			b.WriteString(line)
		}
	}
	return lightTheme.fill(b.String()) + "@media (prefers-color-scheme: dark){" + darkTheme.fill(b.String()) + "}"
}

func (t theme) fill(style string) string {
	var pairs []string
	for _, v := range t {
		pairs = append(pairs, "var(--"+v[0]+")", v[1])
	}
	return strings.NewReplacer(pairs...).Replace(strings.TrimSpace(style))
}

// declarations are the variables of the theme in CSS.
func (t theme) declarations() string {
	var b strings.Builder
	for _, v := range t {
		fmt.Fprintf(&b, "--%s:%s;", v[0], v[1])
	}
	return b.String()
}
