package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
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
	base  string // the working directory, absolute
	root  *os.Root

	// before, of tests, is called before each step that changes the disk, with
	// what it does and to what. The step is not taken where it returns an error.
	before func(step, name string) error

	begin func()                           // called before the first step, where it is set
	say   func(format string, args ...any) // tells the user, where it is set

	// recovered is, while changes are found out, where files are that the recovery of
	// a stage is about to put in place, "" where it is about to remove them.
	recovered map[string]string
}

// change is a file to be written, or to be removed where data is nil.
type change struct {
	path string
	data []byte
	old  string // hash of what is there, "" where there is no file
}

// hash returns the hash of what is to be written, "" where it is to be removed.
func (c change) hash() string { return sumOf(c.data) }

// open opens the directory, and makes it where that is wanted. From then on
// nothing outside of it can be reached, whatever becomes a link.
func (o *outputDir) open(create bool) (diag.List, error) {
	dir, rest, err := o.anchor()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.shown, reason(err))
	}
	anchor, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.shown, reason(err))
	}
	defer func() { _ = anchor.Close() }() // nothing is written through it
	for i, r := range rest + "/" {
		if r != filepath.Separator && r != '/' {
			continue
		}
		fi, err := anchor.Lstat(rest[:i])
		switch {
		case errors.Is(err, fs.ErrNotExist) && create:
			if err := anchor.MkdirAll(rest, 0o755); err != nil {
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
			return diag.List{o.throughLink(rest[:i], rest)}, nil
		}
	}
	root, err := anchor.OpenRoot(rest)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.shown, reason(err))
	}
	o.root = root
	return nil, nil
}

// anchor returns the directory from which on no link is followed to the output
// directory, and the path from there. What a user names relative to the working
// directory, or in it, may be of a repository that nobody trusts; an absolute
// path anywhere else is the user's own but for its end.
func (o *outputDir) anchor() (dir, rest string, err error) {
	rest, err = filepath.Rel(o.base, o.path)
	if o.base != "" && err == nil && (filepath.IsLocal(rest) || !filepath.IsAbs(o.shown)) {
		dir = o.base
		for up := ".." + string(filepath.Separator); rest == ".." || strings.HasPrefix(rest, up); dir = filepath.Dir(dir) {
			rest = filepath.Clean(strings.TrimPrefix(rest[2:], string(filepath.Separator)))
		}
		return dir, rest, nil
	}
	if fi, err := os.Lstat(o.path); err == nil && fi.IsDir() {
		return o.path, ".", nil // what is above need not be readable
	}
	dir = filepath.Dir(o.path)
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	rest, err = filepath.Rel(dir, o.path)
	return dir, rest, err
}

// throughLink refuses an output directory that is a link, or behind one.
func (o *outputDir) throughLink(link, rest string) diag.Diagnostic {
	message := "the output directory is a symbolic link"
	if link != rest {
		message = fmt.Sprintf("the output directory is behind %s, a symbolic link", filepath.Base(link))
	}
	return diag.Diagnostic{
		Code: diag.OutputLink, Severity: diag.Error, Pos: diag.Pos{File: o.shown},
		Message: message, Hint: "name the directory itself",
	}
}

func (o *outputDir) close() { _ = o.root.Close() } // what was written is on the disk

// changes returns what must be written and removed for a tree, sorted by path,
// and what stands in the way of that.
func (o *outputDir) changes(ctx context.Context, t topologyTree) ([]change, diag.List, error) {
	lock, refused, err := o.lock(t.name)
	if refused != nil || err != nil {
		return nil, refused, err
	}
	var out []change
	var list diag.List
	wanted := map[string]bool{}
	for _, f := range t.tree {
		if err := stopped(ctx); err != nil {
			return nil, nil, errStopped
		}
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
		out = append(out, change{f.Path, f.Data, sumOf(old)})
	}
	for _, name := range slices.Sorted(maps.Keys(lock.Files)) {
		if err := stopped(ctx); err != nil {
			return nil, nil, errStopped
		}
		p := path.Join(t.name, name)
		if wanted[p] || !generated.MatchString(p) {
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
		out = append(out, change{path: p, old: sumOf(old)})
	}
	return out, list, nil
}

// blocked reports a file that is not netgen's to change.
func (o *outputDir) blocked(topology, name string, old []byte, lock *kustomize.Lock) (diag.Diagnostic, bool) {
	sum, ok := lock.Files[strings.TrimPrefix(name, topology+"/")]
	switch {
	case !ok:
		return o.foreign(name), true
	case sum != kustomize.Hash(old):
		return o.finding(diag.Edited, name, "put the change into the topology, and remove the file: netgen build writes it anew",
			"was edited by hand"), true
	case !ours(name, old): // whatever the lock file says, which may be forged
		return o.foreign(name), true
	}
	return diag.Diagnostic{}, false
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

// maxRead is more than any file that netgen writes, a lock of 100,000 policies
// among them.
const maxRead = 64 << 20

// read returns the contents of a file below the directory, nil where there is
// none. Of a file that is larger than netgen's it returns the beginning, which is
// no file of netgen's either.
func (o *outputDir) read(name string) ([]byte, error) {
	if from, ok := o.recovered[name]; ok {
		if from == "" {
			return nil, nil
		}
		name = from
	}
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
	f, err := o.root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", o.name(name), reason(err))
	}
	defer func() { _ = f.Close() }() // opened for reading only
	data, err := io.ReadAll(io.LimitReader(f, maxRead+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", o.name(name), reason(err))
	}
	return data, nil
}

// generated matches the paths of files that netgen may write. Lock files and
// journals may be forged, so no other file is removed or restored for what they
// say: not .git/config, and nothing in capitals, which is another name of a file
// that was just written where a file system does not tell them apart. Nor is one
// deeper than an overlay's: each directory on the way is looked at.
var generated = regexp.MustCompile(`^([a-z0-9][a-z0-9.-]*/){1,4}([a-z0-9][a-z0-9.-]*\.yaml|netgen\.lock)$`)

// ours reports whether a file of that name and with these contents can be netgen's.
// Whoever forges a lock file or a journal knows the hash of a user's file as well.
func ours(name string, data []byte) bool {
	if path.Base(name) == kustomize.LockName {
		_, err := kustomize.ParseLock(data)
		return err == nil
	}
	return bytes.HasPrefix(data, []byte(kustomize.Mark))
}

// sumOf returns the hash of what read returned.
func sumOf(data []byte) string {
	if data == nil {
		return ""
	}
	return kustomize.Hash(data)
}

// irregular is what hash returns for what is no file: no hash is like that.
const irregular = "irregular"

// hash returns the hash of a file below the directory, "" where there is none.
func (o *outputDir) hash(name string) (string, error) {
	data, err := o.read(name)
	if errors.Is(err, errIrregular) {
		return irregular, nil
	}
	return sumOf(data), err
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

// foreign reports what is not netgen's and in its way.
func (o *outputDir) foreign(name string) diag.Diagnostic {
	return o.finding(diag.Foreign, name, "move it away", "was not written by netgen, and is in the way")
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
