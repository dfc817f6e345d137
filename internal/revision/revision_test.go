package revision_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"netgen.dev/internal/revision"
)

// repository makes a repository with one commit of some files, by name.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	for name, data := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link.cue")); err != nil {
		t.Skip("no links here:", err)
	}
	git(t, dir, "add", ".")
	git(t, dir, "commit", "-q", "-m", "one")
	return dir
}

func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.org"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// TestExtract reads files whatever they are called and hold, and leaves the work
// tree alone.
func TestExtract(t *testing.T) {
	files := map[string]string{
		"a.cue": "one\n", "deep/er/b.cue": "", "odd \"name\"\twith\nlines.cue": "no line feed", "ünï.cue": "\x00\xff", "other.txt": "no",
	}
	dir := repository(t, files)
	if err := os.WriteFile(filepath.Join(dir, "a.cue"), []byte("changed\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := git(t, dir, "status", "--porcelain")
	r, err := revision.Open(t.Context(), filepath.Join(dir, "deep"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Prefix != "deep" {
		t.Errorf("the prefix is %q", r.Prefix)
	}
	commit, err := r.Commit(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	names, err := r.Extract(t.Context(), commit, to, func(name string) bool { return strings.HasSuffix(name, ".cue") })
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(names, "link.cue") || slices.Contains(names, "other.txt") || len(names) != 5 {
		t.Errorf("extracted %q", names)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(to, filepath.FromSlash(name)))
		if strings.HasSuffix(name, ".cue") && (err != nil || string(got) != want) {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
	if target, err := os.Readlink(filepath.Join(to, "link.cue")); target != "/etc/passwd" {
		t.Errorf("the link leads to %q, %v", target, err)
	}
	if after := git(t, dir, "status", "--porcelain"); after != before {
		t.Errorf("the work tree was touched: %s", after)
	}
}

// TestCommit finds revisions by every kind of name, and nothing by what is none.
func TestCommit(t *testing.T) {
	dir := repository(t, map[string]string{"a.cue": "one\n"})
	git(t, dir, "tag", "-a", "v1", "-m", "v1")
	first := git(t, dir, "rev-parse", "HEAD")
	git(t, dir, "checkout", "-q", "-b", "change")
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "two")
	git(t, dir, "checkout", "-q", "-b", "onward", first)
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "three")
	r, err := revision.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"v1", first, first[:10], "HEAD~1", "change~1", "change..."} {
		if got, err := r.Commit(t.Context(), name); err != nil || got != first {
			t.Errorf("%s is %s, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "none", "--all", "-x", "HEAD:a.cue", "HEAD^{tree}", "none...", "a\nb"} {
		if got, err := r.Commit(t.Context(), name); err == nil {
			t.Errorf("%q is %s", name, got)
		}
	}
	if _, err := revision.Open(t.Context(), t.TempDir()); err == nil {
		t.Error("a directory outside of any repository has one")
	}
}

// TestBare sees that files which look like a bare repository, in a directory of the
// work tree, do not answer for the repository.
func TestBare(t *testing.T) {
	dir := repository(t, map[string]string{"a.cue": "one\n", "topologies/t.cue": "two\n"})
	inside := filepath.Join(dir, "topologies")
	bare := t.TempDir()
	git(t, bare, "init", "-q", "--bare", ".")
	for _, name := range []string{"HEAD", "config", "objects", "refs"} {
		if err := os.Rename(filepath.Join(bare, name), filepath.Join(inside, name)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := revision.Open(t.Context(), inside)
	if err != nil {
		return // refused
	}
	if r.Prefix != "topologies" {
		t.Errorf("the repository is another: the prefix is %q", r.Prefix)
	}
}
