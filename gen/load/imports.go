package load

import (
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

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
			dirs, ok := s.importDirs(importPath)
			if !ok {
				continue
			}
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
// package, of those that exist. ok is false where one of them is behind a link,
// which is reported.
func (s *snapshot) importDirs(importPath string) (dirs []string, ok bool) {
	importPath, _, _ = strings.Cut(importPath, "@")
	var candidates []string
	if s.module != "" && (importPath == s.module || strings.HasPrefix(importPath, s.module+"/")) {
		candidates = append(candidates, path.Join(".", strings.TrimPrefix(importPath, s.module)))
	}
	for _, d := range []string{"pkg", "gen", "usr"} {
		candidates = append(candidates, path.Join("cue.mod", d, importPath))
	}
	for _, dir := range candidates {
		dir = strings.TrimPrefix(dir, "/")
		if s.refuseLink(dir) {
			return nil, false
		}
		if fi, err := s.root.Lstat(filepath.FromSlash(dir)); err == nil && fi.IsDir() {
			dirs = append(dirs, dir)
		}
	}
	return dirs, true
}

// refuseLink reports the first link on the way to a file or directory of the
// module, if there is one.
func (s *snapshot) refuseLink(name string) bool {
	for i := range len(name) + 1 {
		if i < len(name) && name[i] != '/' {
			continue
		}
		way := name[:i]
		if fi, err := s.root.Lstat(filepath.FromSlash(way)); err == nil && fi.Mode()&fs.ModeSymlink != 0 {
			s.report(diag.NotRegular, diag.Pos{File: s.display(way)}, "is %s; netgen follows none to what is imported or embedded", kindOf(fi.Mode()))
			return true
		}
	}
	return false
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
