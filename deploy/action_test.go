package deploy_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestActionOnAPullRequest is the life of one: it widens, and then no longer does.
func TestActionOnAPullRequest(t *testing.T) {
	for _, depth := range []int{1, 2, 0} {
		h, f := newHub(t, ""), newFake(t, false)
		f.add("alice", "please review")
		with := map[string]string{"output": "deploy", "fail-on": "widened", "sarif": "true"}
		h.pull(t, widening, true)
		j := &job{workspace: h.checkout(t, "refs/pull/7/merge", depth), with: with, number: "7"}
		j.run(t, f)
		j.expect(t, true, "widened: backend", "::error title=netgen::netgen diff: a gate does not let this change pass")
		if got := j.annotations("error"); len(got) != 2 || !strings.HasPrefix(got[0], "::error file=shop/shop.cue,line=10,title=netgen diff::widened: ") {
			t.Errorf("the errors are %q\n%s", got, j.log)
		}
		if got := j.annotations("warning"); len(got) != 1 || !strings.HasPrefix(got[0], "::warning file=shop/shop.cue,line=10,") {
			t.Errorf("the annotations are %q", got)
		}
		before, _, _ := strings.Cut(j.log, "netgen: widened: backend")
		_, stop, _ := strings.Cut(before[strings.LastIndex(before, "::stop-commands::"):], "::stop-commands::")
		if stop = strings.TrimSpace(stop); len(stop) != 32 || strings.Contains(before, "::"+stop+"::") {
			t.Errorf("what netgen says can be a command to the runner:\n%s", j.log)
		}
		notes := f.all()
		if len(notes) != 2 || !strings.HasPrefix(notes[1].body, marker+"\n### ") || !strings.Contains(notes[1].body, "call back") || !strings.Contains(notes[1].body, "**Not to pass**: `widened: ") {
			t.Fatalf("the comments are %+v", notes)
		}
		if !strings.Contains(j.summary, notes[1].body) || len(j.summary) > 1<<20 {
			t.Errorf("the summary is %q", j.summary)
		}
		if j.outputs["changed"] != "true" || j.outputs["widened"] == "0" || j.outputs["widened"] == "" || j.outputs["narrowed"] != "0" {
			t.Errorf("the outputs are %v", j.outputs)
		}
		var sarif struct{ Runs []struct{ Results []any } }
		if data, err := os.ReadFile(j.outputs["sarif"]); err != nil || json.Unmarshal(data, &sarif) != nil || len(sarif.Runs[0].Results) == 0 {
			t.Errorf("the SARIF is %s (%v)", data, err)
		}

		h.pull(t, "// no change", true)
		j = &job{workspace: h.checkout(t, "refs/pull/7/merge", depth), with: with, number: "7"}
		j.run(t, f)
		j.expect(t, false)
		if notes := f.all(); len(notes) != 1 || notes[0].author != "alice" {
			t.Errorf("the comments are %+v", notes)
		}
		if j.outputs["changed"] != "false" || j.outputs["widened"] != "0" {
			t.Errorf("the outputs are %v", j.outputs)
		}
	}
}

// A change that no gate stops is shown and passes.
func TestActionShowsWithoutGate(t *testing.T) {
	h, f := newHub(t, ""), newFake(t, false)
	h.pull(t, widening, true)
	j := &job{workspace: h.checkout(t, "refs/pull/7/merge", 1), number: "7", with: map[string]string{"comment-id": "a", "topologies": "\n  shop\n\n./shop\n"}}
	j.run(t, f)
	j.expect(t, false, "nothing to compare with what netgen would write")
	if notes := f.all(); len(notes) != 1 || !strings.HasPrefix(notes[0].body, "<!-- netgen-diff:a -->\n### ") {
		t.Errorf("the comments are %+v", notes)
	}
	if j.outputs["sarif"] != "" {
		t.Errorf("the outputs are %v", j.outputs)
	}
	j = &job{workspace: j.workspace, number: "7", with: map[string]string{"comment": "false", "check-version": "true"}}
	j.run(t, f)
	j.expect(t, true, "a gate does not let this change pass", "shop")
	if n := len(f.all()); n != 1 {
		t.Errorf("there are %d comments", n)
	}
}

// A version is refused where no connection changed, and the comment says why.
func TestActionOnAVersion(t *testing.T) {
	h, f := newHub(t, ""), newFake(t, false)
	h.pull(t, waves, true)
	j := &job{workspace: h.checkout(t, "refs/pull/7/merge", 1), number: "7", with: map[string]string{"check-version": "true"}}
	j.run(t, f)
	j.expect(t, true, "the version is still 1.0.0, and netgen build writes other files", "a gate does not let this change pass")
	if notes := f.all(); len(notes) != 1 || !strings.Contains(notes[0].body, "No change of connectivity.\n\n- **Not to pass**: `shop: the version is still 1.0.0") {
		t.Errorf("the comments are %+v", notes)
	}
	if j.outputs["changed"] != "false" {
		t.Errorf("the outputs are %v", j.outputs)
	}
	j = &job{workspace: j.workspace, number: "7"}
	j.run(t, f)
	j.expect(t, false)
	if notes := f.all(); len(notes) > 0 {
		t.Errorf("the comments are %+v", notes)
	}
}

// A topology with a mistake fails the job, once the rest has run.
func TestActionOnAMistake(t *testing.T) {
	h, f := newHub(t, ""), newFake(t, false)
	h.pull(t, broken, false)
	j := &job{workspace: h.checkout(t, "refs/pull/7/merge", 1), number: "7", with: map[string]string{"output": "deploy"}}
	j.run(t, f)
	j.expect(t, true, "netgen vet: there are errors", "netgen diff: could not do its work")
	found := 0
	for _, a := range j.annotations("error") {
		if strings.HasPrefix(a, "::error file=shop/shop.cue,line=10,") {
			found++
		}
	}
	if found != 1 {
		t.Errorf("the mistake is shown %d times\n%s", found, j.log)
	}
	notes := f.all()
	if len(notes) != 1 || !strings.Contains(notes[0].body, "could not be compared") || !strings.Contains(notes[0].body, "https://example.com/acme/shop/actions/runs/99") {
		t.Errorf("the comments are %+v", notes)
	}
}

func TestActionOnAStaleTree(t *testing.T) {
	h, f := newHub(t, "infra/"), newFake(t, false)
	h.pull(t, widening, false)
	j := &job{workspace: h.checkout(t, "refs/pull/7/merge", 1), number: "7", with: map[string]string{"working-directory": "infra", "output": "deploy"}}
	j.run(t, f)
	j.expect(t, true, "::error file=infra/deploy/shop/", "netgen build --check: what is committed is not what the topologies say", "::warning file=infra/shop/shop.cue,line=10,")
	if n := len(f.all()); n != 1 {
		t.Errorf("there are %d comments", n)
	}
}

// The token of a pull request from a fork may read and no more.
func TestActionFromAFork(t *testing.T) {
	h, f := newHub(t, ""), newFake(t, false)
	h.pull(t, widening, true)
	f.fails(once(1<<30, "POST", 403, nil, "Resource not accessible by integration"))
	j := &job{workspace: h.checkout(t, "refs/pull/7/merge", 1), number: "7"}
	j.run(t, f)
	j.expect(t, false, "::notice title=netgen::no comment: the token may not write comments")
	if len(f.all()) > 0 || !strings.Contains(j.summary, "call back") || !strings.Contains(j.summary, "no comment: the token may not") {
		t.Errorf("the summary is %s", j.summary)
	}
	// Where comments fail for another reason, an old one may say what is no longer so.
	f.fails(once(1<<30, "POST", 500, nil, "oops"))
	j = &job{workspace: j.workspace, number: "7"}
	j.run(t, f)
	j.expect(t, true, "::error title=netgen::comment: it could not be written")
}

func TestActionWithoutAPullRequest(t *testing.T) {
	h, f := newHub(t, ""), newFake(t, false)
	h.pull(t, widening, true)
	j := &job{workspace: h.checkout(t, "refs/heads/change", 1)}
	j.run(t, f)
	j.expect(t, false, "::notice title=netgen::no diff: this is no pull request")
	if j.outputs["changed"] != "" || j.summary != "" {
		t.Errorf("the outputs are %v, the summary is %q", j.outputs, j.summary)
	}
	commit := h.git(t, "rev-parse", "main")
	for _, against := range []string{"main", "origin/main", "origin/main...", "main...", commit, commit + "..."} {
		j := &job{workspace: h.checkout(t, "refs/heads/change", 1), with: map[string]string{"against": against}}
		j.run(t, f)
		j.expect(t, false)
		if j.outputs["changed"] != "true" || !strings.Contains(j.summary, "call back") {
			t.Errorf("against %s the outputs are %v\n%s", against, j.outputs, j.log)
		}
	}
	// A clone that has all its history keeps it.
	h.git(t, "tag", "v1", "main")
	h.git(t, "push", "-q", "origin", "v1")
	workspace := h.checkout(t, "refs/heads/change", 0)
	j = &job{workspace: workspace, with: map[string]string{"against": "v1"}}
	j.run(t, f)
	j.expect(t, false)
	if shallow := must(t, workspace, h.env, "git", "rev-parse", "--is-shallow-repository"); shallow != "false\n" || j.outputs["changed"] != "true" {
		t.Errorf("shallow is %s, the outputs are %v", shallow, j.outputs)
	}
	if len(f.all()) > 0 {
		t.Error("there is a comment on nothing")
	}
}

// Where HEAD is the branch and not what it gives when merged, where it left the
// base has to be found; what was merged to the base since is none of its business.
func TestActionDeepens(t *testing.T) {
	h, f := newHub(t, ""), newFake(t, false)
	h.pull(t, widening, true)
	h.git(t, "checkout", "-q", "change")
	for range 30 {
		h.commit(t, "more")
	}
	h.git(t, "checkout", "-q", "main")
	for range 3 {
		h.commit(t, "meanwhile")
	}
	h.write(t, `other: connects: backend: {}`)
	h.build(t)
	h.commit(t, "of somebody else")
	h.git(t, "push", "-q", "-f", "origin", "change", "main")
	for _, depth := range []int{1, 10, 0} {
		j := &job{workspace: h.checkout(t, "refs/heads/change", depth), number: "7"}
		j.run(t, f)
		j.expect(t, false)
		if j.outputs["widened"] != "1" || j.outputs["narrowed"] != "0" {
			t.Errorf("with depth %d the outputs are %v\n%s", depth, j.outputs, j.log)
		}
	}
}

func TestActionWithoutABase(t *testing.T) {
	h, f := newHub(t, ""), newFake(t, false)
	h.pull(t, widening, true)
	f.add(bot, marker+"\nof an earlier push")
	workspace := h.checkout(t, "refs/pull/7/merge", 1)
	must(t, workspace, h.env, "git", "remote", "set-url", "origin", "file:///nowhere")
	j := &job{workspace: workspace, number: "7"}
	j.run(t, f)
	j.expect(t, true, "no diff: origin/main... is not in this clone and could not be fetched: give actions/checkout fetch-depth: 0")
	if notes := f.all(); len(notes) != 1 || !strings.Contains(notes[0].body, "could not be compared") {
		t.Errorf("the comments are %+v", notes)
	}
	// A clone with all its history needs nobody.
	workspace = h.checkout(t, "refs/pull/7/merge", 0)
	must(t, workspace, h.env, "git", "remote", "set-url", "origin", "file:///nowhere")
	j = &job{workspace: workspace, number: "7"}
	j.run(t, f)
	j.expect(t, false)
	// And outside of a repository there is nothing to say but that.
	j = &job{workspace: workspace, number: "7", with: map[string]string{"working-directory": "nowhere"}}
	j.run(t, f)
	if !j.failed || !strings.Contains(j.log, "there is no directory nowhere") {
		t.Error(j.log)
	}
}

// Nothing that a topology or an input says is run, or is a command to the runner.
func TestActionWithHostileWords(t *testing.T) {
	h, f := newHub(t, ""), newFake(t, false)
	h.pull(t, same, false)
	h.git(t, "checkout", "-q", "change")
	h.write(t, `backend: connects: frontend: why: "$(touch pwned)`+"`touch pwned`"+` {{ github.token }} $HOME %0A | <img src=x>"`)
	h.build(t)
	h.commit(t, "hostile")
	h.merge(t)
	workspace := h.checkout(t, "refs/pull/7/merge", 1)
	j := &job{workspace: workspace, number: "7"}
	j.run(t, f)
	j.expect(t, false)
	want := must(t, workspace, h.env, netgen(t), "diff", "--against", "origin/main...", "--format", "markdown", "--fail-on", "none", "--", "./...")
	if notes := f.all(); len(notes) != 1 || notes[0].body != want {
		t.Errorf("the comments are %+v, not %q", notes, want)
	}
	if len(j.annotations("error")) > 0 {
		t.Error(j.log)
	}
	j = &job{workspace: workspace, number: "7", with: map[string]string{
		"topologies": "$(touch pwned)", "output": "`touch pwned`", "against": "--output=pwned", "fail-on": "; touch pwned",
		"comment-id": "$(touch pwned)", "check-version": "$(touch pwned)", "sarif": "; touch pwned",
	}}
	j.run(t, f)
	j.expect(t, true) // run sees that nothing was made
	j = &job{workspace: workspace, number: "7", with: map[string]string{"topologies": "--help"}}
	j.run(t, f)
	j.expect(t, true, "--help: no such file or directory")
}

// What a runner lacks is said, and not stumbled over.
func TestActionNeedsTools(t *testing.T) {
	needTools(t)
	script, err := filepath.Abs("github/step.sh")
	if err != nil {
		t.Fatal(err)
	}
	for missing, says := range map[string]string{"go": "there is no Go on this runner: use actions/setup-go before", "jq": "jq is needed and not on this runner"} {
		bin := t.TempDir()
		for _, tool := range []string{"sh", "dirname", "tr", "sed", "git", "curl", "jq", "go"} {
			path, err := exec.LookPath(tool)
			if err != nil {
				t.Fatal(err)
			}
			if tool != missing {
				if err := os.Symlink(path, filepath.Join(bin, tool)); err != nil {
					t.Fatal(err)
				}
			}
		}
		out, code := command(t, bin, []string{"PATH=" + bin, "NETGEN_VERSION=", "NETGEN_GO_VERSION="}, "sh", script, "install")
		if code == 0 || !strings.Contains(out, "::error title=netgen::"+says) {
			t.Errorf("without %s: exit code %d\n%s", missing, code, out)
		}
	}
}
