package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"netgen.dev/diag"
	"netgen.dev/internal/guard"
)

// The exit codes.
const (
	exitOK       = 0 // nothing to report
	exitFindings = 1
	exitFailed   = 2 // could not do the work
	exitRefused  = 3 // refused for safety
)

// app is what every command shares: the streams, the clock and the flags that
// all of them have.
type app struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
	ctx      context.Context // done when the program is to stop

	// again runs the program as a child within limits, nil where it is the child, or
	// there are none. The child says what it is doing, and when it does not work on
	// what others wrote any more.
	again     func(env []string, l guard.Limits) (guard.Result, error)
	phase     func(string)
	unlimited func(string)

	dir    string // of -C
	color  string
	limits limits
}

// errFindings ends a command whose findings have been shown.
var errFindings = errors.New("findings")

// errRefused ends a command that refused for safety and has said so.
var errRefused = errors.New("refused")

// usageError is a mistake in how netgen was called.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run is the program under its own name: it returns the exit code.
func run(args []string, in io.Reader, out, err io.Writer, now func() time.Time) int {
	return runAs("netgen", args, in, out, err, now)
}

// runAs is the program under a name that users have for it.
func runAs(name string, args []string, in io.Reader, out, err io.Writer, now func() time.Time) int {
	return newApp(in, out, err, now).run(name, args)
}

// newApp returns the program without a child, for streams.
func newApp(in io.Reader, out, err io.Writer, now func() time.Time) *app {
	nothing := func(string) {}
	return &app{
		in: in, out: &watched{Writer: out}, err: err, now: now,
		ctx: context.Background(), phase: nothing, unlimited: nothing,
	}
}

func (a *app) run(name string, args []string) int {
	root := a.rootCommand()
	rename(root, name)
	root.SetArgs(args)
	root.SetOut(a.out)
	root.SetErr(a.err)
	cmd, failure := root.ExecuteContextC(a.ctx)
	if code, ok := errors.AsType[exitCode](failure); ok {
		return int(code)
	}
	stdout := a.out.(*watched)
	if failure == nil {
		failure = stdout.failure // of what does not look at it, as help does not
	}
	switch {
	case failure == nil:
		return exitOK
	case errors.Is(failure, errFindings):
		return exitFindings
	case errors.Is(failure, errRefused):
		return exitRefused
	case errors.Is(failure, errIncomparable):
		return exitFailed
	}
	a.say("error: %v", failure)
	if _, ok := errors.AsType[usageError](failure); ok {
		a.say("run %s --help for how it is used", cmd.CommandPath())
	}
	return exitFailed
}

// say writes a line to the user.
func (a *app) say(format string, args ...any) {
	// Whatever it quotes, it is one line. There is nobody to tell that standard error
	// is gone.
	_, _ = fmt.Fprintf(a.err, "netgen: %s\n", diag.Clean(fmt.Sprintf(format, args...)))
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "netgen",
		Short: "Compile a topology in CUE into NetworkPolicies as Kustomize overlays",
		Long: `Compile a topology in CUE into NetworkPolicies as Kustomize overlays.

A topology says which services talk to which, over which ports, to what
outside. netgen emits default-deny for every namespace and an explicit allow,
on both ends, for each declared connection: one base, one overlay for each
environment.

Exit codes: 0 nothing to report, 1 findings, 2 could not do the work, 3 refused
for safety. On any error nothing is written to standard output.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
					return usagef("there is no command %q: did you mean %s?", args[0], near[0])
				}
				return usagef("there is no command %q", args[0])
			}
			return nil
		},
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SuggestionsMinimumDistance: 2,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains([]string{"auto", "always", "never"}, a.color) {
				return usagef("--color is auto, always or never, not %q", a.color)
			}
			if fi, err := os.Stat(a.dir); a.dir != "" && (err != nil || !fi.IsDir()) {
				return fmt.Errorf("-C %s: there is no such directory", a.dir)
			}
			return a.guardCommand(cmd)
		},
	}
	a.limits.register(root)
	root.PersistentFlags().StringVarP(&a.dir, "chdir", "C", "", "work as if started in `DIR`")
	root.PersistentFlags().StringVar(&a.color, "color", "auto", "colour the text: auto, always or never; NO_COLOR is honoured")
	choices(root, "color", []string{"auto", "always", "never"})
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		guarded(a.buildCommand()), guarded(a.vetCommand()), guarded(a.verifyCommand()), guarded(a.explainCommand()), guarded(a.graphCommand()),
		// It runs git, which is to find its settings.
		guarded(a.diffCommand(), "PATH", "HOME", "XDG_CONFIG_HOME", "GIT_*"),
		// What looks up credentials may need anything.
		guarded(a.pushCommand(), "*"),
		a.pluginCommand(), guarded(a.fnCommand()), a.schemaCommand(), a.versionCommand(),
	)
	root.InitDefaultCompletionCmd()
	return root
}

// noArgs is cobra.NoArgs as a usage error.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no argument, not %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// path returns the absolute form of a path that the user gave.
func (a *app) path(name string) (string, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(a.dir, name)
	}
	return filepath.Abs(name)
}

// colored reports whether text to a stream is coloured.
func (a *app) colored(w io.Writer) bool {
	switch a.color {
	case "always":
		return true
	case "never":
		return false
	}
	return os.Getenv("NO_COLOR") == "" && onTerminal(w)
}

func onTerminal(w io.Writer) bool {
	if out, ok := w.(*watched); ok {
		w = out.Writer
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// choices completes a flag with one of a few values.
func choices(cmd *cobra.Command, flag string, values []string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag does not exist
	}
}

// format is the flag --format, one of a few.
type format struct {
	value   string
	allowed []string
}

func (f *format) String() string { return f.value }

func (f *format) Type() string { return "FORMAT" }

func (f *format) Set(s string) error {
	if !slices.Contains(f.allowed, s) {
		return fmt.Errorf("must be one of %s", strings.Join(f.allowed, ", "))
	}
	f.value = s
	return nil
}
