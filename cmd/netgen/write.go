package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"netgen.dev/diag"
	"netgen.dev/gen/kustomize"
)

// written counts what was done for one tree.
type written struct{ written, removed int }

// errStop ends a run that was told to stop, and has not undone anything yet.
var errStop = errors.New("stopped")

// write brings the trees to disk, all of them or none. Where the list holds a
// finding, or err is not nil, the directory is as it was. So it is when ctx is
// done before everything is in place.
func (o *outputDir) write(ctx context.Context, trees []topologyTree) (result []written, list diag.List, err error) {
	if refused, err := o.open(true); refused != nil || err != nil {
		return nil, refused, err
	}
	defer o.close()
	unlock, err := o.lockOut(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	// Everything is read, and found fault with, before anything is changed: until then
	// there are limits, and what a repository holds can take no longer than them.
	r, refused, err := o.planRecovery(ctx)
	if refused != nil || err != nil {
		return nil, refused, err
	}

	var all []change
	for _, t := range trees {
		if len(t.tree) > kustomize.MaxFiles {
			return nil, nil, fmt.Errorf("topology %s has %d files, and netgen writes no more than %d", t.name, len(t.tree), kustomize.MaxFiles)
		}
		changes, findings, err := o.changes(ctx, t)
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
		all = append(all, changes...)
	}
	if len(all) > kustomize.MaxFiles {
		return nil, nil, fmt.Errorf("%d files would change, and netgen writes no more than %d at once: build fewer topologies", len(all), kustomize.MaxFiles)
	}
	if err := o.recover(ctx, r); err != nil {
		return nil, nil, err
	}
	if list.Failed() || len(all) == 0 {
		return result, list, nil
	}
	return result, list, o.replace(ctx, locksLast(all))
}

// lockOut waits until no other netgen writes to the directory, and keeps others
// waiting until unlock is called or the process ends.
func (o *outputDir) lockOut(ctx context.Context) (unlock func(), err error) {
	dir, err := o.root.Open(".")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.shown, reason(err))
	}
	if err := lockDir(ctx, dir); err != nil {
		_ = dir.Close() // the error of the lock matters
		if errors.Is(err, errStop) {
			return nil, errStopped
		}
		return nil, fmt.Errorf("lock %s: %w", o.shown, reason(err))
	}
	return func() { _ = dir.Close() }, nil // closing gives the lock up
}

// locksLast moves the lock files behind all other changes: until they are in
// place, the old ones still say what netgen owns.
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

// errStopped is what the user reads of errStop.
var errStopped = errors.New("stopped: nothing was changed")

// stopped returns errStop where ctx is done.
func stopped(ctx context.Context) error {
	if ctx.Err() != nil {
		return errStop
	}
	return nil
}

// replace stages every change and then puts all in place. Staging is where
// disks are full and permissions lacking, and touches nothing that was there.
// Should putting in place fail all the same, it is undone.
func (o *outputDir) replace(ctx context.Context, changes []change) error {
	j, err := o.plan(changes)
	if err != nil {
		return err
	}
	o.begins()
	err = o.stage(ctx, changes, j)
	if err == nil {
		err = o.placeAll(ctx, changes, j)
		if err == nil {
			if err := o.clearStage(); err != nil {
				return fmt.Errorf("everything is written, but %w", err)
			}
			return nil
		}
		if failure := o.rollBack(j); failure != nil {
			return fmt.Errorf("%w; %w; what was there is in %s, and the next build begins with restoring it",
				err, failure, o.name(stageDir))
		}
	}
	_ = o.clearStage() // what went wrong before matters more, and the next build clears it
	if errors.Is(err, errStop) {
		return errStopped
	}
	return err
}

// placeAll puts everything in place that is staged, and brings it to the disk.
func (o *outputDir) placeAll(ctx context.Context, changes []change, j *journal) error {
	for _, dir := range j.Dirs {
		if err := o.mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("create %s: %w", o.name(dir), reason(err))
		}
	}
	for i, c := range changes {
		if err := stopped(ctx); err != nil {
			return err
		}
		if err := o.place(i, c); err != nil {
			return fmt.Errorf("write %s: %w", o.name(c.path), reason(err))
		}
	}
	o.removeEmpty(j)
	return o.syncDirs(changes)
}

// errMeanwhile says that somebody else changed a file while netgen was at work.
var errMeanwhile = errors.New("somebody changed it in the meantime")

// place puts change i in place, keeping the old file.
func (o *outputDir) place(i int, c change) error {
	switch {
	case c.data == nil:
		return o.take(i, c)
	case c.old == "":
		// Unlike a new name, a second one never takes the place of another file.
		err := o.link(staged(i), c.path)
		if _, there := o.root.Lstat(c.path); err != nil && there == nil {
			return errMeanwhile
		}
		if err != nil {
			return o.rename(staged(i), c.path) // where there are no links
		}
		return nil
	}
	// A second link keeps the old file while the new one takes its name in one
	// step. Where there are no links, there is a moment without the file.
	if err := o.link(c.path, saved(i)); err != nil {
		if err := o.take(i, c); err != nil {
			return err
		}
	} else if err := o.expect(saved(i), c.old); err != nil {
		return err
	}
	return o.rename(staged(i), c.path)
}

// take moves the old file of change i into the stage.
func (o *outputDir) take(i int, c change) error {
	if err := o.rename(c.path, saved(i)); err != nil {
		return err
	}
	err := o.expect(saved(i), c.old)
	if err != nil {
		if failure := o.rename(saved(i), c.path); failure != nil {
			return failure
		}
	}
	return err
}

// expect returns errMeanwhile where a file is not what it was when the changes
// were found out.
func (o *outputDir) expect(name, sum string) error {
	now, err := o.hash(name)
	if err == nil && now != sum {
		err = errMeanwhile
	}
	return err
}

// removeEmpty removes directories that hold nothing any more, now that files of
// netgen's are gone from them.
func (o *outputDir) removeEmpty(j *journal) {
	for _, e := range j.Files {
		if e.New != "" {
			continue
		}
		for dir := path.Dir(e.Path); dir != "."; dir = path.Dir(dir) {
			if !o.removeDir(dir) {
				break
			}
		}
	}
}

// removeDir removes an empty directory, and reports whether there is none then.
func (o *outputDir) removeDir(dir string) bool {
	fi, err := o.root.Lstat(dir)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	// Only what is surely a directory: remove would take a file as well.
	return fi.IsDir() && o.remove(dir) == nil
}
