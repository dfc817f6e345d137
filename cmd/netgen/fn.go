package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"netgen.dev/diag"
	"netgen.dev/internal/foreign"
)

func (a *app) fnCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "fn",
		Short: "Render policies as a KRM function",
		Long: `Read a ResourceList of config.kubernetes.io/v1 or v1beta1 from standard input, and
write it to standard output with the policies of one environment among its items,
for kpt and for kustomize build --enable-alpha-plugins --enable-exec. What to
render is said by its functionConfig:

  apiVersion: fn.netgen.dev/v1alpha1
  kind: BuildPolicies
  metadata:
    name: shop
  spec:
    directory: topologies/shop  # from the working directory, which is the default
    environment: prod           # needed where there are several
    tags:                       # values of CUE @tags
      version: 1.4.0

or by a ConfigMap with directory, environment and tag.KEY among its data.

Other items are kept as they are. What the function made before takes its new form
where it is, and what it no longer makes is removed: the annotation
netgen.dev/function has the name of its functionConfig, and the environment. Give
each a name of its own: one without a name, or with that of kpt, function-input, may
be any other, and keeps the policies of topologies that it does not render, with a
warning. A policy of the same name by another function, or not by netgen, is an error.

On failure the items are those of the input, the findings are the results of the
list and on standard error, and the exit code is not 0. Kustomize without
--enable-exec skips functions without a word: where policies are pruned, render
overlays with netgen build instead.`,
		Example: `  netgen fn < resourcelist.yaml
  kpt fn eval policies --exec "netgen fn" -- directory=topologies/shop environment=prod`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return clipError(a.fn()) },
	}
}

// fn answers one list with another.
func (a *app) fn() error {
	data, err := io.ReadAll(io.LimitReader(a.in, foreign.MaxListBytes+1))
	if err != nil {
		return unreadable("standard input", err)
	}
	if len(data) > 1<<20 && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // the list is most of the memory, and stays
	}
	list, err := parseResourceList(data)
	if own, ok := errors.AsType[*foreign.Error](err); ok {
		own.Pos.File = foreign.Stdin
		if err := a.showFirst(diag.List{own.Diagnostic}); !errors.Is(err, errFindings) {
			return err
		}
		return errIncomparable
	}
	if err != nil {
		return fmt.Errorf("standard input %w", err)
	}
	// From here on a program is told what is wrong in its own terms.
	findings, failure := a.function(list)
	out, err := list.encode(results(findings, failure))
	if err != nil {
		return fmt.Errorf("standard input %w", err)
	}
	if err := a.printObjects(out); err != nil {
		return err
	}
	if failure != nil {
		return failure
	}
	return a.showFirst(findings)
}

// function adds to a list what its functionConfig asks for, or nothing.
func (a *app) function(list *resourceList) (diag.List, error) {
	req, err := list.request()
	if err != nil {
		return nil, err
	}
	by, err := list.owner(req)
	if err != nil {
		return nil, err
	}
	cwd, err := a.workingDirectory()
	if err != nil {
		return nil, err
	}
	// Whoever runs a function by its program trusts what calls it: a directory may
	// be anywhere in the repository, and that may start above the kustomization.
	data, findings, err := a.renderRequest(source{root: cwd, dir: "."}, req)
	if err != nil || findings.Failed() {
		return findings, err
	}
	left, err := list.merge(data, by)
	return append(findings, leftovers(left, by)...), err
}

// leftovers tells of the policies that a function without a name of its own keeps.
func leftovers(left map[string]int, by owner) diag.List {
	var out diag.List
	for _, topology := range slices.Sorted(maps.Keys(left)) {
		out = append(out, diag.Diagnostic{
			Code: diag.Extra, Severity: diag.Warning,
			Message: fmt.Sprintf("the items have %s of topology %s, by a function that is called %s as this one is, which does not make them",
				count(left[topology], "policy"), clip(topology), by.name),
			Hint: "give each functionConfig a metadata.name of its own; if the topology was renamed or removed, remove them",
		})
	}
	return out
}

// fnResult is an entry of the results of a ResourceList.
type fnResult struct {
	Message  string            `yaml:"message"`
	Severity string            `yaml:"severity"`
	File     *fnFile           `yaml:"file,omitempty"`
	Tags     map[string]string `yaml:"tags,omitempty"`
}

type fnFile struct {
	Path string `yaml:"path"`
}

// results returns what a function found, as much of it as showFirst shows. The
// place is in the message as well, since not every program shows the rest.
func results(findings diag.List, failure error) []fnResult {
	var out []fnResult
	shown, more := first(findings)
	for _, d := range shown {
		r := fnResult{Severity: string(d.Severity), Message: d.Message, Tags: map[string]string{"code": string(d.Code)}}
		if d.Hint != "" {
			r.Message += " (" + d.Hint + ")"
		}
		if d.Pos.File != "" {
			r.Message = d.Pos.String() + ": " + r.Message
			r.File = &fnFile{Path: d.Pos.File}
		}
		if d.Pos.Line > 0 {
			r.Tags["line"] = strconv.Itoa(d.Pos.Line)
		}
		out = append(out, r)
	}
	if more > 0 {
		out = append(out, fnResult{Severity: "info", Message: fmt.Sprintf("and %s more: netgen vet shows all", count(more, "finding"))})
	}
	if failure != nil && !errors.Is(failure, errFindings) {
		out = append(out, fnResult{Severity: string(diag.Error), Message: strings.TrimSpace(diag.Clean(clipError(failure).Error()))})
	}
	return out
}
