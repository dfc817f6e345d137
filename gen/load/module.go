package load

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/mod/modfile"

	"netgen.dev/diag"
)

// findModuleRoot returns the nearest directory at or above dir that has a
// cue.mod, or dir itself. A module that begins above the repository of git is none
// of the repository's.
func findModuleRoot(dir string) (root string, found bool) {
	for d := dir; ; d = filepath.Dir(d) {
		if hasModule(d) {
			return d, true
		}
		if isRepository(d) || filepath.Dir(d) == d {
			return dir, false
		}
	}
}

// hasModule reports whether a directory has a cue.mod. A link is no module, and not
// to be passed by either: it is refused when it is looked into.
func hasModule(dir string) bool {
	fi, err := os.Lstat(filepath.Join(dir, "cue.mod"))
	return err == nil && (fi.IsDir() || fi.Mode()&fs.ModeSymlink != 0)
}

// isRepository reports whether a directory is the top of a repository of git.
func isRepository(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, ".git"))
	return err == nil
}

// confined reports whether the package is in the repository, and says where it is
// not: because a link leads to it, or because CUE would take it for a part of a module
// that begins above the repository.
func (s *snapshot) confined(req Request, inModule bool) bool {
	if link := linkTo(req); link != "" {
		s.report(diag.NotRegular, diag.Pos{File: relative(req.Base, link)}, "is a symbolic link; netgen follows none to a package")
		s.hint("name the directory itself")
		return false
	}
	if inModule {
		return true
	}
	outside := false
	for d := req.Dir; ; d = filepath.Dir(d) {
		if outside && hasModule(d) {
			s.report(diag.Network, diag.Pos{File: relative(req.Base, filepath.Join(d, "cue.mod"))},
				"is outside of the repository, and CUE would take the package for a part of that module")
			s.hint("give the repository a module of its own: create cue.mod/module.cue beside its .git")
			return false
		}
		outside = outside || isRepository(d)
		if filepath.Dir(d) == d {
			return true
		}
	}
}

// linkTo returns the first link on the way to the package, "" where there is none.
// The way to the working directory is the user's own; where the package is not below
// it, so is the way to the module or repository that it is in.
func linkTo(req Request) string {
	top := filepath.Dir(req.Dir)
	if below, err := filepath.Rel(req.Base, req.Dir); err == nil && filepath.IsLocal(below) {
		top = req.Base
	} else {
		for d := top; ; d = filepath.Dir(d) {
			if hasModule(d) || isRepository(d) {
				top = d
			}
			if filepath.Dir(d) == d {
				break
			}
		}
	}
	below, err := filepath.Rel(top, req.Dir)
	if err != nil || below == "." {
		return ""
	}
	for elem := range strings.SplitSeq(below, string(filepath.Separator)) {
		top = filepath.Join(top, elem)
		if fi, err := os.Lstat(top); err == nil && fi.Mode()&fs.ModeSymlink != 0 {
			return top
		}
	}
	return ""
}

// relative returns a path as the user knows it.
func relative(base, name string) string {
	if rel, err := filepath.Rel(base, name); err == nil {
		return filepath.ToSlash(rel)
	}
	return name
}

// readModuleFile reads cue.mod/module.cue for the path of the module.
func (s *snapshot) readModuleFile(found bool) {
	const name = "cue.mod/module.cue"
	if !found {
		return
	}
	if fi, err := s.root.Lstat("cue.mod"); err == nil && !fi.IsDir() {
		s.report(diag.NotRegular, diag.Pos{File: s.display("cue.mod")}, "is %s; netgen follows none to a module", kindOf(fi.Mode()))
		return
	}
	if _, err := s.root.Lstat(filepath.FromSlash(name)); errors.Is(err, fs.ErrNotExist) {
		return // the directory is there for vendored packages alone
	}
	data, ok := s.read(name)
	if !ok {
		return
	}
	s.files[name] = data
	f, err := parser.ParseFile(name, data)
	if err != nil {
		s.syntaxErrors(err)
		return
	}
	if _, err := modfile.Parse(data, name); err != nil {
		s.report(diag.Package, diag.Pos{File: s.display(name)}, "%v", err)
		return
	}
	s.module = modulePath(f)
}

// modulePath returns the path that a module file gives the module, without its
// major version.
func modulePath(f *ast.File) string {
	for _, decl := range f.Decls {
		field, ok := decl.(*ast.Field)
		if !ok {
			continue
		}
		lit, ok := field.Value.(*ast.BasicLit)
		if name, _, err := ast.LabelName(field.Label); !ok || err != nil || name != "module" {
			continue
		}
		if p, err := strconv.Unquote(lit.Value); err == nil {
			p, _, _ = strings.Cut(p, "@")
			return p
		}
	}
	return ""
}
