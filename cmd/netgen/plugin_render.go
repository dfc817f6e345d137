package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/gen"
)

// source is the tree of files that a request is about.
type source struct {
	root string // absolute; places in messages are relative to it
	dir  string // slash-separated, below root, where the request's directory starts
	// prefix is where root is in the repository, "" for the whole of it.
	prefix string
	// confined refuses what leads out of dir, and CUE modules above root.
	confined bool
}

// findSource finds the repository around the working directory of a plug-in.
// Argo CD unpacks it, or the part of it that the annotation
// manifest-generate-paths leaves, somewhere below /tmp: the working directory is
// that place and the end of the path of the Application. By hand, where no path is
// given, it is the repository of git.
func findSource(cwd, appPath string) source {
	src := source{root: cwd, dir: ".", confined: true}
	if appPath == "" {
		top := topOfRepository(cwd)
		if dir, err := filepath.Rel(top, cwd); err == nil {
			src.root, src.dir = top, filepath.ToSlash(dir)
		}
		return src
	}
	if !filepath.IsLocal(filepath.FromSlash(appPath)) {
		return src
	}
	rest := path.Clean(appPath)
	for rest != "." && path.Base(rest) == filepath.Base(src.root) && filepath.Dir(src.root) != src.root {
		src.dir = path.Join(path.Base(rest), src.dir)
		src.root, rest = filepath.Dir(src.root), path.Dir(rest)
	}
	if rest != "." {
		src.prefix = rest
	}
	return src
}

// topOfRepository returns the nearest directory at or above dir that is the top of a
// repository of git, or dir itself.
func topOfRepository(dir string) string {
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Lstat(filepath.Join(d, ".git")); err == nil {
			return d
		}
		if filepath.Dir(d) == d {
			return dir
		}
	}
}

// workingDirectory returns where a request starts. Whoever unpacks a repository may
// have removed it while netgen was started.
func (a *app) workingDirectory() (string, error) {
	dir, err := a.path(".")
	if err == nil {
		_, err = os.Stat(dir)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", errors.New("the working directory is there no more: it was removed, or another put in its place")
	case err != nil:
		return "", fmt.Errorf("the working directory: %w", reason(err))
	}
	return dir, nil
}

// renderRequest renders what is asked for. The findings are all there are where there is
// no error; with an error among them there is no data. A message names no place
// outside the repository.
func (a *app) renderRequest(src source, req request) ([]byte, diag.List, error) {
	var out bytes.Buffer
	inner := *a
	inner.out, inner.dir = &out, src.root
	if err := src.check(req.directory); err != nil {
		return nil, nil, err
	}
	in := inputs{tags: req.injected(), format: format{value: "text"}}
	set, err := inner.check([]string{path.Join(src.dir, req.directory)}, &in)
	if err != nil {
		return nil, nil, err
	}
	list := src.inRepository(set.list)
	if list.Failed() {
		return nil, list, nil
	}
	built := make([]*gen.Built, len(set.topologies))
	for i, c := range set.topologies {
		built[i] = gen.Build(c)
		if err := hasEnvironment(built[i], req.environment); err != nil {
			return nil, nil, err
		}
		list = append(list, src.inRepository(proveBuilt(c, built[i]))...)
	}
	if list.Failed() {
		return nil, list, nil
	}
	if err := inner.buildStream(built, req.environment, &checkedSet{}, &in); err != nil {
		return nil, nil, err
	}
	return out.Bytes(), list, nil
}

// hasEnvironment says which environments there are where the one that is asked
// for is not, or none is.
func hasEnvironment(b *gen.Built, name string) error {
	names := environments(b)
	switch {
	case name == "" && len(names) > 1:
		return fmt.Errorf("topology %s has several environments: set environment to one of %s", clip(b.System.Name), clipNames(names))
	case name != "" && !slices.Contains(names, name):
		return fmt.Errorf("topology %s has no environment %q: it has %s", clip(b.System.Name), clip(name), clipNames(names))
	}
	return nil
}

// check sees that a directory is one, and inside the source where that is
// confined. Links are followed as far as they stay inside.
func (src source) check(directory string) error {
	name := strings.TrimSuffix(directory, "...")
	if name == "" {
		name = "."
	}
	shown := shorten(path.Join(src.prefix, src.dir, name), maxText)
	top, err := os.OpenRoot(filepath.Join(src.root, filepath.FromSlash(src.dir)))
	if err != nil {
		return fmt.Errorf("%s: %w", shorten(path.Join(src.prefix, src.dir), maxText), reason(err))
	}
	defer func() { _ = top.Close() }() // opened to look only
	if !src.confined {
		return nil
	}
	switch fi, err := top.Stat(filepath.FromSlash(path.Clean(name))); {
	case os.IsNotExist(err):
		return fmt.Errorf("%s: there is no such directory", shown)
	case err != nil:
		return unsafef("%s: cannot be followed inside the directory of the Application: %w", shown, reason(err))
	case !fi.IsDir():
		return fmt.Errorf("%s is not a directory: name the directory of the package", shown)
	}
	// The loader takes the nearest cue.mod above the package for its module, and
	// whoever can write above the repository would decide what is read.
	for d := filepath.Join(src.root, filepath.FromSlash(path.Join(src.dir, name))); ; d = filepath.Dir(d) {
		if fi, err := os.Lstat(filepath.Join(d, "cue.mod")); err == nil && (fi.IsDir() || fi.Mode()&os.ModeSymlink != 0) {
			if rel, err := filepath.Rel(src.root, d); err != nil || !filepath.IsLocal(rel) {
				return unsafef("%s: its CUE module starts above what is taken for the repository: by hand, where there is no .git, set ARGOCD_APP_SOURCE_PATH to the path of the Application in it, as Argo CD does", shown)
			}
			return nil
		}
		if filepath.Dir(d) == d {
			return nil
		}
	}
}

// inRepository returns findings with their places relative to the repository,
// also where only a part of it is there.
func (src source) inRepository(list diag.List) diag.List {
	if src.prefix == "" {
		return list
	}
	list = slices.Clone(list)
	for i := range list {
		place(src.prefix, &list[i].Pos)
		list[i].Related = slices.Clone(list[i].Related)
		for j := range list[i].Related {
			place(src.prefix, &list[i].Related[j].Pos)
		}
	}
	return list
}

func place(prefix string, pos *diag.Pos) {
	if pos.File != "" {
		pos.File = path.Join(prefix, pos.File)
	}
}
