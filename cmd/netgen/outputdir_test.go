package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/gen/kustomize"
)

// TestOutputBehindLink sees that no link on the way to the output directory is
// followed, where the way is one that a repository can have made.
func TestOutputBehindLink(t *testing.T) {
	one, _ := versions()
	source := writeTopology(t, one)
	work, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(work, "link")); err != nil {
		t.Skip("no links here:", err)
	}
	if err := os.Mkdir(filepath.Join(work, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ dir, out, want string }{
		{".", "link", "the output directory is a symbolic link [NG905]"},
		{".", "link/below/out", "the output directory is behind link, a symbolic link [NG905]"},
		{"sub", "../link/out", "the output directory is behind link, a symbolic link [NG905]"},
		{".", filepath.Join(work, "link", "out"), "the output directory is behind link, a symbolic link [NG905]"},
		{"sub", filepath.Join(work, "link"), "the output directory is a symbolic link [NG905]"},
		{"sub", "../out/./x/..", ""},
		{".", ".", ""},
		{"sub", "..", ""},
		{"sub", filepath.Join(work, "new", "out"), ""},
		// An absolute path elsewhere is the user's own.
		{"sub", filepath.Join(work, "link", "out"), ""},
	} {
		code, stderr := build(t, source, tt.out, "-C", filepath.Join(work, tt.dir))
		if (code == exitOK) != (tt.want == "") || !strings.Contains(stderr, tt.want) {
			t.Errorf("in %s, -o %s: exit code %d and %q, want %q", tt.dir, tt.out, code, stderr, tt.want)
		}
		if all := files(t, elsewhere); tt.want != "" && len(all) != 1 {
			t.Errorf("-o %s wrote through the link: %v", tt.out, all)
		}
	}
}

// TestDirectoryBecomesLink puts a link in the place of each directory before each
// step of a build: nothing happens where it leads.
func TestDirectoryBecomesLink(t *testing.T) {
	s := newOutputScene(t)
	elsewhere := memoryDir(t)
	for _, f := range s.two.tree { // what would be replaced, if it were the output
		writeFile(t, filepath.Join(elsewhere, strings.TrimPrefix(f.Path, "shop/base/")), "the user's")
		writeFile(t, filepath.Join(elsewhere, f.Path), "the user's")
		writeFile(t, filepath.Join(elsewhere, filepath.Base(f.Path)), "the user's")
	}
	before := files(t, elsewhere)
	for _, dir := range []string{"shop", "shop/base", "shop/base/shop", "shop/base/front", "shop/base/back", stageDir} {
		s.each(t, true, func(step int) bool {
			f := &failpoints{fail: func(n int, _, _ string) error {
				name := filepath.Join(s.out, dir)
				if n == step {
					_ = os.Rename(name, filepath.Join(s.out, "moved")) // it may not be there yet
					return os.Symlink(elsewhere, name)
				}
				return nil
			}}
			_ = f.write(t.Context(), s.out, s.two)
			_ = new(failpoints).write(t.Context(), s.out, s.one)
			if diff := cmp.Diff(before, files(t, elsewhere)); diff != "" {
				t.Errorf("step %d, %s: changed what a link leads to (-before +after):\n%s", step, dir, diff)
			}
			return f.steps >= step
		})
	}
}

// TestForged gives netgen lock files, journals and stages that it did not write.
func TestForged(t *testing.T) {
	s := newOutputScene(t)
	lock := func(name, text string) func() map[string]string {
		return func() map[string]string {
			var l kustomize.Lock
			for _, f := range s.one.tree {
				if f.Path == "shop/netgen.lock" {
					if err := json.Unmarshal(f.Data, &l); err != nil {
						t.Fatal(err)
					}
				}
			}
			l.Files[name] = kustomize.Hash([]byte(text))
			data, err := json.Marshal(l)
			if err != nil {
				t.Fatal(err)
			}
			return map[string]string{"shop/netgen.lock": string(data)}
		}
	}
	journal := func(path, before, after string) func() map[string]string {
		return func() map[string]string {
			data, err := json.Marshal(journal{Files: []entry{{path, before, after}}})
			if err != nil {
				t.Fatal(err)
			}
			return map[string]string{journalFile: string(data)}
		}
	}
	mine := kustomize.Hash([]byte("mine"))
	for _, tt := range []struct {
		title string
		forge func() map[string]string
		want  string
	}{
		{"lock names a file outside", lock("../README.md", "mine"), "not a path below it"},
		{"lock names one far outside", lock("../../x", "mine"), "not a path below it"},
		{"lock names an absolute path", lock("/etc/hosts", "mine"), "not a path below it"},
		{"lock names a link", lock("link", "mine"), ""},
		{"lock names a directory", lock("base/empty", ""), ""},
		{"lock has another hash", lock("base/other.yaml", "other"), "was edited by hand"},
		{"journal names a file outside", journal("../x", "", mine), "which netgen does not write"},
		{"journal names an absolute path", journal("/etc/hosts", "", mine), "which netgen does not write"},
		{"journal names the stage", journal(".netgen-stage/x", "", mine), "which netgen does not write"},
		{"journal names a user's file", journal("README.md", "", mine), "which netgen does not write"},
		{"journal names a hidden file", journal("shop/.git/config.yaml", "", mine), "which netgen does not write"},
		{"journal has no old file", journal("shop/base/other.yaml", kustomize.Hash([]byte("x")), mine), ""},
		{"journal has another hash", journal("shop/base/other.yaml", "", kustomize.Hash([]byte("x"))), ""},
		{"journal is half", func() map[string]string { return map[string]string{journalFile: `{"dirs":`} }, "not a journal of netgen"},
		{"stage has a file", func() map[string]string { return map[string]string{stageDir + "/notes.txt": "mine"} }, "was not written by netgen, and is in the way"},
		{"stage has a directory", func() map[string]string { return map[string]string{stageDir + "/old-1/notes.txt": "mine"} }, "was not written by netgen, and is in the way"},
		{"stage is a file", func() map[string]string { return map[string]string{stageDir: "mine"} }, "was not written by netgen, and is in the way"},
	} {
		s.reset(t, true)
		want := files(t, s.out)
		forged := tt.forge()
		for name, text := range forged {
			writeFile(t, filepath.Join(s.out, name), text)
		}
		err := new(failpoints).write(t.Context(), s.out, s.two)
		if tt.want == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.title, err)
			}
			s.settled(t, s.two)
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.title, err, tt.want)
		}
		maps.Copy(want, forged)
		got := files(t, s.out)
		maps.DeleteFunc(got, func(name, _ string) bool { return strings.HasPrefix(name, stageDir) && strings.HasSuffix(name, "/") })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: something was changed (-before +after):\n%s", tt.title, diff)
		}
	}
}

// TestCapitals gives netgen a lock file with a path in capitals, of a file that it
// has just written where a file system does not tell them apart.
func TestCapitals(t *testing.T) {
	s := newOutputScene(t)
	s.reset(t, false)
	sum := map[string]string{}
	for _, f := range s.one.tree {
		name := strings.TrimPrefix(f.Path, "shop/")
		sum[strings.Replace(name, "kept.yaml", "KEPT.yaml", 1)] = kustomize.Hash(f.Data)
		writeFile(t, filepath.Join(s.out, strings.Replace(f.Path, "kept.yaml", "KEPT.yaml", 1)), string(f.Data))
	}
	data, err := json.Marshal(kustomize.Lock{Topology: "shop", Files: sum})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(s.out, "shop/netgen.lock"), string(data))
	if err := new(failpoints).write(t.Context(), s.out, s.one); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(s.out, "shop/base/shop/KEPT.yaml")); err != nil {
		t.Error(err)
	}
}
