package flux

import (
	"bytes"
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// build renders a directory as the kustomize-controller does for a Kustomization
// with this specification: its generator, its build within the root, and its
// substitution of variables.
func build(t *testing.T, root, dir string, spec map[string]any) (map[string]string, error) {
	t.Helper()
	ks := unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
		"metadata": map[string]any{"name": "policies", "namespace": "flux-system"},
		"spec":     spec,
	}}
	path := filepath.Join(root, dir)
	action, err := kustomize.NewGeneratorWithIgnore(root, "", ks).WriteFile(path, kustomize.WithSaveOriginalKustomization())
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := kustomize.CleanDirectory(path, action); err != nil {
			t.Error(err)
		}
	}()
	rendered, err := kustomize.SecureBuild(root, path, false)
	if err != nil {
		return nil, err
	}
	if _, ok := spec["postBuild"]; ok {
		for _, r := range rendered.Resources() {
			if _, err := kustomize.SubstituteVariables(context.Background(), nil, ks, r, kustomize.SubstituteWithDryRun(true)); err != nil {
				return nil, err
			}
		}
	}
	if rendered.Size() == 0 {
		return nil, nil
	}
	data, err := rendered.AsYaml()
	if err != nil {
		return nil, err
	}
	return objects(t, data), nil
}

// TestFluxBuilds sees that Flux makes of every overlay what netgen prints, also
// where it substitutes variables.
func TestFluxBuilds(t *testing.T) {
	root := golden(t)
	before := files(t, root)
	for _, o := range overlays(t) {
		want := o.stream(t)
		for who, spec := range map[string]map[string]any{
			"Flux": {},
			"Flux with variables": {"postBuild": map[string]any{"substitute": map[string]any{
				"name": "evil", "shop": "evil", "HOME": "evil",
			}}},
		} {
			got, err := build(t, root, o.dir(), spec)
			if err != nil {
				t.Errorf("%s: %v", o, err)
				continue
			}
			same(t, who+" for "+o.String(), want, got)
		}
	}
	if !maps.Equal(before, files(t, root)) {
		t.Error("Flux left files behind")
	}
}

// TestPrograms sees that every renderer makes the same of every overlay: the
// kustomize command, the one within kubectl, and the library.
func TestPrograms(t *testing.T) {
	root := golden(t)
	for who, render := range map[string]func(t *testing.T) func(dir string) []byte{
		"kubectl": func(t *testing.T) func(string) []byte {
			if _, err := exec.LookPath("kubectl"); err != nil {
				lacking(t, "kubectl is not installed")
			}
			return func(dir string) []byte { return output(t, "kubectl", "kustomize", dir) }
		},
		"kustomize": func(t *testing.T) func(string) []byte {
			bin := t.TempDir()
			install := exec.Command("go", "install", "-trimpath", "sigs.k8s.io/kustomize/kustomize/v5@v5.8.2")
			install.Env = append(os.Environ(), "GOBIN="+bin)
			if out, err := install.CombinedOutput(); err != nil {
				lacking(t, "kustomize v5.8.2 cannot be installed: %v\n%s", err, out)
			}
			return func(dir string) []byte { return output(t, filepath.Join(bin, "kustomize"), "build", dir) }
		},
		"the library": func(t *testing.T) func(string) []byte {
			return func(dir string) []byte {
				rendered, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
				if err != nil {
					t.Fatal(err)
				}
				data, err := rendered.AsYaml()
				if err != nil {
					t.Fatal(err)
				}
				return data
			}
		},
	} {
		t.Run(who, func(t *testing.T) {
			rendered := render(t)
			for _, o := range overlays(t) {
				same(t, who+" for "+o.String(), o.stream(t), objects(t, rendered(filepath.Join(root, o.dir()))))
			}
		})
	}
}

// TestPlugin sees that kubectl finds the program under its other name, and that
// it then says how it is called.
func TestPlugin(t *testing.T) {
	if _, err := exec.LookPath("kubectl"); err != nil {
		lacking(t, "kubectl is not installed")
	}
	dir := t.TempDir()
	if err := os.Link(netgen, filepath.Join(dir, "kubectl-netgen")); err != nil {
		t.Skip("no hard links here: ", err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	if out := string(output(t, "kubectl", "netgen", "vet", "--help")); !strings.Contains(out, "\n  kubectl netgen vet [DIR...] [flags]\n") {
		t.Error(out)
	}
	want := output(t, netgen, "build", filepath.Join(repository, "topologies", "bookinfo"), "-o", "-")
	if got := output(t, "kubectl", "netgen", "build", filepath.Join(repository, "topologies", "bookinfo"), "-o", "-"); !bytes.Equal(want, got) {
		t.Errorf("%s", got)
	}
}

// TestTargetNamespace holds what docs/flux.md says of it: it moves the policies
// of one namespace, which the proof notices, and fails for several.
func TestTargetNamespace(t *testing.T) {
	root := golden(t)
	_, err := build(t, root, filepath.Join("sock-shop", "overlays", "default"), map[string]any{"targetNamespace": "elsewhere"})
	if err == nil || !strings.Contains(err.Error(), "namespace transformation produces ID conflict") {
		t.Errorf("several namespaces: %v", err)
	}
	got, err := build(t, root, filepath.Join("shop", "overlays", "prod"), map[string]any{"targetNamespace": "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	verify := exec.Command(netgen, "verify", filepath.Join(repository, "topologies", "shop"), "--env", "prod", "--rendered", "-")
	verify.Stdin = strings.NewReader(strings.Join(slices.Sorted(maps.Values(got)), "\n---\n"))
	out, err := verify.CombinedOutput()
	if verify.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "elsewhere") {
		t.Errorf("the proof of moved policies: %v\n%s", err, out)
	}
}

// TestNothingToSubstitute sees that a text that Flux would expand gets no
// further than netgen vet, and that what looks nearly like one is left alone.
func TestNothingToSubstitute(t *testing.T) {
	const source = `package shop

topology: {
	name: "shop", version: "1.0.0", namespace: "shop"
	services: {backend: ports: http: 8080, frontend: connects: backend: why: %q}
}
`
	dir := t.TempDir()
	write := func(why string) {
		t.Helper()
		text := strings.Replace(source, "%q", `"`+why+`"`, 1)
		if err := os.WriteFile(filepath.Join(dir, "shop.cue"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, why := range []string{"costs ${MONEY}", "costs $$$", "costs $${MONEY}"} {
		write(why)
		out, err := exec.Command(netgen, "build", dir, "-o", "-").Output()
		if err == nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", why, err, out)
		}
	}
	const near = "costs $MONEY, $(MONEY), $ {MONEY}, $ $ and $5"
	write(near)
	tree := t.TempDir()
	output(t, netgen, "build", dir, "-o", tree)
	spec := map[string]any{"postBuild": map[string]any{"substitute": map[string]any{"MONEY": "everything"}}}
	got, err := build(t, tree, filepath.Join("shop", "overlays", "default"), spec)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Flux", objects(t, output(t, netgen, "build", dir, "-o", "-")), got)
	if !strings.Contains(strings.Join(slices.Collect(maps.Values(got)), ""), near) {
		t.Error("the text is not there")
	}
}
