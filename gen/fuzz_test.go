package gen_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/load"
	"netgen.dev/internal/randomtopology"
)

// FuzzCheck gives netgen any text for a topology. It must not panic, must place
// every finding in the user's file, and must build what it finds no error in.
func FuzzCheck(f *testing.F) {
	for _, pattern := range []string{"../topologies/*/*.cue", "../cmd/netgen/testdata/script/vet_*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	for seed := range 20 {
		for _, text := range randomtopology.CUE(source(seed), randomtopology.New(rand.New(rand.NewPCG(uint64(seed), 1)))) {
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "t.cue"), data, 0o644); err != nil {
			t.Fatal(err)
		}
		c, list := gen.Check(load.Request{Dir: dir, Base: dir})
		for _, d := range list {
			if d.Pos.File == "" || d.Message == "" || diag.Titles[d.Code] == "" {
				t.Errorf("a finding without place, message or title: %+v", d)
			}
		}
		if list.Failed() {
			return
		}
		b := gen.Build(c)
		for _, env := range b.System.Environments {
			if out, err := b.Stream(env.Name); err != nil || len(out) == 0 {
				t.Errorf("environment %s: %v, %d bytes", env.Name, err, len(out))
			}
		}
	})
}
