package load

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/inject/embed"

	"netgen.dev/diag"
)

// What may be embedded. Others of CUE's types read more than the file itself, as
// definitions of protocol buffers do.
var (
	embeddedTypes = []string{"", "json", "yaml", "text"}
	embeddedNames = []string{".json", ".yaml", ".yml", ".txt"}
)

// Embeddable reports whether a file may be embedded, by its name.
func Embeddable(name string) bool { return slices.Contains(embeddedNames, path.Ext(name)) }

// newContext returns a context in which CUE embeds what the snapshot holds, if that
// is allowed: it finds the files where it finds the package, in the overlay.
func newContext(snap *snapshot) *cue.Context {
	if !snap.embeds {
		return cuecontext.New()
	}
	return cuecontext.New(cuecontext.WithInjection(embed.New()))
}

// embed reads the files that a file of CUE embeds. ok is false where it asks for
// what it may not have, which is reported.
func (s *snapshot) embed(name string, f *ast.File) (ok bool) {
	externs, ok := s.externs(f)
	if !ok || !externs {
		return ok
	}
	found, err := embed.EmbeddedPaths(name, f)
	if err != nil {
		for _, e := range cueerrors.Errors(err) {
			format, args := e.Msg()
			s.refuseEmbed(name, e.Position().Line(), e.Position().Column(), format, args...)
		}
		return false
	}
	for _, e := range found {
		at := e.Attribute.Pos
		if !slices.Contains(embeddedTypes, e.Type) {
			s.refuseEmbed(name, at.Line(), at.Column(), "type %s is none that netgen embeds: json, yaml, text", e.Type)
			return false
		}
		files, err := e.FindAll(s.root.FS())
		if err != nil {
			s.refuseEmbed(name, at.Line(), at.Column(), "%v", unwrapEmbed(err))
			return false
		}
		for _, file := range files {
			if e.IsGlob() && s.isDir(file) {
				continue // as CUE has it
			}
			if problem := s.embeddable(path.Dir(name), file); problem != "" {
				s.refuseEmbed(name, at.Line(), at.Column(), "%s %s", s.display(file), problem)
				return false
			}
			if s.refuseLink(file) || !s.readEmbedded(path.Dir(name), file) {
				return false
			}
		}
	}
	return true
}

// externs reports whether a file asks for something from outside of CUE. ok is false
// where it may not, which is reported.
func (s *snapshot) externs(f *ast.File) (externs, ok bool) {
	for _, decl := range f.Decls {
		a, isAttribute := decl.(*ast.Attribute)
		if !isAttribute || !strings.HasPrefix(a.Text, "@extern") {
			continue
		}
		at := a.Pos()
		switch _, kind := a.Split(); {
		case !s.embeds:
			s.report(diag.Embed, s.pos(at.Filename(), at.Line(), at.Column()),
				"@extern lets a file read other files, which netgen does not allow")
			s.hint("write the data as CUE, as cue import does, or let the package embed it with --allow-embed")
			return false, false
		case strings.Trim(strings.TrimSpace(kind), `"`) != embed.EmbedKind:
			s.refuseEmbed(at.Filename(), at.Line(), at.Column(), "@extern(%s) is none that netgen knows: embed", kind)
			return false, false
		}
		externs = true
	}
	return externs, true
}

// embeddable says why a file may not be embedded by a package in dir, "" where it
// may. What is hidden is no data: .git/config may hold a password. What is in a cue.mod
// is of other modules, or says where these are.
func (s *snapshot) embeddable(dir, name string) string {
	below, err := filepath.Rel(filepath.FromSlash(dir), filepath.FromSlash(name))
	if err != nil || !filepath.IsLocal(below) {
		return "is not below the directory of the package"
	}
	if !Embeddable(name) {
		return "is none that netgen embeds: " + strings.Join(embeddedNames, ", ")
	}
	for way := name; way != dir && way != "."; way = path.Dir(way) {
		base := path.Base(way)
		if strings.HasPrefix(base, ".") {
			return "is hidden, and netgen embeds nothing that is"
		}
		if base == "cue.mod" || way != name && s.isDir(path.Join(way, "cue.mod")) {
			return "is of another module"
		}
	}
	return ""
}

// readEmbedded reads a file that a package in dir embeds.
func (s *snapshot) readEmbedded(dir, name string) bool {
	if _, ok := s.files[name]; !ok {
		data, ok := s.read(name)
		if !ok {
			return false
		}
		s.files[name] = data
	}
	// CUE names places in it by the path from the package. Where packages embed
	// several files of one such path, it cannot be told which is meant.
	short := strings.TrimPrefix(name, dir+"/")
	if other, ok := s.embedded[short]; ok && other != name {
		name = ""
	}
	s.embedded[short] = name
	return true
}

func (s *snapshot) isDir(name string) bool {
	fi, err := s.root.Lstat(filepath.FromSlash(name))
	return err == nil && fi.IsDir()
}

func (s *snapshot) refuseEmbed(file string, line, column int, format string, args ...any) {
	s.report(diag.Embed, s.pos(file, line, column), "%s", "cannot embed: "+fmt.Sprintf(format, args...))
}

// unwrapEmbed returns the cause of an error without the paths that the place and
// CUE name.
func unwrapEmbed(err error) error {
	for e := err; e != nil; {
		if pathErr, ok := e.(*fs.PathError); ok { //nolint:errorlint // each step is looked at
			return fmt.Errorf("%s: %w", pathErr.Path, pathErr.Err)
		}
		unwrapper, ok := e.(interface{ Unwrap() error })
		if !ok {
			break
		}
		e = unwrapper.Unwrap()
	}
	return err
}
