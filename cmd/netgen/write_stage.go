package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strconv"
)

// stageDir holds new files until all are written, old ones until all new ones
// are in place, and the journal, which says what was begun.
const stageDir = ".netgen-stage"

// The journal is written under another name first, so that it is whole where it
// is. Nothing is put in place before it.
var (
	journalFile = path.Join(stageDir, "journal")
	journalPart = path.Join(stageDir, "journal.part")
)

// staged and saved are where change i has its new and its old file.
func staged(i int) string { return path.Join(stageDir, "new-"+strconv.Itoa(i)) }

func saved(i int) string { return path.Join(stageDir, "old-"+strconv.Itoa(i)) }

// stageName matches what netgen itself calls files in the stage.
var stageName = regexp.MustCompile(`^(new-[0-9]+|old-[0-9]+|journal|journal\.part)$`)

// journal says what a run is about to do, so that another can undo it.
type journal struct {
	Generated string   `json:"generated"` // for people
	Dirs      []string `json:"dirs"`      // to be made, the outer ones first
	Files     []entry  `json:"files"`     // in the order of the changes
}

// entry is a change in the journal, with the hash of what is there before and
// after it: "" is no file.
type entry struct {
	Path string `json:"path"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// plan returns the journal of changes.
func (o *outputDir) plan(changes []change) (*journal, error) {
	j := &journal{Generated: "by netgen, which was interrupted: the next netgen build puts everything right"}
	seen := map[string]bool{}
	for _, c := range changes {
		j.Files = append(j.Files, entry{c.path, c.old, c.hash()})
		for dir := path.Dir(c.path); c.data != nil && dir != "." && !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
			switch _, err := o.root.Lstat(dir); {
			case errors.Is(err, fs.ErrNotExist):
				j.Dirs = append(j.Dirs, dir)
			case err != nil:
				return nil, fmt.Errorf("write %s: %w", o.name(c.path), reason(err))
			}
		}
	}
	slices.Sort(j.Dirs)
	return j, nil
}

// stage writes every new file and the journal, and brings them to the disk: a
// name that is on it before its contents would be a torn file after a crash.
func (o *outputDir) stage(ctx context.Context, changes []change, j *journal) error {
	if err := o.mkdir(stageDir); err != nil {
		return fmt.Errorf("create %s: %w", o.name(stageDir), reason(err))
	}
	var names []string
	for i, c := range changes {
		if err := stopped(ctx); err != nil {
			return err
		}
		if c.data == nil {
			continue
		}
		if err := o.create(staged(i), c.data); err != nil {
			return fmt.Errorf("write %s: %w", o.name(c.path), reason(err))
		}
		names = append(names, staged(i))
	}
	if err := o.writeJournal(j, names); err != nil {
		return fmt.Errorf("write %s: %w", o.name(journalFile), reason(err))
	}
	return nil
}

// writeJournal writes the journal, and brings it and the staged files to the
// disk.
func (o *outputDir) writeJournal(j *journal, names []string) error {
	data, err := json.Marshal(j)
	if err != nil {
		return err
	}
	if err := o.create(journalPart, append(data, '\n')); err != nil {
		return err
	}
	if err := o.sync(append(names, journalPart), os.O_RDWR); err != nil {
		return err
	}
	if err := o.rename(journalPart, journalFile); err != nil || runtime.GOOS == "windows" {
		return err
	}
	return o.sync([]string{stageDir}, os.O_RDONLY)
}

// rollBack restores what was there before, the last change first. It can be
// interrupted and begun again.
func (o *outputDir) rollBack(j *journal) error {
	var failure error
	failures := 0
	for i, e := range slices.Backward(j.Files) {
		if err := o.restore(i, e); err != nil {
			failure = fmt.Errorf("restore %s: %w", o.name(e.Path), reason(err))
			failures++
		}
	}
	for _, dir := range slices.Backward(j.Dirs) {
		o.removeDir(dir)
	}
	if failures > 1 {
		failure = fmt.Errorf("%w, and %d more", failure, failures-1)
	}
	return failure
}

// restore undoes one change, however far place got with it. A file that is
// neither the old nor the new one is somebody else's.
func (o *outputDir) restore(i int, e entry) error {
	now, err := o.hash(e.Path)
	if err != nil || now == e.Old || now != "" && now != e.New {
		return err
	}
	if e.Old == "" {
		return o.remove(e.Path)
	}
	switch old, err := o.hash(saved(i)); {
	case err != nil:
		return err
	case old == "":
		return nil // somebody has removed it
	case old != e.Old:
		return errMeanwhile
	case now == "": // the directory may be gone
		if err := o.mkdirAll(path.Dir(e.Path)); err != nil {
			return err
		}
	}
	return o.rename(saved(i), e.Path)
}

// clearStage removes the stage. The journal goes first: without the old files
// it would promise too much.
func (o *outputDir) clearStage() error {
	names, err := o.stageNames()
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(names, func(d fs.DirEntry) bool { return d.Name() == path.Base(journalFile) }); i > 0 {
		names[0], names[i] = names[i], names[0]
	}
	for _, d := range names {
		if err := o.remove(path.Join(stageDir, d.Name())); err != nil {
			return fmt.Errorf("remove %s: %w", o.name(path.Join(stageDir, d.Name())), reason(err))
		}
	}
	if err := o.remove(stageDir); err != nil {
		return fmt.Errorf("remove %s: %w", o.name(stageDir), reason(err))
	}
	return nil
}

// stageNames lists the stage.
func (o *outputDir) stageNames() ([]fs.DirEntry, error) {
	names, err := fs.ReadDir(o.root.FS(), stageDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s: %w", o.name(stageDir), reason(err))
	}
	return names, nil
}
