package revision_test

import (
	"strings"
	"testing"

	"netgen.dev/internal/revision"
)

// TestAmbiguous compares with no tag that is called as a branch: git would take the
// tag, and anybody who may push one would decide what a change is held against.
func TestAmbiguous(t *testing.T) {
	dir := repository(t, map[string]string{"a.cue": "one\n"})
	git(t, dir, "branch", "-M", "main")
	git(t, dir, "update-ref", "refs/remotes/origin/main", "HEAD")
	base := git(t, dir, "rev-parse", "HEAD")
	git(t, dir, "checkout", "-q", "-b", "change")
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "two")
	for _, name := range []string{"main", "origin/main", "heads/main", "refs/heads/gone", "tagged"} {
		git(t, dir, "update-ref", "refs/tags/"+name, "HEAD")
	}
	git(t, dir, "update-ref", "refs/tags/HEAD", base)
	r, err := revision.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, refs := range map[string]string{
		"main":        "there are refs/heads/main and refs/tags/main: name one of them in full",
		"origin/main": "there are refs/remotes/origin/main and refs/tags/origin/main",
		"heads/main":  "there are refs/heads/main and refs/tags/heads/main",
	} {
		for _, suffix := range []string{"", "...", "~0", "^{commit}", "@{0}"} {
			if got, err := r.Commit(t.Context(), name+suffix); err == nil || !strings.Contains(err.Error(), refs) {
				t.Errorf("%s is %s, %v", name+suffix, got, err)
			}
		}
	}
	if got, err := r.Commit(t.Context(), "refs/heads/gone"); err == nil {
		t.Errorf("a branch that is not there is %s, a tag", got)
	}
	for _, name := range []string{"refs/heads/main", "refs/remotes/origin/main", "refs/heads/main...", "HEAD~1", base, "tagged~1"} {
		if got, err := r.Commit(t.Context(), name); err != nil || got != base {
			t.Errorf("%s is %s, %v", name, got, err)
		}
	}
}

func TestShown(t *testing.T) {
	for name, want := range map[string]string{
		"refs/heads/main": "main", "refs/remotes/origin/main...": "origin/main...", "v1": "v1", "refs/tags/v1": "refs/tags/v1",
	} {
		if got := revision.Shown(name); got != want {
			t.Errorf("%s is shown as %s", name, got)
		}
	}
}
