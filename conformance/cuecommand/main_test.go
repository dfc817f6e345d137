// Package cuecommand holds the topologies and the schema against the ordinary
// cue command, as people have it who have never heard of netgen.
package cuecommand

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netgen.dev/schema"
)

// cue is the path of the cue command, which TestMain builds.
var cue string

// deadline is how long one run of the cue command may take.
const deadline = time.Minute

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "cue")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system cleans its own
	cue = filepath.Join(dir, "cue")
	// The version is the one in go.mod, where cmd/cue is listed as a tool.
	build := exec.Command("go", "build", "-o", cue, "cuelang.org/go/cmd/cue")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the cue command: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// command returns a run of the cue command that finds nothing of the machine:
// no home, no configuration, no cache and no registry.
func command(ctx context.Context, t testing.TB, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(ctx, cue, args...)
	cmd.Dir = dir
	cmd.Env = []string{"CUE_REGISTRY=none", "CUE_CACHE_DIR=" + t.TempDir()}
	return cmd
}

// runCue runs the cue command and returns what it says and whether it succeeds.
func runCue(t testing.TB, dir string, args ...string) (string, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	out, err := command(ctx, t, dir, args...).CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("cue %s did not end in %s:\n%s", strings.Join(args, " "), deadline, out)
	}
	return string(out), err == nil
}

// newModule makes a CUE module of a user's own, with the schema vendored where
// cue and its language server look for it.
func newModule(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "cue.mod", "module.cue"), "module: \"example.com/infra\"\nlanguage: version: \"v0.17.0\"\n")
	write(t, filepath.Join(dir, "cue.mod", "pkg", filepath.FromSlash(schema.ImportPath), "topology.cue"), string(schema.Source))
	return dir
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
