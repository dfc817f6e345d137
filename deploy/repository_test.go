package deploy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// shop is the topology of the tests. A frontend may call the backend, and what
// is put in its place.
const shop = `package shop

topology: {
	name:      "shop"
	version:   "1.0.0"
	namespace: "shop"
	services: {
		frontend: {ports: http: 8080, connects: backend: {}}
		backend: ports: http: 8080
		CHANGE
	}
}
`

// The changes of a pull request.
const (
	same     = ""
	widening = `backend: connects: frontend: why: "call back"`
	broken   = `backend: connects: frontnd: {}`
	waves    = "}\n\toutput: syncWaves: true\n\tservices: {"
)

// hub is a repository with a main branch and the pull request 7, as a server
// has it.
type hub struct {
	env  []string
	dir  string // bare
	work string // a clone, where commits are made
	home string // of the topology below the top, "" or with a slash at its end
}

// built is where netgen is, as the first step of the action built it for all
// tests.
var built struct {
	sync.Mutex
	dir  string
	path string
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "netgen-deploy-")
	if err != nil {
		panic(err)
	}
	built.dir = dir
	code := m.Run()
	_ = os.RemoveAll(dir) // a temporary directory that stays does no harm
	os.Exit(code)
}

// netgen builds netgen as the action does, once, and returns where it is.
func netgen(t *testing.T) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if built.path != "" {
		return built.path
	}
	script, err := filepath.Abs("github/step.sh")
	if err != nil {
		t.Fatal(err)
	}
	output := filepath.Join(built.dir, "output")
	env := append(os.Environ(), "RUNNER_TEMP="+built.dir, "GITHUB_OUTPUT="+output, "NETGEN_VERSION=", "NETGEN_GO_VERSION=")
	must(t, t.TempDir(), env, "sh", script, "install")
	said, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	if built.path = outputs(string(said))["netgen"]; built.path == "" {
		t.Fatalf("install says %q", said)
	}
	return built.path
}

// outputs reads what a step wrote to GITHUB_OUTPUT.
func outputs(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		out[name] = value
	}
	return out
}

func newHub(t *testing.T, home string) *hub {
	t.Helper()
	needTools(t)
	dir := t.TempDir()
	h := &hub{env: clean(t), dir: filepath.Join(dir, "hub.git"), work: filepath.Join(dir, "work"), home: home}
	must(t, dir, h.env, "git", "init", "-q", "--bare", "-b", "main", h.dir)
	must(t, dir, h.env, "git", "clone", "-q", "file://"+h.dir, h.work)
	h.git(t, "checkout", "-q", "-b", "main")
	h.write(t, same)
	h.build(t)
	h.commit(t, "base")
	h.git(t, "push", "-q", "origin", "main")
	return h
}

func (h *hub) git(t *testing.T, args ...string) string {
	t.Helper()
	return strings.TrimSpace(must(t, h.work, h.env, "git", args...))
}

// write puts the topology, with a change in it, into the work tree.
func (h *hub) write(t *testing.T, change string) {
	t.Helper()
	file := filepath.Join(h.work, h.home, "shop", "shop.cue")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(shop, "CHANGE", change, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (h *hub) build(t *testing.T) {
	t.Helper()
	must(t, filepath.Join(h.work, h.home), h.env, netgen(t), "build", "./...", "-o", "deploy")
}

func (h *hub) commit(t *testing.T, message string) {
	t.Helper()
	h.git(t, "add", "-A")
	h.git(t, "commit", "-q", "--allow-empty", "-m", message)
}

// pull pushes a state of the branch, and what it gives when merged, as the pull
// request.
func (h *hub) pull(t *testing.T, change string, build bool) {
	t.Helper()
	h.git(t, "checkout", "-q", "-B", "change", "main")
	h.write(t, change)
	if build {
		h.build(t)
	}
	h.commit(t, "change")
	h.merge(t)
}

// merge pushes the branch as it is.
func (h *hub) merge(t *testing.T) {
	t.Helper()
	h.git(t, "checkout", "-q", "-B", "merged", "main")
	h.git(t, "merge", "-q", "--no-ff", "-m", "merge", "change")
	h.git(t, "push", "-q", "-f", "origin", "merged:refs/pull/7/merge", "change:refs/heads/change", "main")
}

// checkout makes a clone of a ref as a runner does: of a depth, or of all with 0.
func (h *hub) checkout(t *testing.T, ref string, depth int) string {
	t.Helper()
	dir := t.TempDir()
	must(t, dir, h.env, "git", "init", "-q")
	must(t, dir, h.env, "git", "remote", "add", "origin", "file://"+h.dir)
	args := []string{"fetch", "-q", "--no-tags"}
	if depth > 0 {
		args = append(args, fmt.Sprint("--depth=", depth), "origin")
	} else {
		args = append(args, "origin", "+refs/heads/*:refs/remotes/origin/*")
	}
	must(t, dir, h.env, "git", append(args, "+"+ref+":refs/remotes/the/ref")...)
	must(t, dir, h.env, "git", "checkout", "-q", "--detach", "refs/remotes/the/ref")
	return dir
}
