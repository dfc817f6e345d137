package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// files returns everything below dir, directories with a "/" and no contents.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			out[name+"/"] = ""
			return nil
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		out[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestReplaceUndoes makes putting files in place fail after some are, and sees
// all as it was.
func TestReplaceUndoes(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a/changed.yaml": "old", "a/removed.yaml": "old", "b/kept.yaml": "old", "obstacle": "a file",
	} {
		writeFile(t, filepath.Join(dir, name), text)
	}
	before := files(t, dir)
	o := &outputDir{path: dir, shown: "out"}
	if _, err := o.open(false); err != nil {
		t.Fatal(err)
	}
	defer o.close()
	old, added := sumOf([]byte("old")), []byte("new")
	err := o.replace(t.Context(), []change{
		{"a/changed.yaml", added, old},
		{"a/removed.yaml", nil, old},
		{"a/added.yaml", added, ""},
		{"c/d/added.yaml", added, ""},
		{"obstacle/below.yaml", added, ""}, // a file is where its directory would be
		{"b/kept.yaml", added, old},
	})
	if err == nil || !strings.Contains(err.Error(), "write out/obstacle/below.yaml: ") {
		t.Errorf("the error is %v", err)
	}
	if diff := cmp.Diff(before, files(t, dir)); diff != "" {
		t.Errorf("a build that failed changed something (-before +after):\n%s", diff)
	}
}

// TestStageFromKilledRun sees that what a killed run left is cleaned up, and
// that no stage is left.
func TestStageFromKilledRun(t *testing.T) {
	dir := writeTopology(t, smallTopology)
	out := filepath.Join(t.TempDir(), "out")
	writeFile(t, filepath.Join(out, stageDir, "new-0"), "half")
	var stderr bytes.Buffer
	if code := run([]string{"build", dir, "-o", out}, strings.NewReader(""), &stderr, &stderr, time.Now); code != exitOK {
		t.Fatal(stderr.String())
	}
	if _, err := os.Stat(filepath.Join(out, stageDir)); !os.IsNotExist(err) {
		t.Errorf("the stage is still there: %v", err)
	}
}

// TestConcurrentBuilds runs builds of two versions at once into one directory:
// each succeeds, and what is left is the whole tree of one of them.
func TestConcurrentBuilds(t *testing.T) {
	one := writeTopology(t, smallTopology)
	two := writeTopology(t, strings.Replace(smallTopology, "1.0.0", "2.0.0", 1))
	var want []map[string]string
	for _, dir := range []string{one, two} {
		out := filepath.Join(t.TempDir(), "out")
		var stderr bytes.Buffer
		if code := run([]string{"build", dir, "-o", out}, strings.NewReader(""), &stderr, &stderr, time.Now); code != exitOK {
			t.Fatal(stderr.String())
		}
		want = append(want, files(t, out))
	}
	out := filepath.Join(t.TempDir(), "out")
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			var stderr bytes.Buffer
			dir := []string{one, two}[i%2]
			if code := run([]string{"build", dir, "-o", out}, strings.NewReader(""), &stderr, &stderr, time.Now); code != exitOK {
				t.Errorf("build %d: exit code %d\n%s", i, code, stderr.String())
			}
		})
	}
	wg.Wait()
	if got := files(t, out); !cmp.Equal(got, want[0]) && !cmp.Equal(got, want[1]) {
		t.Errorf("the tree is neither of one version nor of the other:\n%s", cmp.Diff(want[0], got))
	}
}

// TestSteadyStateWritesNothing sees that files that are right are not touched.
func TestSteadyStateWritesNothing(t *testing.T) {
	dir := writeTopology(t, smallTopology)
	out := filepath.Join(t.TempDir(), "out")
	var stderr bytes.Buffer
	run([]string{"build", dir, "-o", out}, strings.NewReader(""), &stderr, &stderr, time.Now)
	old := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	file := filepath.Join(out, "shop/base/shop/backend.yaml")
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	run([]string{"build", dir, "-o", out}, strings.NewReader(""), &stderr, &stderr, time.Now)
	if fi, err := os.Stat(file); err != nil || !fi.ModTime().Equal(old) {
		t.Errorf("the file was written again: %v", err)
	}
}
