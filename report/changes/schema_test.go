package changes

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/diag"
	"netgen.dev/proof/diff"
	"netgen.dev/report/changes/changestest"
)

type schema struct {
	Ref         string             `json:"$ref"`
	Description string             `json:"description"`
	Type        string             `json:"type"`
	Const       string             `json:"const"`
	Enum        []string           `json:"enum"`
	Required    []string           `json:"required"`
	Properties  map[string]*schema `json:"properties"`
	Items       *schema            `json:"items"`
	Defs        map[string]*schema `json:"$defs"`
}

func readSchema(t *testing.T) *schema {
	t.Helper()
	data, err := os.ReadFile("../../docs/diff.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// fill gives every field of v a value that JSON does not leave out.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(1)
	case reflect.Uint16:
		v.SetUint(1)
	default:
		panic("no value for " + v.Type().String())
	}
}

// TestSchemaFields holds the schema and the types together: a diff with every
// field set has the fields of the schema, and one with none has those that are
// required.
func TestSchemaFields(t *testing.T) {
	root := readSchema(t)
	var full diff.Diff
	fill(reflect.ValueOf(&full).Elem())
	var text strings.Builder
	if err := JSON(&text, &full, Options{Stops: []Stop{{Message: "x", Pos: full.Topologies[0].Sections[0].Changes[0].Pos}}}); err != nil {
		t.Fatal(err)
	}
	compareFields(t, root, root, "diff", parsed(t, text.String()), false)

	bare := &diff.Diff{Topologies: []diff.Topology{{Sections: []diff.Section{{Changes: []diff.Change{{}}}}}}}
	compareFields(t, root, root, "diff", decoded(t, bare), true)
	// What a change can do without can be bare as well.
	c := &bare.Topologies[0].Sections[0].Changes[0]
	c.Source, c.Pos, c.Opened = &diff.End{}, &diag.Pos{}, changestest.TCP(1)
	change := decoded(t, bare).(map[string]any)["topologies"].([]any)[0].(map[string]any)["sections"].([]any)[0].(map[string]any)["changes"].([]any)[0].(map[string]any)
	for _, field := range []string{"source", "pos", "opened"} {
		compareFields(t, root, root.Defs["change"].Properties[field], field, change[field], true)
	}
}

func decoded(t *testing.T, d *diff.Diff) any {
	t.Helper()
	return parsed(t, render(t, "json", d))
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var out any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func compareFields(t *testing.T, root, s *schema, path string, v any, bare bool) {
	t.Helper()
	if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
		s = root.Defs[name]
	}
	switch v := v.(type) {
	case map[string]any:
		want := slices.Sorted(maps.Keys(s.Properties))
		if bare {
			want = slices.Sorted(slices.Values(s.Required))
		}
		if got := slices.Sorted(maps.Keys(v)); s.Type != "object" || !slices.Equal(got, want) {
			t.Errorf("%s: (-schema +type):\n%s", path, cmp.Diff(want, got))
		}
		for key, value := range v {
			if p := s.Properties[key]; p != nil {
				compareFields(t, root, p, path+"."+key, value, bare)
			}
		}
	case []any:
		if s.Type != "array" || s.Items == nil {
			t.Fatalf("%s is %s in the schema, and a list", path, s.Type)
		}
		for _, item := range v {
			compareFields(t, root, s.Items, path+"[]", item, bare)
		}
	case string:
		if s.Type != "string" && s.Const != v {
			t.Errorf("%s is %s %q in the schema, and %q", path, s.Type, s.Const, v)
		}
	case float64:
		if s.Type != "integer" {
			t.Errorf("%s is %s in the schema, and a number", path, s.Type)
		}
	case bool:
		if s.Type != "boolean" {
			t.Errorf("%s is %s in the schema, and a boolean", path, s.Type)
		}
	default:
		t.Errorf("%s is %T", path, v)
	}
}

// TestSchemaChoices holds the enumerations of the schema to the constants of the
// types, which the compiler cannot list: the source can.
func TestSchemaChoices(t *testing.T) {
	root := readSchema(t)
	for _, tt := range []struct{ def, dir, typ string }{
		{"kind", "../../proof/diff", "Kind"},
		{"class", "../../proof/diff", "Class"},
		{"endKind", "../../proof/diff", "EndKind"},
		{"protocol", "../../proof/connectivity", "Protocol"},
		{"direction", "../../proof/connectivity", "Direction"},
	} {
		want := constants(t, tt.dir, tt.typ)
		got := slices.Sorted(slices.Values(root.Defs[tt.def].Enum))
		if len(want) < 2 || !slices.Equal(got, want) {
			t.Errorf("%s (-type +schema):\n%s", tt.def, cmp.Diff(want, got))
		}
	}
}

// Every kind has words of its own in each format.
func TestEveryKindIsKnown(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range constants(t, "../../proof/diff", "Kind") {
		if ruleIndex(diff.Kind(kind)) < 0 {
			t.Errorf("there is no rule for %s", kind)
		}
		shout, text := title(&diff.Change{Kind: diff.Kind(kind), Class: diff.Widened, Subject: "service a"})
		if words := shout + text.plain(); seen[words] && words != "service a" { // that is a connection, told by its sign
			t.Errorf("%s is told as another kind is: %s", kind, words)
		} else {
			seen[words] = true
		}
	}
	inRich := map[string]bool{}
	for _, r := range allRows(changestest.Rich()) {
		inRich[string(r.Kind)] = true
	}
	if got := slices.Sorted(maps.Keys(inRich)); !slices.Equal(got, constants(t, "../../proof/diff", "Kind")) {
		t.Errorf("the rich diff has the kinds %v", got)
	}
}

// constants returns the values of the constants of a string type.
func constants(t *testing.T, dir, typ string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typ {
				return true
			}
			for _, value := range spec.Values {
				if lit, ok := value.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					s, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, s)
				}
			}
			return true
		})
	}
	slices.Sort(out)
	return out
}

// Whoever reads the schema finds a word on everything in it.
func TestSchemaDescribesEverything(t *testing.T) {
	root := readSchema(t)
	var walk func(path string, s *schema)
	walk = func(path string, s *schema) {
		if s.Description == "" && s.Ref == "" {
			t.Errorf("%s has no description", path)
		}
		if s.Ref != "" && root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")] == nil {
			t.Errorf("%s refers to %s, which is not there", path, s.Ref)
		}
		for name, p := range s.Properties {
			walk(path+"."+name, p)
		}
	}
	walk("diff", root)
	for name, s := range root.Defs {
		walk(name, s)
	}
}

// Data comes back from JSON as it was, whatever is in it.
func TestJSONKeepsData(t *testing.T) {
	for _, s := range changestest.Hostile {
		var got struct{ Old string }
		if err := json.Unmarshal([]byte(render(t, "json", &diff.Diff{Old: s})), &got); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); got.Old != want {
			t.Errorf("%q came back as %q", want, got.Old)
		}
	}
}

func TestJSONHasNoNull(t *testing.T) {
	for _, d := range []*diff.Diff{{}, {Topologies: []diff.Topology{{}}}, {Topologies: []diff.Topology{{Sections: []diff.Section{{}}}}}} {
		if out := render(t, "json", d); strings.Contains(out, "null") {
			t.Errorf("a list is null:\n%s", out)
		}
	}
}
