package formats

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"netgen.dev/proof/diff"
	"netgen.dev/report/changes"
	"netgen.dev/report/changes/changestest"
)

// sarifSchema compiles the published schema, which go-sarif carries. Its own
// validation is of what it has read, with all lists filled in, and not of what is
// written; so the schema is taken from its source.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	const pkg = "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", pkg).Output()
	if err != nil {
		t.Fatal(err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "schema.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var text string
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && len(lit.Value) > len(text) {
			text = lit.Value
		}
		return true
	})
	if text, err = strconv.Unquote(text); err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat() // of addresses
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sarifLog(t *testing.T, d *diff.Diff, version string) string {
	t.Helper()
	var b strings.Builder
	if err := changes.SARIF(&b, d, changes.Options{Version: version}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSARIFIsOfItsSchema(t *testing.T) {
	s := sarifSchema(t)
	large := changestest.Rich()
	for range 300 {
		large.Topologies = append(large.Topologies, changestest.Rich().Topologies...)
	}
	diffs := map[string]*diff.Diff{
		"rich": changestest.Rich(), "ordinary": changestest.Ordinary(), "empty": {}, "large": large,
		"bare": {Topologies: []diff.Topology{{Sections: []diff.Section{{Changes: []diff.Change{{}}}}}}},
	}
	for _, text := range changestest.Hostile {
		diffs[text] = changestest.Ruined(text)
	}
	for name, d := range diffs {
		for _, version := range []string{"1.2.3", "", "devel", name} {
			if err := validate(t, s, sarifLog(t, d, version)); err != nil {
				t.Errorf("%.40q, version %.20q: %v", name, version, err)
			}
		}
	}
}

// What GitHub demands besides, and refuses or hides a log for.
func TestSARIFAsGitHubReadsIt(t *testing.T) {
	for _, text := range append([]string{"plain"}, changestest.Hostile...) {
		report, err := sarif.FromString(sarifLog(t, changestest.Poisoned(text), "1.2.3"))
		if err != nil {
			t.Fatal(err)
		}
		run := report.Runs[0]
		if n := len(run.Results); n == 0 || n > 25_000 {
			t.Errorf("there are %d results", n)
		}
		for _, r := range run.Results {
			if len(r.Locations) != 1 || r.PartialFingerprints["primaryLocationLineHash"] == "" || *r.Message.Text == "" {
				t.Fatalf("with %.40q a result has no place, identity or message", text)
			}
			physical := r.Locations[0].PhysicalLocation
			if uri := *physical.ArtifactLocation.URI; uri == "" || strings.Contains(uri, "://") && !strings.HasPrefix(uri, "file:") {
				t.Errorf("with %.40q a result is at %q", text, uri)
			}
			if *physical.Region.StartLine < 1 {
				t.Errorf("with %.40q a result is at line %d", text, *physical.Region.StartLine)
			}
			if r.RuleIndex >= len(run.Tool.Driver.Rules) || r.RuleIndex >= 0 && *run.Tool.Driver.Rules[r.RuleIndex].ID != *r.RuleID {
				t.Errorf("with %.40q a result has the rule %d", text, r.RuleIndex)
			}
		}
	}
}

func TestSARIFControls(t *testing.T) {
	s := sarifSchema(t)
	good := sarifLog(t, changestest.Ordinary(), "1.2.3")
	for _, tt := range [][2]string{
		{`"version": "2.1.0"`, `"version": "2.2.0"`},
		{`"level": "warning"`, `"level": "danger"`},
		{`"startLine": 31`, `"startLine": 0`},
		{`"ruleIndex": 0`, `"ruleIndex": -2`},
		{`"name": "netgen"`, `"title": "netgen"`},
		{`"columnKind": "unicodeCodePoints"`, `"columnKind": "bytes"`},
		{`"executionSuccessful"`, `"successful"`},
		{`"text": "frontend`, `"words": "frontend`},
		{`"uri": "topologies/`, `"uri": "%zz/`},
		{`"informationUri": "https:`, `"informationUri": "`},
	} {
		bad := strings.Replace(good, tt[0], tt[1], 1)
		if bad == good {
			t.Fatalf("%s is not there", tt[0])
		}
		if validate(t, s, bad) == nil {
			t.Errorf("the schema accepts %s", tt[1])
		}
	}
}
