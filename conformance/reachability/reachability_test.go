package reachability

import (
	"path/filepath"
	"testing"

	"netgen.dev/conformance/internal/subject"
	"netgen.dev/gen/topology"
	"netgen.dev/internal/declared"
)

// maxShown is how many mismatches a failing test shows.
const maxShown = 40

// TestTopologies: the policies of every topology let through what the topology
// declares and nothing else.
func TestTopologies(t *testing.T) {
	subject.ForEach(t, checkAll)
}

// TestFeatures does the same for topologies that together use all of the
// language, in ways that the examples have no reason to.
func TestFeatures(t *testing.T) {
	subject.ForEachBelow(t, filepath.Join("testdata", "features"), func(t *testing.T, dir string) {
		checkAll(t, subject.Compile(t, absolute(t, dir)))
	})
}

// TestContradictions is about topologies that ask for what their own policies
// stand in the way of. netgen may refuse them, or do what they say.
func TestContradictions(t *testing.T) {
	subject.ForEachBelow(t, filepath.Join("testdata", "contradictions"), func(t *testing.T, dir string) {
		s, findings := subject.Try(absolute(t, dir))
		if s == nil {
			t.Logf("netgen refuses it:\n%s", subject.Spell(findings))
			return
		}
		t.Logf("netgen builds it:\n%s", subject.Spell(findings))
		checkAll(t, s)
	})
}

func absolute(t *testing.T, dir string) string {
	t.Helper()
	abs, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

func checkAll(t *testing.T, s *subject.Subject) {
	t.Helper()
	for _, model := range s.Models {
		t.Run(model.Environment, func(t *testing.T) { check(t, s, model) })
	}
}

// check compares one environment with the connections of its model and, where
// there is such a file, with those that a person wrote down.
func check(t *testing.T, s *subject.Subject, model *topology.Topology) {
	t.Helper()
	policies := stored(t, s.Stream(t, model.Environment))
	w, o := declared.NewWorld(model), newOracle(policies)
	where := model.Name + " " + model.Environment
	for _, name := range astray(w, policies) {
		t.Errorf("%s: policy %s is in a namespace that holds nothing of ours", where, name)
	}
	checkAgainst(t, where, "the topology", w, declared.NewTruth(w, declared.Connections(model)), o)
	if byHand, ok := written(t, model); ok {
		checkAgainst(t, where, "golden/edges/"+model.Name+".txt", w, declared.NewTruth(w, byHand), o)
	}
}

func checkAgainst(t *testing.T, where, source string, w *declared.World, meant *declared.Truth, o oracle) {
	t.Helper()
	for _, f := range untried(w, meant) {
		t.Errorf("%s: the test has no two places for %s of %s", where, f, source)
	}
	m := compare(w, meant, o, maxShown)
	report(t, where, source, m)
	t.Logf("%s: %d cells between %d places held against %s, %d pairs of services are open",
		where, m.cells, len(w.Places), source, len(m.open))
}

// report fails the test for each mismatch.
func report(t *testing.T, where, source string, m matrix) {
	t.Helper()
	for _, bad := range m.mismatches {
		t.Errorf("%s: %s, as %s has it", where, bad, source)
	}
}

// TestOnlineBoutique counts the pairs of services that may talk, which are
// known from the source code of the application: 16 calls, of which those of
// the load generator are not meant for production.
func TestOnlineBoutique(t *testing.T) {
	s := subject.Compile(t, filepath.Join(subject.Root(t), "topologies", "online-boutique"))
	want := map[string]int{"staging": 16, "production": 15}
	for _, model := range s.Models {
		w := declared.NewWorld(model)
		o := newOracle(stored(t, s.Stream(t, model.Environment)))
		m := compare(w, declared.NewTruth(w, declared.Connections(model)), o, maxShown)
		report(t, "online-boutique "+model.Environment, "the topology", m)
		if n := len(m.open); n != want[model.Environment] {
			t.Errorf("online-boutique %s: %d pairs of services are open, want %d", model.Environment, n, want[model.Environment])
		}
		delete(want, model.Environment)
	}
	for environment := range want {
		t.Errorf("online-boutique has no environment %s", environment)
	}
}
