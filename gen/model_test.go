package gen_test

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
	"github.com/google/go-cmp/cmp"

	"netgen.dev/gen/topology"
	"netgen.dev/schema"
)

// TestSchemaIsTheModel holds the fields of the CUE schema, which of them are
// required, and their choices, against the Go model.
func TestSchemaIsTheModel(t *testing.T) {
	f, err := parser.ParseFile("topology.cue", schema.Source)
	if err != nil {
		t.Fatal(err)
	}
	definitions := map[string]ast.Expr{}
	for _, decl := range f.Decls {
		if field, ok := decl.(*ast.Field); ok {
			name, _, _ := ast.LabelName(field.Label)
			definitions[name] = field.Value
		}
	}
	for name, model := range map[string]any{
		"#Topology": topology.Topology{}, "#Service": topology.Service{}, "#Group": topology.Group{},
		"#Peer": topology.Peer{}, "#Connection": topology.Connection{}, "#Cluster": topology.Cluster{},
		"#Resolver": topology.Resolver{}, "#APIServer": topology.APIServer{}, "#Invariant": topology.Invariant{},
		"#Output": topology.Output{}, "#Expression": topology.Expression{}, "#Environment": topology.Environment{},
	} {
		want := map[string]string{}
		for _, f := range reflect.VisibleFields(reflect.TypeOf(model)) {
			if field, option, _ := strings.Cut(f.Tag.Get("cue"), ","); field != "" {
				want[field] = option + " " + f.Tag.Get("oneOf")
			}
		}
		if name == "#Topology" {
			want["environments"] = " " // package topology merges them
		}
		got := map[string]string{}
		for _, decl := range definitions[name].(*ast.StructLit).Elts {
			field, ok := decl.(*ast.Field)
			if !ok {
				continue
			}
			label, _, _ := ast.LabelName(field.Label)
			required := ""
			if field.Constraint == token.NOT {
				required = "required"
			}
			got[label] = required + " " + strings.Join(choices(field.Value), "|")
		}
		if name == "#Cluster" {
			got["families"] = " IPv4|IPv6" // of #Family
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-model +schema):\n%s", name, diff)
		}
	}
}

// choices returns the strings of a disjunction, in the order of the model.
func choices(e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		if e.Op == token.OR {
			return slices.Concat(choices(e.X), choices(e.Y))
		}
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil {
			return []string{s}
		}
	}
	return nil
}
