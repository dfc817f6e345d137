package render

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// golden returns the golden trees.
func golden(t *testing.T) map[string][]byte {
	t.Helper()
	tree := map[string][]byte{}
	root := os.DirFS("../../golden")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".yaml") {
			return err
		}
		data, err := fs.ReadFile(root, name)
		tree[name] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func documents(stream []byte) []string {
	docs := strings.Split(string(stream), "---\n")
	slices.Sort(docs)
	return docs
}

// TestPartsAreTheWhole renders each golden overlay in parts and as a whole.
func TestPartsAreTheWhole(t *testing.T) {
	overlays, err := filepath.Glob("../../golden/*/overlays/*")
	if err != nil || len(overlays) < 6 {
		t.Fatal(overlays, err)
	}
	tree := golden(t)
	for _, dir := range overlays {
		dir = filepath.ToSlash(strings.TrimPrefix(dir, "../../golden/"))
		parts, err := split(tree, dir)
		if err != nil || len(parts) == 0 {
			t.Fatalf("%s is not split: %v", dir, err)
		}
		got, err := Overlay(tree, dir)
		if err != nil {
			t.Fatal(err)
		}
		want, err := build(tree, dir)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(documents(want), documents(got)); diff != "" {
			t.Errorf("%s (-whole +parts):\n%s", dir, diff)
		}
	}
}

// TestOthersAreNotSplit leaves a kustomization that does more to Kustomize.
func TestOthersAreNotSplit(t *testing.T) {
	for _, field := range []string{"namePrefix: x-", "namespace: y", "patches: []", "commonLabels: {a: b}", "components: [c]"} {
		tree := map[string][]byte{
			"o/kustomization.yaml": []byte("resources: [a.yaml]\n" + field + "\n"),
			"o/a.yaml":             []byte("kind: ConfigMap\n"),
		}
		if parts, err := split(tree, "o"); parts != nil || err != nil {
			t.Errorf("%s: split into %d parts, %v", field, len(parts), err)
		}
	}
}
