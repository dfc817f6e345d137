package graph_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	nethtml "golang.org/x/net/html"

	"netgen.dev/diag"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/diff"
	"netgen.dev/report/graph"
)

// hostile are texts that are more than text somewhere.
var hostile = []string{
	`"`, `'`, `" onload="alert(1)`, `' onclick='alert(1)`, `<script>alert(1)</script>`, `</script><script>alert(1)</script>`,
	`<!-- <script>`, `-->`, `]]>`, `</style><b>`, `</svg><b>`, `</title><b>`, `<img src=x onerror=alert(1)>`, `&lt;b&gt;`, `&#60;b&#62;`,
	"`", "```", "\n```\n# heading", `%%{init: {"securityLevel": "loose"}}%%`, "x\"]\n  click n0 href \"javascript:alert(1)\"", `end`, `]; evil -> x; [`, `\`, `\"`,
	`[x](javascript:alert(1))`, `![x](http://example.com/a.png)`, `@everyone`, `#1`, "\x1b[31mred\x1b[0m", "\u202egnp.exe", "a\x00b", "\xff\xfe", "line\nbreak\r\n", "\u2028\u2029",
	"{{title}}", "{{data}}", "$(id)", "👩‍👩‍👧 ok", "__proto__", "constructor", "1. list", "- item", "| cell |", "www.example.com", "A\u200bB",
}

// hueOf is the class of a colour, which is by the name of a namespace.
var hueOf = regexp.MustCompile(`\bh[0-9]\b`)

// infested is a graph that holds a text wherever it can hold one.
func infested(text string) (*graph.Graph, []diff.Change) {
	node := func(id string, kind graph.Kind, ns string) graph.Node {
		return graph.Node{
			ID: id, Name: text, Kind: kind, Namespace: ns, Owner: text, Description: text,
			Ports: []string{text}, About: []string{text}, Pos: text, Change: graph.Added, Notes: []string{text}, Danger: true,
		}
	}
	edge := func(from, to string, change graph.Change) graph.Edge {
		return graph.Edge{
			From: from, To: to, Ports: []string{text}, Why: text, Owner: text, Ticket: text, Expires: text, Pos: text,
			Policies: []string{text}, Change: change, Opened: []string{text}, Closed: []string{text}, Note: text, Danger: true,
		}
	}
	g := &graph.Graph{
		Topology: text, Environment: text, Alarms: []string{text},
		Nodes: []graph.Node{
			node(text+"1", graph.Service, text), node(text+"2", graph.Group, text), node(text+"3", graph.Peer, ""),
			node("~dns", graph.Resolver, ""), node(text, graph.Outside, ""),
		},
		Edges: []graph.Edge{
			edge(text+"1", text+"2", graph.Same), edge(text+"2", text+"3", graph.Opened), edge(text+"3", text+"1", graph.Closed),
			edge(text, text+"1", graph.Changed), edge(text, text+"2", graph.Neutral), edge(text+"1", text+"1", graph.Same),
		},
	}
	changes := []diff.Change{
		{
			Kind: diff.Kind(text), Class: diff.Class(text), Source: &diff.End{Kind: diff.PodsEnd, Name: text, Namespace: text},
			Destination: &diff.End{Kind: diff.ServiceEnd, Name: text + "1"}, Opened: connectivity.AllPorts,
			Why: text, Owner: text, Ticket: text, Rules: []string{text}, Note: text, Pos: &diag.Pos{File: text, Line: 1},
		},
		{Kind: diff.IsolationLost, Class: diff.Widened, Subject: text + " " + text},
		{Kind: diff.IsolationLost, Class: diff.Widened, Subject: "namespace " + text, Members: []string{text}, Expires: text},
		{Kind: diff.Undecided, Class: diff.Widened, Subject: "policy " + text, Note: text},
	}
	return g, changes
}

// TestHostileHTML parses pages as a browser does: whatever a graph says, the page
// has the elements and attributes of one that says nothing special, and its script
// and style are the ones that its policy lets run.
func TestHostileHTML(t *testing.T) {
	want := ""
	for i, text := range append([]string{"plain"}, hostile...) {
		g, changes := infested(text)
		page := html(t, graph.Page{Title: text, Views: []graph.View{{Name: text, About: text, Graph: g, Changes: changes}}, Focus: text, Diff: true})
		got := htmlSkeleton(t, page)
		if i == 0 {
			want = got
		}
		if got != want {
			t.Errorf("%q makes another page of it:\n%s", text, firstDifference(got, want))
		}
		noControl(t, text, page)
		start := strings.Index(page, `id="data">`) + len(`id="data">`)
		var data any
		if err := json.Unmarshal([]byte(page[start:start+strings.Index(page[start:], "</script>")]), &data); err != nil {
			t.Errorf("%q: the data of the page: %v", text, err)
		}
		shownData(t, text, "", data)
	}
}

// shownData sees that what the script shows of its data hides nothing either.
// Identifiers are compared and never shown.
func shownData(t *testing.T, text, key string, data any) {
	t.Helper()
	switch data := data.(type) {
	case map[string]any:
		for k, v := range data {
			shownData(t, text, k, v)
		}
	case []any:
		for _, v := range data {
			shownData(t, text, key, v)
		}
	case string:
		if !slices.Contains([]string{"id", "from", "to", "focus"}, key) && diag.Clean(data) != data {
			t.Errorf("%q: the page shows %q as %s", text, data, key)
		}
	}
}

// htmlSkeleton returns the elements of a page and the attributes that are no text.
func htmlSkeleton(t *testing.T, page string) string {
	t.Helper()
	doc, err := nethtml.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var walk func(n *nethtml.Node)
	walk = func(n *nethtml.Node) {
		switch n.Type {
		case nethtml.CommentNode:
			t.Error("the page has a comment: ", n.Data)
		case nethtml.ElementNode:
			b.WriteString("<" + n.Data)
			for _, a := range n.Attr {
				b.WriteString(" " + a.Key)
				a.Val = hueOf.ReplaceAllString(a.Val, "")
				if free := []string{"aria-label", "d", "x", "y", "cx", "title", "width", "height", "transform", "viewBox", "content"}; !slices.Contains(free, a.Key) {
					b.WriteString("=" + a.Val)
				}
			}
			b.WriteString(">\n")
			if n.Data == "script" && len(n.Attr) == 0 || n.Data == "style" {
				b.WriteString(n.FirstChild.Data)
			}
		default:
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(doc)
	return b.String()
}

// TestHostileSVG does the same for pictures, which have to be XML as well.
func TestHostileSVG(t *testing.T) {
	want := ""
	for i, text := range append([]string{"plain"}, hostile...) {
		g, _ := infested(text)
		picture := graph.SVG(g, graph.Options{DNS: true})
		got := xmlSkeleton(t, picture)
		if i == 0 {
			want = got
		}
		if got != want {
			t.Errorf("%q makes another picture of it:\n%s", text, firstDifference(got, want))
		}
		noControl(t, text, picture)
	}
}

func xmlSkeleton(t *testing.T, picture string) string {
	t.Helper()
	var b strings.Builder
	d := xml.NewDecoder(strings.NewReader(picture))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, picture)
		}
		switch token := token.(type) {
		case xml.StartElement:
			b.WriteString("<" + token.Name.Local)
			for _, a := range token.Attr {
				b.WriteString(" " + a.Name.Local)
				a.Value = hueOf.ReplaceAllString(a.Value, "")
				if a.Name.Local == "class" || a.Name.Local == "id" || strings.HasPrefix(a.Name.Local, "data-") {
					b.WriteString("=" + a.Value)
				}
			}
			b.WriteString(">\n")
		case xml.Comment, xml.ProcInst, xml.Directive:
			t.Errorf("the picture has a %T", token)
		}
	}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d: %s", i, a[i])
		}
	}
	return fmt.Sprintf("it ends after %d of %d lines", len(a), len(b))
}

// noControl sees that nothing is left that acts on a terminal or hides text.
func noControl(t *testing.T, text, out string) {
	t.Helper()
	for _, r := range out {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)) {
			t.Errorf("%q leaves %U in the output", text, r)
			return
		}
	}
}

// TestHostileMermaid sees that each line of a chart is one that the writer knows,
// and that no text in it has a character that means anything to Mermaid or to
// Markdown.
func TestHostileMermaid(t *testing.T) {
	want := ""
	for i, text := range append([]string{"plain"}, hostile...) {
		g, _ := infested(text)
		var shape strings.Builder
		chart := graph.Mermaid(g, graph.Options{DNS: true})
		for line := range strings.Lines(chart) {
			parts := strings.Split(line, `"`)
			for j := 1; j < len(parts); j += 2 {
				if rest := strings.Trim(parts[j], " "); strings.ContainsAny(rest, "<>&`@%[](){}|\\$!*_") && !onlyUnderscore(rest) || strings.HasPrefix(rest, "- ") {
					t.Errorf("%q is in the chart as %q", text, parts[j])
				}
				parts[j] = ""
			}
			shape.WriteString(strings.Join(parts, `"`))
		}
		if i == 0 {
			want = shape.String()
		}
		if shape.String() != want {
			t.Errorf("%q makes another chart of it:\n%s", text, chart)
		}
		noControl(t, text, chart)
	}
}

// onlyUnderscore: a name of Kubernetes has none, and Mermaid reads none.
func onlyUnderscore(s string) bool { return !strings.ContainsAny(s, "<>&`@%[](){}|\\$!*") }

// TestHostileDOT sees the same of DOT.
func TestHostileDOT(t *testing.T) {
	want := ""
	for i, text := range append([]string{"plain"}, hostile...) {
		g, _ := infested(text)
		dot := graph.DOT(g, graph.Options{DNS: true})
		shape := withoutStrings(t, dot)
		if i == 0 {
			want = shape
		}
		if shape != want {
			t.Errorf("%q makes another graph of it:\n%s", text, dot)
		}
		noControl(t, text, dot)
	}
}

// withoutStrings reads DOT as Graphviz does and leaves out what is quoted.
func withoutStrings(t *testing.T, dot string) string {
	t.Helper()
	var b strings.Builder
	quoted := false
	for i := 0; i < len(dot); i++ {
		switch {
		case quoted && dot[i] == '\\':
			i++
		case dot[i] == '"':
			quoted = !quoted
			b.WriteByte('"')
		case !quoted:
			b.WriteByte(dot[i])
		}
	}
	if quoted {
		t.Error("a string does not end")
	}
	return b.String()
}
