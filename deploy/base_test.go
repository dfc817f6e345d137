package deploy_test

import (
	"slices"
	"strings"
	"testing"
)

// TestActionBesideATag pushes tags that are called as the base of a pull request, and
// hold the change already: whoever may push a tag does not switch the gates off.
func TestActionBesideATag(t *testing.T) {
	h, f := newHub(t, ""), newFake(t, false)
	h.pull(t, widening, true)
	for _, name := range []string{"main", "origin/main", "refs/remotes/origin/main"} {
		h.git(t, "push", "-q", "origin", "merged:refs/tags/"+name)
	}
	for _, depth := range []int{1, 0} {
		workspace := h.checkout(t, "refs/pull/7/merge", depth)
		must(t, workspace, h.env, "git", "fetch", "-q", "--tags", "origin")
		for against, failure := range map[string]string{
			"":                         "",
			"origin/main...":           "",
			"refs/heads/main":          "",
			"refs/remotes/origin/main": "",
			"main":                     "no diff: main is a branch and a tag: write refs/heads/main or refs/tags/main",
			"main...":                  "no diff: main... is a branch and a tag: write refs/heads/main or refs/tags/main",
		} {
			j := &job{workspace: workspace, number: "7", with: map[string]string{"against": against, "fail-on": "widened"}}
			j.run(t, f)
			if failure == "" {
				failure = "a gate does not let this change pass"
			}
			j.expect(t, true, failure)
		}
	}
	// A tag alone is meant.
	h.git(t, "push", "-q", "origin", "main:refs/tags/v1")
	for _, against := range []string{"v1", "refs/tags/v1", "v1..."} {
		j := &job{workspace: h.checkout(t, "refs/pull/7/merge", 1), number: "7", with: map[string]string{"against": against, "fail-on": "widened"}}
		j.run(t, f)
		j.expect(t, true, "a gate does not let this change pass")
	}
}

// TestGitLabBesideATag is the same in GitLab's job.
func TestGitLabBesideATag(t *testing.T) {
	h, f := newHub(t, ""), newFake(t, true)
	h.pull(t, widening, true)
	h.git(t, "push", "-q", "origin", "merged:refs/tags/origin/main", "merged:refs/tags/main")
	_, log, code := gitlabJob(t, h, "refs/heads/change", f, "NETGEN_FAIL_ON=widened")
	if code != 1 || !strings.Contains(log, "netgen: netgen diff failed (1)") {
		t.Error(code, log)
	}
	_, log, code = gitlabJob(t, h, "refs/heads/change", f, "NETGEN_FAIL_ON=widened", "NETGEN_AGAINST=main")
	if code != 1 || !strings.Contains(log, "no diff: main is a branch and a tag") || !strings.Contains(log, "netgen: netgen diff failed (2)") {
		t.Error(code, log)
	}
}

// TestActionInAMergeQueue compares with what the queue puts the change on, and fails
// where the event does not say what that is: a required check would let all pass.
func TestActionInAMergeQueue(t *testing.T) {
	h, f := newHub(t, ""), newFake(t, false)
	h.pull(t, widening, true)
	event := []string{"GITHUB_EVENT_NAME=merge_group"}
	with := map[string]string{"fail-on": "widened"}
	j := &job{workspace: h.checkout(t, "refs/pull/7/merge", 1), with: with, group: h.git(t, "rev-parse", "main"), env: event}
	j.run(t, f)
	j.expect(t, true, "a gate does not let this change pass")
	j = &job{workspace: j.workspace, with: with, env: event}
	j.run(t, f)
	j.expect(t, true, "no diff: the event merge_group does not say what the change is put on", "netgen diff: could not do its work")
	if !slices.ContainsFunc(j.annotations("error"), func(a string) bool { return strings.Contains(a, "merge_group") }) || len(f.all()) > 0 {
		t.Error(j.log)
	}
}
