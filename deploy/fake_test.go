package deploy_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

const (
	token = "s3cr3t-t0k3n-of-the-tests"
	bot   = "github-actions[bot]"
)

// note is a comment on a request.
type note struct {
	id           int
	author, body string
}

// fake is the part of an API that comments on the pull or merge request 7.
type fake struct {
	*httptest.Server
	gitlab bool

	mu       sync.Mutex
	me       string
	notes    []note
	next     int
	page     int // comments on a page at most, whatever is asked for
	limit    int // characters of a comment
	requests []string
	// fault answers a request instead, if it returns a status.
	fault func(r *http.Request) (status int, header map[string]string, message string)
}

func newFake(t *testing.T, gitlab bool) *fake {
	t.Helper()
	f := &fake{gitlab: gitlab, me: bot, next: 100, page: 100, limit: 65536}
	if gitlab {
		f.me, f.limit = "project_42_bot_1", 1_000_000
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// both runs a test against each API.
func both(t *testing.T, test func(t *testing.T, f *fake)) {
	needTools(t)
	t.Run("github", func(t *testing.T) { test(t, newFake(t, false)) })
	t.Run("gitlab", func(t *testing.T) { test(t, newFake(t, true)) })
}

// add puts a comment of somebody's.
func (f *fake) add(author, body string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	f.notes = append(f.notes, note{f.next, author, body})
	return f.next
}

// all returns the comments that there are.
func (f *fake) all() []note {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.notes)
}

// changes returns the requests that were not only for reading, and forgets all.
func (f *fake) changes() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := slices.DeleteFunc(slices.Clone(f.requests), func(s string) bool {
		return strings.HasPrefix(s, "GET ") || strings.HasSuffix(s, "/graphql")
	})
	f.requests = nil
	return out
}

// asked reports whether there was any request.
func (f *fake) asked() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests) > 0
}

// fails sets the fault.
func (f *fake) fails(fault func(r *http.Request) (int, map[string]string, string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r.Method+" "+r.URL.Path)
	authorized := r.Header.Get("Authorization") == "Bearer "+token
	list, item := "/repos/acme/shop/issues/7/comments", "/repos/acme/shop/issues/comments/"
	change := "PATCH"
	if f.gitlab {
		authorized = r.Header.Get("Private-Token") == token
		list, item, change = "/projects/42/merge_requests/7/notes", "/projects/42/merge_requests/7/notes/", "PUT"
	}
	if !authorized {
		answer(w, 401, map[string]any{"message": "Bad credentials"})
		return
	}
	if f.fault != nil {
		if status, header, message := f.fault(r); status != 0 {
			for k, v := range header {
				w.Header().Set(k, v)
			}
			answer(w, status, map[string]any{"message": message})
			return
		}
	}
	id, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, item))
	isItem := err == nil && strings.HasPrefix(r.URL.Path, item)
	at := slices.IndexFunc(f.notes, func(n note) bool { return n.id == id })
	switch {
	case r.Method == "POST" && r.URL.Path == "/graphql" && !f.gitlab:
		answer(w, 200, map[string]any{"data": map[string]any{"viewer": map[string]any{"login": f.me}}})
	case r.Method == "GET" && r.URL.Path == "/user" && f.gitlab:
		answer(w, 200, map[string]any{"username": f.me})
	case r.Method == "GET" && r.URL.Path == list:
		f.list(w, r)
	case r.Method == "POST" && r.URL.Path == list:
		if body, ok := f.body(w, r); ok {
			f.next++
			f.notes = append(f.notes, note{f.next, f.me, body})
			answer(w, 201, map[string]any{"id": f.next})
		}
	case isItem && at < 0:
		answer(w, 404, map[string]any{"message": "Not Found"})
	case isItem && f.notes[at].author != f.me:
		answer(w, 403, map[string]any{"message": "it is somebody else's"})
	case isItem && r.Method == change:
		if body, ok := f.body(w, r); ok {
			f.notes[at].body = body
			answer(w, 200, map[string]any{"id": id})
		}
	case isItem && r.Method == "DELETE":
		f.notes = slices.Delete(f.notes, at, at+1)
		w.WriteHeader(204)
	default:
		answer(w, 404, map[string]any{"message": "Not Found"})
	}
}

// list answers with a page: GitHub has the oldest first, GitLab the newest.
func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	per, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	if per == 0 {
		per = 20
	}
	per, page = min(per, f.page), max(page, 1)
	notes := slices.Clone(f.notes)
	if f.gitlab {
		slices.Reverse(notes)
	}
	from := min((page-1)*per, len(notes))
	to := min(from+per, len(notes))
	if to < len(notes) {
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?page=1>; rel="first", <%[1]s%[2]s?page=%d>; rel="next"`, f.URL, r.URL.Path, page+1))
	}
	out := []map[string]any{}
	for _, n := range notes[from:to] {
		entry := map[string]any{"id": n.id, "body": n.body}
		switch {
		case n.author == "": // an account that is gone
			entry["user"], entry["author"] = nil, nil
		case f.gitlab:
			entry["author"] = map[string]any{"username": n.author}
		default:
			entry["user"] = map[string]any{"login": n.author}
		}
		out = append(out, entry)
	}
	answer(w, 200, out)
}

func (f *fake) body(w http.ResponseWriter, r *http.Request) (string, bool) {
	data, err := io.ReadAll(r.Body)
	var in struct{ Body string }
	if err == nil {
		err = json.Unmarshal(data, &in)
	}
	if err != nil || in.Body == "" || utf8.RuneCountInString(in.Body) > f.limit {
		answer(w, 422, map[string]any{"message": "Validation Failed"})
		return "", false
	}
	return in.Body, true
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that is gone has its answer.
	_ = json.NewEncoder(w).Encode(v)
}

// environ is what the scripts get, and nothing else of ours.
func (f *fake) environ(t *testing.T) []string {
	t.Helper()
	env := clean(t)
	env = append(env, "NETGEN_RETRY_DELAY=0")
	if f.gitlab {
		return append(env, "NETGEN_TOKEN="+token, "CI_API_V4_URL="+f.URL, "CI_MERGE_REQUEST_PROJECT_ID=42", "CI_MERGE_REQUEST_IID=7")
	}
	return append(env, "GITHUB_TOKEN="+token, "GITHUB_REPOSITORY=acme/shop", "GITHUB_API_URL="+f.URL,
		"GITHUB_GRAPHQL_URL="+f.URL+"/graphql", "NETGEN_PULL_REQUEST=7")
}

// clean is an environment without anybody's settings.
func clean(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "LC_ALL=C",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
	}
}

// keep runs comment.sh or note.sh and returns what it says and how it ends.
func (f *fake) keep(t *testing.T, env []string, args ...string) (string, int) {
	t.Helper()
	script := "github/comment.sh"
	if f.gitlab {
		script = "gitlab/note.sh"
	}
	script, err := filepath.Abs(script)
	if err != nil {
		t.Fatal(err)
	}
	env = append(f.environ(t), env...)
	out, code := command(t, t.TempDir(), env, "sh", append([]string{script}, args...)...)
	if strings.Contains(out, token) {
		t.Errorf("the token is in what %s says:\n%s", script, out)
	}
	for _, v := range env {
		if dir, ok := strings.CutPrefix(v, "TMPDIR="); ok {
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("%s leaves %v behind: %v", script, left, err)
			}
		}
	}
	return out, code
}

// put is keep for a text.
func (f *fake) put(t *testing.T, text string, env ...string) (string, int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "body.md")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return f.keep(t, env, "put", file)
}

// command runs a program.
func command(t *testing.T, dir string, env []string, name string, args ...string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// must runs a program that has to succeed, and returns what it prints.
func must(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	out, code := command(t, dir, env, name, args...)
	if code != 0 {
		t.Fatalf("%s %s: exit code %d\n%s", name, strings.Join(args, " "), code, out)
	}
	return out
}

// needTools skips a test where a program is missing that the scripts use.
func needTools(t *testing.T) {
	t.Helper()
	for _, f := range moduleFiles(t) {
		// What is asked about here is what go test knows the result to depend on.
		if _, err := f.Lstat(); err != nil {
			t.Fatal(err)
		}
	}
	for _, tool := range []string{"sh", "bash", "git", "curl", "jq"} {
		if _, err := exec.LookPath(tool); err == nil {
			continue
		}
		if os.Getenv("NETGEN_DEPLOY") == "required" {
			t.Fatalf("there is no %s here, and NETGEN_DEPLOY=required", tool)
		}
		t.Skipf("there is no %s here: install it to test the integrations with GitHub and GitLab", tool)
	}
}
