package main

import (
	"context"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/gen/kustomize"
	"netgen.dev/internal/revision"
	"netgen.dev/proof/render"
)

// committed holds what a topology of the revision compiles to against what was
// committed with it. The values of tags are in no revision: both sides are compiled
// with those of today, and that one of them changed would show nowhere. So where a
// package takes any, and a lock file says that something else was written, what was
// written is compared, and its directory is returned. Which one that is has to be
// clear.
func (p *past) committed(ctx context.Context, o *operand, locks []*kustomize.Lock, at map[*kustomize.Lock]string) (string, error) {
	if !p.taken(o.dir).Any {
		return "", nil
	}
	locks = slices.DeleteFunc(slices.Clone(locks), func(l *kustomize.Lock) bool { return l.Topology != o.name })
	// A tree of another version may be that of an environment which is behind.
	if same := slices.DeleteFunc(slices.Clone(locks), func(l *kustomize.Lock) bool { return l.Version != o.version }); len(same) > 0 {
		locks = same
	}
	var other *kustomize.Lock
	for _, lock := range locks {
		if !maps.Equal(lock.Environments, digests(o)) {
			other = lock
		}
	}
	if other == nil {
		return "", nil
	}
	dir := at[other]
	what := fmt.Sprintf("%s of %s, compiled with the tags of this call, is not what %s says was written (environment %s)",
		o.name, revision.Shown(p.rev), path.Join(dir, kustomize.LockName), strings.Join(otherwise(digests(o), other.Environments), ", "))
	if len(locks) > 1 {
		return "", fmt.Errorf("--against: %s: a value may have changed, and of %d such files it is not clear which one to compare with: compare directories, the one that was committed with the one that is now", what, len(locks))
	}
	tree, err := p.tree(ctx, dir)
	if err != nil {
		return "", fmt.Errorf("--against: %s, and what was written cannot be compared: %w", what, err)
	}
	p.app.say("%s: compared with what was written", diag.Clean(what))
	for env := range o.sides {
		if _, ok := tree.sides[env]; !ok {
			delete(o.sides, env)
		}
	}
	for env, side := range tree.sides {
		if digest, ok := digests(o)[env]; !ok || digest != other.Environments[env] {
			o.sides[env] = side
		}
	}
	// What the sources compile to says nothing about which files were released.
	o.version, o.built = other.Version, nil
	return dir, nil
}

// digests returns the digests of what a topology compiles to, by environment.
func digests(o *operand) map[string]string {
	out := map[string]string{}
	for _, env := range o.built.System.Environments {
		out[env.Name] = env.Digest
	}
	return out
}

// otherwise returns the sorted keys that two maps have not in common, with their values.
func otherwise(a, b map[string]string) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	maps.DeleteFunc(all, func(key, _ string) bool {
		one, inA := a[key]
		two, inB := b[key]
		return inA && inB && one == two
	})
	return slices.Sorted(maps.Keys(all))
}

// tree returns the tree of netgen in a directory of the revision.
func (p *past) tree(ctx context.Context, dir string) (*operand, error) {
	top := filepath.Join(p.temporary, "written")
	if err := mkdirIn(p.temporary, "written"); err != nil {
		return nil, err
	}
	_, err := p.repository.Extract(ctx, p.commit, top, func(name string) bool {
		below := dir == "." || strings.HasPrefix(name, dir+"/")
		return below && (slices.Contains(manifestTypes, path.Ext(name)) || slices.Contains(append([]string{kustomize.LockName}, render.Names...), path.Base(name)))
	})
	if err != nil {
		return nil, err
	}
	full := filepath.Join(top, filepath.FromSlash(dir))
	operands, err := treeOperands(dir, full, []string{filepath.Join(full, kustomize.LockName)})
	if err != nil {
		return nil, err
	}
	return operands[0], nil
}
