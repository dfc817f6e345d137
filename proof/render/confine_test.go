package render_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netgen.dev/diag"
	"netgen.dev/internal/foreign"
	"netgen.dev/proof/render"
)

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

// watch sees to it that nothing can be fetched, and that what tries is known.
func watch(t testing.TB) (asked func() []string) {
	t.Helper()
	var all []string
	before := http.DefaultTransport
	http.DefaultTransport = roundTrip(func(r *http.Request) (*http.Response, error) {
		all = append(all, r.URL.String())
		return nil, errors.New("there is no network here")
	})
	t.Cleanup(func() { http.DefaultTransport = before })
	bin, log := t.TempDir(), filepath.Join(t.TempDir(), "git")
	if err := os.WriteFile(filepath.Join(bin, "git"), fmt.Appendf(nil, "#!/bin/sh\necho \"$@\" >> %s\nexit 1\n", log), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return func() []string {
		if data, err := os.ReadFile(log); err == nil {
			all = append(all, "git "+string(data))
		}
		return all
	}
}

type roundTrip func(r *http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestFetchesNothing: whatever Kustomize would fetch is refused at its line, before
// it is asked.
func TestFetchesNothing(t *testing.T) {
	for title, tt := range map[string]struct {
		fields string
		line   int
	}{
		"a resource":                  {"resources:\n- a.yaml\n- https://example.com/x.yaml\n", 3},
		"in capitals":                 {"resources: [HTTPS://example.com/x.yaml]\n", 1},
		"a field in another case":     {"Resources: [https://example.com/x.yaml]\n", 1},
		"a repository":                {"resources: [\"github.com/a/b\"]\n", 1},
		"a repository with git::":     {"resources: [\"git::https://example.com/a/b\"]\n", 1},
		"a repository by ssh":         {"resources: [\"git@example.com:a/b\"]\n", 1},
		"a repository on the disk":    {"resources: [\"file:///tmp/a.git\"]\n", 1},
		"a directory of that name":    {"resources: [GitHub.com/a/b]\n", 1},
		"a base":                      {"bases: [\"https://example.com/x?ref=v1\"]\n", 1},
		"a component":                 {"components: [https://example.com/x]\n", 1},
		"a patch":                     {"resources: [a.yaml]\npatches:\n- path: https://example.com/x\n  target: {kind: ConfigMap}\n", 3},
		"a strategic patch":           {"resources: [a.yaml]\npatchesStrategicMerge: [https://example.com/x]\n", 2},
		"an old patch":                {"resources: [a.yaml]\npatchesJson6902:\n- {path: \"https://example.com/x\", target: {version: v1, kind: ConfigMap, name: a}}\n", 3},
		"files of a generator":        {"configMapGenerator:\n- {name: b, files: [\"k=https://example.com/x\"]}\n", 2},
		"variables of a generator":    {"secretGenerator:\n- {name: b, envs: [\"https://example.com/x\"]}\n", 2},
		"a schema":                    {"openapi: {path: \"https://example.com/x\"}\n", 1},
		"definitions":                 {"crds: [https://example.com/x]\n", 1},
		"a configuration":             {"configurations: [https://example.com/x]\n", 1},
		"a replacement":               {"resources: [a.yaml]\nreplacements: [{path: \"https://example.com/x\"}]\n", 2},
		"a transformer":               {"resources: [a.yaml]\ntransformers: [https://example.com/x]\n", 2},
		"a transformer that is there": {"resources: [a.yaml]\ntransformers: [t.yaml]\n", 2},
		"a transformer in place":      {"resources: [a.yaml]\ntransformers:\n- |\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: x}\n  path: https://example.com/x\n", 3},
		"a base that does":            {"resources: [base]\n", 1},
	} {
		t.Run(title, func(t *testing.T) {
			asked := watch(t)
			tree := map[string][]byte{
				"o/kustomization.yaml": []byte(tt.fields), "o/a.yaml": []byte(configMap),
				"o/GitHub.com/a/b/kustomization.yaml": []byte("resources: []\n"),
				"o/t.yaml":                            []byte("apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: x}\npath: https://example.com/x\ntarget: {kind: ConfigMap}\n"),
				"o/base/Kustomization":                []byte("resources: [https://example.com/x]\n"),
			}
			_, err := render.Overlay(tree, "o")
			own, ok := errors.AsType[*foreign.Error](err)
			if !ok || own.Code != diag.Network || own.Pos.Line != tt.line || !strings.HasPrefix(own.Pos.File, "o/") {
				t.Errorf("%v", err)
			}
			if all := asked(); len(all) > 0 {
				t.Errorf("it asked for %q", all)
			}
		})
	}
}

// TestRendersTheRest: an address that is no name of a file is no harm.
func TestRendersTheRest(t *testing.T) {
	asked := watch(t)
	tree := map[string][]byte{
		"o/kustomization.yaml": []byte("resources: [a.yaml, ../base]\ncommonAnnotations: {see: \"https://example.com\"}\nconfigMapGenerator: [{name: b, literals: [\"url=https://example.com\"]}]\npatches:\n- target: {kind: ConfigMap}\n  patch: |-\n    - {op: add, path: /data, value: {url: \"https://example.com\"}}\n"),
		"o/a.yaml":             []byte(configMap), "base/kustomization.yml": []byte("resources: [c.yaml]\n"), "base/c.yaml": []byte(strings.Replace(configMap, "name: a", "name: c", 1)),
	}
	out, err := render.Overlay(tree, "o")
	if err != nil || strings.Count(string(out), "kind: ConfigMap") != 3 {
		t.Errorf("%v\n%s", err, out)
	}
	if all := asked(); len(all) > 0 {
		t.Errorf("it asked for %q", all)
	}
}

// TestEntangled: nothing is given to Kustomize that would fill the memory.
func TestEntangled(t *testing.T) {
	for name, data := range map[string]string{
		"o/kustomization.yaml": "resources: [a.yaml]\nlabels: &l []\n", "o/a.yaml": "a: &a [x]\nb: *a\n", "o/unused.yaml": "a: !!binary x\n",
	} {
		tree := map[string][]byte{"o/kustomization.yaml": []byte("resources: [a.yaml]\n"), "o/a.yaml": []byte(configMap)}
		tree[name] = []byte(data)
		_, err := render.Overlay(tree, "o")
		if own, ok := errors.AsType[*foreign.Error](err); !ok || own.Code != diag.Ambiguous || own.Pos.File != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzOverlay renders any kustomization: nothing is fetched for it.
func FuzzOverlay(f *testing.F) {
	for _, seed := range []string{
		"resources: [a.yaml]\n", "resources: [https://example.com/x]\n", "bases: [\"git@github.com:a/b\"]\n", "patches: [{path: a.yaml}]\n",
		"configMapGenerator: [{name: b, files: [\"k=http:x\"]}]\n", "Resources: [GitHub.com/a]\n", "transformers: [t]\nopenapi: {path: x}\n", "kind: Component\n",
		"helmCharts: [{name: a, repo: \"https://example.com\"}]\n", "vars: []\nimages: [{name: a, newTag: b}]\n", "replacements: [{path: x}]\n",
	} {
		f.Add(seed)
	}
	asked := watch(f)
	f.Fuzz(func(t *testing.T, text string) {
		tree := map[string][]byte{"o/kustomization.yaml": []byte(text), "o/a.yaml": []byte(configMap), "o/t": []byte(text)}
		if out, err := render.Overlay(tree, "o"); err == nil && out == nil {
			t.Log("nothing is rendered")
		}
		if all := asked(); len(all) > 0 {
			t.Fatalf("%q has it ask for %q", text, all)
		}
	})
}
