package graph

import (
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
	//go:embed page/tables.js
	scriptTables string
	//go:embed page/main.js
	scriptMain string

	// pageScript is the script of a page: nothing in it is known outside.
	pageScript = "(() => {\n" + scriptData + scriptStage + scriptPanels + scriptTables + scriptMain + "})();\n"
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
}

// View is one graph of a page: an environment, or what changed in one.
type View struct {
	Name  string
	Graph *Graph
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
	style := ":root{color-scheme:light;" + lightTheme.declarations() + "}" +
		"@media (prefers-color-scheme: dark){:root:not([data-theme=light]){color-scheme:dark;" + darkTheme.declarations() + "}}" +
		":root[data-theme=dark]{color-scheme:dark;" + darkTheme.declarations() + "}" +
		graphStyle + pageStyle
	var stages strings.Builder
	for i, v := range p.Views {
		stage(&stages, i, v)
	}
	replace := strings.NewReplacer(
		"{{title}}", escape(p.Title),
		"{{script-hash}}", hash(pageScript), "{{style-hash}}", hash(style),
		"{{style}}", style, "{{script}}", pageScript,
		"{{data}}", ascii(data), "{{stages}}", stages.String(),
	)
	_, err = replace.WriteString(w, pageBody)
	return err
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
}

type viewData struct {
	Name    string       `json:"name"`
	Nodes   []Node       `json:"nodes"`
	Edges   []Edge       `json:"edges"`
	Boxes   [][4]float64 `json:"boxes"` // of the nodes
	Changes []rowData    `json:"changes,omitempty"`
}

// rowData is a row of a diff: what it says, and the edge that it is about.
type rowData struct {
	Sign  string   `json:"sign"`
	Kind  string   `json:"kind"`
	Class string   `json:"class"`
	Text  string   `json:"text"`
	Notes []string `json:"notes,omitempty"`
	From  []string `json:"from,omitempty"` // IDs
	To    []string `json:"to,omitempty"`
}

func (p *Page) data() pageData {
	out := pageData{Title: diag.Clean(p.Title), Focus: p.Focus, Hops: p.Hops, DNS: p.DNS, Views: []viewData{}}
	for _, v := range p.Views {
		d := drawForPage(v.Graph)
		view := viewData{Name: diag.Clean(v.Name), Nodes: []Node{}, Edges: []Edge{}}
		for i, n := range d.g.Nodes {
			view.Nodes = append(view.Nodes, n.clean())
			r := d.at.Nodes[i]
			view.Boxes = append(view.Boxes, [4]float64{r.X, r.Y, r.Width, r.Height})
		}
		for _, e := range d.g.Edges {
			view.Edges = append(view.Edges, e.clean())
		}
		for _, c := range v.Changes {
			view.Changes = append(view.Changes, rowOf(c))
		}
		out.Views = append(out.Views, view)
	}
	return out
}

func (n Node) clean() Node {
	n.Name, n.Namespace, n.Owner, n.Description, n.Pos = diag.Clean(n.Name), diag.Clean(n.Namespace), diag.Clean(n.Owner), diag.Clean(n.Description), diag.Clean(n.Pos)
	n.Ports, n.About = cleaned(n.Ports), cleaned(n.About)
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

// rowOf says a row of a diff in words.
func rowOf(c diff.Change) rowData {
	row := rowData{Kind: diag.Clean(strings.ReplaceAll(string(c.Kind), "-", " ")), Class: diag.Clean(string(c.Class)), Sign: "="}
	switch {
	case c.Kind == diff.InvariantBroken, c.Kind == diff.IsolationLost, c.Kind == diff.Undecided:
		row.Sign = "!"
	case c.Class == diff.Widened:
		row.Sign = "+"
	case c.Class == diff.Narrowed:
		row.Sign = "−"
	}
	row.Text = c.Subject
	if c.Source != nil && c.Destination != nil {
		row.From, row.To = endIDs(c.Source), endIDs(c.Destination)
		row.Text = endName(c.Source) + " → " + endName(c.Destination)
		e := Edge{Change: Changed, Opened: list(c.Opened), Closed: list(c.Closed)}
		if len(e.Opened)+len(e.Closed) > 0 {
			row.Text += ", " + e.label()
		}
	} else if c.Subject != "" {
		if _, name, ok := strings.Cut(c.Subject, " "); ok {
			row.From = []string{name}
		}
	}
	add := func(what, text string) {
		if text != "" {
			row.Notes = append(row.Notes, diag.Clean(what+text))
		}
	}
	add("why: ", c.Why)
	add("owner: ", c.Owner)
	add("ticket: ", c.Ticket)
	if c.Pos != nil {
		add(map[bool]string{false: "declared at ", true: "was declared at "}[c.Before], c.Pos.String())
	}
	if c.Internet {
		add("", "reaches public addresses")
	}
	for _, r := range c.Rules {
		add("by ", r)
	}
	add("", c.Note)
	row.Text = diag.Clean(row.Text)
	return row
}

func endName(e *diff.End) string {
	if e.Namespace != "" && e.Kind != diff.ServiceEnd && e.Kind != diff.GroupEnd {
		return e.Namespace + "/" + e.Name // nobody declares a name for it
	}
	return e.Name
}
