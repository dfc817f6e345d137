package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/gen/kustomize"
	"netgen.dev/gen/load"
	"netgen.dev/internal/revision"
)

// oldSide is the same directories as of a revision of git.
type oldSide struct {
	operands []*operand
	locks    []*kustomize.Lock // all of that revision: they say what was released
	prefix   string            // of the working directory in the repository
}

// revisionOperands compiles directories as of a revision of git.
func (a *app) revisionOperands(ctx context.Context, rev string, args []string, in *inputs) (out *oldSide, err error) {
	here, err := a.path(".")
	if err != nil {
		return nil, err
	}
	repository, err := revision.Open(ctx, here)
	if err != nil {
		return nil, fmt.Errorf("--against %s: %w", rev, err)
	}
	commit, err := repository.Commit(ctx, rev)
	if err != nil {
		return nil, fmt.Errorf("--against: %w", err)
	}
	temporary, err := os.MkdirTemp("", "netgen-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	// Nothing but what is extracted may lie around it.
	top := filepath.Join(temporary, "tree")
	if err := os.Mkdir(top, 0o755); err != nil {
		return nil, err
	}
	names, err := repository.Extract(ctx, commit, top, func(name string) bool {
		return path.Ext(name) == ".cue" || path.Base(name) == kustomize.LockName || in.embed && load.Embeddable(name)
	})
	if err != nil {
		return nil, fmt.Errorf("--against %s: %w", rev, err)
	}
	// From here on, this is a call in the directory that the revision was written
	// to. Places are then named as the user knows them.
	old := *a
	old.dir = filepath.Join(top, filepath.FromSlash(repository.Prefix))
	if err := os.MkdirAll(old.dir, 0o755); err != nil {
		return nil, err
	}
	args, err = a.present(&old, repository.Prefix, args)
	if err != nil {
		return nil, err
	}
	out = &oldSide{prefix: repository.Prefix}
	for _, name := range names {
		if path.Base(name) != kustomize.LockName {
			continue
		}
		lock, err := readLock(filepath.Join(top, filepath.FromSlash(name)))
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", name, rev, err)
		}
		out.locks = append(out.locks, lock)
	}
	if len(args) == 0 {
		return out, nil
	}
	then := *in
	then.past = true
	if then.tags, err = knownTags(top, names, in.tags); err != nil {
		return nil, err
	}
	out.operands, err = old.topologyOperands(args, &then)
	if errors.Is(err, errIncomparable) || errors.Is(err, errRefused) {
		a.say("these findings are of %s: what does not compile cannot be compared", diag.Clean(revision.Shown(rev)))
	}
	return out, err
}

// knownTags returns the tags that files of a revision name as an @tag: one that a change
// brings is unknown to the state before it, and for that state nothing is lost without.
func knownTags(top string, names, tags []string) ([]string, error) {
	known := map[string]bool{}
	for _, name := range names {
		if len(tags) == 0 || path.Ext(name) != ".cue" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(name)))
		if err != nil {
			return nil, reason(err)
		}
		for _, m := range tagAttribute.FindAllSubmatch(data, -1) {
			known[string(m[1])] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(tags), func(tag string) bool {
		key, _, ok := strings.Cut(tag, "=")
		return ok && !known[key] // without a value it is a shorthand
	}), nil
}

// tagAttribute is where a field takes the value of a tag.
var tagAttribute = regexp.MustCompile(`@tag\(\s*"?([^\s",)]+)`)

// present returns the arguments that an earlier state has a directory for, as
// paths relative to where it works. What is not there yet is new.
func (a *app) present(old *app, prefix string, args []string) ([]string, error) {
	here, err := a.path(".")
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		args = []string{"."}
	}
	var out []string
	for _, arg := range args {
		full, err := a.path(filepath.FromSlash(arg))
		if err != nil {
			return nil, err
		}
		below, err := filepath.Rel(here, full)
		if err != nil {
			return nil, err
		}
		if !filepath.IsLocal(filepath.Join(".", filepath.FromSlash(prefix), strings.TrimSuffix(below, "..."))) {
			return nil, fmt.Errorf("--against: %s is outside of the repository", arg)
		}
		dir := filepath.Join(old.dir, strings.TrimSuffix(below, "..."))
		if strings.HasSuffix(below, "...") {
			if packages, err := packagesBelow(dir); err != nil || len(packages) == 0 {
				continue
			}
		} else if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
			continue
		}
		out = append(out, below)
	}
	return out, nil
}
