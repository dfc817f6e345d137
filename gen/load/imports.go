package load

import (
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"netgen.dev/diag"
	"netgen.dev/schema"
)

// readImports reads the packages that the files import, and what these import.
func (s *snapshot) readImports() {
	done := map[string]bool{schema.ImportPath: true}
	queue := slices.Sorted(maps.Keys(s.syntax))
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		for _, spec := range slices.Collect(s.syntax[name].ImportSpecs()) {
			importPath, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // CUE reports it
			}
			importPath, _, _ = strings.Cut(importPath, ":")
			if done[importPath] || !strings.Contains(strings.SplitN(importPath, "/", 2)[0], ".") {
				continue // seen, or of CUE's standard library
			}
			done[importPath] = true
			dirs := s.importDirs(importPath)
			if len(dirs) == 0 {
				p := spec.Pos()
				s.report(diag.Network, s.pos(p.Filename(), p.Line(), p.Column()),
					"package %s is not in the repository, and netgen fetches nothing", importPath)
				s.hint("vendor it under cue.mod/pkg/%s", importPath)
				continue
			}
			for _, dir := range dirs {
				before := len(s.syntax)
				s.readPackage(dir, imported)
				if len(s.syntax) > before {
					queue = append(queue, s.filesBelow(dir)...)
				}
			}
		}
	}
}

// importDirs returns the directories of the module in which CUE looks for a
// package, of those that exist.
func (s *snapshot) importDirs(importPath string) []string {
	importPath, _, _ = strings.Cut(importPath, "@")
	var candidates []string
	if s.module != "" && (importPath == s.module || strings.HasPrefix(importPath, s.module+"/")) {
		candidates = append(candidates, path.Join(".", strings.TrimPrefix(importPath, s.module)))
	}
	for _, d := range []string{"pkg", "gen", "usr"} {
		candidates = append(candidates, path.Join("cue.mod", d, importPath))
	}
	return slices.DeleteFunc(candidates, func(dir string) bool {
		fi, err := s.root.Lstat(filepath.FromSlash(strings.TrimPrefix(dir, "/")))
		return err != nil || !fi.IsDir()
	})
}

func (s *snapshot) filesBelow(dir string) []string {
	var names []string
	for name := range s.syntax {
		if path.Dir(name) == dir {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// externAttribute returns where a file asks to be given other files.
func externAttribute(f *ast.File) (pos token.Pos, found bool) {
	for _, decl := range f.Decls {
		if a, ok := decl.(*ast.Attribute); ok && strings.HasPrefix(a.Text, "@extern") {
			return a.Pos(), true
		}
	}
	return token.NoPos, false
}
