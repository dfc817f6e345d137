package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"

	"netgen.dev/diag"
	"netgen.dev/gen/kustomize"
)

// written counts what was done for one tree.
type written struct{ written, removed int }

// stageDir holds new files until all are written, and old ones until all new
// ones are in place.
const stageDir = ".netgen-stage"

// write brings the trees to disk, all of them or none. Where the list holds a
// finding, or err is not nil, the directory is as it was.
func (o *outputDir) write(trees []topologyTree) (result []written, list diag.List, err error) {
	if refused, err := o.open(true); refused != nil || err != nil {
		return nil, refused, err
	}
	defer o.close()
	unlock, err := lockDir(o.path)
	if err != nil {
		return nil, nil, fmt.Errorf("lock %s: %w", o.shown, reason(err))
	}
	defer unlock()

	var all []change
	for _, t := range trees {
		changes, findings, err := o.changes(t)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, findings...)
		var n written
		for _, c := range changes {
			if c.data == nil {
				n.removed++
			} else {
				n.written++
			}
		}
		result = append(result, n)
		all = append(all, locksLast(changes)...)
	}
	if list.Failed() || len(all) == 0 {
		return result, list, nil
	}
	return result, list, o.replace(all)
}

// locksLast moves the lock file behind all other changes of its tree: until it
// is in place, the old one still says what netgen owns.
func locksLast(changes []change) []change {
	var locks, others []change
	for _, c := range changes {
		if path.Base(c.path) == kustomize.LockName {
			locks = append(locks, c)
		} else {
			others = append(others, c)
		}
	}
	return append(others, locks...)
}

// replace stages every change and then puts all in place. Staging is where
// disks are full and permissions lacking, and touches nothing that was there.
// Should putting in place fail all the same, it is undone.
func (o *outputDir) replace(changes []change) (err error) {
	// A stage that is there is of a run that was killed: the lock is ours.
	if err := o.root.RemoveAll(stageDir); err != nil {
		return fmt.Errorf("remove %s: %w", o.name(stageDir), reason(err))
	}
	if err := o.root.Mkdir(stageDir, 0o755); err != nil {
		return fmt.Errorf("create %s: %w", o.name(stageDir), reason(err))
	}
	keep := false
	defer func() {
		if keep {
			return
		}
		if failure := o.root.RemoveAll(stageDir); failure != nil && err == nil {
			err = fmt.Errorf("remove %s: %w", o.name(stageDir), reason(failure))
		}
	}()
	for i, c := range changes {
		if c.data == nil {
			continue
		}
		if err := o.root.WriteFile(staged(i), c.data, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", o.name(c.path), reason(err))
		}
	}
	for i, c := range changes {
		if err := o.place(i, c); err != nil {
			failure := fmt.Errorf("write %s: %w", o.name(c.path), reason(err))
			if err := o.undo(changes[:i+1]); err != nil {
				keep = true
				return fmt.Errorf("%w; %w; what was there is in %s: save it before the next build", failure, err, o.name(stageDir))
			}
			return failure
		}
	}
	o.removeEmpty(changes)
	return nil
}

// staged and saved are where change i has its new and its old file.
func staged(i int) string { return path.Join(stageDir, "new-"+strconv.Itoa(i)) }

func saved(i int) string { return path.Join(stageDir, "old-"+strconv.Itoa(i)) }

// place puts change i in place, keeping the old file.
func (o *outputDir) place(i int, c change) error {
	if c.data == nil {
		return o.root.Rename(c.path, saved(i))
	}
	if err := o.root.MkdirAll(path.Dir(c.path), 0o755); err != nil {
		return err
	}
	// A second link keeps the old file while the new one takes its name in one
	// step. Where there are no links, there is a moment without the file.
	if err := o.root.Link(c.path, saved(i)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		if err := o.root.Rename(c.path, saved(i)); err != nil {
			return err
		}
	}
	return o.root.Rename(staged(i), c.path)
}

// undo restores what place has replaced, the last change first.
func (o *outputDir) undo(changes []change) error {
	var failures error
	for i, c := range slices.Backward(changes) {
		if err := o.restore(i, c); err != nil {
			failures = errors.Join(failures, fmt.Errorf("restore %s: %w", o.name(c.path), reason(err)))
		}
	}
	o.removeEmpty(changes)
	return failures
}

// restore undoes change i, however far place got with it.
func (o *outputDir) restore(i int, c change) error {
	if _, err := o.root.Lstat(saved(i)); err == nil {
		return o.root.Rename(saved(i), c.path)
	}
	if c.data == nil {
		return nil // it was not removed yet
	}
	if _, err := o.root.Lstat(staged(i)); err == nil {
		return nil // it is not in place yet
	}
	return o.root.Remove(c.path) // there was none before
}

// removeEmpty removes directories that hold nothing any more.
func (o *outputDir) removeEmpty(changes []change) {
	for _, c := range changes {
		for dir := path.Dir(c.path); dir != "."; dir = path.Dir(dir) {
			// Only what is surely a directory: Remove would take a file as well.
			if fi, err := o.root.Lstat(dir); err == nil && (!fi.IsDir() || o.root.Remove(dir) != nil) {
				break // it is not empty
			}
		}
	}
}
