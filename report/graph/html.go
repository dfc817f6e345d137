package graph

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"netgen.dev/diag"
	"netgen.dev/proof/diff"
)

var (
	//go:embed page/page.html
	pageBody string
	//go:embed page/page.css
	pageStyle string
	//go:embed page/data.js
	scriptData string
	//go:embed page/stage.js
	scriptStage string
	//go:embed page/panels.js
	scriptPanels string
	//go:embed page/changes.js
	scriptChanges string
	//go:embed page/tables.js
	scriptTables string
	//go:embed page/main.js
	scriptMain string

	// pageScript is the script of a page: nothing in it is known outside.
	pageScript = "(() => {\n" + scriptData + scriptStage + scriptPanels + scriptChanges + scriptTables + scriptMain + "})();\n"
)

// Page is an HTML page of the graphs of some environments.
type Page struct {
	Title string
	Views []View

	// Focus is the ID of the node whose surroundings the page opens with, "" for
	// the whole graph; Hops is how far they go, -1 for no limit.
	Focus string
	Hops  int
	// DNS shows at first what the DNS of the cluster implies.
	DNS bool
	// Diff says that the page is of a change: where it has none, it says so.
	Diff bool
}

// View is one graph of a page: an environment, or what changed in one.
type View struct {
	Name  string
	Graph *Graph
	// About says what the graph is of: the topology with its version, or both of
	// its versions, the environment, and which others did not change.
	About string
	// Changes are the rows of a diff, listed beside the graph of Compare.
	Changes []diff.Change
}

// HTML writes a page. It is one file: no request leaves it, and its policy would
// stop any. All that it shows of a graph is either escaped in place or put there as
// text by the script, which never makes HTML of data.
func HTML(w io.Writer, p Page) error {
	data, err := json.Marshal(p.data()) // which escapes <, > and &
	if err != nil {
		return fmt.Errorf("encode the page: %w", err)
	}
	// Identifiers are not cleaned, and a log may have the page: see diag.Clean.
	data = bytes.ReplaceAll(data, []byte("##"), []byte(`#\u0023`))
	style := ":root{color-scheme:light;" + lightTheme.declarations() + "}" +
		"@media (prefers-color-scheme: dark){:root:not([data-theme=light]){color-scheme:dark;" + darkTheme.declarations() + "}}" +
		":root[data-theme=dark]{color-scheme:dark;" + darkTheme.declarations() + "}" +
		graphStyle + pageStyle
	var stages strings.Builder
	for i, v := range p.Views {
		stage(&stages, i, v)
	}
	replace := strings.NewReplacer(
		"{{title}}", escape(p.Title), "{{about}}", escape(p.about()),
		"{{script-hash}}", hash(pageScript), "{{style-hash}}", hash(style),
		"{{style}}", style, "{{script}}", pageScript,
		"{{data}}", ascii(data), "{{stages}}", stages.String(),
	)
	_, err = replace.WriteString(w, pageBody)
	return err
}

// about is what the first graph of a page is of.
func (p *Page) about() string {
	if len(p.Views) == 0 {
		return ""
	}
	return p.Views[0].About
}

// ascii writes the characters of JSON beyond ASCII as escapes: whatever an
// identifier is made of, the file holds nothing that hides or turns text.
func ascii(data []byte) string {
	var b strings.Builder
	for _, r := range string(data) {
		if r < 0x7f {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// hash is what a Content-Security-Policy knows an inline script or style by.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// pageData is what the script of a page reads.
type pageData struct {
	Title string     `json:"title"`
	Views []viewData `json:"views"`
	Focus string     `json:"focus"`
	Hops  int        `json:"hops"`
	DNS   bool       `json:"dns"`
	Diff  bool       `json:"diff"`
}

type viewData struct {
	Name    string       `json:"name"`
	About   string       `json:"about"`
	Nodes   []Node       `json:"nodes"`
	Edges   []Edge       `json:"edges"`
	Boxes   [][4]float64 `json:"boxes"`            // of the nodes
	Alarms  []string     `json:"alarms,omitempty"` // namespaces
	Changes []rowData    `json:"changes,omitempty"`
}

func (p *Page) data() pageData {
	out := pageData{Title: diag.Clean(p.Title), Focus: p.Focus, Hops: p.Hops, DNS: p.DNS, Diff: p.Diff, Views: []viewData{}}
	for _, v := range p.Views {
		d := drawForPage(v.Graph)
		view := viewData{Name: diag.Clean(v.Name), About: diag.Clean(v.About), Alarms: cleaned(v.Graph.Alarms), Nodes: []Node{}, Edges: []Edge{}}
		for i, n := range d.g.Nodes {
			view.Nodes = append(view.Nodes, n.clean())
			r := d.at.Nodes[i]
			view.Boxes = append(view.Boxes, [4]float64{r.X, r.Y, r.Width, r.Height})
		}
		for _, e := range d.g.Edges {
			view.Edges = append(view.Edges, e.clean())
		}
		view.Changes = rowsOf(v.Changes)
		out.Views = append(out.Views, view)
	}
	return out
}

func (n Node) clean() Node {
	n.Name, n.Namespace, n.Owner, n.Description, n.Pos = diag.Clean(n.Name), diag.Clean(n.Namespace), diag.Clean(n.Owner), diag.Clean(n.Description), diag.Clean(n.Pos)
	n.Ports, n.About, n.Notes = cleaned(n.Ports), cleaned(n.About), cleaned(n.Notes)
	return n
}

func (e Edge) clean() Edge {
	e.Why, e.Owner, e.Ticket, e.Pos, e.Note = diag.Clean(e.Why), diag.Clean(e.Owner), diag.Clean(e.Ticket), diag.Clean(e.Pos), diag.Clean(e.Note)
	e.Expires = diag.Clean(e.Expires)
	e.Ports, e.Policies, e.Opened, e.Closed = cleaned(e.Ports), cleaned(e.Policies), cleaned(e.Opened), cleaned(e.Closed)
	return e
}

func cleaned(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, diag.Clean(s))
	}
	return out
}
