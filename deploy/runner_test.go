package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// action is action.yml.
type action struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Inputs      map[string]struct {
		Description string `json:"description"`
		Default     string `json:"default"`
	} `json:"inputs"`
	Outputs map[string]struct {
		Description string `json:"description"`
		Value       string `json:"value"`
	} `json:"outputs"`
	Runs struct {
		Using string `json:"using"`
		Steps []struct {
			ID    string            `json:"id"`
			Name  string            `json:"name"`
			Shell string            `json:"shell"`
			Run   string            `json:"run"`
			Env   map[string]string `json:"env"`
		} `json:"steps"`
	} `json:"runs"`
}

func readAction(t *testing.T) *action {
	t.Helper()
	data, err := os.ReadFile("github/action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.UnmarshalStrict(data, &a); err != nil {
		t.Fatal(err)
	}
	return &a
}

var expression = regexp.MustCompile(`\$\{\{\s*([^}]*?)\s*\}\}`)

// job is a run of the action on a runner of the tests.
type job struct {
	workspace string
	with      map[string]string // inputs
	number    string            // of the pull request
	group     string            // what a merge queue puts the change on
	env       []string          // beside what every runner has

	log     string
	failed  bool
	ran     []string // steps
	outputs map[string]string
	summary string
}

// run does what a runner does with a composite action: its steps one after the
// other, with expressions replaced in env and nowhere else, until one fails. The
// first step was run by the tests already.
func (j *job) run(t *testing.T, f *fake) {
	t.Helper()
	a := readAction(t)
	path, err := filepath.Abs("github")
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	work := filepath.Join(temp, "netgen")
	copyFile(t, netgen(t), filepath.Join(work, "netgen"))
	values := map[string]string{
		"github.token": token, "github.event.pull_request.number": j.number, "github.event.merge_group.base_sha": j.group,
		"steps.install.outputs.work": work, "steps.install.outputs.netgen": filepath.Join(work, "netgen"),
	}
	for name := range j.with {
		if _, ok := a.Inputs[name]; !ok {
			t.Fatalf("there is no input %s", name)
		}
	}
	replace := func(s string) string {
		return expression.ReplaceAllStringFunc(s, func(e string) string {
			name := expression.FindStringSubmatch(e)[1]
			value, ok := values[name]
			if !ok && !strings.HasPrefix(name, "steps.") { // a step may not say a thing
				t.Fatalf("%s is not known", name)
			}
			return value
		})
	}
	for name, input := range a.Inputs {
		values["inputs."+name] = replace(input.Default)
		if value, ok := j.with[name]; ok {
			values["inputs."+name] = value
		}
	}
	summary := filepath.Join(temp, "summary")
	for _, step := range a.Runs.Steps {
		if step.ID == "install" {
			continue
		}
		output, script := filepath.Join(temp, step.ID+".output"), filepath.Join(temp, step.ID+".sh")
		write(t, output, "")
		write(t, script, step.Run+"\n")
		env := append(clean(t), "GITHUB_ACTION_PATH="+path, "GITHUB_OUTPUT="+output, "GITHUB_STEP_SUMMARY="+summary, "RUNNER_TEMP="+temp,
			"GITHUB_API_URL="+f.URL, "GITHUB_GRAPHQL_URL="+f.URL+"/graphql", "GITHUB_SERVER_URL=https://example.com",
			"GITHUB_REPOSITORY=acme/shop", "GITHUB_RUN_ID=99", "NETGEN_RETRY_DELAY=0")
		if j.number != "" {
			env = append(env, "GITHUB_BASE_REF=main")
		}
		env = append(env, j.env...)
		for name, value := range step.Env {
			env = append(env, name+"="+replace(value))
		}
		if step.Shell != "bash" {
			t.Fatalf("step %s: no shell %q here", step.ID, step.Shell)
		}
		out, code := command(t, j.workspace, env, "bash", "--noprofile", "--norc", "-eo", "pipefail", script)
		j.log += out
		j.ran = append(j.ran, step.ID)
		data, err := os.ReadFile(output)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range outputs(string(data)) {
			values["steps."+step.ID+".outputs."+name] = value
		}
		if code != 0 {
			j.failed = true
			break
		}
	}
	j.outputs = map[string]string{}
	for name, out := range a.Outputs {
		j.outputs[name] = replace(out.Value)
	}
	data, err := os.ReadFile(summary)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	j.summary = string(data)
	if strings.Contains(j.log+j.summary, token) {
		t.Error("the token is in the log or the summary")
	}
	if status := must(t, j.workspace, clean(t), "git", "status", "--porcelain"); status != "" {
		t.Errorf("the action leaves in the work tree:\n%s", status)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(data))
}

// annotations of a level in the log.
func (j *job) annotations(level string) []string {
	var out []string
	for line := range strings.Lines(j.log) {
		if strings.HasPrefix(line, "::"+level+" ") {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}

func (j *job) expect(t *testing.T, failed bool, in ...string) {
	t.Helper()
	if j.failed != failed {
		t.Errorf("failed is %t\n%s", j.failed, j.log)
	}
	for _, want := range in {
		if !strings.Contains(j.log, want) {
			t.Errorf("%q is not in the log:\n%s", want, j.log)
		}
	}
	if !slices.Equal(j.ran, []string{"vet", "build", "verify", "diff", "comment", "result"}) {
		t.Errorf("the steps that ran are %v\n%s", j.ran, j.log)
	}
}
