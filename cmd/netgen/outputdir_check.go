package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"netgen.dev/diag"
	"netgen.dev/gen/kustomize"
)

// compare says what writing the trees would change, and, where they are all there
// are, which others are there.
func (o *outputDir) compare(ctx context.Context, trees []topologyTree, all bool) (diag.List, error) {
	if refused, err := o.open(false); refused != nil || err != nil {
		return refused, err
	}
	defer o.close()
	var list diag.List
	if _, err := o.root.Lstat(stageDir); err == nil {
		list = append(list, o.finding(diag.Extra, stageDir, "run netgen build, which undoes what was begun", "is of a build that was interrupted"))
	}
	for _, t := range trees {
		changes, findings, err := o.changes(ctx, t)
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
	if all {
		left, err := o.left(trees)
		if err != nil {
			return nil, err
		}
		list = append(list, left...)
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

// left reports the trees of topologies that are none of those. Whoever applies the
// directory applies them still. No build removes them: which topologies there are
// depends on what it was told to build.
func (o *outputDir) left(trees []topologyTree) (diag.List, error) {
	entries, err := fs.ReadDir(o.root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", o.shown, reason(err))
	}
	var list diag.List
	for _, e := range entries {
		if !e.IsDir() || slices.ContainsFunc(trees, func(t topologyTree) bool { return t.name == e.Name() }) {
			continue
		}
		name := path.Join(e.Name(), kustomize.LockName)
		if _, err := o.root.Lstat(name); err == nil {
			list = append(list, o.finding(diag.Extra, name, "where the topology was renamed or deleted, remove the directory "+o.name(e.Name()),
				"is of a topology that is none of those that were checked"))
		}
	}
	return list, nil
}
