package gen_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/kustomize"
	"netgen.dev/gen/load"
)

// TestCases compiles the topologies in testdata, one a rule of the language,
// and compares what is emitted. With NETGEN_UPDATE=1 it is written anew. What is
// rendered on the way leaves the policies as they were.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "topology.cue"), archive.Files[0].Data, 0o644); err != nil {
				t.Fatal(err)
			}
			c, list := gen.Check(load.Request{Dir: dir, Base: dir})
			if list.Failed() {
				var b strings.Builder
				_ = diag.Render(&b, list, diag.Options{})
				t.Fatal(b.String())
			}
			b := gen.Build(c)
			got, err := b.Stream("default")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(b.Tree, kustomize.Layout(b.System)); diff != "" {
				t.Errorf("what is rendered changes what is written (-before +after):\n%s", diff)
			}
			want := &archive.Files[1]
			if os.Getenv("NETGEN_UPDATE") != "" {
				want.Data = got
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
