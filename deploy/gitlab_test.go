package deploy_test

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
	"sigs.k8s.io/yaml"
)

// pipeline is netgen.gitlab-ci.yml.
type pipeline struct {
	Netgen struct {
		Image     string              `json:"image"`
		Stage     string              `json:"stage"`
		Rules     []map[string]string `json:"rules"`
		Variables map[string]string   `json:"variables"`
		Script    []string            `json:"script"`
		Artifacts struct {
			When     string   `json:"when"`
			ExposeAs string   `json:"expose_as"`
			Paths    []string `json:"paths"`
		} `json:"artifacts"`
	} `json:"netgen"`
}

func readPipeline(t *testing.T) *pipeline {
	t.Helper()
	data, err := os.ReadFile("gitlab/netgen.gitlab-ci.yml")
	if err != nil {
		t.Fatal(err)
	}
	var p pipeline
	if err := yaml.UnmarshalStrict(data, &p); err != nil {
		t.Fatal(err)
	}
	return &p
}

// gitlabEnv is what a job of the merge request has, of the variables of the
// pipeline and of GitLab.
func gitlabEnv(t *testing.T, p *pipeline, f *fake, extra ...string) []string {
	t.Helper()
	env := f.environ(t)
	for name, value := range p.Netgen.Variables {
		env = append(env, name+"="+value)
	}
	return append(append(env, "CI_PROJECT_ID=42", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main", "CI_JOB_URL=https://example.com/jobs/1"), extra...)
}

// gitlabJob runs what the job of the pipeline comes to, with a netgen that is
// there already.
func gitlabJob(t *testing.T, h *hub, ref string, f *fake, extra ...string) (dir, log string, code int) {
	t.Helper()
	script, err := filepath.Abs("gitlab/job.sh")
	if err != nil {
		t.Fatal(err)
	}
	dir = h.checkout(t, ref, 20)
	env := gitlabEnv(t, readPipeline(t), f, append([]string{"NETGEN=" + netgen(t)}, extra...)...)
	log, code = command(t, dir, env, "sh", script)
	if strings.Contains(log, token) {
		t.Error("the token is in the log")
	}
	return dir, log, code
}

func report(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "netgen-report", name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}

func TestGitLabJob(t *testing.T) {
	h, f := newHub(t, ""), newFake(t, true)
	f.add("alice", "please review")
	h.pull(t, widening, true)
	dir, log, code := gitlabJob(t, h, "refs/heads/change", f, "NETGEN_OUTPUT=deploy", "NETGEN_FAIL_ON=widened", "NETGEN_COMMENT_ID=a")
	if code != 1 || !strings.Contains(log, "netgen: netgen diff failed (1)") || !strings.Contains(log, "shop default: ") || !strings.Contains(log, "call back") {
		t.Error(code, log)
	}
	notes := f.all()
	if want := "<!-- netgen-diff:a -->" + strings.TrimPrefix(report(t, dir, "diff.md"), marker); len(notes) != 2 || notes[1].body != want || !strings.Contains(want, "call back") {
		t.Errorf("the notes are %+v, not %s", notes, want)
	}
	if !strings.Contains(report(t, dir, "diff.json"), `"netgen.dev/diff/v1"`) || !strings.Contains(report(t, dir, "diff.html"), "call back") {
		t.Error("the report is not whole")
	}

	// A version can be refused where no connection changed.
	h.pull(t, waves, true)
	if dir, log, code := gitlabJob(t, h, "refs/heads/change", f, "NETGEN_CHECK_VERSION=true", "NETGEN_COMMENT_ID=a"); code != 1 || len(f.all()) != 2 || !strings.Contains(report(t, dir, "diff.md"), "**Not to pass**") {
		t.Errorf("%d\n%s\n%+v", code, log, f.all())
	}

	h.pull(t, same, true)
	if _, log, code := gitlabJob(t, h, "refs/heads/change", f, "NETGEN_COMMENT_ID=a"); code != 0 || len(f.all()) != 1 {
		t.Errorf("%d\n%s\n%+v", code, log, f.all())
	}
}

func TestGitLabWithoutAToken(t *testing.T) {
	h, f := newHub(t, ""), newFake(t, true)
	h.pull(t, widening, true)
	dir, log, code := gitlabJob(t, h, "refs/heads/change", f, "NETGEN_TOKEN=")
	if code != 0 || !strings.Contains(log, "no note: there is no NETGEN_TOKEN") || !strings.Contains(report(t, dir, "diff.md"), "call back") || f.asked() {
		t.Error(code, log)
	}
	f.fails(once(1<<30, "POST", 403, nil, "insufficient_scope"))
	if _, log, code := gitlabJob(t, h, "refs/heads/change", f); code != 0 || !strings.Contains(log, "no note: the token may not write it") {
		t.Error(code, log)
	}
	f.fails(once(1<<30, "POST", 500, nil, "oops"))
	if _, log, code := gitlabJob(t, h, "refs/heads/change", f); code != 1 || !strings.Contains(log, "netgen: the note failed (1)") {
		t.Error(code, log)
	}
}

// The job of a fork has its own repository as origin, with an old target branch.
func TestGitLabFork(t *testing.T) {
	h, f := newHub(t, ""), newFake(t, true)
	fork := filepath.Join(t.TempDir(), "fork.git")
	must(t, h.work, h.env, "git", "clone", "-q", "--bare", "file://"+h.dir, fork)
	h.write(t, `other: connects: backend: {}`)
	h.build(t)
	h.commit(t, "of somebody else")
	h.git(t, "push", "-q", "origin", "main")
	h.git(t, "checkout", "-q", "-B", "change", "main")
	h.write(t, "other: connects: backend: {}\n\t\t"+widening)
	h.build(t)
	h.commit(t, "change")
	h.git(t, "push", "-q", "file://"+fork, "change")
	parent := &hub{env: h.env, dir: fork, work: h.work}
	dir, log, code := gitlabJob(t, parent, "refs/heads/change", f, "NETGEN_TOKEN=", "CI_PROJECT_ID=43",
		"CI_MERGE_REQUEST_PROJECT_URL=file://"+strings.TrimSuffix(h.dir, ".git"))
	if code != 0 || !strings.Contains(report(t, dir, "diff.json"), `"widened": 1,`) {
		t.Errorf("%d\n%s\n%s", code, log, report(t, dir, "diff.json"))
	}
}

func TestGitLabTrouble(t *testing.T) {
	h, f := newHub(t, "infra/"), newFake(t, true)
	h.pull(t, broken, false)
	dir, log, code := gitlabJob(t, h, "refs/heads/change", f, "NETGEN_DIRECTORY=infra", "NETGEN_OUTPUT=deploy")
	for _, want := range []string{"infra/shop/shop.cue:10:", "netgen vet failed (1)", "netgen build failed (1)", "netgen verify failed (1)", "netgen diff failed (2)"} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is not in the log:\n%s", want, log)
		}
	}
	if notes := f.all(); code != 1 || len(notes) != 1 || !strings.Contains(notes[0].body, "could not be compared") || report(t, dir, "diff.json") != "" {
		t.Errorf("%d\n%+v", code, notes)
	}
	h.pull(t, widening, false)
	dir = h.checkout(t, "refs/heads/change", 1)
	must(t, dir, h.env, "git", "remote", "set-url", "origin", "file:///nowhere")
	_, log, code = gitlabJob(t, &hub{env: h.env, dir: filepath.Join(dir, ".git")}, "refs/remotes/the/ref", f, "NETGEN_DIRECTORY=infra", "NETGEN_AGAINST=origin/nowhere...")
	if code != 1 || !strings.Contains(log, "origin/nowhere... is not in this clone and could not be fetched: set GIT_DEPTH: 0") {
		t.Error(code, log)
	}
	// A branch that is no merge request is checked and not compared.
	_, log, code = gitlabJob(t, h, "refs/heads/main", f, "NETGEN_DIRECTORY=infra", "NETGEN_OUTPUT=deploy", "CI_MERGE_REQUEST_IID=")
	if code != 0 || strings.Contains(log, "diff") {
		t.Error(code, log)
	}
}

// TestGitLabScript runs the script of the pipeline as it is, installing netgen
// from a proxy that has what is here as a version.
func TestGitLabScript(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds netgen in a module cache of its own")
	}
	h, f := newHub(t, ""), newFake(t, true)
	h.pull(t, widening, true)
	p := readPipeline(t)
	proxy := filepath.Join(t.TempDir(), "netgen.dev", "@v")
	version := module.Version{Path: "netgen.dev", Version: "v0.0.1"}
	write(t, filepath.Join(proxy, "list"), version.Version+"\n")
	write(t, filepath.Join(proxy, "v0.0.1.info"), `{"Version":"v0.0.1","Time":"2020-01-01T00:00:00Z"}`)
	copyFile(t, "../go.mod", filepath.Join(proxy, "v0.0.1.mod"))
	var archive bytes.Buffer
	if err := zip.Create(&archive, version, moduleFiles(t)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(proxy, "v0.0.1.zip"), archive.String())
	cache := strings.Split(strings.TrimSpace(must(t, ".", os.Environ(), "go", "env", "GOMODCACHE", "GOCACHE", "GOPROXY")), "\n")
	script := filepath.Join(t.TempDir(), "script")
	write(t, script, strings.Join(p.Netgen.Script, "\n")+"\n")
	dir := h.checkout(t, "refs/heads/change", 20)
	env := gitlabEnv(t, p, f, "GOPATH="+t.TempDir(), "GOFLAGS=-modcacherw", "GOCACHE="+cache[1], "GOSUMDB=off",
		"GOPROXY=file://"+filepath.Dir(filepath.Dir(proxy))+",file://"+filepath.Join(cache[0], "cache", "download")+","+cache[2])
	log, code := command(t, dir, env, "bash", "-eo", "pipefail", script)
	if code != 0 {
		t.Fatal(log)
	}
	if notes := f.all(); len(notes) != 1 || !strings.Contains(notes[0].body, "call back") {
		t.Errorf("the notes are %+v", notes)
	}
	for _, path := range p.Netgen.Artifacts.Paths {
		if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
			t.Error(err)
		}
	}
	// The action installs a version that it is told the same way.
	temp := t.TempDir()
	env = append(env, "RUNNER_TEMP="+temp, "GITHUB_OUTPUT="+filepath.Join(temp, "output"), "NETGEN_VERSION=v0.0.1", "NETGEN_GO_VERSION=")
	step, err := filepath.Abs("github/step.sh")
	if err != nil {
		t.Fatal(err)
	}
	if log := must(t, temp, env, "sh", step, "install"); !strings.Contains(log, "netgen v0.0.1 (") {
		t.Error(log)
	}
}

// moduleFiles are what of the module a build of netgen needs, and deploy.
func moduleFiles(t *testing.T) []zip.File {
	t.Helper()
	var out []zip.File
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		below := strings.TrimPrefix(filepath.ToSlash(name), "../")
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "bin", "out", "conformance", "tools", "golden", "testdata"}, d.Name()):
			return fs.SkipDir
		case d.Type().IsRegular() && !strings.HasSuffix(name, "_test.go"):
			out = append(out, moduleFile{below, name})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

type moduleFile struct{ path, name string }

func (f moduleFile) Path() string                 { return f.path }
func (f moduleFile) Lstat() (fs.FileInfo, error)  { return os.Lstat(f.name) }
func (f moduleFile) Open() (io.ReadCloser, error) { return os.Open(f.name) }
