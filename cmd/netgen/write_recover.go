package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	"netgen.dev/diag"
	"netgen.dev/gen/kustomize"
)

// recovery is what there is to do about what a killed run left.
type recovery struct {
	journal *journal // nil where that run had not put anything in place
	done    bool     // it had put everything in place
	undo    []int    // the entries of the journal to be undone, the last one first
}

// planRecovery finds out how to undo what a run began that was killed: the lock is
// ours, so no other is at work. It returns nil where there is nothing, and what is in
// the way it reports. Nothing is changed yet.
func (o *outputDir) planRecovery(ctx context.Context) (*recovery, diag.List, error) {
	switch fi, err := o.root.Lstat(stageDir); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil
	case err != nil:
		return nil, nil, fmt.Errorf("open %s: %w", o.name(stageDir), reason(err))
	case !fi.IsDir():
		return nil, diag.List{o.foreign(stageDir)}, nil
	}
	names, err := o.stageNames()
	if err != nil {
		return nil, nil, err
	}
	var list diag.List
	for _, d := range names {
		if !stageName.MatchString(d.Name()) || !d.Type().IsRegular() {
			list = append(list, o.foreign(path.Join(stageDir, d.Name())))
		}
	}
	if list != nil {
		return nil, list, nil
	}
	data, err := o.read(journalFile)
	if err != nil {
		return nil, nil, err
	}
	r := &recovery{}
	if data == nil {
		return r, nil, nil
	}
	if r.journal, err = parseJournal(data); err != nil {
		return nil, diag.List{o.finding(diag.Edited, journalFile,
			"without it netgen cannot undo what was interrupted: restore it, or remove "+stageDir, "%v", err)}, nil
	}
	list, err = o.planUndo(ctx, r)
	return r, list, err
}

// planUndo finds out which entries of a journal are to be undone. The journal may be
// forged: what it removes, and what it puts another file in the place of, has to be
// netgen's, and what it restores has to be what it says.
func (o *outputDir) planUndo(ctx context.Context, r *recovery) (list diag.List, err error) {
	o.recovered = map[string]string{}
	r.done = true
	for i, e := range slices.Backward(r.journal.Files) {
		if err := stopped(ctx); err != nil {
			return nil, errStopped
		}
		data, err := o.read(e.Path)
		if err != nil && !errors.Is(err, errIrregular) {
			return nil, err
		}
		now := sumOf(data)
		if err != nil {
			now = irregular
		}
		r.done = r.done && now == e.New
		switch {
		case now == e.Old || now != "" && (now != e.New || !ours(e.Path, data)):
			continue // it is as it was, or somebody else's
		case e.Old == "":
			o.recovered[e.Path] = ""
		default:
			old, err := o.hash(saved(i))
			switch {
			case err != nil:
				return nil, err
			case old == "":
				continue // somebody has removed it
			case old != e.Old:
				list = append(list, o.finding(diag.Foreign, saved(i), "see whether it belongs to "+o.name(e.Path)+", and move it away",
					"is not what netgen kept there"))
				continue
			}
			o.recovered[e.Path] = saved(i)
		}
		r.undo = append(r.undo, i)
	}
	if r.done { // then the run had only to clean up
		o.recovered, r.undo = nil, nil
	}
	return list, nil
}

// recover does what was planned. It can be interrupted and begun again.
func (o *outputDir) recover(ctx context.Context, r *recovery) error {
	plan := o.recovered
	o.recovered = nil // from here on, files are where they are
	if r == nil {
		return nil
	}
	o.begins()
	restored, removed := []string{}, []string{}
	for _, i := range r.undo {
		if err := stopped(ctx); err != nil {
			return errors.New("stopped: the next build goes on with what an interrupted one left")
		}
		e := r.journal.Files[i]
		if err := o.restore(i, e); err != nil {
			return fmt.Errorf("restore %s: %w", o.name(e.Path), reason(err))
		}
		if plan[e.Path] == "" {
			removed = append(removed, o.name(e.Path))
		} else {
			restored = append(restored, o.name(e.Path))
		}
	}
	switch {
	case r.done:
		o.removeEmpty(r.journal)
	case r.journal != nil:
		for _, dir := range slices.Backward(r.journal.Dirs) {
			o.removeDir(dir)
		}
	}
	if err := o.clearStage(); err != nil {
		return err
	}
	if o.say != nil && len(restored)+len(removed) > 0 {
		o.say("a build was interrupted: %s restored%s, %s removed%s",
			count(len(restored), "file"), firstOf(restored), count(len(removed), "file"), firstOf(removed))
	}
	return nil
}

// firstOf names the first of some files.
func firstOf(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return " (" + names[0] + ")"
	}
	return " (" + names[0] + " and others)"
}

// begins is called before the first change of the disk.
func (o *outputDir) begins() {
	if o.begin != nil {
		o.begin()
		o.begin = nil
	}
}

// maxJournal is how large a journal is at most: the file of as many changes as
// netgen makes.
const maxJournal = maxRead

// parseJournal parses a journal. It is not trusted: one that names what netgen
// does not write is refused.
func parseJournal(data []byte) (*journal, error) {
	switch {
	case len(data) > maxJournal:
		return nil, fmt.Errorf("not a journal of netgen: it is larger than %d MiB", maxJournal>>20)
	case bytes.Count(data, []byte("{")) > kustomize.MaxFiles+1: // before there is memory for them
		return nil, fmt.Errorf("the journal names more than %d files", kustomize.MaxFiles)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var j journal
	if err := dec.Decode(&j); err != nil {
		return nil, fmt.Errorf("not a journal of netgen: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not a journal of netgen: something follows it")
	}
	if len(j.Files) > kustomize.MaxFiles || len(j.Dirs) > kustomize.MaxFiles {
		return nil, fmt.Errorf("the journal names more than %d files", kustomize.MaxFiles)
	}
	seen := map[string]bool{}
	check := func(shown, file string) error {
		switch {
		case len(file) > kustomize.MaxPath:
			return fmt.Errorf("the journal names %.40q…, which is longer than %d bytes", shown, kustomize.MaxPath)
		case !generated.MatchString(file):
			return fmt.Errorf("the journal names %q, which netgen does not write", shown)
		case seen[shown]:
			return fmt.Errorf("the journal names %q twice", shown)
		}
		seen[shown] = true
		return nil
	}
	for _, dir := range j.Dirs {
		if err := check(dir, dir+"/"+kustomize.LockName); err != nil { // any file in it
			return nil, err
		}
	}
	for _, e := range j.Files {
		if err := check(e.Path, e.Path); err != nil {
			return nil, err
		}
		for _, sum := range []string{e.Old, e.New} {
			if sum != "" && !kustomize.IsHash(sum) {
				return nil, fmt.Errorf("the journal has no hash of %q", e.Path)
			}
		}
	}
	return &j, nil
}
