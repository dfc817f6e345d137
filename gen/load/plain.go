package load

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"netgen.dev/schema"
)

// Most topologies are plain data: structs, lists, strings, numbers and booleans as
// they stand in the file, with the schema applied to the whole. Of those, CUE's
// evaluator makes what the syntax says already, for three quarters of the time of a
// build. plain is what takes it from the syntax.
//
// It knows what it knows, and anything else (a reference, a definition, a
// comprehension, an attribute, a pattern, two values that might not agree) is for
// the evaluator, as is every topology in which something is wrong.

// plain returns the data of the field topology, where the whole package is plain
// data.
func (s *snapshot) plain(tags []string) (map[string]any, bool) {
	if len(tags) > 0 {
		return nil, false
	}
	var all any = map[string]any{}
	for _, name := range s.own {
		f, ok := plainFile(s.syntax[name])
		if !ok {
			return nil, false
		}
		if all, ok = merge(all, f); !ok {
			return nil, false
		}
	}
	data, ok := all.(map[string]any)["topology"].(map[string]any)
	return data, ok
}

// file is what is known of a file while it is read.
type file struct {
	schema string // what the file calls the package of the language, "" where it does not import it
	used   bool
}

func plainFile(syntax *ast.File) (map[string]any, bool) {
	var f file
	for spec := range syntax.ImportSpecs() {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil || path != schema.ImportPath || f.schema != "" {
			return nil, false
		}
		f.schema = "schema" // its package clause
		if spec.Name != nil {
			f.schema = spec.Name.Name
		}
	}
	fields := map[string]any{}
	for _, decl := range syntax.Decls {
		switch decl.(type) {
		case *ast.Package, *ast.ImportDecl, *ast.CommentGroup:
			continue
		}
		if !f.field(fields, decl, true) {
			return nil, false
		}
	}
	return fields, f.used == (f.schema != "") // what is imported has to be used
}

// field adds a field to those of a struct.
func (f *file) field(to map[string]any, decl ast.Decl, top bool) bool {
	field, ok := decl.(*ast.Field)
	if !ok || field.Alias != nil || field.Constraint != token.ILLEGAL || len(field.Attrs) > 0 {
		return false
	}
	name, ok := plainLabel(field.Label)
	// CUE normalizes names, and no field may have the name of an import.
	if !ok || !ascii(name) || top && f.schema != "" && name == f.schema {
		return false
	}
	value, ok := f.value(field.Value, top && name == "topology")
	if !ok {
		return false
	}
	if there, twice := to[name]; twice {
		if value, ok = merge(there, value); !ok {
			return false
		}
	}
	to[name] = value
	return true
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// plainLabel returns the name of a regular field.
func plainLabel(label ast.Label) (string, bool) {
	switch l := label.(type) {
	case *ast.Ident:
		if name := l.Name; name != "" && name[0] != '_' && name[0] != '#' {
			return name, true
		}
	case *ast.BasicLit:
		if l.Kind == token.STRING {
			return plainText(l.Value)
		}
	}
	return "", false
}

// value returns what an expression says. A topology may have the schema applied,
// which says nothing: netgen's own rules say all of it.
func (f *file) value(expr ast.Expr, topology bool) (any, bool) {
	switch e := expr.(type) {
	case *ast.StructLit:
		fields := make(map[string]any, len(e.Elts))
		for _, decl := range e.Elts {
			if _, ok := decl.(*ast.CommentGroup); !ok && !f.field(fields, decl, false) {
				return nil, false
			}
		}
		return fields, true
	case *ast.ListLit:
		list := make([]any, len(e.Elts))
		for i, elt := range e.Elts {
			var ok bool
			if list[i], ok = f.value(elt, false); !ok {
				return nil, false
			}
		}
		return list, true
	case *ast.BasicLit:
		return plainLiteral(e)
	case *ast.SelectorExpr:
		return map[string]any{}, topology && f.isTopology(e)
	case *ast.BinaryExpr:
		if e.Op != token.AND || !topology {
			return nil, false
		}
		x, ok := f.value(e.X, true)
		if !ok {
			return nil, false
		}
		y, ok := f.value(e.Y, true)
		if !ok {
			return nil, false
		}
		return merge(x, y)
	}
	return nil, false
}

// isTopology reports whether an expression is the schema of a topology.
func (f *file) isTopology(e *ast.SelectorExpr) bool {
	pkg, ok := e.X.(*ast.Ident)
	name, named := e.Sel.(*ast.Ident)
	if !ok || !named || f.schema == "" || pkg.Name != f.schema || name.Name != "#Topology" {
		return false
	}
	f.used = true
	return true
}

// plainLiteral returns a string, a number or a boolean. Null says something of a
// field that netgen's rules have no words for.
func plainLiteral(e *ast.BasicLit) (any, bool) {
	if e.Kind == token.STRING {
		return plainText(e.Value)
	}
	if e.Kind == token.INT {
		// As JSON has it, and as CUE exports it: no base, no separator, no suffix.
		n, err := strconv.ParseInt(e.Value, 10, 64)
		return json.Number(e.Value), err == nil && strconv.FormatInt(n, 10) == e.Value
	}
	return e.Kind == token.TRUE, e.Kind == token.TRUE || e.Kind == token.FALSE
}

// plainText returns what a string says. Bytes, '…' and #'…'#, are none: CUE exports
// them in base64.
func plainText(quoted string) (string, bool) {
	if strings.HasPrefix(strings.TrimLeft(quoted, "#"), "'") {
		return "", false
	}
	text, err := literal.Unquote(quoted)
	return text, err == nil
}

// merge unifies two values, where that is plain to see.
func merge(a, b any) (any, bool) {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			return nil, false
		}
		for name, value := range y {
			there, twice := x[name]
			if twice {
				if value, ok = merge(there, value); !ok {
					return nil, false
				}
			}
			x[name] = value
		}
		return x, true
	case []any:
		y, ok := b.([]any)
		return a, ok && slices.EqualFunc(x, y, equalScalars)
	}
	return a, equalScalars(a, b)
}

// equalScalars reports whether two values are the same string, number or boolean.
func equalScalars(a, b any) bool {
	switch a.(type) {
	case string, json.Number, bool:
		return a == b
	}
	return false
}
