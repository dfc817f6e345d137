package verify_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/kustomize"
	"netgen.dev/gen/load"
	"netgen.dev/gen/topology"
	"netgen.dev/internal/randomtopology"
	"netgen.dev/proof/verify"
)

func objects(env kustomize.Environment) []*networkingv1.NetworkPolicy {
	var out []*networkingv1.NetworkPolicy
	for _, p := range env.Policies {
		out = append(out, p.Object)
	}
	return out
}

// TestExamples proves every environment of every example.
func TestExamples(t *testing.T) {
	base, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dirs, err := filepath.Glob(filepath.Join(base, "topologies/*"))
	if err != nil || len(dirs) < 6 {
		t.Fatal(dirs, err)
	}
	for _, dir := range dirs {
		c, list := gen.Check(load.Request{Dir: dir, Base: base})
		if list.Failed() {
			t.Fatal(list)
		}
		b := gen.Build(c)
		for i, env := range b.System.Environments {
			p := verify.Prove(c.Models[i], b.Plans[i], objects(env))
			for _, d := range p.Differences {
				t.Errorf("%s, %s: %+v", b.System.Name, env.Name, d)
			}
			t.Logf("%s, %s: %d services, %d policies, %d flows, %d cells", b.System.Name, env.Name, p.Services, p.Policies, p.Flows, p.Cells)
		}
	}
}

// TestRandom proves random topologies.
func TestRandom(t *testing.T) {
	for seed := range 2000 {
		data := randomtopology.New(rand.New(rand.NewPCG(uint64(seed), 1)))
		models, list := topology.Resolve(data, func([]string) (key, value diag.Pos, ok bool) { return })
		if list.Failed() {
			t.Fatal(list)
		}
		b := gen.Build(&gen.Checked{Models: models})
		for i, env := range b.System.Environments {
			for _, d := range verify.Prove(models[i], b.Plans[i], objects(env)).Differences {
				t.Fatalf("seed %d: %s: %+v", seed, env.Name, d)
			}
		}
	}
}
