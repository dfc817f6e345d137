package load

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
)

// HoldsTopology reports whether a CUE file in dir has a field topology. A file
// that cannot be read or parsed counts, so that Load reports it.
func HoldsTopology(dir string) bool { return anyDecl(dir, isTopology) }

// MayHoldTopology reports whether a package in dir may have a field topology: one
// that is written, or one that only an evaluation shows, of a struct that is
// embedded, a condition, or a label that is computed.
func MayHoldTopology(dir string) bool {
	return anyDecl(dir, func(decl ast.Decl) bool {
		switch d := decl.(type) {
		case *ast.EmbedDecl, *ast.Comprehension:
			return true
		case *ast.Field:
			_, _, err := ast.LabelName(d.Label)
			return err != nil || isTopology(decl)
		}
		return false
	})
}

func isTopology(decl ast.Decl) bool {
	field, ok := decl.(*ast.Field)
	if !ok {
		return false
	}
	label, _, err := ast.LabelName(field.Label)
	return err == nil && label == "topology"
}

// anyDecl reports whether a CUE file in dir has a declaration of a kind, or
// cannot be read.
func anyDecl(dir string, is func(ast.Decl) bool) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		name := e.Name()
		if !isSource(name) || e.IsDir() {
			continue
		}
		fi, err := e.Info()
		if err != nil || !fi.Mode().IsRegular() || fi.Size() > maxFileBytes {
			return true
		}
		f, err := parser.ParseFile(filepath.Join(dir, name), nil)
		if err != nil || slices.ContainsFunc(f.Decls, is) {
			return true
		}
	}
	return false
}

// isSource reports whether CUE reads a file of this name: not those that start
// with "_" or ".", nor commands and tests.
func isSource(name string) bool {
	return strings.HasSuffix(name, ".cue") && !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, ".") &&
		!strings.HasSuffix(name, "_tool.cue") && !strings.HasSuffix(name, "_test.cue")
}
