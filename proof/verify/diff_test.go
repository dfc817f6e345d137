package verify_test

import (
	"sync/atomic"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/diag"
	"netgen.dev/internal/tables"
	"netgen.dev/proof/diff"
	"netgen.dev/proof/witness"
)

// TestMutantsDiffer compares each mutant with what it was made of. The classes
// of the changes are those of the tables: nothing that widens is called anything
// else, whether or not a side is declared.
func TestMutantsDiffer(t *testing.T) {
	var made, widened atomic.Int64
	t.Run("all", func(t *testing.T) {
		for system, c := range systems(t) {
			for i, env := range c.System.Environments {
				t.Run(system+"/"+env.Name, func(t *testing.T) {
					t.Parallel()
					declared := diff.Side{Model: c.Models[i], Plan: c.Plans[i], Locate: nowhere}
					original := objects(env)
					step := max(1, sample[system]) * slower()
					for _, op := range operators {
						for n, m := range op.mutate(original) {
							if n%step > 0 || op.effect == refused {
								continue
							}
							made.Add(1)
							for _, side := range []diff.Side{{}, declared} {
								if classed(t, op.name+" in "+m.policy+" "+m.where, side, original, m.policies) {
									widened.Add(1)
								}
							}
						}
					}
				})
			}
		}
	})
	t.Logf("%d mutants, %d widened", made.Load(), widened.Load()/2)
}

// classed compares a mutant with what it was made of, both being made of one
// declaration or of none, and reports whether it is widened.
func classed(t *testing.T, name string, side diff.Side, original, mutant []*networkingv1.NetworkPolicy) bool {
	t.Helper()
	old, new := side, side
	old.Policies, new.Policies = original, mutant
	widened, closes := false, false
	for _, c := range diff.Compare(old, new) {
		widened = widened || c.Class == diff.Widened
		closes = closes || c.Class == diff.Narrowed || len(c.Closed) > 0
	}
	u := witness.New(
		witness.Side{Topology: side.Model, Plan: side.Plan, Policies: original},
		witness.Side{Topology: side.Model, Plan: side.Plan, Policies: mutant},
	)
	more, less := tables.Delta(u, original, mutant)
	if widened != more {
		t.Errorf("%s, declared %t: lets through more: %t, and the diff says so: %t", name, side.Model != nil, more, widened)
	}
	if closes != less {
		t.Errorf("%s, declared %t: lets through less: %t, and the diff says so: %t", name, side.Model != nil, less, closes)
	}
	return widened
}

func nowhere([]string) (key, value diag.Pos, ok bool) { return key, value, false }
