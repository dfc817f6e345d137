package main

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"

	"netgen.dev/gen/kustomize"
	"netgen.dev/proof/diff"
)

// compared is a topology on both sides, nil where it is not there.
type compared struct{ old, new *operand }

// matched pairs the operands of both sides by the names of their topologies.
// Where only policies are known, they are of the one topology that there is.
func matched(old, new []*operand) ([]compared, error) {
	anonymous := func(list []*operand) bool { return len(list) == 1 && list[0].name == "" }
	if anonymous(old) || anonymous(new) {
		if len(old) != 1 || len(new) != 1 {
			return nil, usagef("policies in YAML are compared with one topology: name its directory")
		}
		return []compared{{old[0], new[0]}}, nil
	}
	for _, side := range [][]*operand{old, new} {
		seen := map[string]bool{}
		for _, o := range side {
			if seen[o.name] {
				return nil, usagef("there are two topologies named %q on one side", o.name)
			}
			seen[o.name] = true
		}
	}
	var out []compared
	for _, o := range old {
		out = append(out, compared{old: o})
	}
	for _, n := range new {
		i := slices.IndexFunc(out, func(c compared) bool { return c.old != nil && c.old.name == n.name })
		if i < 0 {
			out = append(out, compared{new: n})
			continue
		}
		out[i].new = n
	}
	slices.SortFunc(out, func(a, b compared) int { return strings.Compare(a.name(), b.name()) })
	return out, nil
}

func (c compared) name() string {
	for _, o := range []*operand{c.new, c.old} {
		if o != nil && o.name != "" {
			return o.name
		}
	}
	return ""
}

// rewritten returns the files that netgen build writes from both sides and that
// differ, by their paths in its output. Of what is no topology it knows of none. The
// lock file says what the others are, and the version, so it says nothing new.
func (c compared) rewritten() []string {
	if c.old == nil || c.new == nil || c.old.built == nil || c.new.built == nil {
		return nil
	}
	var out []string
	was := map[string][]byte{}
	for _, f := range c.old.built.Tree {
		was[f.Path] = f.Data
	}
	for _, f := range c.new.built.Tree {
		if data, ok := was[f.Path]; !ok || !bytes.Equal(data, f.Data) {
			out = append(out, f.Path)
		}
		delete(was, f.Path)
	}
	out = slices.AppendSeq(out, maps.Keys(was))
	slices.Sort(out)
	return slices.DeleteFunc(out, func(name string) bool { return path.Base(name) == kustomize.LockName })
}

// has returns the environments of both sides.
func (c compared) has() []string {
	var out []string
	for _, o := range []*operand{c.old, c.new} {
		if o != nil {
			out = slices.AppendSeq(out, maps.Keys(o.sides))
		}
	}
	return out
}

// environments pairs the environments of both sides by name. A side of which
// the environment is not known is compared with the only one of the other, or
// with the one that is asked for.
func (c compared) environments(env string) ([]diff.Environment, error) {
	sides := [2]map[string]*diff.Side{}
	names := map[string]bool{}
	unknown := false
	for i, o := range []*operand{c.old, c.new} {
		if o == nil {
			continue
		}
		sides[i] = o.sides
		for name := range o.sides {
			names[name] = name != "" || names[name]
			unknown = unknown || name == ""
		}
	}
	delete(names, "")
	if unknown && len(names) > 0 {
		only := env
		if only == "" && len(names) > 1 {
			return nil, usagef("topology %s has several environments: say which one the policies are of, with --env %s",
				c.name(), strings.Join(slices.Sorted(maps.Keys(names)), ", or --env "))
		} else if only == "" {
			only = slices.Sorted(maps.Keys(names))[0]
		}
		for i := range sides {
			if side, ok := sides[i][""]; ok {
				sides[i] = map[string]*diff.Side{only: side}
			}
		}
	} else if unknown {
		names[""] = true
	}
	var out []diff.Environment
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if env == "" || name == env {
			out = append(out, diff.Environment{Name: name, Old: sides[0][name], New: sides[1][name]})
		}
	}
	return out, nil
}
