package deploy_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

const changelog = "# Changelog\n\n## Unreleased\n\n- later\n\n## 1.2.0 - 2026-05-06\n\n### Added\n\n- a thing\n\n## 1.1.0\n\n- another\n"

// release is a tag of a repository, and what GitHub and its registry have of it.
type release struct {
	dir, tag, commit string
	env              []string
	statuses         map[string]int // of answers that are not as they should be
}

// newRelease returns the tag v1.2.0 of a commit on main with a CHANGELOG.md.
func newRelease(t *testing.T, changelog string) *release {
	t.Helper()
	needTools(t)
	r := &release{dir: t.TempDir(), tag: "v1.2.0", env: clean(t), statuses: map[string]int{}}
	r.git(t, "init", "-q", "-b", "main")
	write(t, filepath.Join(r.dir, "CHANGELOG.md"), changelog)
	r.git(t, "add", "-A")
	r.git(t, "commit", "-q", "-m", "release")
	r.git(t, "update-ref", "refs/remotes/origin/main", "HEAD")
	r.commit = r.git(t, "rev-parse", "HEAD")
	return r
}

func (r *release) git(t *testing.T, args ...string) string {
	t.Helper()
	return strings.TrimSpace(must(t, r.dir, r.env, "git", args...))
}

// ask runs release.sh, and returns what it says and whether it refuses.
func (r *release) ask(t *testing.T, question string) (string, bool) {
	t.Helper()
	script, err := filepath.Abs("../.github/release.sh")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(r)
	defer server.Close()
	env := append(r.env, "GITHUB_TOKEN="+token, "GITHUB_ACTOR=robot", "GITHUB_REPOSITORY=Acme/netgen",
		"GITHUB_API_URL="+server.URL, "REGISTRY_URL="+server.URL)
	out, code := command(t, r.dir, env, "sh", script, question, r.tag)
	if code > 1 || (code == 1) != strings.HasPrefix(out, "::error title=no release::") || strings.Contains(out, token) {
		t.Errorf("exit code %d: %s", code, out)
	}
	return out, code != 0
}

// ServeHTTP is both GitHub and its registry.
func (r *release) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	user, password, _ := q.BasicAuth()
	bearer := q.Header.Get("Authorization")
	status, body := 400, ""
	switch q.Method + " " + q.URL.Path {
	case "GET /repos/Acme/netgen/commits/tags/" + r.tag:
		if bearer == "Bearer "+token && q.Header.Get("Accept") == "application/vnd.github.sha" {
			status, body = 200, r.commit
		}
	case "GET /repos/Acme/netgen/releases/tags/" + r.tag:
		if bearer == "Bearer "+token {
			status = 404
		}
	case "GET /token":
		if user == "robot" && password == token && q.URL.Query().Get("scope") == "repository:acme/netgen:pull,push" {
			status, body = 200, `{"token": "of the registry"}`
		}
	case "HEAD /v2/acme/netgen/manifests/" + r.tag[1:]:
		if bearer == "Bearer of the registry" && strings.Contains(q.Header.Get("Accept"), "vnd.oci.image.index.v1+json") {
			status = 404
		}
	}
	for part, other := range r.statuses {
		if strings.Contains(q.URL.Path, part) {
			status = other
		}
	}
	w.WriteHeader(status)
	// A client that is gone has its answer.
	_, _ = w.Write([]byte(body))
}

// expect asks, and wants a refusal that says so, or none.
func (r *release) expect(t *testing.T, question, want string) {
	t.Helper()
	out, refused := r.ask(t, question)
	if refused != (want != "") || !strings.Contains(out, want) {
		t.Errorf("%s %s: %q, not %q", question, r.tag, out, want)
	}
}

// TestReleaseEntered sees that a release is of a version that CHANGELOG.md tells of.
func TestReleaseEntered(t *testing.T) {
	for name, c := range map[string]struct{ changelog, tag, want string }{
		"newest":        {changelog, "v1.2.0", ""},
		"linked":        {strings.ReplaceAll(changelog, "## 1.2.0", "## [1.2.0]"), "v1.2.0", ""},
		"first":         {"# Changelog\n\n## 1.2.0\n\n- all of it\n", "v1.2.0", ""},
		"prerelease":    {strings.ReplaceAll(changelog, "1.2.0", "1.2.0-rc.1"), "v1.2.0-rc.1", ""},
		"older":         {changelog, "v1.1.0", `the newest version in CHANGELOG.md is "1.2.0 - 2026-05-06", not 1.1.0`},
		"not entered":   {changelog, "v1.3.0", "not 1.3.0"},
		"beginning":     {changelog, "v1.2", "is no version"},
		"its prefix":    {strings.ReplaceAll(changelog, "1.2.0", "1.2.0-rc.1"), "v1.2.0", "not 1.2.0"},
		"all new":       {"# Changelog\n\n## Unreleased\n\n- all of it\n", "v1.2.0", "has no version yet"},
		"nothing told":  {"## 1.2.0\n\n## 1.1.0\n\n- a thing\n", "v1.2.0", "does not say what is new in 1.2.0"},
		"no version":    {changelog, "vanity", "is no version"},
		"leading zero":  {changelog, "v01.2.0", "is no version"},
		"without the v": {changelog, "1.2.0", "is no version"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRelease(t, c.changelog)
			r.tag = c.tag
			r.expect(t, "entered", c.want)
		})
	}
	t.Run("behind main", func(t *testing.T) {
		r := newRelease(t, changelog)
		r.git(t, "commit", "-q", "--allow-empty", "-m", "later")
		r.git(t, "update-ref", "refs/remotes/origin/main", "HEAD")
		r.git(t, "checkout", "-q", "--detach", r.commit)
		r.expect(t, "entered", "")
	})
	t.Run("beside main", func(t *testing.T) {
		r := newRelease(t, changelog)
		r.git(t, "commit", "-q", "--allow-empty", "-m", "not merged")
		r.expect(t, "entered", "is not on main")
		r.git(t, "update-ref", "-d", "refs/remotes/origin/main")
		r.expect(t, "entered", "fetch-depth: 0")
	})
}

// TestReleaseNew sees that a release is made once.
func TestReleaseNew(t *testing.T) {
	r := newRelease(t, changelog)
	r.expect(t, "new", "")
	r.tag = "v1.2.0-rc.1"
	r.expect(t, "new", "")
	r.tag = "v1.2.0"
	for part, answers := range map[string]map[int]string{
		"/releases/":  {200: "there is a release v1.2.0 already", 403: "cannot ask whether there is a release v1.2.0 (403)"},
		"/manifests/": {200: "there is an image acme/netgen:1.2.0 already", 401: "cannot ask whether there is an image acme/netgen:1.2.0 (401)"},
		"/token":      {403: "the registry gives no token for the image acme/netgen (403)"},
		"/commits/":   {404: "cannot ask where the tag v1.2.0 is (404)"},
	} {
		for status, want := range answers {
			r.statuses = map[string]int{part: status}
			r.expect(t, "new", want)
		}
	}
	r.statuses = nil
	r.commit = strings.Repeat("0", 40)
	r.expect(t, "new", "the tag v1.2.0 is on another commit by now")
}
