package diff_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"netgen.dev/diag"
	"netgen.dev/gen/plan"
	"netgen.dev/gen/policy"
	"netgen.dev/gen/topology"
	"netgen.dev/internal/randomtopology"
	"netgen.dev/internal/tables"
	"netgen.dev/proof/diff"
	"netgen.dev/proof/witness"
)

func nowhere([]string) (key, value diag.Pos, ok bool) { return key, value, false }

// sides compiles the environments of a topology.
func sides(t *testing.T, data map[string]any) map[string]diff.Side {
	t.Helper()
	models, list := topology.Resolve(data, nowhere)
	if list.Failed() {
		t.Skip("tweaked into what is refused")
	}
	out := map[string]diff.Side{}
	for _, m := range models {
		p := plan.Make(m)
		side := diff.Side{Model: m, Plan: p, Locate: nowhere}
		for _, spelled := range policy.Spell(p) {
			side.Policies = append(side.Policies, spelled.Object)
		}
		out[m.Environment] = side
	}
	return out
}

// tweak makes one small change to a topology.
func tweak(r *rand.Rand, data map[string]any) {
	pick := func(m map[string]any) string {
		names := slices.Sorted(maps.Keys(m))
		return names[r.IntN(len(names))]
	}
	services := data["services"].(map[string]any)
	name := pick(services)
	service := services[name].(map[string]any)
	switch r.IntN(7) {
	case 0:
		delete(service, "connects")
	case 1:
		service["dns"] = service["dns"] == false
	case 2:
		service["labels"] = map[string]any{"app": "tweaked"}
	case 3:
		delete(service, "ports")
	case 4:
		service["enforce"] = []any{"ingress"}
	case 5:
		services["renamed"] = service
		delete(services, name)
	case 6:
		service["namespace"] = "elsewhere"
	}
}

// TestRandom compares random topologies with others and with tweaked ones, and
// holds what the changes say against the tables.
func TestRandom(t *testing.T) {
	for seed := range uint64(150) {
		t.Run("", func(t *testing.T) {
			source := func() *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }
			old := sides(t, randomtopology.New(source()))
			data := randomtopology.New(source())
			if seed%3 == 0 {
				data = randomtopology.New(rand.New(rand.NewPCG(seed, 8)))
			} else {
				tweak(rand.New(rand.NewPCG(seed, 9)), data)
			}
			for env, after := range sides(t, data) {
				before, ok := old[env]
				if !ok {
					continue
				}
				hold(t, before, after)
				if same := diff.Compare(before, before); len(same) > 0 {
					t.Errorf("a topology differs from itself:\n%s", lines(same))
				}
			}
		})
	}
}

// hold holds the changes from one side to another against the tables of both.
func hold(t *testing.T, before, after diff.Side) {
	t.Helper()
	changes, back := diff.Compare(before, after), diff.Compare(after, before)
	for range 3 {
		if again := lines(diff.Compare(before, after)); again != lines(changes) {
			t.Errorf("not always the same:\n%s\n%s", lines(changes), again)
		}
	}
	opened, closed := delta(before, after)
	if widened := has(changes, diff.Widened); opened && !widened {
		t.Errorf("something opens, and no change says so:\n%s", lines(changes))
	}
	if !opened && !closed && (has(changes, diff.Widened) || has(changes, diff.Narrowed)) && !has(changes, diff.Neutral) && !regrouped(changes) {
		t.Errorf("nothing opens or closes, and a change says so:\n%s", lines(changes))
	}
	if !opened && has(changes, diff.Widened) && !regrouped(changes) {
		t.Errorf("nothing opens, and a change says so:\n%s", lines(changes))
	}
	if closed && !slices.ContainsFunc(changes, narrows) {
		t.Errorf("something closes, and no change says so:\n%s", lines(changes))
	}
	// What opens one way closes the other way.
	if got, want := ports(changes, true), ports(back, false); got != want {
		t.Errorf("what opens is not what closes the other way:\n%s\n%s", got, want)
	}
	if got, want := ports(changes, false), ports(back, true); got != want {
		t.Errorf("what closes is not what opens the other way:\n%s\n%s", got, want)
	}
}

func has(changes []diff.Change, class diff.Class) bool {
	return slices.ContainsFunc(changes, func(c diff.Change) bool { return c.Class == class })
}

// regrouped reports whether a service joined a group or the network of its node:
// no policy says so, and it is widened all the same.
func regrouped(changes []diff.Change) bool {
	return slices.ContainsFunc(changes, func(c diff.Change) bool {
		return strings.Contains(c.Note, "what the group may") || strings.Contains(c.Note, "host network")
	})
}

func narrows(c diff.Change) bool { return c.Closes }

// ports lists what opened, or closed, by who calls whom. Renamed parties have the
// name that is new in both directions, and are left out.
func ports(changes []diff.Change, opened bool) string {
	var out []string
	for _, c := range changes {
		if c.Kind == diff.Renamed {
			return ""
		}
		p := c.Closed
		if opened {
			p = c.Opened
		}
		if c.Source != nil && len(p) > 0 {
			out = append(out, c.Source.Name+" → "+c.Destination.Name+" "+p.String())
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// delta reports whether anything opens and whether anything closes, from the
// tables alone.
func delta(before, after diff.Side) (opened, closed bool) {
	side := func(s diff.Side) witness.Side {
		return witness.Side{Topology: s.Model, Plan: s.Plan, Policies: s.Policies}
	}
	return tables.Delta(witness.New(side(before), side(after)), before.Policies, after.Policies)
}
