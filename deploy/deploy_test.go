// Package deploy_test holds the integrations with GitHub, GitLab and pre-commit
// to what is said of them, and runs them against local repositories and fakes of
// the APIs; as it does with what has to hold before a release.
package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestActionFile(t *testing.T) {
	a := readAction(t)
	if a.Runs.Using != "composite" || a.Name == "" || a.Description == "" {
		t.Error("it is no composite action with a name and a description")
	}
	used, known := map[string]bool{}, map[string]bool{}
	for i, step := range a.Runs.Steps {
		if strings.Contains(step.Run, "${{") {
			t.Errorf("step %s has an expression in its script", step.ID)
		}
		if step.Shell == "" || step.Name == "" || step.ID == "" || i == 0 && step.ID != "install" {
			t.Errorf("step %d lacks a name, an id or a shell", i)
		}
		for _, value := range step.Env {
			for _, m := range expression.FindAllStringSubmatch(value, -1) {
				kind, name, _ := strings.Cut(m[1], ".")
				switch kind {
				case "inputs":
					used[name] = true
				case "steps":
					if id, _, _ := strings.Cut(name, "."); !known[id] {
						t.Errorf("step %s looks at %s, which has not run", step.ID, id)
					}
				}
			}
		}
		known[step.ID] = true
		for _, m := range regexp.MustCompile(`\$GITHUB_ACTION_PATH/([^"\s]+)`).FindAllStringSubmatch(step.Run, -1) {
			if _, err := os.Stat(filepath.Join("github", m[1])); err != nil {
				t.Errorf("step %s: %v", step.ID, err)
			}
		}
	}
	for name, input := range a.Inputs {
		if !used[name] {
			t.Errorf("the input %s is not used", name)
		}
		delete(used, name)
		if input.Description == "" {
			t.Errorf("the input %s is not described", name)
		}
	}
	for name := range used {
		t.Errorf("the input %s is not declared", name)
	}
	for name, out := range a.Outputs {
		m := expression.FindStringSubmatch(out.Value)
		if m == nil || out.Description == "" {
			t.Fatalf("the output %s has no value or description", name)
		}
		parts := strings.Split(m[1], ".")
		if len(parts) != 4 || parts[0] != "steps" || !known[parts[1]] || parts[2] != "outputs" {
			t.Errorf("the output %s is %s", name, out.Value)
		}
		script, err := os.ReadFile("github/step.sh")
		if err != nil || !strings.Contains(string(script), "output "+parts[3]+" ") {
			t.Errorf("no step says %s (%v)", parts[3], err)
		}
	}
}

// Every variable that a script of the action or of the job reads is set by
// somebody, and the other way round.
func TestVariables(t *testing.T) {
	variable := regexp.MustCompile(`NETGEN_[A-Z_]+`)
	read := func(files ...string) map[string]bool {
		out := map[string]bool{}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(data)) {
				if !strings.HasPrefix(strings.TrimSpace(line), "#") {
					for _, name := range variable.FindAllString(line, -1) {
						out[name] = true
					}
				}
			}
		}
		return out
	}
	same := func(what string, used, set map[string]bool, other ...string) {
		for name := range used {
			if !set[name] && !slices.Contains(other, name) {
				t.Errorf("%s: %s is read, and set by nobody", what, name)
			}
		}
		for name := range set {
			if !used[name] {
				t.Errorf("%s: %s is set, and read by nobody", what, name)
			}
		}
	}
	same("the action", read("lib.sh", "sticky.sh", "github/step.sh", "github/comment.sh"), read("github/action.yml"), "NETGEN_RETRY_DELAY")
	same("the job", read("lib.sh", "sticky.sh", "gitlab/job.sh", "gitlab/note.sh", "gitlab/netgen.gitlab-ci.yml"),
		read("gitlab/netgen.gitlab-ci.yml"), "NETGEN_RETRY_DELAY", "NETGEN_WORK", "NETGEN_TOKEN")
}

func TestScriptsParse(t *testing.T) {
	needTools(t)
	scripts, err := filepath.Glob("*/*.sh")
	own, err2 := filepath.Glob("*.sh")
	if err != nil || err2 != nil || len(scripts) == 0 || len(own) == 0 {
		t.Fatal(scripts, own, err, err2)
	}
	for _, script := range append(append(scripts, own...), "../.github/release.sh") {
		for _, shell := range []string{"sh", "bash"} {
			if out, code := command(t, ".", os.Environ(), shell, "-n", script); code != 0 {
				t.Errorf("%s -n %s: %s", shell, script, out)
			}
		}
		if _, err := exec.LookPath("shellcheck"); err == nil {
			if out, code := command(t, ".", os.Environ(), "shellcheck", "-x", "-P", "SCRIPTDIR", "--severity=error", script); code != 0 {
				t.Error(out)
			}
		}
	}
}

// hook is an entry of .pre-commit-hooks.yaml.
type hook struct {
	ID            string   `json:"id"`
	Name          string   `json:"name"`
	Description   string   `json:"description"`
	Language      string   `json:"language"`
	Entry         string   `json:"entry"`
	Args          []string `json:"args"`
	Files         string   `json:"files"`
	PassFilenames *bool    `json:"pass_filenames"`
	Verbose       bool     `json:"verbose"`
}

func readHooks(t *testing.T) map[string]hook {
	t.Helper()
	data, err := os.ReadFile("../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var list []hook
	if err := yaml.UnmarshalStrict(data, &list); err != nil {
		t.Fatal(err)
	}
	out := map[string]hook{}
	for _, h := range list {
		out[h.ID] = h
	}
	return out
}

// TestHooks runs the hooks on commits as pre-commit does: entry and args, and no
// names of files.
func TestHooks(t *testing.T) {
	hooks := readHooks(t)
	for id, h := range hooks {
		base, system := strings.CutSuffix(id, "-system")
		other, ok := hooks[base+map[bool]string{false: "-system"}[system]]
		if !ok || other.Entry != h.Entry || !slices.Equal(other.Args, h.Args) || other.Files != h.Files {
			t.Errorf("%s differs from %s", id, other.ID)
		}
		if want := map[bool]string{false: "golang", true: "system"}[system]; h.Language != want || h.Name == "" || h.Description == "" {
			t.Errorf("%s is %+v", id, h)
		}
		if files, err := regexp.Compile(h.Files); err != nil || !files.MatchString("shop/shop.cue") || h.PassFilenames == nil || *h.PassFilenames {
			t.Errorf("%s is for %s: %v", id, h.Files, err)
		}
	}
	repository := newHub(t, "")
	bin := filepath.Dir(netgen(t))
	env := append(repository.env, "PATH="+bin+":"+os.Getenv("PATH"))
	ends := func(change string, build bool) map[string]int {
		repository.write(t, change)
		if build {
			repository.build(t)
		}
		repository.git(t, "add", "-A")
		out := map[string]int{}
		for _, id := range []string{"netgen-vet", "netgen-build-check", "netgen-diff"} {
			h := hooks[id]
			words := append(strings.Fields(h.Entry), h.Args...)
			_, out[id] = command(t, repository.work, env, filepath.Join(bin, words[0]), words[1:]...)
		}
		return out
	}
	for _, c := range []struct {
		change           string
		build            bool
		vet, check, diff int
	}{{same, true, 0, 0, 0}, {widening, true, 0, 0, 0}, {same, false, 0, 1, 0}, {broken, false, 1, 1, 2}} {
		got := ends(c.change, c.build)
		if got["netgen-vet"] != c.vet || got["netgen-build-check"] != c.check || got["netgen-diff"] != c.diff {
			t.Errorf("for %q (built: %t) the hooks end with %v", c.change, c.build, got)
		}
	}
}

// workflow is as much of a workflow as the documentation shows.
type workflow struct {
	On          string            `json:"on"`
	Name        string            `json:"name"`
	Permissions map[string]string `json:"permissions"`
	Jobs        map[string]struct {
		Permissions map[string]string `json:"permissions"`
		Steps       []struct {
			Uses string         `json:"uses"`
			With map[string]any `json:"with"`
		} `json:"steps"`
	} `json:"jobs"`

	Include []map[string]string `json:"include"`
	Netgen  struct {
		Variables map[string]string `json:"variables"`
	} `json:"netgen"`

	Repos []struct {
		Hooks []hook `json:"hooks"`
	} `json:"repos"`
}

// TestExamples holds the examples of docs/ci.md to what there is.
func TestExamples(t *testing.T) {
	data, err := os.ReadFile("../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	a, p, hooks := readAction(t), readPipeline(t), readHooks(t)
	inputs := func(with map[string]any) {
		for name := range with {
			if _, ok := a.Inputs[name]; !ok {
				t.Errorf("the action has no input %s", name)
			}
		}
	}
	seen := map[string]int{}
	for _, part := range strings.Split(page, "```yaml\n")[1:] {
		text, _, _ := strings.Cut(part, "```\n")
		// The schema of YAML 1.1 takes the key for a boolean.
		var w workflow
		if err := yaml.Unmarshal([]byte(strings.Replace(text, "on: ", `"on": `, 1)), &w); err != nil {
			t.Errorf("%v:\n%s", err, text)
		}
		for _, job := range w.Jobs {
			for _, step := range job.Steps {
				if strings.Contains(step.Uses, "/deploy/github@") {
					seen["action"]++
					inputs(step.With)
					if w.Permissions["pull-requests"]+job.Permissions["pull-requests"] != "write" {
						t.Errorf("the job may not comment:\n%s", text)
					}
				}
			}
		}
		for name := range w.Netgen.Variables {
			seen["job"]++
			if _, ok := p.Netgen.Variables[name]; !ok {
				t.Errorf("the job has no variable %s", name)
			}
		}
		for _, repo := range w.Repos {
			for _, h := range repo.Hooks {
				seen["hook"]++
				if _, ok := hooks[h.ID]; !ok {
					t.Errorf("there is no hook %s", h.ID)
				}
			}
		}
	}
	if seen["action"] < 4 || seen["job"] < 3 || seen["hook"] < 3 {
		t.Errorf("the examples use %v", seen)
	}
	for name := range a.Inputs {
		if !strings.Contains(page, "\n| `"+name+"` | ") {
			t.Errorf("the input %s is not in the table", name)
		}
	}
	_, told, _ := strings.Cut(page, "\nThe outputs are ")
	for name := range a.Outputs {
		if !strings.Contains(strings.SplitN(told, "\n\n", 2)[0], "`"+name+"`") {
			t.Errorf("the output %s is not told", name)
		}
	}
	for id := range hooks {
		if !strings.Contains(page, id) {
			t.Errorf("the hook %s is not told", id)
		}
	}
}
