package graph

import (
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"netgen.dev/diag"
	"netgen.dev/report/graph/layout"
)

// The measures of the drawing.
const (
	nodeHeight = 44
	minWidth   = 116
	maxWidth   = 232
	nameSize   = 13
	subSize    = 11
	inset      = 14 // of the text in a node
	maxLabels  = 60 // edges, of which each is labelled
)

// distances are those of the layout.
var distances = layout.Options{Gap: 16, Gutter: 76, Padding: 18, Header: 24}

// drawing is a graph with a place for everything.
type drawing struct {
	g          *Graph
	namespaces []string
	at         *layout.Layout
	labels     []label // of edges, empty where there is no room
}

// label is the text beside an edge, at its middle.
type label struct {
	text  string
	x, y  float64
	width float64
}

// draw lays a graph out.
func draw(g *Graph) *drawing {
	d := &drawing{g: g}
	index := map[string]int{}
	var nodes []layout.Node
	for i, n := range g.Nodes {
		index[n.ID] = i
		cluster := -1
		if n.Namespace != "" {
			if cluster = slices.Index(d.namespaces, n.Namespace); cluster < 0 {
				cluster = len(d.namespaces)
				d.namespaces = append(d.namespaces, n.Namespace)
			}
		}
		nodes = append(nodes, layout.Node{Width: widthOf(n), Height: nodeHeight, Cluster: cluster})
	}
	edges := make([]layout.Edge, len(g.Edges))
	for i, e := range g.Edges {
		edges[i] = layout.Edge{From: index[e.From], To: index[e.To]}
	}
	labelled := d.labelled()
	for i := range g.Edges {
		if labelled[i] {
			edges[i].Label = textWidth(g.Edges[i].mark()+clip(g.Edges[i].label(), 26), subSize) + 44
		}
	}
	d.at = layout.Place(nodes, edges, distances)
	d.placeLabels(labelled)
	return d
}

// labelled returns which edges are: what changed, where something did, else all of a
// small graph.
func (d *drawing) labelled() []bool {
	out := make([]bool, len(d.g.Edges))
	differs := slices.ContainsFunc(d.g.Edges, func(e Edge) bool { return e.Change != Same })
	for i, e := range d.g.Edges {
		out[i] = e.Change != Same || !differs && len(d.g.Edges) <= maxLabels
	}
	return out
}

// placeLabels gives each label a place on its edge that is free of nodes and other
// labels, near the middle of the part that no other edge shares.
func (d *drawing) placeLabels(labelled []bool) {
	d.labels = make([]label, len(d.g.Edges))
	taken := slices.Clone(d.at.Nodes)
	for i, e := range d.g.Edges {
		route := d.at.Edges[i].Points
		if !labelled[i] || len(route) < 2 {
			continue
		}
		text := e.mark() + clip(e.label(), 26)
		w, h := textWidth(text, subSize)+12, 18.0
		if e.Change != Same {
			w += textWidth(text, subSize) * 0.08 // it is bold
		}
		// Away from the end where more lines meet.
		along := []float64{0.5, 0.4, 0.6, 0.32, 0.68, 0.25, 0.75}
		switch out, in := d.degree(e); {
		case out > in:
			along = []float64{0.66, 0.58, 0.74, 0.5, 0.42, 0.8}
		case in > out:
			along = []float64{0.34, 0.42, 0.26, 0.5, 0.58, 0.2}
		}
	search:
		for j := 1; j < len(route); j += 2 { // the curves; between them is what may be shared
			for _, t := range along {
				p := onCurve(route[j-1], route[j], t)
				r := layout.Rect{X: p.X - w/2, Y: p.Y - h/2, Width: w, Height: h}
				if !slices.ContainsFunc(taken, func(o layout.Rect) bool { return overlaps(r, o) }) {
					taken = append(taken, r)
					d.labels[i] = label{text, p.X, p.Y, w}
					break search
				}
			}
		}
	}
}

// mark is before the label of what is dangerous.
func (e Edge) mark() string {
	if e.Danger {
		return "! "
	}
	return ""
}

// degree returns how many edges leave where e does, and enter where it does.
func (d *drawing) degree(e Edge) (out, in int) {
	for _, o := range d.g.Edges {
		if o.From == e.From {
			out++
		}
		if o.To == e.To {
			in++
		}
	}
	return out, in
}

func overlaps(a, b layout.Rect) bool {
	return a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height
}

// onCurve returns the point at t, from 0 to 1, of the curve between two points.
func onCurve(a, b layout.Point, t float64) layout.Point {
	m := (a.X + b.X) / 2
	u := 1 - t
	return layout.Point{
		X: u*u*u*a.X + 3*u*u*t*m + 3*u*t*t*m + t*t*t*b.X,
		Y: u*u*u*a.Y + 3*u*u*t*a.Y + 3*u*t*t*b.Y + t*t*t*b.Y,
	}
}

// path writes a route as the data of an SVG path.
func path(r layout.Route) string {
	var b strings.Builder
	for i, p := range r.Points {
		switch {
		case i == 0:
			b.WriteString("M" + num(p.X) + " " + num(p.Y))
		case r.Points[i-1].Y == p.Y:
			b.WriteString("H" + num(p.X))
		default:
			m := num((r.Points[i-1].X + p.X) / 2)
			b.WriteString("C" + m + " " + num(r.Points[i-1].Y) + " " + m + " " + num(p.Y) + " " + num(p.X) + " " + num(p.Y))
		}
	}
	return b.String()
}

// loop is the path of an edge from a node to itself.
func loop(n layout.Rect) string {
	x, y := n.X+n.Width, n.Y+n.Height/2
	return "M" + num(x) + " " + num(y-8) + "C" + num(x+34) + " " + num(y-30) + " " + num(x+34) + " " + num(y+30) + " " + num(x) + " " + num(y+8)
}

func num(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// widthOf returns how wide a node has to be.
func widthOf(n Node) float64 {
	w := max(textWidth(nodeName(n), nameSize)*1.06, textWidth(nodeSub(n), subSize)) + 2*inset
	return max(minWidth, min(maxWidth, w))
}

// nodeName is the first line of a node.
func nodeName(n Node) string {
	name := diag.Clean(n.Name)
	if n.Change != Same {
		name = n.Change.sign() + " " + name
	}
	return clipWidth(name, nameSize*1.06)
}

// nodeSub is the second line of a node: what it listens on, or what it stands for.
func nodeSub(n Node) string {
	var text string
	switch {
	case n.Kind == Service || n.Kind == Group:
		switch {
		case len(n.Ports) == 1:
			text = n.Ports[0]
		case len(n.Ports) > 1:
			var numbers []string
			for _, p := range n.Ports {
				numbers = append(numbers, strings.TrimSuffix(p[strings.LastIndexByte(p, ' ')+1:], "/TCP"))
			}
			text = strings.Join(numbers, " · ")
		case n.Kind == Group:
			text = "group"
		default:
			text = "no ports"
		}
	case len(n.About) > 0:
		text = strings.Join(n.About, ", ")
	default:
		text = n.Description
	}
	return clipWidth(diag.Clean(text), subSize)
}

func clipWidth(s string, size float64) string {
	for n := len([]rune(s)); textWidth(s, size) > maxWidth-2*inset && n > 1; n-- {
		s = clip(s, n)
	}
	return s
}

// clip shortens a text to n runes.
func clip(s string, n int) string {
	s = diag.Clean(s)
	if r := []rune(s); len(r) > n {
		return strings.TrimRight(string(r[:n-1]), " ") + "…"
	}
	return s
}

// textWidth estimates how wide a text is: fonts differ, so it errs on the wide
// side.
func textWidth(s string, size float64) float64 {
	sum := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune("ijl.,:;'|!()[]/ ·", r):
			sum += 0.32
		case strings.ContainsRune("ftr-−", r):
			sum += 0.42
		case strings.ContainsRune("mwMW@%", r):
			sum += 0.88
		case unicode.IsUpper(r) || r == '~' || r == '+':
			sum += 0.68
		case r < 0x2E80:
			sum += 0.58
		default: // ideographs and emoji
			sum += 1.1
		}
	}
	return sum * size
}

// escape makes a text safe in HTML and XML, in content and in quoted attributes.
func escape(s string) string { return html.EscapeString(diag.Clean(s)) }

// hues is how many colours the style has for namespaces.
const hues = 10
