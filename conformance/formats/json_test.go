package formats

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"netgen.dev/conformance/internal/subject"
	"netgen.dev/proof/diff"
	"netgen.dev/report/changes"
	"netgen.dev/report/changes/changestest"
)

// diffSchema compiles the schema in docs, which the validator holds against the
// schema of schemas.
func diffSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(subject.Root(t), "docs", "diff.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("diff.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("diff.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if s.DraftVersion != 2020 {
		t.Errorf("the schema is of draft %d", s.DraftVersion)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

func written(t *testing.T, d *diff.Diff) string {
	t.Helper()
	var b strings.Builder
	if err := changes.JSON(&b, d, changes.Options{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestJSONIsOfItsSchema(t *testing.T) {
	s := diffSchema(t)
	diffs := map[string]*diff.Diff{
		"rich": changestest.Rich(), "ordinary": changestest.Ordinary(), "empty": {}, "bare": {Topologies: []diff.Topology{{Sections: []diff.Section{{}}}}},
	}
	for _, text := range changestest.Hostile {
		diffs[text] = changestest.Poisoned(text)
	}
	for name, d := range diffs {
		if err := validate(t, s, written(t, d)); err != nil {
			t.Errorf("%.40q: %v", name, err)
		}
	}
}

func TestJSONControls(t *testing.T) {
	s := diffSchema(t)
	good := written(t, changestest.Rich())
	for _, tt := range [][2]string{
		{`"netgen.dev/diff/v1"`, `"netgen.dev/diff/v2"`},
		{`"kind": "Diff"`, `"kind": "Other"`},
		{`"kind": "opened"`, `"kind": "ajar"`},
		{`"class": "widened"`, `"class": "wide"`},
		{`"kind": "service"`, `"kind": "host"`},
		{`"protocol": "TCP"`, `"protocol": "ICMP"`},
		{`"first": 443`, `"first": 0`},
		{`"last": 443`, `"last": 65536`},
		{`"line": 41`, `"line": "41"`},
		{`"widened": `, `"wider": `},
		{`"egress"`, `"outward"`},
		{`"internet": true`, `"internet": "yes"`},
	} {
		bad := strings.Replace(good, tt[0], tt[1], 1)
		if bad == good {
			t.Fatalf("%s is not there", tt[0])
		}
		if validate(t, s, bad) == nil {
			t.Errorf("the schema accepts %s", tt[1])
		}
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(good), &doc); err != nil {
		t.Fatal(err)
	}
	for key := range doc {
		less := map[string]any{}
		for k, v := range doc {
			if k != key {
				less[k] = v
			}
		}
		text, err := json.Marshal(less)
		if err != nil {
			t.Fatal(err)
		}
		if validate(t, s, string(text)) == nil {
			t.Errorf("the schema accepts a diff without %s", key)
		}
	}
}
