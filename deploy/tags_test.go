package deploy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tagged is a change that does not compile without a value for a tag, and words one
// that a shell, or the runner, would take for something of its own.
const (
	tagged = "backend: connects: frontend: {why: string @tag(why), ticket: string @tag(ticket)}"
	words  = `$(touch pwned) "two  words' --help; ` + "`touch pwned`" + ` * \n %0A=x`
	tags   = "\n  why=" + words + "\n\n--format=json\n  ticket=SHOP-7\n"
)

// pullTagged pushes the change, with the tree that it is built to.
func pullTagged(t *testing.T) *hub {
	t.Helper()
	h := newHub(t, "")
	h.git(t, "checkout", "-q", "-B", "change", "main")
	h.write(t, tagged)
	must(t, h.work, h.env, netgen(t), "build", "./...", "-o", "deploy", "-t", "why="+words, "-t", "ticket=SHOP-7")
	h.commit(t, "change")
	h.merge(t)
	return h
}

// withoutFlag is tags without the line that is none.
var withoutFlag = strings.Replace(tags, "--format=json\n", "", 1)

// Every step is given the same tags, each as one argument.
func TestActionTags(t *testing.T) {
	h, f := pullTagged(t), newFake(t, false)
	workspace := h.checkout(t, "refs/pull/7/merge", 1)
	j := &job{workspace: workspace, number: "7", with: map[string]string{"output": "deploy", "tags": withoutFlag}}
	j.run(t, f)
	j.expect(t, false)
	if notes := f.all(); len(notes) != 1 || !strings.Contains(notes[0].body, "SHOP-7") || j.outputs["widened"] != "1" {
		t.Errorf("the outputs are %v, the comments %+v\n%s", j.outputs, notes, j.log)
	}
	j = &job{workspace: workspace, number: "7", with: map[string]string{"output": "deploy"}}
	j.run(t, f)
	j.expect(t, true, "netgen vet: ", "netgen build --check: ", "netgen verify: ", "netgen diff: ")
	// What is no tag is an error of its own, and no flag.
	j = &job{workspace: workspace, number: "7", with: map[string]string{"tags": tags}}
	j.run(t, f)
	j.expect(t, true, `no tag for "--format"`)
}

func TestGitLabTags(t *testing.T) {
	h, f := pullTagged(t), newFake(t, true)
	dir, log, code := gitlabJob(t, h, "refs/heads/change", f, "NETGEN_OUTPUT=deploy", "NETGEN_TAGS="+withoutFlag)
	if code != 0 || !strings.Contains(report(t, dir, "diff.md"), "SHOP-7") {
		t.Error(code, log)
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("a value was run")
	}
	_, log, code = gitlabJob(t, h, "refs/heads/change", f, "NETGEN_OUTPUT=deploy")
	for _, want := range []string{"netgen vet failed", "netgen build failed", "netgen verify failed", "netgen diff failed"} {
		if code != 1 || !strings.Contains(log, want) {
			t.Error(code, log)
		}
	}
}

// TestTagsBefore takes away a tag that has no default: the base needs its value, and
// the change would refuse it.
func TestTagsBefore(t *testing.T) {
	h := newHub(t, "")
	h.write(t, `backend: connects: frontend: why: string @tag(office)`)
	must(t, h.work, h.env, netgen(t), "build", "./...", "-o", "deploy", "-t", "office=203.0.113.0/24")
	h.commit(t, "a tag")
	h.git(t, "push", "-q", "origin", "main")
	h.git(t, "checkout", "-q", "-B", "change", "main")
	h.write(t, `backend: connects: frontend: why: "203.0.113.0/24"`)
	h.build(t)
	h.commit(t, "change")
	h.merge(t)
	f, before := newFake(t, false), "office=203.0.113.0/24"
	j := &job{workspace: h.checkout(t, "refs/pull/7/merge", 1), number: "7", with: map[string]string{"output": "deploy", "tags-before": before}}
	j.run(t, f)
	j.expect(t, false)
	if j.outputs["changed"] != "false" {
		t.Errorf("the outputs are %v\n%s", j.outputs, j.log)
	}
	_, log, code := gitlabJob(t, h, "refs/heads/change", newFake(t, true), "NETGEN_OUTPUT=deploy", "NETGEN_TAGS_BEFORE="+before)
	if code != 0 {
		t.Error(code, log)
	}
}
