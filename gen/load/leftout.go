package load

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
	"github.com/agext/levenshtein"

	"netgen.dev/diag"
	"netgen.dev/schema"
)

// Meant is a place where a package without a field topology looks as if it was to
// have one.
type Meant struct {
	Pos      diag.Pos // with the path of the file as it was found
	What     string   // the package does there
	Misspelt bool     // it has a field that is perhaps this one
	Source   []byte   // of the file
}

// MeantTopology looks for such a place in a package: a field that is almost called
// topology, a topology below a condition or in a struct that is embedded, and the use
// of the schema beside fields of its own. A package of definitions and hidden fields
// alone is for others to import.
func MeantTopology(dir string) (Meant, bool) {
	var found []Meant
	regular := false
	for _, name := range sources(dir) {
		file := filepath.Join(dir, name)
		data, err := os.ReadFile(file)
		if err != nil {
			continue // Load reports it, and what cannot be parsed
		}
		f, err := parser.ParseFile(file, data)
		if err != nil {
			continue
		}
		for _, decl := range f.Decls {
			label, isRegular := fieldLabel(decl)
			regular = regular || isRegular
			switch {
			case label != "topology" && almost(label):
				// What is misspelt says more than all else.
				return Meant{place(decl.Pos()), "has the field " + label, true, data}, true
			case label == "":
				found = append(found, nested(decl, data)...)
			}
		}
		found = append(found, ofSchema(f, data)...)
	}
	i := slices.IndexFunc(found, func(m Meant) bool { return regular || !strings.HasPrefix(m.What, "uses") })
	if i < 0 {
		return Meant{}, false
	}
	return found[i], true
}

// sources returns the names of the CUE files of a directory.
func sources(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if fi, err := e.Info(); err == nil && isSource(e.Name()) && fi.Mode().IsRegular() && fi.Size() <= maxFileBytes {
			out = append(out, e.Name())
		}
	}
	return out
}

func place(p token.Pos) diag.Pos {
	return diag.Pos{File: p.Filename(), Line: p.Line(), Column: p.Column()}
}

// fieldLabel returns the label of a field, "" for another declaration, and whether the
// field is a regular one, neither a definition nor hidden.
func fieldLabel(decl ast.Decl) (label string, regular bool) {
	field, ok := decl.(*ast.Field)
	if !ok {
		return "", false
	}
	label, _, err := ast.LabelName(field.Label)
	return label, err != nil || !strings.HasPrefix(label, "#") && !strings.HasPrefix(label, "_")
}

// nested returns the fields topology that a declaration may add to the package.
func nested(decl ast.Decl, source []byte) []Meant {
	var out []Meant
	switch decl.(type) {
	case *ast.Comprehension, *ast.EmbedDecl:
		ast.Walk(decl, func(n ast.Node) bool {
			if field, ok := n.(*ast.Field); ok {
				if isTopology(field) {
					out = append(out, Meant{Pos: place(field.Pos()), What: "has a topology below a condition that does not hold", Source: source})
				}
				return false // what is below a field is none of the package
			}
			return true
		}, nil)
	}
	return out
}

// ofSchema returns the places where a file uses the schema, or applies #Topology.
func ofSchema(f *ast.File, source []byte) []Meant {
	var out []Meant
	ast.Walk(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			if path := strings.Trim(n.Path.Value, `"`); path == schema.ImportPath || strings.HasPrefix(path, schema.ImportPath+":") {
				out = append(out, Meant{Pos: place(n.Pos()), What: "uses " + schema.ImportPath, Source: source})
			}
		case *ast.SelectorExpr:
			if name, _, err := ast.LabelName(n.Sel); err == nil && name == "#Topology" {
				out = append(out, Meant{Pos: place(n.Pos()), What: "uses #Topology", Source: source})
			}
		}
		return true
	}, nil)
	return out
}

// almost reports whether a label is topology but for a letter or two. #Topology is a
// schema of the user's own.
func almost(label string) bool {
	name := strings.ToLower(strings.TrimLeft(label, "_#"))
	return levenshtein.Distance(name, "topology", nil) <= 2 && !strings.EqualFold(label, "#topology")
}
