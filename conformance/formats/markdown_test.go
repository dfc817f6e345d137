package formats

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"netgen.dev/diag"
	"netgen.dev/proof/diff"
	"netgen.dev/report/changes"
	"netgen.dev/report/changes/changestest"
)

// page is what a reader of Markdown sees.
type page struct {
	active []string // links, images, automatic links
	html   []string
	prose  []string // text outside code
	spans  []string
	blocks []string // of code
	rows   []int    // columns of each
	alerts int
}

func parse(source string) *page {
	src := []byte(source)
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(src))
	p := &page{}
	lines := func(n ast.Node) string {
		var b strings.Builder
		for i := range n.Lines().Len() {
			line := n.Lines().At(i)
			b.Write(line.Value(src))
		}
		return b.String()
	}
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			p.active = append(p.active, "link "+string(n.Destination))
		case *ast.Image:
			p.active = append(p.active, "image "+string(n.Destination))
		case *ast.AutoLink:
			p.active = append(p.active, "automatic link "+string(n.URL(src)))
		case *ast.RawHTML:
			var b strings.Builder
			for i := range n.Segments.Len() {
				segment := n.Segments.At(i)
				b.Write(segment.Value(src))
			}
			p.html = append(p.html, b.String())
		case *ast.HTMLBlock:
			block := lines(n)
			if n.HasClosure() {
				block += string(n.ClosureLine.Value(src))
			}
			p.html = append(p.html, strings.Split(strings.TrimSpace(block), "\n")...)
		case *ast.FencedCodeBlock:
			p.blocks = append(p.blocks, string(n.Language(src))+": "+lines(n))
			return ast.WalkSkipChildren, nil
		case *ast.CodeBlock:
			p.active = append(p.active, "indented code")
		case *ast.CodeSpan:
			var b strings.Builder
			for c := n.FirstChild(); c != nil; c = c.NextSibling() {
				b.Write(c.(*ast.Text).Segment.Value(src))
			}
			p.spans = append(p.spans, b.String())
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			p.prose = append(p.prose, string(n.Segment.Value(src)))
		case *ast.String:
			p.prose = append(p.prose, string(n.Value))
		case *ast.Blockquote:
			p.alerts++
		case *extast.TableRow:
			p.rows = append(p.rows, n.ChildCount())
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		panic(err)
	}
	return p
}

// Words of netgen's own that hold something of GitHub's.
var fixed = regexp.MustCompile(`^(<!-- netgen-diff -->|<br>|<details><summary>\d* ?[A-Za-z ]+</summary>|</details>)$`)

// What GitHub looks for in text that is no code: mentions, references, addresses,
// commits, mathematics, emoji.
var fires = regexp.MustCompile(`@\w|#\d|GH-\d|://|www\.|\w@\w|\b[0-9a-f]{7,40}\b|\$|:[a-z_]+:|\*\*|~~|[<>]`)

// wrong says what is in a page that no comment of netgen's should have.
func wrong(p *page, rows int) []string {
	out := slices.Clone(p.active)
	for _, tag := range p.html {
		if !fixed.MatchString(tag) {
			out = append(out, "HTML "+tag)
		}
	}
	// The text is cut into nodes anywhere, so it is looked at as a whole.
	prose := html.UnescapeString(strings.Join(p.prose, ""))
	if found := fires.FindString(prose); found != "" {
		out = append(out, fmt.Sprintf("%q in the text", found))
	}
	for _, block := range p.blocks {
		if !strings.HasPrefix(block, "mermaid: flowchart LR\n") {
			out = append(out, "a block of code "+block)
		}
	}
	if n := len(p.rows); n != rows {
		out = append(out, fmt.Sprintf("%d rows for %d changes", n, rows))
	}
	for _, columns := range p.rows {
		if columns != 7 {
			out = append(out, fmt.Sprintf("a row of %d columns", columns))
		}
	}
	return out
}

func markdown(t testing.TB, d *diff.Diff, o changes.Options) string {
	t.Helper()
	var b strings.Builder
	if err := changes.Markdown(&b, d, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func count(d *diff.Diff) int {
	n := 0
	for _, top := range d.Topologies {
		for _, s := range top.Sections {
			n += len(s.Changes)
		}
	}
	return n
}

func TestMarkdownOfOurs(t *testing.T) {
	for _, d := range []*diff.Diff{changestest.Rich(), changestest.Ordinary()} {
		p := parse(markdown(t, d, changes.Options{}))
		if found := wrong(p, count(d)); len(found) > 0 {
			t.Errorf("there is %s", strings.Join(found, "; "))
		}
		if len(p.blocks) != 1 {
			t.Errorf("there are %d drawings", len(p.blocks))
		}
	}
	if p := parse(markdown(t, changestest.Rich(), changes.Options{})); p.alerts != 1 || len(p.spans) < 50 {
		t.Errorf("the parser sees %d alerts and %d names", p.alerts, len(p.spans))
	}
}

func TestMarkdownWithHostileData(t *testing.T) {
	for _, s := range changestest.Hostile {
		for _, d := range []*diff.Diff{changestest.Poisoned(s), changestest.Ruined(s)} {
			out := markdown(t, d, changes.Options{})
			p := parse(out)
			for _, found := range wrong(p, p.shown(t, d)) {
				t.Errorf("with %.60q there is %s", s, found)
			}
			if strings.Count(out, "<!-- netgen-diff -->\n") != 1 {
				t.Errorf("with %.60q there are two markers", s)
			}
			// What is harmless must still be readable.
			if printable(s) && !slices.Contains(p.spans, s) {
				t.Errorf("%q is not shown as it is: %q", s, p.spans)
			}
		}
	}
}

var left = regexp.MustCompile(`(\d+) more changes?: run`)

// shown is how many rows a page should have: where changes are left out, it says
// how many.
func (p *page) shown(t *testing.T, d *diff.Diff) int {
	t.Helper()
	n := 0
	if m := left.FindStringSubmatch(strings.Join(p.prose, "")); m != nil {
		if _, err := fmt.Sscan(m[1], &n); err != nil {
			t.Fatal(err)
		}
	}
	return count(d) - n
}

// printable reports whether a string should be shown exactly as it is.
func printable(s string) bool {
	return utf8.ValidString(s) && len(s) < 100 && !strings.ContainsRune(s, '|') && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsPrint(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
	})
}

// Addresses come from whoever runs netgen, but names of files are in them.
func TestMarkdownLinks(t *testing.T) {
	prefix := "https://github.com/acme/net/blob/main/"
	o := changes.Options{Link: func(pos diag.Pos, _ bool) string { return prefix + pos.File + fmt.Sprintf("#L%d", pos.Line) }}
	for _, s := range append([]string{"a b.cue", "ok.cue"}, changestest.Hostile...) {
		p := parse(markdown(t, changestest.Poisoned(s), o))
		links := 0
		p.active = slices.DeleteFunc(p.active, func(found string) bool {
			ours := strings.HasPrefix(found, "link "+prefix) && !strings.ContainsAny(found[len("link "):], " <>()[]`\\")
			if ours {
				links++
			}
			return ours
		})
		for _, found := range wrong(p, p.shown(t, changestest.Poisoned(s))) {
			t.Errorf("with %.60q there is %s", s, found)
		}
		if links == 0 && printable(s) {
			t.Errorf("with %.60q there is no link", s)
		}
	}
}

// Comments that are too long are cut between rows, and stay what they are.
func TestMarkdownOfLargeDiffs(t *testing.T) {
	for _, copies := range []int{5, 20, 50, 400} {
		d := changestest.Rich()
		for range copies {
			d.Topologies = append(d.Topologies, changestest.Rich().Topologies...)
		}
		out := markdown(t, d, changes.Options{})
		p := parse(out)
		for _, found := range wrong(p, p.shown(t, d)) {
			t.Errorf("%d copies: there is %s", copies, found)
		}
		if len(out) > 60_000 {
			t.Errorf("%d copies: there are %d bytes", copies, len(out))
		}
	}
}

// The parser must see what the tests above look for, or they say nothing.
func TestMarkdownControls(t *testing.T) {
	for in, want := range map[string]string{
		"[a](https://evil.example)":          "link",
		"![a](https://evil.example/x.png)":   "image",
		"https://evil.example":               "automatic link",
		"www.evil.example":                   "automatic link",
		"mail@evil.example":                  "automatic link",
		"<https://evil.example>":             "automatic link",
		"a <b>c</b>":                         "HTML <b>",
		"<script>\nalert(1)\n</script>":      "HTML <script>",
		"<!-- other -->":                     "HTML <!-- other -->",
		"ask @octocat":                       `"@o" in the text`,
		"see #12":                            `"#1" in the text`,
		"at 0123abc":                         `"0123abc" in the text`,
		"```sh\nx\n```":                      "a block of code",
		"    x":                              "indented code",
		"| a | b |\n|---|---|\n| c | d |":    "a row of 2 columns",
		"[a]\n\n[a]: https://evil.example":   "link",
		"`a` [`b`](https://evil.example) @x": "link",
	} {
		if found := strings.Join(wrong(parse(in), 0), "; "); !strings.Contains(found, want) {
			t.Errorf("%q: found %q, want %s", in, found, want)
		}
	}
	for _, harmless := range []string{"`@octocat`", "`https://evil.example`", "`<b>`", "`[a](b)`", "&#124;"} {
		if found := wrong(parse(harmless), 0); len(found) > 0 {
			t.Errorf("%q: found %q", harmless, found)
		}
	}
}
