package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/gen/kustomize"
)

// outputDir is the directory that trees are written below. Only files whose
// hash is still the one in the lock file are netgen's: nothing else in it is
// ever changed or removed.
type outputDir struct {
	path  string // absolute
	shown string // as the user wrote it
	root  *os.Root
}

// change is a file to be written, or to be removed where data is nil.
type change struct {
	path string
	data []byte
}

// compare says what writing the trees would change.
func (o *outputDir) compare(trees []topologyTree) (diag.List, error) {
	if refused, err := o.open(false); refused != nil || err != nil {
		return refused, err
	}
	defer o.close()
	var list diag.List
	for _, t := range trees {
		changes, findings, err := o.changes(t)
		if err != nil {
			return nil, err
		}
		list = append(list, findings...)
		for _, c := range changes {
			list = append(list, o.stale(c))
		}
		unknown, err := o.unknown(t)
		if err != nil {
			return nil, err
		}
		list = append(list, unknown...)
	}
	return list, nil
}

// stale says what a change would mend.
func (o *outputDir) stale(c change) diag.Diagnostic {
	const hint = "run netgen build, and commit what it writes"
	switch old, err := o.read(c.path); {
	case c.data == nil:
		return o.finding(diag.Extra, c.path, hint, "is no longer part of the tree")
	case err == nil && old == nil:
		return o.finding(diag.MissingFile, c.path, hint, "is missing")
	}
	return o.finding(diag.Stale, c.path, hint, "is out of date")
}

// open opens the directory, and makes it where that is wanted.
func (o *outputDir) open(create bool) (diag.List, error) {
	fi, err := os.Lstat(o.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && create:
		if err := os.MkdirAll(o.path, 0o755); err != nil {
			return nil, fmt.Errorf("create %s: %w", o.shown, reason(err))
		}
	case errors.Is(err, fs.ErrNotExist):
		return diag.List{{
			Code: diag.MissingFile, Severity: diag.Error, Pos: diag.Pos{File: o.shown},
			Message: "the output directory does not exist", Hint: "run netgen build, and commit what it writes",
		}}, nil
	case err != nil:
		return nil, fmt.Errorf("open %s: %w", o.shown, reason(err))
	case fi.Mode()&fs.ModeSymlink != 0:
		return diag.List{{
			Code: diag.OutputLink, Severity: diag.Error, Pos: diag.Pos{File: o.shown},
			Message: "the output directory is a symbolic link", Hint: "name the directory itself",
		}}, nil
	}
	root, err := os.OpenRoot(o.path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.shown, reason(err))
	}
	o.root = root
	return nil, nil
}

func (o *outputDir) close() { _ = o.root.Close() } // nothing is written through it

// changes returns what must be written and removed for a tree, sorted by path,
// and what stands in the way of that.
func (o *outputDir) changes(t topologyTree) ([]change, diag.List, error) {
	lock, refused, err := o.lock(t.name)
	if refused != nil || err != nil {
		return nil, refused, err
	}
	var out []change
	var list diag.List
	wanted := map[string]bool{}
	for _, f := range t.tree {
		wanted[f.Path] = true
		old, err := o.read(f.Path)
		if errors.Is(err, errIrregular) {
			list = append(list, o.finding(diag.OutputLink, f.Path, "remove it", "is a link, or not a regular file"))
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if old != nil && bytes.Equal(old, f.Data) {
			continue
		}
		if old != nil && f.Path != path.Join(t.name, kustomize.LockName) {
			if blocked, ok := o.blocked(t.name, f.Path, old, lock); ok {
				list = append(list, blocked)
				continue
			}
		}
		out = append(out, change{f.Path, f.Data})
	}
	for _, name := range slices.Sorted(maps.Keys(lock.Files)) {
		p := path.Join(t.name, name)
		if wanted[p] {
			continue
		}
		old, err := o.read(p)
		switch {
		case errors.Is(err, errIrregular) || err == nil && old == nil:
			continue // gone, or no file of ours any more
		case err != nil:
			return nil, nil, err
		}
		if blocked, ok := o.blocked(t.name, p, old, lock); ok {
			list = append(list, blocked)
			continue
		}
		out = append(out, change{path: p})
	}
	return out, list, nil
}

// blocked reports a file that is not netgen's to change.
func (o *outputDir) blocked(topology, name string, old []byte, lock *kustomize.Lock) (diag.Diagnostic, bool) {
	sum, ok := lock.Files[strings.TrimPrefix(name, topology+"/")]
	switch {
	case !ok:
		return o.finding(diag.Foreign, name, "move it away", "was not written by netgen, and is in the way"), true
	case sum != kustomize.Hash(old):
		return o.finding(diag.Edited, name, "put the change into the topology, and remove the file: netgen build writes it anew",
			"was edited by hand"), true
	}
	return diag.Diagnostic{}, false
}

// unknown reports files below the directory of a topology that are neither in
// the tree nor in the lock file: whoever applies the directory applies them.
func (o *outputDir) unknown(t topologyTree) (diag.List, error) {
	lock, refused, err := o.lock(t.name)
	if refused != nil || err != nil {
		return nil, err // changes has reported it
	}
	known := map[string]bool{}
	for _, f := range t.tree {
		known[f.Path] = true
	}
	for name := range lock.Files {
		known[path.Join(t.name, name)] = true
	}
	var list diag.List
	err = fs.WalkDir(o.root.FS(), t.name, func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case !d.IsDir() && !known[name]:
			list = append(list, o.finding(diag.Extra, name, "move it away", "was not written by netgen"))
		}
		return nil
	})
	return list, err
}

// lock reads the lock file of a topology; without one, netgen owns nothing.
func (o *outputDir) lock(topology string) (*kustomize.Lock, diag.List, error) {
	name := path.Join(topology, kustomize.LockName)
	data, err := o.read(name)
	switch {
	case errors.Is(err, errIrregular):
		return nil, diag.List{o.finding(diag.OutputLink, name, "remove it", "is a link, or not a regular file")}, nil
	case err != nil:
		return nil, nil, err
	case data == nil:
		return &kustomize.Lock{}, nil, nil
	}
	lock, err := kustomize.ParseLock(data)
	if err != nil {
		return nil, diag.List{o.finding(diag.Edited, name,
			"without it netgen cannot tell which files are its own: restore it, or remove the directory and build anew",
			"%v", err)}, nil
	}
	return lock, nil, nil
}

// errIrregular says that a path is, or leads through, something that is not a
// regular file in a real directory.
var errIrregular = errors.New("not a regular file")

// read returns the contents of a file below the directory, nil where there is
// none.
func (o *outputDir) read(name string) ([]byte, error) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if fi, err := o.root.Lstat(dir); err == nil && !fi.IsDir() {
			return nil, errIrregular
		}
	}
	fi, err := o.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", o.name(name), reason(err))
	case !fi.Mode().IsRegular():
		return nil, errIrregular
	}
	data, err := o.root.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", o.name(name), reason(err))
	}
	if data == nil {
		data = []byte{}
	}
	return data, nil
}

// name returns the path of a file below the directory as the user knows it.
func (o *outputDir) name(file string) string {
	return filepath.ToSlash(filepath.Join(o.shown, filepath.FromSlash(file)))
}

func (o *outputDir) finding(code diag.Code, file, hint, format string, args ...any) diag.Diagnostic {
	return diag.Diagnostic{
		Code: code, Severity: diag.Error, Pos: diag.Pos{File: o.name(file)},
		Message: fmt.Sprintf(format, args...), Hint: hint,
	}
}

// reason returns the cause of an I/O error without the paths, which the caller
// names as the user knows them.
func reason(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	if linkErr, ok := errors.AsType[*os.LinkError](err); ok {
		return linkErr.Err
	}
	return err
}
