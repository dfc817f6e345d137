package revision_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"netgen.dev/internal/revision"
)

var commitID = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// FuzzCommit takes anything for a revision: it is a commit or an error, never an
// option of git, and the repository stays as it is.
func FuzzCommit(f *testing.F) {
	dir := f.TempDir()
	git(f, dir, "init", "-q")
	if err := os.WriteFile(filepath.Join(dir, "a.cue"), []byte("a: 1\n"), 0o600); err != nil {
		f.Fatal(err)
	}
	git(f, dir, "add", ".")
	git(f, dir, "commit", "-q", "-m", "one")
	r, err := revision.Open(f.Context(), dir)
	if err != nil {
		f.Fatal(err)
	}
	before := state(f, dir)
	for _, seed := range []string{
		"HEAD", "HEAD...", "main", "--output=x", "-h", "--git-dir=/", "--help", "HEAD:a.cue", ":/one", "@{-1}", "HEAD^{tree}", "", "...", "..", "a\x00b", "\n", "\x1b[2J",
		"--exec=touch x", "HEAD --output=x", "^HEAD", "HEAD@{upstream}", "$(touch x)", "refs/../HEAD", "--all", "--end-of-options", "'", "HEAD\nHEAD",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		commit, err := r.Commit(t.Context(), name)
		if err == nil && !commitID.MatchString(commit) {
			t.Errorf("%q is %q", name, commit)
		}
		if err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Errorf("%q fails without a word", name)
		}
		if now := state(t, dir); now != before {
			t.Errorf("%q changes the repository: %s", name, now)
		}
	})
}

// state returns the names of all files of a repository, with their sizes.
func state(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.Walk(dir, func(name string, fi os.FileInfo, err error) error {
		if err == nil && !fi.IsDir() {
			b.WriteString(name + " " + fi.ModTime().String() + "\n")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
