package load

import (
	"os"
	"path/filepath"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
)

// HoldsTopology reports whether a CUE file in dir has a field topology. A file
// that cannot be read or parsed counts, so that Load reports it.
func HoldsTopology(dir string) bool {
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
		if err != nil {
			return true
		}
		for _, decl := range f.Decls {
			if field, ok := decl.(*ast.Field); ok {
				if label, _, err := ast.LabelName(field.Label); err == nil && label == "topology" {
					return true
				}
			}
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
