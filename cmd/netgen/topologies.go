package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/load"
	"netgen.dev/gen/topology"
)

// inputs are the flags of the commands that read topologies.
type inputs struct {
	tags   []string
	embed  bool
	format format
	// past is for packages of an earlier revision: what its DIR/... left out is new
	// now, and no reason not to compare.
	past bool
	// tagsOf returns those of the tags that the package in a directory is given, where
	// it is not given all.
	tagsOf func(dir string) []string
}

// tagsFor returns the tags for the package in a directory.
func (in *inputs) tagsFor(dir string) []string {
	if in.tagsOf == nil {
		return in.tags
	}
	return in.tagsOf(dir)
}

func (in *inputs) register(cmd *cobra.Command) {
	in.format = format{diag.Formats[0], diag.Formats}
	in.registerPackages(cmd)
	cmd.Flags().Var(&in.format, "format", "how findings are shown: "+strings.Join(diag.Formats, ", "))
	choices(cmd, "format", diag.Formats)
}

// registerPackages registers what says how packages are read.
func (in *inputs) registerPackages(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&in.tags, "inject", "t", nil, "set the value of a CUE @tag, as `KEY=VALUE`; may be repeated")
	cmd.Flags().BoolVar(&in.embed, "allow-embed", false, "let packages embed JSON, YAML and text of their module, with @embed")
}

// checkedSet is every topology of one call, with all that was found in them.
type checkedSet struct {
	topologies []*gen.Checked
	dirs       []string // of the topologies
	list       diag.List
	sources    map[string][]byte
}

// check loads and checks the topologies in the directories of args.
func (a *app) check(args []string, in *inputs) (*checkedSet, error) {
	base, err := a.path(".")
	if err != nil {
		return nil, err
	}
	set := &checkedSet{sources: map[string][]byte{}}
	dirs, err := a.directories(args)
	if errors.Is(err, errNoTopology) && !in.past {
		// Perhaps one of them was to hold one: that says more.
		if a.leftOut(args, set, base) == nil && set.list.Failed() {
			return set, nil
		}
	}
	if err != nil {
		return nil, err
	}
	progress := a.progress(len(dirs))
	for _, dir := range dirs {
		progress.step(dir)
		a.phase("evaluating " + relative(base, dir))
		c, list := gen.Check(load.Request{Dir: dir, Base: base, Tags: in.tagsFor(dir), Embed: in.embed})
		if len(c.Models) == 0 && onlyEmpty(list) && !a.named(args, dir) && !load.HoldsTopology(dir) {
			continue // of what lies below DIR/..., it might have held one, and does not
		}
		set.list = append(set.list, list...)
		maps.Copy(set.sources, c.Sources)
		set.topologies = append(set.topologies, c)
		set.dirs = append(set.dirs, dir)
	}
	progress.done()
	if !in.past {
		if err := a.leftOut(args, set, base); err != nil {
			return nil, err
		}
	}
	a.phase("proving what was evaluated")
	if len(set.topologies) == 0 && !set.list.Failed() {
		return nil, errNoTopology
	}
	if !set.list.Failed() {
		set.checkTogether()
	}
	return set, nil
}

// relative returns a directory as messages name it.
func relative(base, dir string) string {
	if rel, err := filepath.Rel(base, dir); err == nil {
		dir = rel
	}
	return filepath.ToSlash(dir)
}

// onlyEmpty reports whether nothing is wrong with a package but that it holds no
// topology.
func onlyEmpty(list diag.List) bool {
	return !slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.Code != diag.Empty })
}

// named reports whether an argument is a directory itself, not one below DIR/....
func (a *app) named(args []string, dir string) bool {
	if len(args) == 0 {
		args = []string{"."}
	}
	return slices.ContainsFunc(args, func(arg string) bool {
		full, err := a.path(filepath.FromSlash(arg))
		return err == nil && full == dir
	})
}

// checkTogether holds the topologies of one call against each other.
func (set *checkedSet) checkTogether() {
	var models [][]*topology.Topology
	var locators []topology.Locator
	first := map[string]*gen.Checked{}
	for _, c := range set.topologies {
		name := c.Models[0].Name
		_, pos, _ := c.Locate([]string{"name"})
		if other, ok := first[name]; ok {
			_, there, _ := other.Locate([]string{"name"})
			hint := "rename one of them"
			if there == pos {
				hint = "one package inherits it from the directory above: build the one or the other"
			}
			set.list = append(set.list, diag.Diagnostic{
				Code: diag.SameName, Severity: diag.Error, Pos: pos, Path: "name",
				Message: fmt.Sprintf("two topologies are named %q, and their output would meet", name),
				Related: []diag.Related{{Pos: there, Message: "the other topology"}},
				Hint:    hint,
			})
			continue
		}
		first[name] = c
		models = append(models, c.Models)
		locators = append(locators, c.Locate)
	}
	set.list = append(set.list, topology.CheckTogether(models, locators)...)
}

// expiries adds what is past its date, or near it.
func (a *app) expiries(set *checkedSet) {
	for _, c := range set.topologies {
		set.list = append(set.list, topology.CheckExpiry(c.Models, c.Locate, a.now())...)
	}
}

// show writes findings in the format of the flags and returns the error that
// they end the command with, if they do.
func (a *app) show(w io.Writer, list diag.List, in *inputs, sources map[string][]byte) error {
	options := diag.Options{
		Format: in.format.value,
		Color:  a.colored(a.err),
		Source: func(file string) []byte { return sources[file] },
	}
	if err := diag.Render(w, list, options); err != nil {
		return err
	}
	switch {
	case list.Refused():
		return errRefused
	case list.Failed():
		return errFindings
	}
	return nil
}

// errNoTopology is that of DIR/... without any.
var errNoTopology = errors.New("no directory there holds a topology")

// directories expands the arguments: a directory is itself, DIR/... every
// directory at or below DIR that holds a CUE package with a topology. Without
// arguments it is the working directory.
func (a *app) directories(args []string) ([]string, error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	var out []string
	for _, arg := range args {
		name, recursive := strings.CutSuffix(filepath.ToSlash(arg), "...")
		if recursive && name != "" && !strings.HasSuffix(name, "/") {
			return nil, usagef("%s: ... stands for a whole path element, as in %s/...", arg, name)
		}
		dir, err := a.path(filepath.FromSlash(name))
		if err != nil {
			return nil, err
		}
		if fi, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("%s: %w", arg, reason(err))
		} else if !fi.IsDir() {
			return nil, fmt.Errorf("%s is not a directory: name the directory of the package", arg)
		}
		if !recursive {
			out = append(out, dir)
			continue
		}
		below, err := packagesBelow(dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", arg, err)
		}
		if len(below) == 0 {
			return nil, fmt.Errorf("%s: %w", arg, errNoTopology)
		}
		out = append(out, below...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// linksToCUE reports whether a link leads to a directory with CUE files.
func linksToCUE(name string) bool {
	entries, err := os.ReadDir(name + string(filepath.Separator))
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return filepath.Ext(e.Name()) == ".cue" })
}

// packagesBelow returns the directories at or below dir with a topology.
func packagesBelow(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Type()&fs.ModeSymlink != 0 && linksToCUE(name):
			// Left out, its policies would be missing where everything is rendered.
			return fmt.Errorf("%s is a symbolic link to a directory of CUE files, and netgen follows none: name that directory", d.Name())
		case !d.IsDir():
			return nil
		case name != dir && skipped(d.Name()):
			return fs.SkipDir
		}
		if load.MayHoldTopology(name) {
			out = append(out, name)
		}
		return nil
	})
	if err != nil {
		return nil, reason(err)
	}
	return out, nil
}
