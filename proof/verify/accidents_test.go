package verify_test

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"netgen.dev/proof/verify"
)

// accident is what somebody writes around a tree that netgen has built. The
// overlay lies in /parent, the trees of the systems in /.
type accident struct {
	name    string
	system  string // and environment
	overlay string // what /parent/kustomization.yaml has beside its resources
	// resources of the overlay; none given: the overlay of the environment.
	resources []string
	files     map[string]string // further ones, or other ones
	fails     string            // what Kustomize says, where it refuses
	// want is differences that Prove reports, as described writes them, where *
	// stands for anything. It reports no other kinds of differences: none given,
	// nothing. never is what it does not report.
	want, never []string
	blames      []string // the policies at fault for what is too much
	cause       string   // that all differences are said to have, none where they have none
}

func TestAccidents(t *testing.T) {
	all := systems(t)
	for _, a := range slices.Concat(labelAccidents, nameAccidents, patchAccidents, additionAccidents, omissionAccidents) {
		t.Run(strings.ReplaceAll(a.name, " ", "-")+"/"+a.system, func(t *testing.T) {
			system, environment, _ := strings.Cut(a.system, "/")
			c := all[system]
			for i, env := range c.System.Environments {
				if env.Name == environment {
					policies := a.render(t, c)
					if policies != nil {
						p := verify.Prove(c.Models[i], c.Plans[i], policies)
						a.check(t, p)
						a.checkCause(t, p, c, i)
					}
					return
				}
			}
			t.Fatalf("there is no %s", a.system)
		})
	}
}

// render returns what Kustomize makes of the overlay, nil where it refuses to,
// as it should.
func (a accident) render(t *testing.T, c compiled) []*networkingv1.NetworkPolicy {
	t.Helper()
	fs := filesys.MakeFsInMemory()
	write := func(name, data string) {
		if err := fs.WriteFile(name, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range c.Tree {
		write(path.Join("/", f.Path), string(f.Data))
	}
	resources := a.resources
	if resources == nil {
		system, environment, _ := strings.Cut(a.system, "/")
		resources = []string{"../" + system + "/overlays/" + environment}
	}
	write("/parent/kustomization.yaml", "resources: ["+strings.Join(resources, ", ")+"]\n"+a.overlay)
	for name, data := range a.files {
		write(name, data)
	}
	m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, "/parent")
	if a.fails != "" {
		if err == nil || !strings.Contains(err.Error(), a.fails) {
			t.Fatalf("Kustomize says %v, want: %s", err, a.fails)
		}
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	stream, err := m.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, stream)
}

func parsed(t *testing.T, stream []byte) []*networkingv1.NetworkPolicy {
	t.Helper()
	var out []*networkingv1.NetworkPolicy
	for doc := range bytes.SplitSeq(stream, []byte("\n---\n")) {
		p := new(networkingv1.NetworkPolicy)
		if err := yaml.UnmarshalStrict(doc, p); err != nil {
			t.Fatalf("%v in:\n%s", err, doc)
		}
		if p.Kind != "NetworkPolicy" {
			t.Fatalf("%s is not a NetworkPolicy", p.Kind)
		}
		out = append(out, p)
	}
	return out
}

// described writes a difference as the accidents do.
func described(d verify.Difference) string {
	out := fmt.Sprintf("%s: %s of %s", d.Kind, d.Direction, d.Subject)
	if d.Other != "" {
		out += fmt.Sprintf(": %s on %s", d.Other, d.Ports)
	}
	if d.Kind == verify.Malformed {
		out = fmt.Sprintf("malformed: %s", d.Message)
	}
	return out
}

// checkCause sees that the accident is found as the cause of all differences, and
// that no other is.
func (a accident) checkCause(t *testing.T, p *verify.Proof, c compiled, i int) {
	t.Helper()
	var all []verify.Declared
	for n, env := range c.System.Environments {
		all = append(all, verify.Declared{Topology: c.Models[n], Plan: c.Plans[n], Policies: env.Objects()})
	}
	got := ""
	if cause := p.Cause(all[i], slices.Delete(slices.Clone(all), i, i+1)); cause != nil {
		got = cause.Message
	}
	if a.cause == "" {
		if got != "" {
			t.Errorf("the cause is said to be: %s", got)
		}
		return
	}
	explained := fmt.Sprintf(" explains all %d differences", len(p.Differences))
	if len(p.Differences) == 2 {
		explained = " explains both differences"
	}
	if !strings.HasPrefix(got, a.cause) || !strings.HasSuffix(got, explained) {
		t.Errorf("the cause is said to be %q, not that %s", got, a.cause)
	}
}

// matches reports whether a line is what a pattern with * says.
func matches(pattern, line string) bool {
	parts := strings.Split(pattern, "*")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(line)
}

func (a accident) check(t *testing.T, p *verify.Proof) {
	t.Helper()
	kinds := map[string]bool{}
	for _, want := range a.want {
		kind, _, _ := strings.Cut(want, ":")
		kinds[kind] = true
	}
	var lines []string
	blamed := map[string]bool{}
	for _, d := range p.Differences {
		line := described(d)
		lines = append(lines, line)
		if !kinds[string(d.Kind)] || slices.ContainsFunc(a.never, func(pattern string) bool { return matches(pattern, line) }) {
			t.Errorf("unexpected: %s", line)
		}
		for _, r := range d.Rules {
			policy, _, _ := strings.Cut(r, ", ")
			blamed[policy] = true
			if !slices.Contains(a.blames, policy) {
				t.Errorf("%s: blames %s", line, r)
			}
		}
	}
	for _, want := range a.want {
		if !slices.ContainsFunc(lines, func(line string) bool { return matches(want, line) }) {
			t.Errorf("not found: %s", want)
		}
	}
	for _, policy := range a.blames {
		if !blamed[policy] {
			t.Errorf("%s is not blamed", policy)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(lines, "\n"))
	}
}
