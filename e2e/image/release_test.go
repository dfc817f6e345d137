package image

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"
)

const repository = "../.."

// release is what .goreleaser.yaml says of how the program is built.
type release struct {
	Env    []string `json:"env"`
	Builds []struct {
		Main    string   `json:"main"`
		Flags   []string `json:"flags"`
		Ldflags []string `json:"ldflags"`
		ModTime string   `json:"mod_timestamp"`
	} `json:"builds"`
	Images []struct {
		ExtraFiles []string `json:"extra_files"`
	} `json:"dockers_v2"`
}

func readRelease(t *testing.T) release {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repository, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var r release
	if err := yaml.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Builds) != 1 || len(r.Images) != 1 || len(r.Env) != 1 || r.Env[0] != "CGO_ENABLED=0" || r.Builds[0].ModTime != "{{ .CommitTimestamp }}" {
		t.Fatalf("the release is not what this test knows: %+v", r)
	}
	return r
}

// The values of a release that never was.
var values = map[string]string{
	"{{ .Version }}":    "9.8.7",
	"{{ .FullCommit }}": "0123456789012345678901234567890123456789",
	"{{ .CommitDate }}": "2026-01-02T03:04:05Z",
}

var template = regexp.MustCompile(`{{.*?}}`)

// buildIn builds the program for Linux in a directory with the source, as a
// release is built.
func buildIn(t *testing.T, source, out string, more ...string) {
	t.Helper()
	build := readRelease(t).Builds[0]
	ldflags := template.ReplaceAllStringFunc(strings.Join(build.Ldflags, " "), func(s string) string {
		if values[s] == "" {
			t.Fatalf("the release knows %s, and this test does not", s)
		}
		return values[s]
	})
	args := append([]string{"build", "-o", out, "-ldflags", ldflags}, build.Flags...)
	args = append(append(args, more...), build.Main)
	cmd := exec.Command("go", args...)
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
}

// built is the program, built once for all tests.
var built = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "netgen-image-")
	if err != nil {
		panic(err)
	}
	return filepath.Join(dir, "netgen")
})

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(filepath.Dir(built()))
	os.Exit(code)
}

var buildOnce sync.Once

func program(t *testing.T) string {
	t.Helper()
	buildOnce.Do(func() { buildIn(t, repository, built()) })
	if _, err := os.Stat(built()); err != nil {
		t.Fatal(err)
	}
	return built()
}

// lacking skips a test for want of something, or fails it where nothing may be
// lacking.
func lacking(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("NETGEN_DELIVERY") == "required" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// TestStatic sees that the program needs nothing of an image.
func TestStatic(t *testing.T) {
	file, err := elf.Open(program(t))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Error("the program is linked with libraries")
		}
	}
}

// TestVersion sees that what the release sets is what the program says.
func TestVersion(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the program is for Linux")
	}
	out, err := exec.Command(program(t), "version", "--format", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Version, Revision, Date string
		Modified                bool
	}
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatal(err)
	}
	if v.Version != "9.8.7" || !strings.HasPrefix(v.Revision, "0123") || v.Date != "2026-01-02T03:04:05Z" || v.Modified {
		t.Errorf("%s", out)
	}
	out, err = exec.Command(program(t), "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "netgen 9.8.7 (") || !strings.HasSuffix(string(out), "\nrevision 0123456789012345678901234567890123456789 of 2026-01-02T03:04:05Z\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestReproducible builds the program again, all of it, from a copy of the
// source in another directory.
func TestReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles everything again")
	}
	source, again := t.TempDir(), filepath.Join(t.TempDir(), "netgen")
	copySource(t, source)
	buildIn(t, source, again, "-a")
	first, err := os.ReadFile(program(t))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(again)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Errorf("sha256:%x and sha256:%x", sha256.Sum256(first), sha256.Sum256(second))
	}
	t.Logf("%d bytes, sha256:%x", len(first), sha256.Sum256(first))
}

// TestWorkflow sees that the release may do no more than it has to, and runs no
// code that somebody else can change later.
func TestWorkflow(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(repository, ".github", "workflows", "release.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var w struct {
		Permissions map[string]string
		Env         map[string]string
		Jobs        map[string]struct {
			Permissions map[string]string
			Steps       []struct {
				Uses, Run string
				With      map[string]any
			}
		}
	}
	if err := yaml.Unmarshal(data, &w); err != nil {
		t.Fatal(err)
	}
	if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" || len(w.Jobs) != 2 {
		t.Errorf("%+v", w)
	}
	exact := regexp.MustCompile(`^v?\d+\.\d+\.\d+$`)
	if !exact.MatchString(w.Env["GO_VERSION"]) {
		t.Errorf("Go %q is not one version", w.Env["GO_VERSION"])
	}
	var asked []string // and released, in this order
	for _, name := range slices.Sorted(maps.Keys(w.Jobs)) {
		job := w.Jobs[name]
		if name != "release" && len(job.Permissions) > 0 {
			t.Errorf("the job %s may %v", name, job.Permissions)
		}
		for _, step := range job.Steps {
			if step.Uses != "" && !regexp.MustCompile(`^[\w/.-]+@[0-9a-f]{40}$`).MatchString(step.Uses) {
				t.Errorf("%s is not pinned to a commit", step.Uses)
			}
			if strings.Contains(step.Run, "${{") {
				t.Errorf("an expression becomes part of a script: %s", step.Run)
			}
			if question, ok := strings.CutPrefix(step.Run, ".github/release.sh "); ok {
				asked = append(asked, name+": "+question)
			}
			switch action, _, _ := strings.Cut(step.Uses, "@"); action {
			case "actions/checkout":
				if step.With["persist-credentials"] != false {
					t.Errorf("the job %s leaves a token in its clone", name)
				}
			case "actions/setup-go":
				if step.With["go-version"] != "${{ env.GO_VERSION }}" || step.With["cache"] != false {
					t.Errorf("the job %s builds with %v", name, step.With)
				}
			case "goreleaser/goreleaser-action":
				asked = append(asked, name+": release")
				if version, _ := step.With["version"].(string); !exact.MatchString(version) {
					t.Errorf("GoReleaser %q is not one version", version)
				}
			}
		}
	}
	if want := []string{`check: entered "$GITHUB_REF_NAME"`, `release: new "$GITHUB_REF_NAME"`, "release: release"}; !slices.Equal(asked, want) {
		t.Errorf("%q", asked)
	}
}

// copySource copies the main module, without what is hidden, of other modules
// or built.
func copySource(t *testing.T, to string) {
	t.Helper()
	err := filepath.WalkDir(repository, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(repository, name)
		if err != nil || rel == "." {
			return err
		}
		if d.IsDir() {
			_, err := os.Stat(filepath.Join(name, "go.mod"))
			if err == nil || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || rel == "bin" {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), data, 0o644)
	})
	if err != nil {
		t.Fatal(fmt.Errorf("copy the source: %w", err))
	}
}
