// Package golden holds exactly the trees that netgen build writes for the
// example topologies. NETGEN_UPDATE=1 go test ./golden writes them anew.
package golden

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/load"
)

const topologies = "../topologies"

// names returns the names of the example topologies.
func names(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(topologies)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	if len(out) < 6 {
		t.Fatalf("there are %d example topologies, want 6", len(out))
	}
	return out
}

// build compiles an example, which has nothing to be warned of either.
func build(t *testing.T, name string) *gen.Built {
	t.Helper()
	base, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	c, list := gen.Check(load.Request{Dir: filepath.Join(base, "topologies", name), Base: base})
	if len(list) > 0 {
		var b strings.Builder
		if err := diag.Render(&b, list, diag.Options{}); err != nil {
			t.Fatal(err)
		}
		t.Fatalf("topology %s:\n%s", name, b.String())
	}
	return gen.Build(c)
}

// TestTrees compares both ways: a file that is missing, one that is too many,
// one that differs.
func TestTrees(t *testing.T) {
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			b := build(t, name)
			if b.System.Name != name {
				t.Errorf("the topology in %s is named %s", name, b.System.Name)
			}
			want := map[string]string{}
			for _, f := range b.Tree {
				want[f.Path] = string(f.Data)
			}
			if os.Getenv("NETGEN_UPDATE") != "" {
				update(t, name, want)
			}
			got := map[string]string{}
			err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				data, err := os.ReadFile(path)
				got[filepath.ToSlash(path)] = string(data)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("golden/%s is not what netgen build writes (-golden +built):\n%s", name, diff)
			}
		})
	}
}

func update(t *testing.T, name string, files map[string]string) {
	t.Helper()
	if err := os.RemoveAll(name); err != nil {
		t.Fatal(err)
	}
	for path, data := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNothingElse sees that no golden tree is left of a topology that is gone.
func TestNothingElse(t *testing.T) {
	known := map[string]bool{"edges": true, "golden_test.go": true, "graph": true, "graph_test.go": true}
	for _, name := range names(t) {
		known[name] = true
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !known[e.Name()] {
			t.Errorf("golden/%s belongs to no topology", e.Name())
		}
	}
}

// TestKustomize holds what Kustomize makes of each overlay, of each namespace
// alone as well, against what netgen renders itself.
func TestKustomize(t *testing.T) {
	for _, name := range names(t) {
		b := build(t, name)
		for _, env := range b.System.Environments {
			t.Run(name+"/"+env.Name, func(t *testing.T) {
				overlay := filepath.Join(name, "overlays", env.Name)
				want := split(t, b.System.Stream(env))
				if diff := cmp.Diff(want, kustomize(t, overlay)); diff != "" {
					t.Errorf("Kustomize renders %s otherwise (-netgen +kustomize):\n%s", overlay, diff)
				}
				entries, err := os.ReadDir(overlay)
				if err != nil {
					t.Fatal(err)
				}
				parts := map[string]string{}
				for _, e := range entries {
					if e.IsDir() {
						maps.Copy(parts, kustomize(t, filepath.Join(overlay, e.Name())))
					}
				}
				if diff := cmp.Diff(want, parts); diff != "" {
					t.Errorf("the namespaces of %s are not the whole (-whole +parts):\n%s", overlay, diff)
				}
			})
		}
	}
}

func kustomize(t *testing.T, dir string) map[string]string {
	t.Helper()
	m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return split(t, out)
}

// split returns the documents of a stream by namespace and name, each strictly
// a NetworkPolicy.
func split(t *testing.T, stream []byte) map[string]string {
	t.Helper()
	out := map[string]string{}
	for doc := range strings.SplitSeq(string(stream), "---\n") {
		var p networkingv1.NetworkPolicy
		if err := yaml.UnmarshalStrict([]byte(doc), &p); err != nil {
			t.Fatalf("%v in:\n%s", err, doc)
		}
		id := p.Namespace + "/" + p.Name
		if _, ok := out[id]; ok {
			t.Fatalf("two policies %s", id)
		}
		out[id] = doc
	}
	return out
}
