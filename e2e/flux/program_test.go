package flux

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// netgen is the program, built by TestMain.
var netgen string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "netgen-flux-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	netgen = filepath.Join(dir, "netgen")
	build := exec.Command("go", "build", "-trimpath", "-o", netgen, "./cmd/netgen")
	build.Dir = repository
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
		return 1
	}
	return m.Run()
}

const repository = "../.."

// output runs a program that has to succeed and returns what it prints.
func output(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, stderr.String())
	}
	return stdout.Bytes()
}

// lacking skips a test for want of something, or fails it where nothing may be
// lacking.
func lacking(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("NETGEN_DELIVERY") == "required" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// overlay is the overlay of one environment of a golden tree.
type overlay struct{ topology, environment string }

func (o overlay) String() string { return o.topology + "/" + o.environment }

// dir is where it is in a tree.
func (o overlay) dir() string { return filepath.Join(o.topology, "overlays", o.environment) }

// stream is what netgen prints for it.
func (o overlay) stream(t *testing.T) map[string]string {
	t.Helper()
	return objects(t, output(t, netgen, "build", filepath.Join(repository, "topologies", o.topology), "--env", o.environment, "-o", "-"))
}

// overlays returns every overlay of the golden trees.
func overlays(t *testing.T) []overlay {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(repository, "golden", "*", "overlays", "*"))
	if err != nil || len(found) < 10 {
		t.Fatalf("%d overlays: %v", len(found), err)
	}
	var out []overlay
	for _, dir := range found {
		out = append(out, overlay{filepath.Base(filepath.Dir(filepath.Dir(dir))), filepath.Base(dir)})
	}
	return out
}

// golden returns a copy of the golden trees.
func golden(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(repository, "golden"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// objects returns the objects of a stream by namespace and name, each as JSON
// with sorted keys: renderers differ in order and in style.
func objects(t *testing.T, stream []byte) map[string]string {
	t.Helper()
	out := map[string]string{}
	for doc := range strings.SplitSeq("\n"+string(stream), "\n---\n") {
		var object map[string]any
		if err := yaml.UnmarshalStrict([]byte(doc), &object); err != nil {
			t.Fatalf("%v\n%s", err, doc)
		}
		if len(object) == 0 {
			continue
		}
		data, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		meta, _ := object["metadata"].(map[string]any)
		name := fmt.Sprintf("%v %v/%v", object["kind"], meta["namespace"], meta["name"])
		if _, ok := out[name]; ok {
			t.Errorf("%s is there twice", name)
		}
		out[name] = string(data)
	}
	if len(out) == 0 {
		t.Error("no object")
	}
	return out
}

// same compares two sets of objects.
func same(t *testing.T, who string, want, got map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if want[name] != got[name] {
			t.Errorf("%s makes of %s\n%s\nand netgen\n%s", who, name, got[name], want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			t.Errorf("%s makes %s, and netgen does not", who, name)
		}
	}
}

// files returns the files below a directory with their modes.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	tree := os.DirFS(dir)
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := fs.ReadFile(tree, name)
		out[name] = info.Mode().String() + " " + string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sameFiles compares two directories.
func sameFiles(t *testing.T, want, got string) {
	t.Helper()
	a, b := files(t, want), files(t, got)
	for name := range a {
		if a[name] != b[name] {
			t.Errorf("%s differs", name)
		}
	}
	if len(a) != len(b) || len(a) == 0 {
		t.Errorf("%d files, want %d", len(b), len(a))
	}
}
