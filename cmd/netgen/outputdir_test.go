package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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
	entries := func(all ...entry) func() map[string]string {
		return func() map[string]string {
			data, err := json.Marshal(journal{Files: all})
			if err != nil {
				t.Fatal(err)
			}
			return map[string]string{journalFile: string(data)}
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
	mine, other := kustomize.Hash([]byte("mine")), kustomize.Hash([]byte("x"))
	with := func(forge func() map[string]string, name, text string) func() map[string]string {
		return func() map[string]string {
			all := forge()
			all[name] += text
			return all
		}
	}
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
		{"lock names a user's file with its hash", lock("base/other.yaml", "mine"), "shop/base/other.yaml  was not written by netgen, and is in the way"},
		{"lock names another file twice", with(lock("base/other.yaml", "mine"), "shop/netgen.lock", "}"), "something follows it"},
		{"journal says that a user's file is new", entries(entry{"shop/base/other.yaml", "", mine}, entry{"shop/none.yaml", "", other}), ""},
		{"journal says that a user's file is the new one", with(entries(entry{"shop/base/other.yaml", other, mine}, entry{"shop/none.yaml", "", other}), saved(0), "x"), ""},
		{"journal says that another file was in an empty place", with(journal("shop/base/shop/evil.yaml", other, ""), saved(0), "evil"), saved(0) + "  is not what netgen kept there"},
		{"journal names a file twice", entries(entry{"shop/a.yaml", other, mine}, entry{"shop/a.yaml", other, mine}), `"shop/a.yaml" twice`},
		{"journal names a long path", journal("shop/"+strings.Repeat("a", 1024)+".yaml", "", mine), "longer than 1024 bytes"},
		{"journal names a deep path", journal(strings.Repeat("a/", 400)+"a.yaml", "", mine), "which netgen does not write"},
		{"journal has what is no hash", journal("shop/a.yaml", "", "sha256:irregular"), "no hash of"},
		{"journal is followed by something", with(journal("shop/a.yaml", "", mine), journalFile, "}"), "something follows it"},
		{"journal is too large", with(journal("shop/a.yaml", "", mine), journalFile, strings.Repeat(" ", 66<<20)), "larger than 64 MiB"},
		{"journal names too many", func() map[string]string {
			return map[string]string{journalFile: `{"files":[{}` + strings.Repeat(",{}", kustomize.MaxFiles) + "]}"}
		}, "more than 200000 files"},
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
		s.forged(t, tt.title, tt.forge(), tt.want)
	}
}

// forged writes the second version where there are forged files, and sees that it
// goes well, or is refused for a reason and nothing is changed.
func (s *outputScene) forged(t *testing.T, title string, forged map[string]string, wanted string) {
	t.Helper()
	s.reset(t, true)
	want := files(t, s.out)
	for name, text := range forged {
		writeFile(t, filepath.Join(s.out, name), text)
	}
	err := new(failpoints).write(t.Context(), s.out, s.two)
	if wanted == "" {
		if err != nil {
			t.Errorf("%s: %v", title, err)
		}
		s.settled(t, s.two)
		return
	}
	if err == nil || !strings.Contains(err.Error(), wanted) {
		t.Errorf("%s: %v, want %s", title, err, wanted)
	}
	maps.Copy(want, forged)
	got := files(t, s.out)
	maps.DeleteFunc(got, func(name, _ string) bool { return strings.HasPrefix(name, stageDir) && strings.HasSuffix(name, "/") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: something was changed (-before +after):\n%s", title, diff)
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

// TestReadWithinLimits sees that what a build finds is read before it says that it
// is about to write: from then on no limit ends it.
func TestReadWithinLimits(t *testing.T) {
	s := newOutputScene(t)
	begun := 0
	write := func(ctx context.Context, tree topologyTree) error {
		begun = 0
		f := &failpoints{}
		o := &outputDir{path: s.out, shown: "out", before: func(what, name string) error {
			if begun != 1 {
				t.Errorf("%s %s, and it had not said so", what, name)
			}
			return f.before(what, name)
		}, begin: func() {
			if begun++; f.steps > 0 {
				t.Errorf("it says so after %d steps", f.steps)
			}
		}}
		_, list, err := o.write(ctx, []topologyTree{tree})
		if list.Failed() {
			return errFindings
		}
		return err
	}
	s.reset(t, true)
	if err := write(t.Context(), s.one); err != nil || begun != 0 {
		t.Errorf("nothing to do: begun %d times, %v", begun, err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := write(stopped, s.two); !errors.Is(err, errStopped) || begun != 0 {
		t.Errorf("stopped: begun %d times, %v", begun, err)
	}
	for name, text := range map[string]string{journalFile: "{", "shop/netgen.lock": "{", "shop/base/shop/kept.yaml": "edited"} {
		s.reset(t, true)
		writeFile(t, filepath.Join(s.out, name), text)
		if err := write(t.Context(), s.two); !errors.Is(err, errFindings) || begun != 0 {
			t.Errorf("%s: begun %d times, %v", name, begun, err)
		}
	}
	s.reset(t, true)
	writeFile(t, filepath.Join(s.out, stageDir, "new-0"), "half")
	if err := write(t.Context(), s.two); err != nil || begun != 1 {
		t.Errorf("a stage: begun %d times, %v", begun, err)
	}
	s.settled(t, s.two)
}

// TestRecoverySays sees that what was undone is said.
func TestRecoverySays(t *testing.T) {
	s := newOutputScene(t)
	s.reset(t, true)
	killed := false // before the last file is in place; nothing undoes it
	f := &failpoints{fail: func(_ int, what, name string) error {
		if killed = killed || what == "rename" && name == "shop/netgen.lock"; killed {
			return errInjected
		}
		return nil
	}}
	if err := f.write(t.Context(), s.out, s.two); err == nil {
		t.Fatal("it succeeded")
	}
	var said string
	o := &outputDir{path: s.out, shown: "out", say: func(format string, args ...any) { said += fmt.Sprintf(format, args...) }}
	if _, list, err := o.write(t.Context(), []topologyTree{s.one}); err != nil || list.Failed() {
		t.Fatal(list, err)
	}
	want := regexp.MustCompile(`^a build was interrupted: \d+ files restored \(out/shop/\S+ and others\), \d+ files removed \(out/shop/\S+ and others\)$`)
	if !want.MatchString(said) {
		t.Errorf("it says %q", said)
	}
	s.settled(t, s.one)
}

// TestPrintBeyondLimits sees that no limit ends the program when objects are half
// printed, and that a signal does where nobody reads them.
func TestPrintBeyondLimits(t *testing.T) {
	var out bytes.Buffer
	a := newApp(strings.NewReader(""), &out, &out, time.Now)
	calls := 0
	a.unlimited = func(string) {
		if calls++; out.Len() > 0 {
			t.Error("some are printed within the limits")
		}
	}
	if err := a.printObjects([]byte("objects")); err != nil || calls != 1 || out.String() != "objects" {
		t.Errorf("%d calls, %q, %v", calls, out.String(), err)
	}
	r, w := io.Pipe() // which nobody reads
	defer func() { _ = r.Close() }()
	ctx, stop := context.WithCancel(t.Context())
	a = newApp(strings.NewReader(""), w, &out, time.Now)
	a.ctx = ctx
	stop()
	if err := a.printObjects([]byte("objects")); err == nil || !strings.Contains(err.Error(), "not whole") {
		t.Errorf("the error is %v", err)
	}
}
