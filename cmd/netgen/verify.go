package main

import (
	"fmt"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/internal/foreign"
	"netgen.dev/proof/manifest"
	"netgen.dev/proof/render"
	"netgen.dev/proof/verify"
	"netgen.dev/proof/workloads"
)

func (a *app) verifyCommand() *cobra.Command {
	var in inputs
	var env, rendered, manifests string
	var strict bool
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

What is only a warning is shown, and leaves the exit code 0; with --strict it is 1.

The proof works out from the Kubernetes documentation alone what the policies let
through between the declared services, the peers and witnesses (pods that nobody
declared, pods of other namespaces with the same labels, addresses at the edges of
every range, the metadata services), for every port of every protocol. Success
prints one line an environment; differences make the exit code 1. Where one
accident explains many differences, it is named first and they are shown by
examples; --format json has all of them.`,
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
			proofs, err := a.proofs(set, verifyFlags{env, rendered, manifests, in.format.value == "text"})
			if err != nil {
				return a.unread(w, err, &in)
			}
			left := 0
			for _, p := range proofs {
				set.list = append(set.list, p.findings...)
				left += p.left
			}
			err = a.show(w, set.list, &in, set.sources)
			if left > 0 {
				a.say("%s with this cause not shown: --format json has all", count(left, "more difference"))
			}
			if err == nil && strict && len(set.list) > 0 {
				err = errFindings // there are but warnings
			}
			if err != nil || in.format.value != "text" {
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
	cmd.Flags().BoolVar(&strict, "strict", false, "exit with 1 for warnings alone, too")
	choices(cmd, "env", nil)
	return cmd
}

// proved is the outcome for one environment.
type proved struct {
	findings diag.List
	left     int           // differences that are not among them
	proof    *verify.Proof // whose findings are worded with those of the other environments, or nil
	line     string        // of success
}

// verifyFlags are what verify was told.
type verifyFlags struct {
	env, rendered, manifests string
	brief                    bool // for a person to read
}

// given names the flag that is about one environment.
func (f verifyFlags) given() string {
	if f.rendered == "" {
		return "--manifests"
	}
	return "--rendered"
}

// proofs proves the environments of a set.
func (a *app) proofs(set *checkedSet, f verifyFlags) ([]proved, error) {
	single := f.rendered != "" || f.manifests != ""
	switch {
	case f.rendered == "-" && f.manifests == "-":
		return nil, usagef("--rendered and --manifests cannot both be standard input")
	case single && len(set.topologies) > 1:
		return nil, usagef("%s is of one topology: name its directory", f.given())
	}
	cluster, err := a.readManifests(f.manifests)
	if err != nil {
		return nil, err
	}
	var stream []byte
	if f.rendered != "" {
		if stream, err = a.readStream(f.rendered); err != nil {
			return nil, err
		}
	}
	var out []proved
	for _, c := range set.topologies {
		b := gen.Build(c)
		names := environments(b)
		if single && f.env == "" && len(names) > 1 {
			return nil, usagef("topology %s has several environments: say which %s is of, with --env %s",
				b.System.Name, f.given(), strings.Join(names, ", or --env "))
		}
		first := len(out)
		for i, name := range names {
			if f.env != "" && name != f.env {
				continue
			}
			p, err := proveEnvironment(c, b, i, f, stream)
			if err != nil {
				return nil, err
			}
			p.withWorkloads(c, i, cluster)
			out = append(out, p)
		}
		if len(out) == first {
			return nil, fmt.Errorf("topology %s has no environment %s: it has %s", b.System.Name, f.env, strings.Join(names, ", "))
		}
		var together []*verify.Proof
		for _, p := range out[first:] {
			if p.proof != nil {
				together = append(together, p.proof)
			}
		}
		out[first].findings = append(out[first].findings, verify.Findings(c.Locate, together...)...)
	}
	return out, nil
}

// proveEnvironment proves environment i of a topology: of its overlay, or of a
// stream that was given.
func proveEnvironment(c *gen.Checked, b *gen.Built, i int, f verifyFlags, stream []byte) (proved, error) {
	name := b.System.Environments[i].Name
	source := f.rendered
	switch source {
	case "-":
		source = foreign.Stdin
	case "":
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
		return proved{}, foreign.In(source, err)
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
	out := proved{findings: list, proof: p}
	if f.rendered != "" {
		for _, line := range objects.Lines {
			p.Places = append(p.Places, diag.Pos{File: source, Line: line})
		}
		at := map[string]diag.Pos{}
		for name, line := range objects.NamespaceLines {
			at[name] = diag.Pos{File: source, Line: line}
		}
		out.findings = append(out.findings, workloads.Namespaces(c.Models[i], c.Locate, objects.Namespaces, at)...)
		out.explain(c, b, i, source, f.brief)
	}
	line := fmt.Sprintf("%s %s: %s, %s, %s, %s: as declared", b.System.Name, name, count(p.Services, "service"),
		count(p.Policies, "policy"), count(p.Flows, "flow"), count(p.Cells, "cell"))
	idle := len(p.Idle())
	if n := len(c.Models[i].Invariants) - idle; n > 0 {
		line += "; " + count(n, "invariant")
	}
	if idle > 0 {
		line += "; " + count(idle, "invariant") + " about what is switched off"
	}
	if n := len(objects.Unknown); n > 0 {
		line += fmt.Sprintf("; without %s of other kinds", count(n, "policy"))
	}
	out.line = line
	return out, nil
}

// explain puts the cause of the differences, if there is one, before them.
func (p *proved) explain(c *gen.Checked, b *gen.Built, i int, source string, brief bool) {
	var own verify.Declared
	var others []verify.Declared
	for n, env := range b.System.Environments {
		d := verify.Declared{Topology: c.Models[n], Plan: b.Plans[n], Policies: env.Objects()}
		if n == i {
			own = d
		} else {
			others = append(others, d)
		}
	}
	cause := p.proof.Cause(own, others)
	if cause == nil {
		return
	}
	if cause.Aside {
		p.findings = append(append(p.findings, p.proof.Findings(c.Locate)...), p.proof.Finding(cause, source))
		p.proof = nil
		return
	}
	p.findings = append(p.findings, p.proof.Finding(cause, source))
	if brief {
		var list diag.List
		list, p.left = p.proof.Brief(cause, c.Locate)
		p.findings, p.proof = append(p.findings, list...), nil
	}
}

// proveBuilt proves what is about to be written.
func proveBuilt(c *gen.Checked, b *gen.Built) diag.List {
	var proofs []*verify.Proof
	for i, env := range b.System.Environments {
		proofs = append(proofs, verify.Prove(c.Models[i], b.Plans[i], env.Objects()))
	}
	return verify.Findings(c.Locate, proofs...)
}
