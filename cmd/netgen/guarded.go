package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"netgen.dev/diag"
	"netgen.dev/internal/guard"
)

// limits are the flags --timeout and --memory.
type limits struct {
	timeout time.Duration
	memory  string
}

func (l *limits) register(root *cobra.Command) {
	root.PersistentFlags().DurationVar(&l.timeout, "timeout", 30*time.Second, "stop reading, evaluating and proving after this `TIME`")
	root.PersistentFlags().StringVar(&l.memory, "memory", "1Gi", "stop at this much memory, a `QUANTITY` as Kubernetes has it: 512Mi, 2Gi")
}

func (l *limits) parse() (guard.Limits, error) {
	if l.timeout <= 0 {
		return guard.Limits{}, usagef("--timeout is more than nothing, not %s", l.timeout)
	}
	memory, err := guard.ParseMemory(l.memory)
	if err != nil {
		return guard.Limits{}, usagef("--memory %w", err)
	}
	return guard.Limits{Timeout: l.timeout, Memory: memory}, nil
}

// environment is the annotation of a command that evaluates what others wrote. It
// runs in a child with limits, and of the environment the child gets what is
// listed there and little else. A name that ends with * stands for all that begin
// so.
const environment = "netgen.dev/environment"

func guarded(cmd *cobra.Command, variables ...string) *cobra.Command {
	cmd.Annotations = map[string]string{environment: strings.Join(variables, " ")}
	return cmd
}

// alwaysPassed are variables of netgen itself and of Go's runtime.
var alwaysPassed = []string{"NO_COLOR", "GOGC", "GORACE", "TMPDIR"}

// passed returns what of an environment matches any of the names.
func passed(all, names []string) []string {
	var out []string
	for _, variable := range all {
		name, _, _ := strings.Cut(variable, "=")
		if slices.ContainsFunc(names, func(pattern string) bool {
			prefix, open := strings.CutSuffix(pattern, "*")
			return name == pattern || open && strings.HasPrefix(name, prefix)
		}) {
			out = append(out, variable)
		}
	}
	return out
}

// exitCode is that of a child, which has said all there is to say.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// guardCommand runs a command that evaluates what others wrote a second time, in a
// child within limits. The error is never nil then: there is nothing left to do.
func (a *app) guardCommand(cmd *cobra.Command) error {
	limits, err := a.limits.parse()
	if err != nil {
		return err
	}
	variables, ok := cmd.Annotations[environment]
	if !ok || a.again == nil {
		return nil
	}
	result, err := a.again(passed(os.Environ(), append(strings.Fields(variables), alwaysPassed...)), limits)
	if err != nil {
		return err
	}
	if result.Death != nil {
		return a.obituary(result.Death)
	}
	a.quote(result.Remarks)
	return exitCode(result.Code)
}

// obituary says why a child died.
func (a *app) obituary(d *guard.Death) error {
	phase := ""
	if d.Phase != "" {
		phase = " while " + d.Phase
	}
	finding := diag.Diagnostic{Severity: diag.Error}
	switch d.Cause {
	case guard.Timeout:
		finding.Code = diag.Time
		finding.Message = fmt.Sprintf("stopped after %s%s", a.limits.timeout, phase)
		finding.Hint = "allow more with --timeout, if what it reads is to be trusted"
	case guard.Memory:
		finding.Code = diag.Memory
		finding.Message = fmt.Sprintf("stopped at %s of memory%s", a.limits.memory, phase)
		finding.Hint = "allow more with --memory, if what it reads is to be trusted"
	default:
		a.quote(d.Text)
		return fmt.Errorf("netgen ended%s: unless somebody killed it, that is a mistake in netgen", phase)
	}
	if err := diag.Render(a.err, diag.List{finding}, diag.Options{Format: diag.Formats[0], Color: a.colored(a.err)}); err != nil {
		return err
	}
	return errRefused
}

// quote says what others said, line by line.
func (a *app) quote(text string) {
	for line := range strings.Lines(text) {
		a.say("%s", strings.TrimSuffix(line, "\n"))
	}
}

// again starts the program once more, as it was started.
func again(env []string, l guard.Limits) (guard.Result, error) {
	self, err := os.Executable()
	if err != nil {
		// Linux says it in /proc, which a bare container may not have.
		self, err = exec.LookPath(os.Args[0])
	}
	if err != nil {
		return guard.Result{}, fmt.Errorf("find netgen itself: %w", err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	return guard.Run(guard.Command{
		Path: self, Args: os.Args, Env: env, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Signals: signals,
	}, l)
}
