package reachability

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"netgen.dev/conformance/internal/subject"
	"netgen.dev/internal/declared"
)

var (
	howMany = flag.Int("random.count", 300, "how many random topologies TestRandom tries")
	first   = flag.Uint64("random.first", 0, "the first of them")
)

// TestRandom does what TestTopologies does for topologies that nobody wrote.
// They are the same in every run; a failure names the one to repeat.
func TestRandom(t *testing.T) {
	refused, cells := 0, 0
	for i := range uint64(*howMany) {
		seed := *first + i
		s, source := compileRandom(t, seed)
		if s == nil {
			refused++
			continue
		}
		for _, model := range s.Models {
			w, policies := declared.NewWorld(model), stored(t, s.Stream(t, model.Environment))
			for _, name := range astray(w, policies) {
				t.Errorf("random %d %s: policy %s is in a namespace that holds nothing of ours", seed, model.Environment, name)
			}
			m := compare(w, declared.NewTruth(w, declared.Connections(model)), newOracle(policies), 5)
			report(t, fmt.Sprintf("random %d %s", seed, model.Environment), "the topology", m)
			cells += m.cells
		}
		if t.Failed() {
			t.Fatalf("repeat it with -random.first %d -random.count 1; the topology is\n%s", seed, source)
		}
	}
	t.Logf("%d cells of %d random topologies agree, netgen refused %d more", cells, *howMany-refused, refused)
	if refused > *howMany/2 {
		t.Errorf("netgen refused %d of %d random topologies, so that the test says little", refused, *howMany)
	}
}

// compileRandom builds the random topology of a seed, nil where netgen refuses
// it.
func compileRandom(t *testing.T, seed uint64) (*subject.Subject, string) {
	t.Helper()
	r := &roll{rand.New(rand.NewPCG(seed, 0))}
	data, err := json.MarshalIndent(r.topology(), "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	source := "package random\n\nimport \"netgen.dev/schema\"\n\ntopology: schema.#Topology & " + string(data) + "\n"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "topology.cue"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	s, _ := subject.Try(dir)
	return s, source
}
