package golden

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/gen"
	"netgen.dev/gen/load"
	"netgen.dev/report/graph"
)

// TestGraphs keeps the pictures of the examples: those in golden/graph, and the one
// that the README shows.
func TestGraphs(t *testing.T) {
	shop := drawn(t, "shop", "prod")
	for name, want := range map[string]string{
		"graph/shop.mmd":           graph.Mermaid(shop, graph.Options{}),
		"graph/shop.dot":           graph.DOT(shop, graph.Options{}),
		"graph/shop.svg":           graph.SVG(shop, graph.Options{}),
		"graph/shop-dns.mmd":       graph.Mermaid(shop, graph.Options{DNS: true}),
		"../docs/images/graph.svg": graph.SVG(shop, graph.Options{}),
	} {
		if os.Getenv("NETGEN_UPDATE") != "" {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(got), want); diff != "" {
			t.Errorf("%s is out of date: NETGEN_UPDATE=1 go test ./golden\n%s", name, diff)
		}
	}
	entries, err := os.ReadDir("graph")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 4 {
		t.Errorf("golden/graph has %d files, want 4", len(entries))
	}
}

// drawn returns the graph of an environment of an example.
func drawn(t *testing.T, name, env string) *graph.Graph {
	t.Helper()
	base, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	c, list := gen.Check(load.Request{Dir: filepath.Join(base, "topologies", name), Base: base})
	if list.Failed() {
		t.Fatal(list)
	}
	b := gen.Build(c)
	for i, e := range b.System.Environments {
		if e.Name == env {
			return graph.Of(c.Models[i], b.Plans[i], e.Policies, c.Locate)
		}
	}
	t.Fatalf("%s has no environment %s", name, env)
	return nil
}
