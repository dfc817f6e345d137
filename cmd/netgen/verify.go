package main

import (
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/proof/manifest"
	"netgen.dev/proof/render"
	"netgen.dev/proof/verify"
)

func (a *app) verifyCommand() *cobra.Command {
	var in inputs
	var env, rendered, manifests string
	cmd := &cobra.Command{
		Use:   "verify [DIR...]",
		Short: "Prove that the policies let through what is declared, and nothing else",
		Long: `Prove, for each environment of the topologies in directories, that the policies
let through exactly what is declared, no more and no less, and that the
invariants hold. DIR/... is every topology below DIR.

The policies are those that Kustomize makes of netgen's overlay. With --rendered
they are those of a stream of one environment instead, after whatever parent
overlay, patch or policy engine: all NetworkPolicies of the stream count, foreign
ones too.

With --manifests, the workloads of manifests are held against the topology as
well: selectors that find none, workloads of no service, ports that differ, and
Services, Ingresses, routes, monitors and webhooks that lead to what is not
declared. A manifest without a namespace is in that of the topology.

The proof works out from the Kubernetes documentation alone what the policies let
through between the declared services, the peers and witnesses (pods that nobody
declared, pods of other namespaces with the same labels, addresses at the edges of
every range, the metadata services), for every port of every protocol. Success
prints one line an environment; differences make the exit code 1.`,
		Example: `  netgen verify topologies/...
  kubectl kustomize clusters/prod | netgen verify topologies/shop --env prod --rendered -
  kubectl get deploy,sts,ds,job,cronjob,pod,svc,ing -A -o yaml | netgen verify topologies/shop --env prod --manifests -`,
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := a.check(args, &in)
			if err != nil {
				return err
			}
			w := a.err
			if in.format.value != "text" {
				w = a.out
			}
			if set.list.Failed() {
				return a.show(w, set.list, &in, set.sources)
			}
			proofs, err := a.proofs(set, env, rendered, manifests)
			if err != nil {
				return err
			}
			for _, p := range proofs {
				set.list = append(set.list, p.findings...)
			}
			if err := a.show(w, set.list, &in, set.sources); err != nil || in.format.value != "text" {
				return err
			}
			for _, p := range proofs {
				if _, err := fmt.Fprintln(a.out, p.line); err != nil {
					return err
				}
			}
			return nil
		},
	}
	in.register(cmd)
	cmd.Flags().StringVar(&env, "env", "", "prove the environment `NAME` alone; needed with --rendered and --manifests where there are several")
	cmd.Flags().StringVar(&rendered, "rendered", "", "prove the policies in the YAML stream of `FILE`, or of standard input with -")
	cmd.Flags().StringVar(&manifests, "manifests", "", "hold the workloads in the manifests of `PATH`, a directory or file, or of standard input with - against the topology")
	choices(cmd, "env", nil)
	return cmd
}

// proved is the outcome for one environment.
type proved struct {
	findings diag.List
	line     string // of success
}

// proofs proves the environments of a set.
func (a *app) proofs(set *checkedSet, env, rendered, manifests string) ([]proved, error) {
	given := "--rendered"
	if rendered == "" {
		given = "--manifests"
	}
	single := rendered != "" || manifests != ""
	switch {
	case rendered == "-" && manifests == "-":
		return nil, usagef("--rendered and --manifests cannot both be standard input")
	case single && len(set.topologies) > 1:
		return nil, usagef("%s is of one topology: name its directory", given)
	}
	cluster, err := a.readManifests(manifests)
	if err != nil {
		return nil, err
	}
	var stream []byte
	if rendered != "" {
		if stream, err = a.readStream(rendered); err != nil {
			return nil, err
		}
	}
	var out []proved
	for _, c := range set.topologies {
		b := gen.Build(c)
		names := environments(b)
		if single && env == "" && len(names) > 1 {
			return nil, usagef("topology %s has several environments: say which %s is of, with --env %s",
				b.System.Name, given, strings.Join(names, ", or --env "))
		}
		found := false
		for i, name := range names {
			if env != "" && name != env {
				continue
			}
			found = true
			p, err := proveEnvironment(c, b, i, rendered, stream)
			if err != nil {
				return nil, err
			}
			p.withWorkloads(c, i, cluster)
			out = append(out, p)
		}
		if !found {
			return nil, fmt.Errorf("topology %s has no environment %s: it has %s", b.System.Name, env, strings.Join(names, ", "))
		}
	}
	return out, nil
}

func (a *app) readStream(name string) ([]byte, error) {
	if name == "-" {
		data, err := io.ReadAll(a.in)
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", reason(err))
		}
		return data, nil
	}
	file, err := a.path(name)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, reason(err))
	}
	return data, nil
}

// proveEnvironment proves environment i of a topology: of its overlay, or of a
// stream that was given.
func proveEnvironment(c *gen.Checked, b *gen.Built, i int, rendered string, stream []byte) (proved, error) {
	name := b.System.Environments[i].Name
	source := rendered
	if rendered == "" {
		source = path.Join(b.System.Name, "overlays", name)
		tree := map[string][]byte{}
		for _, f := range b.Tree {
			tree[f.Path] = f.Data
		}
		var err error
		if stream, err = render.Overlay(tree, source); err != nil {
			return proved{}, err
		}
	}
	objects, err := manifest.Parse(stream)
	if err != nil {
		return proved{}, fmt.Errorf("%s: %w", source, err)
	}
	var list diag.List
	if len(objects.Policies) == 0 {
		return proved{findings: diag.List{{
			Code: diag.NoPolicies, Severity: diag.Error, Pos: diag.Pos{File: source},
			Message: "there is no NetworkPolicy in the stream",
		}}}, nil
	}
	for _, unknown := range objects.Unknown {
		list = append(list, diag.Diagnostic{
			Code: diag.NotRead, Severity: diag.Warning, Pos: diag.Pos{File: source},
			Message: unknown + " is no NetworkPolicy of networking.k8s.io/v1, and the proof is without it",
		})
	}
	p := verify.Prove(c.Models[i], b.Plans[i], objects.Policies)
	list = append(list, p.Findings(c.Locate)...)
	line := fmt.Sprintf("%s %s: %s, %s, %s, %s: as declared", b.System.Name, name, count(p.Services, "service"),
		count(p.Policies, "policy"), count(p.Flows, "flow"), count(p.Cells, "cell"))
	if n := len(c.Models[i].Invariants); n > 0 {
		line += fmt.Sprintf("; %s", count(n, "invariant"))
	}
	if n := len(objects.Unknown); n > 0 {
		line += fmt.Sprintf("; without %s of other kinds", count(n, "policy"))
	}
	return proved{list, line}, nil
}

// proveBuilt proves what is about to be written.
func proveBuilt(c *gen.Checked, b *gen.Built) diag.List {
	var list diag.List
	for i, env := range b.System.Environments {
		p := verify.Prove(c.Models[i], b.Plans[i], env.Objects())
		list = append(list, p.Findings(c.Locate)...)
	}
	return list
}
