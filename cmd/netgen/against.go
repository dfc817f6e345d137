package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
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
	trees    []string          // that are compared, where the sources are not what was released
	prefix   string            // of the working directory in the repository
}

// past is a revision of git of which the sources and the lock files have been written
// to a temporary directory.
type past struct {
	app        app // works there
	here       string
	rev        string
	commit     string
	repository *revision.Repository
	temporary  string
	top        string   // in temporary, the top of the repository
	names      []string // of what was written, below top
	args       []string // as paths below where app works
	in         inputs
}

// againstRevision compiles directories as they are, and as of a revision of git.
func (a *app) againstRevision(ctx context.Context, c *comparison, args []string) (old *oldSide, new []*operand, err error) {
	p, failure := a.open(ctx, c.against, args, &c.inputs)
	if p != nil {
		defer func() { err = errors.Join(err, os.RemoveAll(p.temporary)) }()
	}
	in := c.inputs
	if failure == nil {
		in.tagsOf = p.tagsNow
	}
	// The user's own mistakes come before those of somebody else's revision.
	new, missing := a.topologyOperands(args, &in)
	if errors.Is(missing, errIncomparable) {
		return nil, nil, missing
	}
	if failure != nil {
		return nil, nil, failure
	}
	if old, err = p.oldSide(ctx); err != nil {
		return nil, nil, err
	}
	if len(old.operands) > 0 && errors.Is(missing, errNoTopology) {
		missing = nil // the last one is gone
	}
	return old, new, missing
}

// open writes a revision to a temporary directory, which is the caller's to remove
// wherever the result is not nil.
func (a *app) open(ctx context.Context, rev string, args []string, in *inputs) (*past, error) {
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
	p := &past{app: *a, here: here, rev: rev, commit: commit, repository: repository, temporary: temporary, in: *in}
	p.in.past = true
	p.in.tagsOf = p.tagsThen
	// Nothing but what is extracted may lie around it.
	p.top = filepath.Join(temporary, "tree")
	if err := os.Mkdir(p.top, 0o755); err != nil {
		return p, err
	}
	p.names, err = repository.Extract(ctx, commit, p.top, func(name string) bool {
		return path.Ext(name) == ".cue" || path.Base(name) == kustomize.LockName || in.embed && load.Embeddable(name)
	})
	if err != nil {
		return p, fmt.Errorf("--against %s: %w", rev, err)
	}
	// From here on, this is a call in the directory that the revision was written
	// to. Places are then named as the user knows them.
	p.app.dir = filepath.Join(p.top, filepath.FromSlash(repository.Prefix))
	if err := mkdirIn(p.top, repository.Prefix); err != nil {
		return p, fmt.Errorf("--against %s: %w", rev, reason(err))
	}
	p.args, err = a.present(&p.app, repository.Prefix, args)
	return p, err
}

// mkdirIn makes a directory below another, through no link that leads out of it.
func mkdirIn(top, name string) error {
	root, err := os.OpenRoot(top)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // nothing was written through it
	return root.MkdirAll(filepath.FromSlash(path.Join(".", name)), 0o755)
}

// oldSide compiles what was written.
func (p *past) oldSide(ctx context.Context) (*oldSide, error) {
	out := &oldSide{prefix: p.repository.Prefix}
	at := map[*kustomize.Lock]string{}
	for _, name := range p.names {
		if path.Base(name) != kustomize.LockName {
			continue
		}
		lock, err := readLock(filepath.Join(p.top, filepath.FromSlash(name)))
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", name, p.rev, err)
		}
		out.locks = append(out.locks, lock)
		at[lock] = path.Dir(name)
	}
	if len(p.args) == 0 {
		return out, nil
	}
	var err error
	out.operands, err = p.app.topologyOperands(p.args, &p.in)
	if errors.Is(err, errIncomparable) || errors.Is(err, errRefused) {
		p.app.say("these findings are of %s: what does not compile cannot be compared", diag.Clean(revision.Shown(p.rev)))
	}
	if err != nil {
		return nil, err
	}
	for _, o := range out.operands {
		tree, err := p.committed(ctx, o, out.locks, at)
		if err != nil {
			return nil, err
		}
		if tree != "" {
			out.trees = append(out.trees, tree)
		}
	}
	return out, nil
}

// tagsThen returns the tags for a package of the revision: one that a change brings is
// unknown to the state before it, and for that state nothing is lost without.
func (p *past) tagsThen(dir string) []string {
	if len(p.in.tags) == 0 {
		return nil
	}
	known := p.taken(dir).Keys
	return p.without(func(key string) bool { return !known[key] })
}

// tagsNow returns the tags for a package as it is: one that a change takes away is
// still needed to compile the state before it.
func (p *past) tagsNow(dir string) []string {
	below, err := filepath.Rel(p.here, dir)
	if err != nil || len(p.in.tags) == 0 {
		return p.in.tags
	}
	was := p.taken(filepath.Join(p.app.dir, below)).Keys
	known := load.TakenBy(load.Request{Dir: dir, Base: p.here, Embed: p.in.embed}).Keys
	return p.without(func(key string) bool { return was[key] && !known[key] })
}

// taken returns what a package of the revision takes.
func (p *past) taken(dir string) load.Taken {
	if rel, err := filepath.Rel(p.top, dir); err != nil || !filepath.IsLocal(rel) {
		return load.Taken{}
	}
	return load.TakenBy(load.Request{Dir: dir, Base: p.app.dir, Embed: p.in.embed})
}

// without returns the tags but those that are left out by their keys. Without a value
// it is a shorthand or a condition.
func (p *past) without(leave func(key string) bool) []string {
	return slices.DeleteFunc(slices.Clone(p.in.tags), func(tag string) bool {
		key, _, ok := strings.Cut(tag, "=")
		return ok && leave(key)
	})
}

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
