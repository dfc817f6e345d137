package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"netgen.dev/gen"
	"netgen.dev/gen/kustomize"
	"netgen.dev/gen/load"
	"netgen.dev/internal/foreign"
	"netgen.dev/proof/diff"
	"netgen.dev/proof/manifest"
	"netgen.dev/proof/render"
)

// operand is one side of a comparison.
type operand struct {
	// name is of the topology, "" where only policies are known.
	name    string
	version string
	sides   map[string]*diff.Side // by environment, "" where that is not known
	lock    *kustomize.Lock       // of a rendered tree
	dir     string                // of the package of a topology
	checked *gen.Checked          // of a topology
	built   *gen.Built
}

// operands reads what the user named: a directory of a topology, or DIR/...; a
// tree that netgen wrote; a kustomization; YAML in a directory or file, or on
// standard input with -.
func (a *app) operands(name string, in *inputs) ([]*operand, error) {
	if name == "-" {
		return a.policyOperand(name, foreign.Stdin)
	}
	if strings.HasSuffix(filepath.ToSlash(name), "...") {
		return a.topologyOperands([]string{name}, in)
	}
	dir, err := a.path(name)
	if err != nil {
		return nil, err
	}
	fi, err := os.Stat(dir)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, reason(err))
	case !fi.IsDir():
		return a.policyOperand(name, name)
	case load.HoldsTopology(dir):
		return a.topologyOperands([]string{name}, in)
	}
	locks, err := filepath.Glob(filepath.Join(escapeGlob(dir), "*", kustomize.LockName))
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(filepath.Join(dir, kustomize.LockName)); err == nil {
		locks = append(locks, filepath.Join(dir, kustomize.LockName))
	}
	if len(locks) > 0 {
		return treeOperands(name, dir, locks)
	}
	for _, file := range render.Names {
		if _, err := os.Lstat(filepath.Join(dir, file)); err == nil {
			return a.kustomizationOperand(name, dir)
		}
	}
	return a.directoryOperand(name)
}

func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// topologyOperands compiles topologies.
func (a *app) topologyOperands(args []string, in *inputs) ([]*operand, error) {
	set, err := a.check(args, in)
	if err != nil {
		return nil, err
	}
	if set.list.Failed() {
		shown := inputs{format: format{value: "text"}}
		switch err := a.show(a.err, set.list, &shown, set.sources); {
		case errors.Is(err, errFindings):
			return nil, errIncomparable
		default:
			return nil, err
		}
	}
	var out []*operand
	for i, c := range set.topologies {
		b := gen.Build(c)
		o := &operand{name: b.System.Name, version: b.System.Version, sides: map[string]*diff.Side{}, dir: set.dirs[i], checked: c, built: b}
		for i, env := range b.System.Environments {
			o.sides[env.Name] = &diff.Side{Model: c.Models[i], Plan: b.Plans[i], Locate: c.Locate, Policies: env.Objects()}
		}
		out = append(out, o)
	}
	return out, nil
}

// treeOperands renders the overlays of the trees that netgen wrote below a
// directory, as they are now. YAML that lies beside them is refused: whoever
// applies the directory applies that as well.
func treeOperands(name, dir string, locks []string) ([]*operand, error) {
	tree, err := readTree(dir)
	if err != nil {
		return nil, below(name, err)
	}
	var out []*operand
	var roots []string // slash-separated, below dir
	known := map[string]bool{}
	for _, file := range locks {
		root, err := filepath.Rel(dir, filepath.Dir(file))
		if err != nil {
			return nil, err
		}
		lock, err := readLock(file)
		if err != nil {
			return nil, below(path.Join(filepath.ToSlash(name), filepath.ToSlash(root)), err)
		}
		for written := range lock.Files {
			known[path.Join(filepath.ToSlash(root), written)] = true
		}
		roots = append(roots, filepath.ToSlash(root))
		out = append(out, &operand{name: lock.Topology, version: lock.Version, sides: map[string]*diff.Side{}, lock: lock})
	}
	for _, file := range slices.Sorted(maps.Keys(tree)) {
		if !known[file] {
			return nil, fmt.Errorf("%s: netgen did not write %s, which lies beside what it wrote: compare what is rendered", name, file)
		}
	}
	for i, o := range out {
		own := subtree(tree, roots[i])
		for env := range o.lock.Environments {
			if o.sides[env], err = rendered(own, path.Join("overlays", env)); err != nil {
				return nil, below(path.Join(name, roots[i]), err)
			}
		}
	}
	return out, nil
}

// below returns an error about what is below a directory, with that directory.
func below(dir string, err error) error {
	if own, ok := errors.AsType[*foreign.Error](err); ok {
		own.Pos.File = path.Join(filepath.ToSlash(dir), own.Pos.File)
		return own
	}
	return fmt.Errorf("%s: %w", dir, err)
}

// subtree returns the part of a tree below a directory.
func subtree(tree map[string][]byte, dir string) map[string][]byte {
	if dir == "." {
		return tree
	}
	out := map[string][]byte{}
	for name, data := range tree {
		if rest, ok := strings.CutPrefix(name, dir+"/"); ok {
			out[rest] = data
		}
	}
	return out
}

func readLock(file string) (*kustomize.Lock, error) {
	root, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return nil, reason(err)
	}
	defer func() { _ = root.Close() }() // opened for reading only
	data, err := (&foreign.Reader{}).Regular(root, filepath.Base(file), kustomize.LockName)
	if err != nil {
		return nil, reason(err)
	}
	return kustomize.ParseLock(data)
}

// treeAround returns the directory of the tree of netgen that a directory is in, or
// that directory itself. A tree is not looked for above the repository, nor above the
// directory of -C; what is only called a lock makes no tree.
func (a *app) treeAround(dir string) (string, error) {
	given := ""
	if a.dir != "" {
		var err error
		if given, err = a.path("."); err != nil {
			return "", err
		}
	}
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := readLock(filepath.Join(d, kustomize.LockName)); err == nil {
			return d, nil
		}
		if _, err := os.Lstat(filepath.Join(d, ".git")); err == nil || d == given || filepath.Dir(d) == d {
			return dir, nil
		}
	}
}

// kustomizationOperand renders a kustomization. It may use what lies around it
// as far as the tree that netgen wrote reaches.
func (a *app) kustomizationOperand(name, dir string) ([]*operand, error) {
	top, err := a.treeAround(dir)
	if err != nil {
		return nil, err
	}
	inside, err := filepath.Rel(top, dir)
	if err != nil {
		return nil, err
	}
	up, err := filepath.Rel(dir, top)
	if err != nil {
		return nil, err
	}
	tree, err := readTree(top)
	if err != nil {
		return nil, below(filepath.Join(name, up), err)
	}
	side, err := rendered(tree, filepath.ToSlash(inside))
	if err != nil {
		return nil, below(filepath.Join(name, up), err)
	}
	return []*operand{{sides: map[string]*diff.Side{"": side}}}, nil
}

// readTree reads the YAML files below a directory, by their slash-separated
// paths relative to it. A link among them may lead anywhere, and whoever applies the
// directory may follow it: it is refused. One by another name is not followed.
func readTree(dir string) (map[string][]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, reason(err)
	}
	defer func() { _ = root.Close() }() // opened for reading only
	tree := map[string][]byte{}
	in := &foreign.Reader{}
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && d.Name()[0] == '.':
			return fs.SkipDir
		case d.IsDir() || !slices.Contains(manifestTypes, path.Ext(name)) && !slices.Contains(render.Names, d.Name()):
			return nil
		case !d.Type().IsRegular():
			return foreign.NotRegular(name, d.Type())
		}
		tree[name], err = in.Regular(root, filepath.FromSlash(name), name)
		return err
	})
	if err != nil {
		return nil, reason(err)
	}
	return tree, nil
}

func rendered(tree map[string][]byte, dir string) (*diff.Side, error) {
	stream, err := render.Overlay(tree, dir)
	if err != nil {
		return nil, err
	}
	return policySide(dir, stream)
}

// policyOperand reads the policies of a file, or of standard input.
func (a *app) policyOperand(name, shown string) ([]*operand, error) {
	stream, err := a.readStream(name)
	if err != nil {
		return nil, err
	}
	side, err := policySide(shown, stream)
	if err != nil {
		return nil, err
	}
	return []*operand{{sides: map[string]*diff.Side{"": side}}}, nil
}

// directoryOperand reads the policies of the files below a directory.
func (a *app) directoryOperand(name string) ([]*operand, error) {
	files, err := a.manifestFiles(name)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no topology, no tree of netgen and no YAML", name)
	}
	all := &diff.Side{Unread: map[string]string{}}
	for _, f := range files {
		if slices.Contains(render.Names, path.Base(f.Name)) {
			return nil, fmt.Errorf("%s: there is a kustomization in it, %s: name its directory, to have it rendered", name, f.Name)
		}
		side, err := policySide(f.Name, f.Data)
		if err != nil {
			return nil, err
		}
		all.Policies = append(all.Policies, side.Policies...)
		maps.Copy(all.Unread, side.Unread)
	}
	return []*operand{{sides: map[string]*diff.Side{"": all}}}, nil
}

// policySide parses a stream of policies.
func policySide(name string, stream []byte) (*diff.Side, error) {
	objects, err := manifest.Parse(stream)
	if err != nil {
		return nil, foreign.In(name, err)
	}
	for i, p := range objects.Policies {
		if p.Namespace == "" {
			return nil, foreign.In(name, foreign.Unreadable(objects.Lines[i],
				fmt.Errorf("policy %s has no namespace, and goes to that of whoever applies it: write metadata.namespace", p.Name)))
		}
	}
	side := &diff.Side{Policies: objects.Policies, Unread: map[string]string{}}
	for _, unknown := range objects.Unknown {
		side.Unread[unknown] = objects.Digests[unknown]
	}
	return side, nil
}
