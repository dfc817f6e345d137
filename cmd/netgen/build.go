package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"netgen.dev/gen"
	"netgen.dev/gen/kustomize"
)

func (a *app) buildCommand() *cobra.Command {
	var in inputs
	var output, env string
	var check, unproved bool
	cmd := &cobra.Command{
		Use:   "build [DIR...] -o OUT",
		Short: "Write the overlays of topologies",
		Long: `Build the topologies in directories, the working directory by default, and
write the Kustomize tree of each below OUT/<topology>. DIR/... is every topology
below DIR.

The tree is written whole or not at all. What netgen wrote before and is no
longer part of it is removed; a file that was edited by hand, or that netgen
never wrote, is never touched: the build stops instead.

Before anything is written, the policies are proved to let through what is
declared and nothing else, and the invariants to hold, as netgen verify does.

With -o - one rendered environment is printed as a YAML stream, or nothing.
With --check nothing is written: files that are stale, missing, extra or edited
by hand are named, and the exit code is 1 if there are any.`,
		Example: `  netgen build topologies/shop -o deploy
  netgen build topologies/... -o deploy --check
  netgen build topologies/shop --env prod -o - | kubectl apply -f -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			toStdout := output == "-"
			switch {
			case output == "":
				return usagef("build needs -o: a directory, or - for standard output")
			case env != "" && !toStdout:
				return usagef("--env goes with -o -: a tree holds every environment")
			case check && toStdout:
				return usagef("--check compares with a directory, not with standard output")
			}
			set, err := a.check(args, &in)
			if err != nil {
				return err
			}
			if check {
				a.expiries(set)
			}
			if set.list.Failed() {
				return a.show(a.err, set.list, &in, set.sources)
			}
			built := set.build(!unproved)
			if set.list.Failed() {
				return a.show(a.err, set.list, &in, set.sources)
			}
			if toStdout {
				return a.buildStream(built, env, set, &in)
			}
			return a.buildTree(cmd.Context(), built, treeTarget{output, check, slices.ContainsFunc(args, recursive)}, set, &in)
		},
	}
	in.register(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "", "write below the directory `OUT`, or print one environment with -")
	cmd.Flags().StringVar(&env, "env", "", "print the environment `NAME`, needed with -o - where there are several")
	choices(cmd, "env", nil)
	cmd.Flags().BoolVar(&unproved, "no-verify", false, "do not prove that the policies let through what is declared, and nothing else")
	cmd.Flags().BoolVar(&check, "check", false, "write nothing, and name the files that a build would change")
	return cmd
}

// build compiles the topologies of a set without errors, and proves them. What the
// proof finds is added to what was found.
func (set *checkedSet) build(prove bool) []*gen.Built {
	built := make([]*gen.Built, len(set.topologies))
	for i, c := range set.topologies {
		built[i] = gen.Build(c)
		if prove {
			set.list = append(set.list, proveBuilt(c, built[i])...)
		}
	}
	return built
}

// buildStream prints one environment. Everything is rendered before the first
// byte is written: half a stream would remove policies where it is applied
// with pruning.
func (a *app) buildStream(built []*gen.Built, env string, set *checkedSet, in *inputs) error {
	var out []byte
	for _, b := range built {
		name := env
		if name == "" {
			if len(b.System.Environments) > 1 {
				return usagef("topology %s has several environments: choose one with --env %s",
					b.System.Name, strings.Join(environments(b), ", or --env "))
			}
			name = b.System.Environments[0].Name
		}
		data, err := b.Stream(name)
		if err != nil {
			return err
		}
		if len(data) == 0 {
			return fmt.Errorf("topology %s has no policy in environment %s, and printing none would delete all", b.System.Name, name)
		}
		if len(out) > 0 {
			out = append(out, "---\n"...)
		}
		out = append(out, data...)
	}
	if err := a.show(a.err, set.list, in, set.sources); err != nil {
		return err
	}
	return a.printObjects(out)
}

func environments(b *gen.Built) []string {
	var names []string
	for _, env := range b.System.Environments {
		names = append(names, env.Name)
	}
	return names
}

// treeTarget is where trees go.
type treeTarget struct {
	output string
	check  bool // they are compared with what is there
	all    bool // they are to be all that are there
}

// recursive reports whether an argument is all topologies below a directory.
func recursive(arg string) bool { return strings.HasSuffix(arg, "...") }

// buildTree writes the trees below a directory, or compares them with it.
func (a *app) buildTree(ctx context.Context, built []*gen.Built, to treeTarget, set *checkedSet, in *inputs) error {
	dir, err := a.path(to.output)
	if err != nil {
		return err
	}
	base, err := a.path(".")
	if err != nil {
		return err
	}
	trees := make([]topologyTree, len(built))
	for i, b := range built {
		trees[i] = topologyTree{b.System.Name, b.Tree}
	}
	out := outputDir{path: dir, shown: to.output, base: base, say: a.say}
	// What is there may be anybody's: it is read within the limits.
	a.phase("reading " + to.output)
	if to.check {
		findings, err := out.compare(ctx, trees, to.all)
		if err != nil {
			return err
		}
		return a.show(a.err, append(set.list, findings...), in, set.sources)
	}
	out.begin = func() { a.unlimited("writing " + to.output) }
	result, findings, err := out.write(ctx, trees)
	if err != nil {
		return err
	}
	if err := a.show(a.err, append(set.list, findings...), in, set.sources); err != nil {
		return err
	}
	for i, b := range built {
		policies := 0
		for _, env := range b.System.Environments {
			policies += len(env.Policies)
		}
		a.say("%s: %s, %s (%s written, %d removed)", trees[i].name,
			count(len(b.System.Environments), "environment"), count(policies, "policy"),
			count(result[i].written, "file"), result[i].removed)
	}
	return nil
}

// count returns a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// topologyTree is the tree of one topology, with the name of its directory.
type topologyTree struct {
	name string
	tree kustomize.Tree
}
