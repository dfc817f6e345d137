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
						a.check(t, verify.Prove(c.Models[i], c.Plans[i], policies))
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
