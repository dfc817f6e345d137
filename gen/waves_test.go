package gen_test

import (
	"testing"

	"netgen.dev/gen"
	"netgen.dev/gen/policy"
	"netgen.dev/internal/randomtopology"
)

// TestWavesStay takes connections away, and sees every policy that is left in the
// wave that it was in: where waves are applied apart from each other, one that
// moved is deleted here before it is applied there.
func TestWavesStay(t *testing.T) {
	const wave = "argocd.argoproj.io/sync-wave"
	moved := 0
	for seed := range rounds {
		data := waved(seed)
		before := waves(gen.Build(resolved(t, seed, data)))
		for _, service := range data["services"].(map[string]any) {
			delete(service.(map[string]any), "connects")
			after := waves(gen.Build(resolved(t, seed, data)))
			for id, now := range after {
				if was, ok := before[id]; ok && was.Object.Annotations[wave] != now.Object.Annotations[wave] {
					t.Fatalf("seed %d: %s was in wave %s, and is in %s", seed, id, was.Object.Annotations[wave], now.Object.Annotations[wave])
				}
				if want := map[bool]string{true: "0", false: "-1"}[now.Owner == policy.DefaultDeny]; now.Object.Annotations[wave] != want {
					t.Fatalf("seed %d: %s is in wave %s", seed, id, now.Object.Annotations[wave])
				}
				if was, ok := before[id]; ok && holds(was) && !holds(now) {
					moved++
				}
			}
		}
	}
	if moved == 0 {
		t.Error("no policy lost all that it allowed: nothing was tried")
	}
}

func holds(p policy.Policy) bool { return len(p.Object.Spec.Ingress)+len(p.Object.Spec.Egress) > 0 }

// waved returns a random topology with waves, in no environment of which names
// are looked up, so that a policy can lose all that it allows.
func waved(seed int) map[string]any {
	data := randomtopology.New(source(seed))
	data["output"].(map[string]any)["syncWaves"] = true
	delete(data, "environments")
	for _, service := range data["services"].(map[string]any) {
		service.(map[string]any)["dns"] = false
	}
	return data
}

func waves(b *gen.Built) map[string]policy.Policy {
	out := map[string]policy.Policy{}
	for _, env := range b.System.Environments {
		for _, p := range env.Policies {
			out[env.Name+" "+p.Object.Namespace+"/"+p.Object.Name] = p
		}
	}
	return out
}
