package load

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"

	"netgen.dev/diag"
)

// Limits of a snapshot. A topology of 20,000 services is about 10 MiB.
const (
	maxFiles     = 20_000
	maxFileBytes = 32 << 20
	maxBytes     = 128 << 20
	maxDepth     = 64
)

// snapshot is what CUE gets to see: files by their slash-separated path in the
// module.
type snapshot struct {
	module string // path of the CUE module, "" where there is none
	pkg    string // name of the package
	// suggested is a name for the package, for where it has none.
	suggested string
	dir       string               // directory of the package in the module
	embeds    bool                 // whether files may embed others
	files     map[string][]byte    // contents
	syntax    map[string]*ast.File // parsed, of the package and what it imports
	own       []string             // files of the package itself, sorted
	embedded  map[string]string    // files that others embed, by the path that these name
	display   func(string) string  // path in the module → path as the user knows it

	root  *os.Root
	all   map[string][]byte // every file that was read, for excerpts
	bytes int
	list  diag.List
}

// role is why a file is read.
type role int

const (
	own      role = iota // it is in the directory of the package
	parent               // it is in a directory above, where the package may go on
	imported             // the package imports it
)

// take reads the package in req.Dir, the files of the same package in the
// directories above it up to the module root (CUE merges them), and the
// packages of the module that these import.
func take(req Request) *snapshot {
	s := &snapshot{
		suggested: packageHint(req.Dir), embeds: req.Embed, embedded: map[string]string{},
		files: map[string][]byte{}, syntax: map[string]*ast.File{}, all: map[string][]byte{},
	}
	moduleRoot, found := findModuleRoot(req.Dir)
	s.display = func(name string) string {
		return relative(req.Base, filepath.Join(moduleRoot, filepath.FromSlash(name)))
	}
	if !s.confined(req, found) {
		return s
	}
	root, err := os.OpenRoot(moduleRoot)
	if err != nil {
		s.report(diag.Package, diag.Pos{File: s.display("")}, "cannot open the directory: %v", unwrapPath(err))
		return s
	}
	defer func() { _ = root.Close() }() // opened for reading only
	s.root = root
	rel, err := filepath.Rel(moduleRoot, req.Dir)
	if err != nil {
		s.report(diag.Package, diag.Pos{File: req.Dir}, "is not below its module: %v", err)
		return s
	}
	s.dir = path.Clean(filepath.ToSlash(rel))
	if strings.Count(s.dir, "/") >= maxDepth {
		s.report(diag.TooLarge, diag.Pos{File: s.display(s.dir)}, "is more than %d directories deep in its module", maxDepth)
		return s
	}
	s.readModuleFile(found)
	s.readPackage(s.dir, own)
	s.choosePackage()
	if s.list.Failed() {
		return s
	}
	if found {
		s.readParents()
	} else {
		s.refuseParent(req.Dir)
	}
	s.readImports()
	slices.Sort(s.own)
	return s
}

// readPackage reads the CUE files of one directory. Files that CUE leaves out
// are not opened.
func (s *snapshot) readPackage(dir string, as role) {
	entries, err := fs.ReadDir(s.root.FS(), dir)
	if err != nil {
		if as == own {
			s.report(diag.Package, diag.Pos{File: s.display(dir)}, "cannot read the directory: %v", unwrapPath(err))
		}
		return
	}
	for _, e := range entries {
		name := e.Name()
		if !isSource(name) || e.IsDir() {
			continue
		}
		s.parse(path.Join(dir, name), as)
	}
}

// parse reads and parses one file into the snapshot.
func (s *snapshot) parse(name string, as role) {
	if _, ok := s.files[name]; ok {
		return
	}
	data, ok := s.read(name)
	if !ok {
		return
	}
	if as == parent {
		if f, err := parser.ParseFile(name, data, parser.PackageClauseOnly); err != nil || f.PackageName() != s.pkg {
			return // of another package, and no concern of this one
		}
	}
	f, err := parser.ParseFile(name, data)
	if err != nil {
		s.syntaxErrors(err)
		return
	}
	if !s.embed(name, f) {
		return
	}
	s.files[name], s.syntax[name] = data, f
	if as != imported {
		s.own = append(s.own, name)
	}
}

// read returns the contents of a regular file in the module. Links, pipes,
// sockets and devices are refused, since opening one may hang, or read what is
// not in the repository.
func (s *snapshot) read(name string) ([]byte, bool) {
	pos := diag.Pos{File: s.display(name)}
	fi, err := s.root.Lstat(filepath.FromSlash(name))
	if err != nil {
		s.report(diag.Package, pos, "cannot read the file: %v", unwrapPath(err))
		return nil, false
	}
	if !fi.Mode().IsRegular() {
		s.report(diag.NotRegular, pos, "is %s; netgen reads regular files only", kindOf(fi.Mode()))
		return nil, false
	}
	if len(s.files) >= maxFiles || fi.Size() > maxFileBytes || s.bytes+int(fi.Size()) > maxBytes {
		s.report(diag.TooLarge, pos, "more than netgen reads: %d files, %d MiB a file, %d MiB in all",
			maxFiles, maxFileBytes>>20, maxBytes>>20)
		return nil, false
	}
	f, err := s.root.Open(filepath.FromSlash(name))
	if err != nil {
		s.report(diag.Package, pos, "cannot open the file: %v", unwrapPath(err))
		return nil, false
	}
	defer func() { _ = f.Close() }() // opened for reading only
	// The size is enforced again: the file may grow between Lstat and here.
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		s.report(diag.Package, pos, "cannot read the file: %v", unwrapPath(err))
		return nil, false
	}
	if len(data) > maxFileBytes {
		s.report(diag.TooLarge, pos, "more than the %d MiB that netgen reads of a file", maxFileBytes>>20)
		return nil, false
	}
	s.bytes += len(data)
	s.all[name] = data
	return data, true
}

// choosePackage settles which package the directory holds. A file that CUE
// would leave out without a word is an error: what it says would be missing
// from the policies.
func (s *snapshot) choosePackage() {
	first := ""
	for _, name := range s.own {
		pkg := s.syntax[name].PackageName()
		switch {
		case pkg == "" || pkg == "_":
			s.report(diag.Package, s.pos(name, 1, 1), "has no package clause, so CUE leaves it out of the package")
			s.hint("start the file with: package %s", s.suggested)
		case s.pkg == "":
			s.pkg, first = pkg, name
		case s.pkg != pkg:
			s.report(diag.Package, s.pos(name, 1, 1), "is of package %s, while %s is of package %s", pkg, s.display(first), s.pkg)
			s.hint("a directory holds one package; move the other to a directory of its own")
		}
	}
	if len(s.own) == 0 && !s.list.Failed() {
		s.report(diag.Package, diag.Pos{File: s.display(s.dir)}, "holds no CUE file")
		s.hint("name the directory of a topology, or DIR/... for all below it")
	}
}

// readParents reads the files of the same package in the directories above.
func (s *snapshot) readParents() {
	for dir := s.dir; dir != "."; {
		dir = path.Dir(dir)
		s.readPackage(dir, parent)
	}
}

// refuseParent reports a package without a module whose directory lies below
// another of the same package: CUE would merge both in a module, and leave the
// upper one out without.
func (s *snapshot) refuseParent(dir string) {
	above := filepath.Dir(dir)
	if isRepository(dir) {
		return // what is above is somebody else's
	}
	entries, err := os.ReadDir(above)
	if err != nil || above == dir {
		return
	}
	for _, e := range entries {
		if fi, err := e.Info(); err != nil || !isSource(e.Name()) || !fi.Mode().IsRegular() || fi.Size() > maxFileBytes {
			continue
		}
		f, err := parser.ParseFile(filepath.Join(above, e.Name()), nil, parser.PackageClauseOnly)
		if err == nil && f.PackageName() == s.pkg {
			s.report(diag.Package, diag.Pos{File: s.display(path.Join("..", e.Name()))},
				"is of the same package %s, but no cue.mod says that the two belong together", s.pkg)
			s.hint("create cue.mod/module.cue beside it")
			return
		}
	}
}

func (s *snapshot) report(code diag.Code, pos diag.Pos, format string, args ...any) {
	s.list = append(s.list, diag.Diagnostic{
		Code: code, Severity: diag.Error, Pos: pos, Message: fmt.Sprintf(format, args...),
	})
}

func (s *snapshot) hint(format string, args ...any) {
	s.list[len(s.list)-1].Hint = fmt.Sprintf(format, args...)
}

func (s *snapshot) syntaxErrors(err error) {
	for _, e := range cueerrors.Errors(err) {
		p := e.Position()
		format, args := e.Msg()
		s.report(diag.Syntax, s.pos(p.Filename(), p.Line(), p.Column()), format, args...)
	}
}

func (s *snapshot) pos(name string, line, column int) diag.Pos {
	return diag.Pos{File: s.display(name), Line: line, Column: column}
}

// packageHint suggests a package name for a directory.
func packageHint(dir string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(filepath.Base(dir)))
	if name == "" {
		return "topology"
	}
	return name
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode.IsDir():
		return "a directory"
	}
	return "an irregular file"
}

// unwrapPath returns the reason of an I/O error without the path, which the
// diagnostic names in the user's terms.
func unwrapPath(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}
