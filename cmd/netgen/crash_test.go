package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/gen/kustomize"
)

// long says that tests take the time of make crash.
func long() bool { return os.Getenv("NETGEN_CRASH") != "" }

// numbered returns a topology with some services: between two of them, files and
// directories come, go and change.
func numbered(number, namespace string, services ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package shop\n\ntopology: {\n\tname: \"shop\"\n\tversion: %q\n\tnamespace: \"shop\"\n\tservices: {\n", number)
	for _, s := range services {
		fmt.Fprintf(&b, "\t\t%s: ports: http: 8080\n", s)
	}
	fmt.Fprintf(&b, "\t\tother: {namespace: %q, ports: http: 80%s}\n\t}\n}\n", namespace, number[:1])
	return b.String() + "topology: services: other: connects: kept: {}\n"
}

func versions() (one, two string) {
	return numbered("1.0.0", "back", "gone", "kept", "less"), numbered("2.0.0", "front", "kept", "more", "new")
}

// build builds a topology in this process.
func build(t *testing.T, dir, out string, flags ...string) (code int, stderr string) {
	t.Helper()
	var b bytes.Buffer
	code = run(append([]string{"build", dir, "-o", out}, flags...), strings.NewReader(""), &b, &b, time.Now)
	return code, b.String()
}

// builtTree returns what a topology is built to.
func builtTree(t *testing.T, source string) topologyTree {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	if code, stderr := build(t, writeTopology(t, source), out); code != exitOK {
		t.Fatal(stderr)
	}
	tree := topologyTree{name: "shop"}
	all := files(t, out)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !strings.HasSuffix(name, "/") {
			tree.tree = append(tree.tree, kustomize.File{Path: name, Data: []byte(all[name])})
		}
	}
	return tree
}

// plant puts files of a user's beside those of netgen, and returns them. The
// directory back is of one version only.
func plant(t *testing.T, out string) map[string]string {
	t.Helper()
	mine := map[string]string{
		"README.md": "mine", "shop/base/other.yaml": "mine", "shop/base/shop/notes.txt": "mine",
		"shop/base/back/notes.txt": "mine", "shop/link": "mine", // to README.md
	}
	for name, text := range mine {
		if name != "shop/link" {
			writeFile(t, filepath.Join(out, name), text)
		}
	}
	for _, dir := range []string{"empty", "shop/base/empty/below"} {
		if err := os.MkdirAll(filepath.Join(out, dir), 0o755); err != nil {
			t.Fatal(err)
		}
		mine[dir+"/"] = ""
	}
	if err := os.Symlink("../README.md", filepath.Join(out, "shop/link")); err != nil {
		t.Skip("no links here:", err)
	}
	return mine
}

// whole checks that each file below out is a user's, or what one of the trees
// has, and that no file is missing that all trees have.
func whole(t *testing.T, out string, mine map[string]string, trees ...topologyTree) {
	t.Helper()
	got := files(t, out)
	for name, text := range mine {
		if now, ok := got[name]; !ok || now != text {
			t.Errorf("%s of the user is %q (there: %t)", name, now, ok)
		}
	}
	if fi, err := os.Lstat(filepath.Join(out, "shop/link")); mine != nil && (err != nil || fi.Mode()&fs.ModeSymlink == 0) {
		t.Errorf("the link of the user is none any more: %v", err)
	}
	times := map[string]int{}
	for _, tree := range trees {
		for _, f := range tree.tree {
			times[f.Path]++
			if now, ok := got[f.Path]; ok && now == string(f.Data) {
				got[f.Path] = "whole"
			}
		}
	}
	for name, text := range got {
		if strings.HasSuffix(name, "/") || strings.HasPrefix(name, stageDir) || mine[name] != "" {
			continue
		}
		if text != "whole" {
			t.Errorf("%s is torn: %q", name, text)
		}
	}
	for name, n := range times {
		if _, ok := got[name]; !ok && n == len(trees) {
			t.Errorf("%s is missing, which was there before and after", name)
		}
	}
}

// lockLast sees that what the lock file of a tree promises is there.
func lockLast(t *testing.T, out string, tree topologyTree) {
	t.Helper()
	got := files(t, out)
	for _, f := range tree.tree {
		if path.Base(f.Path) == kustomize.LockName && got[f.Path] != string(f.Data) {
			return // it is not in place
		}
	}
	for _, f := range tree.tree {
		if got[f.Path] != string(f.Data) {
			t.Errorf("the lock file is in place, and %s is not", f.Path)
		}
	}
}

// failpoints is an output directory whose steps can be made to fail.
type failpoints struct {
	steps int
	fail  func(step int, what, name string) error
}

func (f *failpoints) before(what, name string) error {
	f.steps++
	if f.fail == nil {
		return nil
	}
	return f.fail(f.steps, what, name)
}

// write writes a tree with failpoints.
func (f *failpoints) write(ctx context.Context, out string, tree topologyTree) error {
	o := &outputDir{path: out, shown: "out", before: f.before}
	_, list, err := o.write(ctx, []topologyTree{tree})
	if err == nil && list.Failed() {
		err = fmt.Errorf("refused: %v", list)
	}
	return err
}

var errInjected = errors.New("injected")

// outputScene is an output directory with one version of a tree and a user's files, and
// the trees of both versions.
type outputScene struct {
	out      string
	mine     map[string]string
	one, two topologyTree
}

func newOutputScene(t *testing.T) outputScene {
	one, two := versions()
	return outputScene{one: builtTree(t, one), two: builtTree(t, two)}
}

// memoryDir returns a temporary directory on no disk, where there is one: disks
// make a thousand builds wait.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "netgen-") //nolint:usetesting // it is not below the one of tests
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// reset makes the directory anew, with or without the first version.
func (s *outputScene) reset(t *testing.T, first bool) {
	t.Helper()
	s.out = filepath.Join(memoryDir(t), "out")
	s.mine = plant(t, s.out)
	if first {
		s.settle(t, s.one)
	}
}

// settle builds a tree, and sees that it is there.
func (s *outputScene) settle(t *testing.T, tree topologyTree) {
	t.Helper()
	if err := new(failpoints).write(t.Context(), s.out, tree); err != nil {
		t.Fatal(err)
	}
	s.settled(t, tree)
}

// settled sees that a tree is there, and nothing else but the user's files.
func (s *outputScene) settled(t *testing.T, tree topologyTree) {
	t.Helper()
	want := map[string]string{}
	maps.Copy(want, s.mine)
	for _, f := range tree.tree {
		want[f.Path] = string(f.Data)
	}
	for name := range maps.Clone(want) {
		for dir := path.Dir(strings.TrimSuffix(name, "/")); ; dir = path.Dir(dir) {
			want[dir+"/"] = ""
			if dir == "." {
				break
			}
		}
	}
	if diff := cmp.Diff(want, files(t, s.out)); diff != "" {
		t.Fatalf("the tree is not what it is built to (-want +got):\n%s", diff)
	}
}

// each calls try for each step of writing the second version, as long as there
// is one; but for make crash it is one step in eight, others in each run: what
// fails says which step it was, and make crash tries them all.
func (s *outputScene) each(t *testing.T, first bool, try func(step int) (reached bool)) {
	t.Helper()
	begin, stride := 1+rand.IntN(8), 8
	if long() {
		begin, stride = 1, 1
	}
	for step := begin; !t.Failed(); step += stride {
		s.reset(t, first)
		if !try(step) {
			t.Logf("fewer than %d steps", step)
			return
		}
	}
}

// TestFailOnce lets each step fail, one at a time, or is told to stop before it:
// the build is undone.
func TestFailOnce(t *testing.T) {
	s := newOutputScene(t)
	for _, first := range []bool{true, false} {
		for _, stop := range []bool{false, true} {
			s.each(t, first, func(step int) bool {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				before := files(t, s.out)
				var what string
				f := &failpoints{fail: func(n int, w, name string) error {
					switch {
					case stop && n > step && (w == "create" && name != journalPart || w == "link"):
						t.Errorf("told to stop before step %d, it begins with another file in step %d", step, n)
						return nil
					case n != step:
						return nil
					case stop:
						cancel()
						return nil
					}
					what = w + " " + name
					return errInjected
				}}
				err := f.write(ctx, s.out, s.two)
				switch {
				case err == nil || strings.HasPrefix(err.Error(), "everything is written, but "):
					whole(t, s.out, s.mine, s.two)
				case !stop && !errors.Is(err, errInjected), stop && err.Error() != "stopped: nothing was changed":
					t.Errorf("step %d, %s: %v", step, what, err)
				default:
					after := files(t, s.out)
					if strings.HasSuffix(what, stageDir) || strings.Contains(what, "remove "+stageDir) {
						after = without(after, stageDir) // which could not be removed
					}
					if diff := cmp.Diff(before, after); diff != "" {
						t.Errorf("step %d, %s: not undone (-before +after):\n%s", step, what, diff)
					}
				}
				return f.steps >= step
			})
		}
	}
}

func without(all map[string]string, dir string) map[string]string {
	maps.DeleteFunc(all, func(name, _ string) bool { return strings.HasPrefix(name, dir+"/") })
	return all
}

// TestCrash lets nothing happen on the disk from some step on, as after a crash,
// at each step; then the next build crashes somewhere, too, and one after that
// puts everything right.
func TestCrash(t *testing.T) {
	s := newOutputScene(t)
	crashAt := func(step int, links bool) *failpoints {
		return &failpoints{fail: func(n int, what, _ string) error {
			if n >= step || what == "link" && !links {
				return errInjected
			}
			return nil
		}}
	}
	crashes := 0
	for _, links := range []bool{true, false} {
		for _, first := range []bool{true, false} {
			s.each(t, first, func(step int) bool {
				old := []topologyTree{s.two}
				if first {
					old = append(old, s.one)
				} else {
					old = append(old, topologyTree{})
				}
				f := crashAt(step, links)
				_ = f.write(t.Context(), s.out, s.two)
				crashes++
				if links {
					whole(t, s.out, s.mine, old...)
				} else {
					whole(t, s.out, s.mine, append(old, topologyTree{})...)
				}
				lockLast(t, s.out, s.two)
				next := []topologyTree{s.one, s.two}[step%2]
				_ = crashAt(1+rand.IntN(2*f.steps), links).write(t.Context(), s.out, next)
				crashes++
				whole(t, s.out, s.mine, s.one, s.two, topologyTree{})
				s.settle(t, s.one)
				return f.steps >= step
			})
		}
	}
	t.Logf("%d crashes", crashes)
}

// TestSomebodyElse changes a file while a build is at work on others: what a user
// writes then is not overwritten, and not removed, and the build is undone.
func TestSomebodyElse(t *testing.T) {
	s := newOutputScene(t)
	for _, links := range []bool{true, false} {
		for _, name := range []string{
			"shop/base/shop/kept.yaml", "shop/base/shop/gone.yaml", "shop/base/shop/new.yaml", "shop/base/front/other.yaml", "shop/netgen.lock",
		} {
			s.reset(t, true)
			want := files(t, s.out)
			want[name] = "the user's"
			f := &failpoints{fail: func(_ int, what, to string) error {
				if to == journalFile && what == "rename" { // everything was looked at
					writeFile(t, filepath.Join(s.out, name), "the user's")
				}
				if what == "link" && !links {
					return errInjected
				}
				return nil
			}}
			err := f.write(t.Context(), s.out, s.two)
			if err == nil || err.Error() != "write out/"+name+": somebody changed it in the meantime" {
				t.Errorf("%s: the error is %v", name, err)
			}
			got := files(t, s.out)
			delete(want, path.Dir(name)+"/")
			delete(got, path.Dir(name)+"/")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: (-want +got):\n%s", name, diff)
			}
		}
	}
}
