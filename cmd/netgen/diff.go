package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"netgen.dev/diag"
	"netgen.dev/gen/kustomize"
	"netgen.dev/internal/revision"
	"netgen.dev/proof/diff"
	"netgen.dev/report/changes"
)

// errIncomparable ends a comparison, or a proof, of which a side does not compile or
// cannot be read, when that has been shown.
var errIncomparable = errors.New("incomparable")

// comparison is what netgen diff is asked for.
type comparison struct {
	inputs
	against string // revision, "" where both sides are named
	env     string
	output  string
	failOn  []string
	version bool // hold the declared version against the change
}

func (a *app) diffCommand() *cobra.Command {
	var c comparison
	cmd := &cobra.Command{
		Use:   "diff OLD NEW | diff --against REV [DIR...]",
		Short: "Show what a change opens and closes",
		Long: `Compare what the policies of OLD and of NEW let through, and show what opens and
what closes, in which environment, where that is declared, by whom and why.

OLD and NEW are each the directory of a topology, or DIR/... for all below it; a
directory that netgen build wrote; a kustomization; or policies in YAML, in a
directory, in a file, or on standard input with -. With --against, OLD is the
same directories in a revision of git; REV... is where the branch left REV. The
work tree is not touched, and nothing is fetched.

Each change is widened (something passes that did not), narrowed, or neutral.
What cannot be decided is widened.

The exit code is 0 where nothing changed, 1 where something did, and 2 where the
two could not be compared. With --fail-on, it is 1 only for changes named there:
widened, narrowed, any, internet (widened, to or from public addresses),
isolation-lost, or none. With --check-version it is 1 as well where the version
of the topology does not say what changed: something narrowed needs a new major
version, something widened a new minor one (below 1.0.0, a minor one and a
patch), and a version in a netgen.lock of OLD has been released for good. Of two
topologies the files are compared as well: where netgen build writes others for
the same version, a push of it would be refused, and a new patch version is
needed.`,
		Example: `  netgen diff --against origin/main topologies/...
  netgen diff --against origin/main... --fail-on internet,isolation-lost
  kubectl get networkpolicy -A -o yaml | netgen diff - topologies/shop --env prod`,
		Args: func(cmd *cobra.Command, args []string) error {
			if c.against == "" && len(args) != 2 {
				return usagef("%s takes OLD and NEW, or --against REV and directories", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, gate := range c.failOn {
				if gate != "none" && !slices.Contains(changes.Gates, gate) {
					return usagef("--fail-on is %s or none, not %q", strings.Join(changes.Gates, ", "), gate)
				}
			}
			return a.diff(cmd.Context(), &c, args)
		},
	}
	c.format = format{"text", append(slices.Clone(changes.Formats), "html")}
	cmd.Flags().StringVar(&c.against, "against", "", "compare with the git revision `REV`")
	cmd.Flags().StringVar(&c.env, "env", "", "compare the environment `NAME` alone")
	cmd.Flags().Var(&c.format, "format", "how the changes are shown: "+strings.Join(c.format.allowed, ", "))
	cmd.Flags().StringVarP(&c.output, "output", "o", "-", "write to `FILE`, or to standard output with -")
	cmd.Flags().StringSliceVar(&c.failOn, "fail-on", nil, "fail for changes that are `WHAT` alone: "+strings.Join(changes.Gates, ", ")+", or none; may be repeated")
	cmd.Flags().BoolVar(&c.version, "check-version", false, "fail where the version of the topology does not say what changed")
	c.registerPackages(cmd)
	choices(cmd, "format", c.format.allowed)
	choices(cmd, "fail-on", append(slices.Clone(changes.Gates), "none"))
	choices(cmd, "env", nil)
	return cmd
}

// result is a diff with what its formats and gates need beside it.
type result struct {
	diff.Diff
	pairs    []compared
	released map[string][]*kustomize.Lock // in the old revision, by topology
	prefix   string                       // of the working directory in its repository
}

// compare compares two lists of operands.
func (c *comparison) compare(old, new []*operand) (*result, error) {
	pairs, err := matched(old, new)
	if err != nil {
		return nil, err
	}
	out := &result{released: map[string][]*kustomize.Lock{}}
	var others []string // environments, where the one asked for is not
	for _, p := range pairs {
		environments, err := p.environments(c.env)
		if err != nil {
			return nil, err
		}
		if len(environments) == 0 {
			others = append(others, p.has()...)
			continue
		}
		out.pairs = append(out.pairs, p)
		t := diff.Topology{Name: p.name()}
		if p.old != nil {
			t.OldVersion = p.old.version
			if p.old.lock != nil {
				out.released[t.Name] = append(out.released[t.Name], p.old.lock)
			}
		}
		if p.new != nil {
			t.NewVersion = p.new.version
		}
		t.Sections, t.Unchanged = diff.Environments(environments)
		out.Topologies = append(out.Topologies, t)
	}
	if len(out.pairs) == 0 && len(others) > 0 {
		slices.Sort(others)
		return nil, usagef("there is no environment %s: there are %s", c.env, strings.Join(slices.Compact(others), ", "))
	}
	return out, nil
}

// diff compares and shows.
func (a *app) diff(ctx context.Context, c *comparison, args []string) error {
	old, new, err := a.bothSides(ctx, c, args)
	if err != nil {
		return a.unread(a.err, err, &inputs{format: format{value: "text"}})
	}
	r, err := c.compare(old.operands, new)
	if err != nil {
		return err
	}
	a.noteOthers(args, old.operands, new)
	r.Old, r.New = revision.Shown(c.against), "the work tree"
	if c.against == "" {
		r.Old, r.New = args[0], args[1]
	}
	if len(old.trees) > 0 {
		r.Old += fmt.Sprintf(" (as committed in %s)", strings.Join(old.trees, ", "))
	}
	r.prefix = old.prefix
	for _, lock := range old.locks {
		r.released[lock.Topology] = append(r.released[lock.Topology], lock)
	}
	stops, failed, err := c.verdict(r)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := a.render(&out, c, r, stops); err != nil {
		return err
	}
	if err := a.emit(c.output, out.Bytes()); err != nil {
		return err
	}
	for _, s := range stops {
		a.say("%s", diag.Clean(s.Message))
	}
	if failed {
		return errFindings
	}
	return nil
}

// bothSides reads what is compared.
func (a *app) bothSides(ctx context.Context, c *comparison, args []string) (old *oldSide, new []*operand, err error) {
	if c.against != "" {
		return a.againstRevision(ctx, c, args)
	}
	if args[0] == "-" && args[1] == "-" {
		return nil, nil, usagef("OLD and NEW cannot both be standard input")
	}
	old = &oldSide{}
	if old.operands, err = a.operands(args[0], &c.inputs); err != nil {
		return nil, nil, err
	}
	new, err = a.operands(args[1], &c.inputs)
	return old, new, err
}

// noteOthers says what to name instead where a whole output of netgen build is
// compared with one topology: the others in it would seem to be removed.
func (a *app) noteOthers(args []string, old, new []*operand) {
	if len(args) != 2 || len(old) < 2 || len(new) != 1 || new[0].checked == nil || strings.HasSuffix(args[1], "...") {
		return
	}
	var others []string
	for _, o := range old {
		if o.lock != nil && o.name != new[0].name {
			others = append(others, o.name)
		}
	}
	if len(others) == 0 || len(others) == len(old) {
		return
	}
	slices.Sort(others)
	a.say("%s", diag.Clean(fmt.Sprintf("%s has topologies that %s has not, and they count as removed (%s): compare %s, or DIR/... with all",
		args[0], args[1], strings.Join(others, ", "), path.Join(filepath.ToSlash(args[0]), new[0].name))))
}

// render writes a diff in a format.
func (a *app) render(w io.Writer, c *comparison, r *result, stops []changes.Stop) error {
	o := changes.Options{
		Color: c.output == "-" && a.colored(a.out), Version: version().Version,
		File:  func(file string) string { return path.Join(r.prefix, file) },
		Stops: stops,
	}
	switch c.format.value {
	case "json":
		return changes.JSON(w, &r.Diff, o)
	case "markdown":
		return changes.Markdown(w, &r.Diff, o)
	case "sarif":
		return changes.SARIF(w, &r.Diff, o)
	case "github":
		return changes.GitHub(w, &r.Diff, o)
	case "html":
		return r.page(w)
	}
	return changes.Text(w, &r.Diff, o)
}

// verdict says why a change is not to pass, and whether the command fails: without
// gates it does wherever anything changed.
func (c *comparison) verdict(r *result) (stops []changes.Stop, failed bool, err error) {
	failed = len(c.failOn) == 0 && !r.Empty()
	if len(c.failOn) > 0 && !slices.Contains(c.failOn, "none") {
		stopped, err := changes.Gate(&r.Diff, c.failOn)
		if err != nil {
			return nil, false, err
		}
		for _, s := range stopped {
			stops = append(stops, changes.Stop{Message: strings.Join(s.Gates, ", ") + ": " + s.String(), Pos: s.Place()})
		}
	}
	if c.version {
		stops = append(stops, r.versions()...)
	}
	return stops, failed || len(stops) > 0, nil
}

// versions holds the versions of the topologies against what changed in them,
// against what was released under the same version, and against the files that a
// push of it would have.
func (r *result) versions() []changes.Stop {
	var out []changes.Stop
	for i, t := range r.Topologies {
		var released *changes.Released
		for _, lock := range r.released[t.Name] {
			if lock.Version != t.NewVersion || r.pairs[i].new == nil || r.pairs[i].new.built == nil {
				continue
			}
			// One topology may have several lock files, as of a tree for each team.
			if released == nil {
				released = &changes.Released{Version: lock.Version}
			}
			for _, env := range r.pairs[i].new.built.System.Environments {
				digest, ok := lock.Environments[env.Name]
				if ok && digest != env.Digest && !slices.Contains(released.Changed, env.Name) {
					released.Changed = append(released.Changed, env.Name)
				}
			}
		}
		for _, p := range changes.CheckVersion(t, released, r.pairs[i].rewritten()) {
			s := changes.Stop{Message: fmt.Sprintf("%s: %s: %s", p.Topology, p.Message, p.Hint)}
			if n := r.pairs[i].new; n != nil && n.checked != nil {
				if _, pos, ok := n.checked.Locate([]string{"version"}); ok {
					s.Pos = &pos
				}
			}
			out = append(out, s)
		}
	}
	return out
}

// emit writes what a command produces to a file, whole or not at all, or to
// standard output.
func (a *app) emit(name string, data []byte) error {
	if name == "-" {
		_, err := a.out.Write(data)
		return err
	}
	file, err := a.path(name)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), ".netgen-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, reason(err))
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // it is gone where all went well
	_, err = temporary.Write(data)
	if err == nil {
		err = temporary.Chmod(0o644)
	}
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, reason(err))
	}
	return nil
}
