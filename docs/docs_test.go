// Package docs holds the documentation. What can be made from the program is:
// NETGEN_UPDATE=1 go test ./docs writes it anew.
package docs

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
	"github.com/google/go-cmp/cmp"

	"netgen.dev/diag"
	"netgen.dev/schema"
)

// check compares a generated page with the one in the tree.
func check(t *testing.T, file, want string) {
	t.Helper()
	if os.Getenv("NETGEN_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("docs/%s is out of date: NETGEN_UPDATE=1 go test ./docs\n%s", file, diff)
	}
}

// TestSchemaPage makes the language reference from the schema, whose comments
// are what editors show as well.
func TestSchemaPage(t *testing.T) {
	f, err := parser.ParseFile("topology.cue", schema.Source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# The topology language\n\n<!-- Made from schema/topology.cue by go test ./docs. -->\n\n")
	b.WriteString("Import it as `" + schema.ImportPath + "`. Its version is `" + schema.Language + "`.\n")
	for _, decl := range f.Decls {
		field, ok := decl.(*ast.Field)
		if !ok {
			continue
		}
		name, _, err := ast.LabelName(field.Label)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", name, comment(field))
		s, ok := field.Value.(*ast.StructLit)
		if !ok {
			fmt.Fprintf(&b, "\n```cue\n%s: %s\n```\n", name, source(t, field.Value))
			continue
		}
		b.WriteString("\n| field | value | meaning |\n|---|---|---|\n")
		fields(t, &b, "", s)
	}
	check(t, "schema.md", b.String())
}

// fields writes a row for each field of a struct, and below it those of a struct
// that is written in its place.
func fields(t *testing.T, b *strings.Builder, prefix string, s *ast.StructLit) {
	meaning := ""
	for _, elt := range s.Elts {
		f, ok := elt.(*ast.Field)
		if !ok {
			continue
		}
		if c := comment(f); c != "" {
			meaning = c // one comment may stand for the fields that follow it
		}
		name, _, err := ast.LabelName(f.Label)
		if err != nil {
			name = source(t, f.Label)
		}
		required := ""
		if f.Constraint == token.NOT {
			required = " (required)"
		}
		value := source(t, f.Value)
		inner, _ := f.Value.(*ast.StructLit)
		if inner != nil && hasNames(inner) {
			value = "struct"
		} else {
			inner = nil
		}
		cell := func(s string) string {
			return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
		}
		fmt.Fprintf(b, "| `%s`%s | `%s` | %s |\n", prefix+name, required, cell(value), cell(meaning))
		if inner != nil {
			fields(t, b, prefix+name+".", inner)
		}
	}
}

// hasNames reports whether a struct has fields of its own, and is not a map.
func hasNames(s *ast.StructLit) bool {
	return slices.ContainsFunc(s.Elts, func(elt ast.Decl) bool {
		f, ok := elt.(*ast.Field)
		if !ok {
			return false
		}
		_, _, err := ast.LabelName(f.Label)
		return err == nil
	})
}

func comment(n ast.Node) string {
	var out []string
	for _, g := range ast.Comments(n) {
		if g.Doc {
			out = append(out, strings.TrimSpace(g.Text()))
		}
	}
	return strings.Join(out, "\n")
}

func source(t *testing.T, n ast.Node) string {
	t.Helper()
	out, err := format.Node(n)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestDiagnosticsPage lists the codes, each with a link to its page.
func TestDiagnosticsPage(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Diagnostics\n\n<!-- Made from package diag by go test ./docs. -->\n\n")
	b.WriteString("Every finding has a stable code. Codes are never used again for anything else. The\n" +
		"page of a code says what is wrong, shows it, and shows it mended. The examples do\n" +
		"without the schema, to be short; yours may import it, as in the [guide](guide.md),\n" +
		"for editors to know the language.\n")
	subjects := map[byte]string{
		'1': "The CUE package and its shape", '2': "Names and values", '3': "Connections", '4': "Selectors and peers",
		'5': "The cluster", '6': "Environments", '7': "The output tree", '8': "The proof", '9': "Refusals for safety (exit code 3)",
	}
	subject := byte(0)
	for _, code := range slices.Sorted(maps.Keys(diag.Titles)) {
		if code[2] != subject {
			subject = code[2]
			fmt.Fprintf(&b, "\n## %s\n\n| code | meaning |\n|---|---|\n", subjects[subject])
		}
		fmt.Fprintf(&b, "| [%s](diagnostics/%[1]s.md) | %s |\n", code, diag.Titles[code])
	}
	check(t, "diagnostics.md", b.String())
}

// unshown are the codes whose pages have no example, each with the reason.
var unshown = map[diag.Code]string{
	diag.Schema:      "netgen finds in its own words what the schema would refuse",
	diag.ExpiresSoon: "what is soon depends on the day",
	diag.TooLarge:    "the example would be too large as well",
	diag.Time:        "the example would take as long; the script guard does not",
	diag.Memory:      "limits are of a process of their own; the script guard starts one",
}

// TestDiagnosticPages sees that each code has a page, and that the page shows
// the finding and, at its end, none. TestDocs of cmd/netgen runs what it shows.
func TestDiagnosticPages(t *testing.T) {
	files, err := os.ReadDir("diagnostics")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, ok := diag.Titles[diag.Code(strings.TrimSuffix(f.Name(), ".md"))]; !ok {
			t.Errorf("docs/diagnostics/%s is about no code", f.Name())
		}
	}
	for _, code := range slices.Sorted(maps.Keys(diag.Titles)) {
		t.Run(string(code), func(t *testing.T) {
			page, err := os.ReadFile(fmt.Sprintf("diagnostics/%s.md", code))
			if err != nil {
				t.Fatal(err)
			}
			heading, text, _ := strings.Cut(string(page), "\n")
			if want := fmt.Sprintf("# %s: %s", code, diag.Titles[code]); heading != want {
				t.Errorf("the heading is %q, not %q", heading, want)
			}
			var shown []string // what each console block shows
			for _, block := range strings.Split(text, "\n```console\n")[1:] {
				block, _, _ = strings.Cut(block, "\n```\n")
				shown = append(shown, block)
			}
			if reason, ok := unshown[code]; ok {
				if len(shown) > 0 {
					t.Errorf("the page has an example, and is listed as one without: %s", reason)
				}
				return
			}
			if !strings.Contains(strings.Join(shown, "\n")+"\n", fmt.Sprintf(" [%s]\n", code)) {
				t.Error("no example shows the finding")
			}
			if len(shown) > 0 && strings.Contains(shown[len(shown)-1], " [NG") {
				t.Error("the last example shows a finding")
			}
		})
	}
}
