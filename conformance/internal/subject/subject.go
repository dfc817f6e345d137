// Package subject finds and compiles what the tests are about: the topologies
// of this repository.
package subject

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/load"
	"netgen.dev/gen/topology"
)

// Subject is a topology and what netgen compiles it to.
type Subject struct {
	Dir    string
	Models []*topology.Topology // one for each environment, sorted by name
	Built  *gen.Built
}

// Root returns the directory of the repository, which holds the CUE module.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "cue.mod", "module.cue")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no directory above the test holds cue.mod/module.cue")
		}
		dir = parent
	}
}

// Directories returns the directories below root that hold a topology.
func Directories(t testing.TB, root string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && load.HoldsTopology(name) {
			out = append(out, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		t.Fatalf("no directory below %s holds a topology", root)
	}
	slices.Sort(out)
	return out
}

// ForEach runs test for each topology of the repository.
func ForEach(t *testing.T, test func(t *testing.T, s *Subject)) {
	ForEachBelow(t, filepath.Join(Root(t), "topologies"), func(t *testing.T, dir string) { test(t, Compile(t, dir)) })
}

// ForEachBelow runs test for each directory below root that holds a topology.
func ForEachBelow(t *testing.T, root string, test func(t *testing.T, dir string)) {
	for _, dir := range Directories(t, root) {
		name, err := filepath.Rel(root, dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { test(t, dir) })
	}
}

// Compile builds the topology in a directory.
func Compile(t testing.TB, dir string) *Subject {
	t.Helper()
	s, findings := Try(dir)
	if s == nil {
		t.Fatalf("%s: the topology has errors:\n%s", filepath.Base(dir), Spell(findings))
	}
	return s
}

// Try builds the topology in a directory, or returns why netgen refuses it.
func Try(dir string) (*Subject, diag.List) {
	checked, findings := gen.Check(load.Request{Dir: dir, Base: dir})
	if findings.Failed() {
		return nil, findings
	}
	return &Subject{Dir: dir, Models: checked.Models, Built: gen.Build(checked)}, findings
}

// Spell writes findings for the log of a test.
func Spell(findings diag.List) string {
	var b strings.Builder
	for _, d := range findings.Sorted() {
		fmt.Fprintf(&b, "%s: %s [%s]\n", d.Pos, d.Message, d.Code)
	}
	return b.String()
}

// Stream returns an environment as netgen build -o - prints it.
func (s *Subject) Stream(t testing.TB, environment string) []byte {
	t.Helper()
	stream, err := s.Built.Stream(environment)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}
