package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sigs.k8s.io/yaml"

	"netgen.dev/diag"
)

func TestPluginRequest(t *testing.T) {
	for _, tt := range []struct {
		title   string
		environ []string
		want    request
	}{
		{"nothing", nil, request{directory: "."}},
		{"empty", []string{"ARGOCD_APP_PARAMETERS="}, request{directory: "."}},
		{"null", []string{"ARGOCD_APP_PARAMETERS=null"}, request{directory: "."}},
		{"none", []string{"ARGOCD_APP_PARAMETERS= [] "}, request{directory: "."}},
		{"without values", []string{`ARGOCD_APP_PARAMETERS=[{"name":"environment"},{"name":"tags"},{"name":"directory","string":""}]`}, request{directory: "."}},
		{"empty collections", []string{`ARGOCD_APP_PARAMETERS=[{"name":"environment","array":[],"map":{}},{"name":"tags","string":"","array":[]}]`}, request{directory: "."}},
		{
			"all",
			[]string{`ARGOCD_APP_PARAMETERS=[{"name":"environment","string":"prod"},{"name":"directory","string":"shop/..."},{"name":"tags","map":{"b":"2","a":"1=1 x"}}]`},
			request{environment: "prod", directory: "shop/...", tags: map[string]string{"a": "1=1 x", "b": "2"}},
		},
		{
			"variables",
			[]string{"ARGOCD_ENV_NETGEN_ENVIRONMENT=prod", "ARGOCD_ENV_NETGEN_DIRECTORY=shop", "ARGOCD_ENV_NETGEN_TAG_a=1", "ARGOCD_ENV_OTHER=x", "NETGEN_ENVIRONMENT=dev", "PARAM_ENVIRONMENT=dev"},
			request{environment: "prod", directory: "shop", tags: map[string]string{"a": "1"}},
		},
		{
			"parameters before variables",
			[]string{
				"ARGOCD_ENV_NETGEN_ENVIRONMENT=dev", "ARGOCD_ENV_NETGEN_DIRECTORY=bank", "ARGOCD_ENV_NETGEN_TAG_a=1", "ARGOCD_ENV_NETGEN_TAG_b=1",
				`ARGOCD_APP_PARAMETERS=[{"name":"environment","string":"prod"},{"name":"directory","string":""},{"name":"tags","map":{"a":"2"}}]`,
			},
			request{environment: "prod", directory: "bank", tags: map[string]string{"a": "2", "b": "1"}},
		},
	} {
		if tt.want.tags == nil {
			tt.want.tags = map[string]string{}
		}
		got, err := pluginRequest(tt.environ)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, %v, and not %+v", tt.title, got, err, tt.want)
		}
	}
}

func TestPluginRequestRefused(t *testing.T) {
	for _, tt := range []struct {
		title, entry, want string
	}{
		{"no JSON", `ARGOCD_APP_PARAMETERS=environment: prod`, "ARGOCD_APP_PARAMETERS is no list of parameters"},
		{"object", `ARGOCD_APP_PARAMETERS={"name":"environment"}`, "is no list of parameters"},
		{"more than a list", `ARGOCD_APP_PARAMETERS=[] []`, "is no list of parameters"},
		{"number", `ARGOCD_APP_PARAMETERS=[{"name":"environment","string":5}]`, "is no list of parameters"},
		{"field", `ARGOCD_APP_PARAMETERS=[{"name":"environment","value":"prod"}]`, "a field that netgen does not know"},
		{"field twice", `ARGOCD_APP_PARAMETERS=[{"name":"environment","string":"a","string":"b"}]`, "or one twice"},
		{"case", `ARGOCD_APP_PARAMETERS=[{"name":"Environment","string":"a"}]`, `there is no parameter "Environment": netgen knows environment, directory and tags`},
		{"no name", `ARGOCD_APP_PARAMETERS=[null]`, `there is no parameter ""`},
		{"twice", `ARGOCD_APP_PARAMETERS=[{"name":"tags"},{"name":"tags"}]`, "the parameter tags is there twice"},
		{"map for a string", `ARGOCD_APP_PARAMETERS=[{"name":"directory","map":{"a":"b"}}]`, "the parameter directory is a string"},
		{"string for a map", `ARGOCD_APP_PARAMETERS=[{"name":"tags","string":"a=b"}]`, "the parameter tags is a map"},
		{"array for a map", `ARGOCD_APP_PARAMETERS=[{"name":"tags","array":["a=b"]}]`, "the parameter tags is a map"},
		{"tab", `ARGOCD_APP_PARAMETERS=[{"name":"environment","string":"a\tb"}]`, "the parameter environment has control characters, or ones that do not show"},
		{"direction", `ARGOCD_APP_PARAMETERS=[{"name":"environment","string":"a\u202eb"}]`, "or ones that do not show"},
		{"NUL", `ARGOCD_APP_PARAMETERS=[{"name":"directory","string":"a\u0000b"}]`, "control characters"},
		{"no UTF-8", "ARGOCD_ENV_NETGEN_ENVIRONMENT=\xff", "NETGEN_ENVIRONMENT has control characters"},
		{"long", "ARGOCD_ENV_NETGEN_ENVIRONMENT=" + strings.Repeat("x", 5000), "NETGEN_ENVIRONMENT is longer than 4096 bytes"},
		{"key", `ARGOCD_APP_PARAMETERS=[{"name":"tags","map":{"-x":"b"}}]`, `the parameter tags: "-x" cannot be the key of a CUE @tag`},
		{"no key", "ARGOCD_ENV_NETGEN_TAG_=x", `NETGEN_TAG_…: "" cannot be the key of a CUE @tag`},
		{"value", "ARGOCD_ENV_NETGEN_TAG_a=x\ny", "NETGEN_TAG_…: the value of a has control characters"},
		{"variable", "ARGOCD_ENV_NETGEN_TAGS=a=b", "there is no variable NETGEN_TAGS: netgen knows NETGEN_ENVIRONMENT, NETGEN_DIRECTORY and NETGEN_TAG_<key>"},
	} {
		_, err := pluginRequest([]string{tt.entry})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, and not %s", tt.title, err, tt.want)
		}
	}
	for _, directory := range []string{"/", "/etc", "..", "../x", "x/..", "x/../y", `x\..\y`, "./../x", ".../..", "x/../..."} {
		data, err := json.Marshal([]parameter{{Name: "directory", String: &directory}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pluginRequest([]string{"ARGOCD_APP_PARAMETERS=" + string(data)}); err == nil {
			t.Errorf("%s is taken", directory)
		} else if _, ok := err.(unsafeError); !ok { //nolint:errorlint // what it is wrapped in would be shown
			t.Errorf("%s: %v is no refusal for safety", directory, err)
		}
	}
}

func TestFindSource(t *testing.T) {
	for _, tt := range []struct {
		cwd, app string
		want     source
	}{
		{"/w/id/apps/shop", "apps/shop", source{root: "/w/id", dir: "apps/shop"}},
		{"/w/id/apps/shop", "apps/shop/", source{root: "/w/id", dir: "apps/shop"}},
		{"/w/id", ".", source{root: "/w/id", dir: "."}},
		{"/w/id", "", source{root: "/w/id", dir: "."}},
		{"/w/id/shop", "apps/shop", source{root: "/w/id", dir: "shop", prefix: "apps"}},
		{"/w/id", "apps/shop", source{root: "/w/id", dir: ".", prefix: "apps/shop"}},
		{"/w/id/x", "../x", source{root: "/w/id/x", dir: "."}},
		{"/w/id/x", "/x", source{root: "/w/id/x", dir: "."}},
		{"/a", "b/a", source{root: "/", dir: "a", prefix: "b"}},
		{"/", "a", source{root: "/", dir: ".", prefix: "a"}},
	} {
		tt.want.confined = true
		if filepath.Separator != '/' {
			t.Skip("paths are those of Unix")
		}
		if got := findSource(tt.cwd, tt.app); got != tt.want {
			t.Errorf("%s in %s: %+v, and not %+v", tt.app, tt.cwd, got, tt.want)
		}
	}
}

// TestPluginExamples gives the plug-in what the examples ask for, and what
// plugin.yaml announces, as Argo CD would.
func TestPluginExamples(t *testing.T) {
	type asked struct {
		Parameters []parameter                    `json:"parameters"`
		Env        []struct{ Name, Value string } `json:"env"`
	}
	type source struct {
		Source struct {
			Plugin *asked `json:"plugin"`
		} `json:"source"`
	}
	count := 0
	for name, data := range argoObjects(t) {
		var o struct {
			Kind string `json:"kind"`
			Spec struct {
				source
				Template struct {
					Spec source `json:"spec"`
				} `json:"template"`
				Parameters struct {
					Static []struct {
						Name string `json:"name"`
						Type string `json:"collectionType"`
					} `json:"static"`
				} `json:"parameters"`
			} `json:"spec"`
		}
		if err := yaml.Unmarshal(data, &o); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		plugin := o.Spec.Source.Plugin
		if o.Kind == "ApplicationSet" {
			plugin = o.Spec.Template.Spec.Source.Plugin
		}
		if o.Kind == "ConfigManagementPlugin" {
			plugin = &asked{}
			for _, p := range o.Spec.Parameters.Static {
				value := "x"
				if p.Type == "map" {
					plugin.Parameters = append(plugin.Parameters, parameter{Name: p.Name, Map: map[string]string{"a": value}})
				} else {
					plugin.Parameters = append(plugin.Parameters, parameter{Name: p.Name, String: &value})
				}
			}
		}
		if plugin == nil {
			continue
		}
		count++
		list, err := json.Marshal(plugin.Parameters)
		if err != nil {
			t.Fatal(err)
		}
		environ := []string{"ARGOCD_APP_PARAMETERS=" + string(list)}
		for _, e := range plugin.Env {
			environ = append(environ, "ARGOCD_ENV_"+e.Name+"="+e.Value)
		}
		if _, err := pluginRequest(environ); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if count < 4 {
		t.Errorf("there are only %d examples", count)
	}
}

// argoObjects are the YAML files of deploy/argocd and the blocks of docs/argocd.md.
func argoObjects(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, pattern := range []string{"../../deploy/argocd/*.yaml", "../../deploy/argocd/examples/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out[file] = data
		}
	}
	page, err := os.ReadFile("../../docs/argocd.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(page), "\n```yaml")[1:] {
		head, body, _ := strings.Cut(block, "\n")
		body, _, _ = strings.Cut(body, "\n```\n")
		first, _, _ := strings.Cut(body, "\n")
		out["docs/argocd.md:"+head+" "+first+" "+body[max(0, len(body)-40):]] = []byte(body)
	}
	return out
}

// FuzzPluginRequest holds what is taken to what the rest of netgen relies on.
func FuzzPluginRequest(f *testing.F) {
	f.Add(`[{"name":"environment","string":"prod"},{"name":"directory","string":"a/b/..."},{"name":"tags","map":{"a":"b"}}]`, "", "")
	f.Add(`null`, "ENVIRONMENT", "prod")
	f.Add(``, "DIRECTORY", "../x")
	f.Add(`[]`, "TAG_version", "1\n2")
	f.Add("[{\"name\":\"directory\",\"string\":\"a\u202e\"}]", "DIRECTORY", "/etc")
	f.Fuzz(func(t *testing.T, list, name, value string) {
		req, err := pluginRequest([]string{"ARGOCD_APP_PARAMETERS=" + list, "ARGOCD_ENV_NETGEN_" + name + "=" + value})
		if err != nil {
			if text := diag.Clean(err.Error()); len(text) > 1000 || text == "" {
				t.Errorf("the message has %d bytes", len(text))
			}
			return
		}
		texts := append([]string{req.environment, req.directory}, req.injected()...)
		for _, s := range texts {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) || len(s) > 3*maxValue {
				t.Errorf("%q is taken", s)
			}
		}
		if !filepath.IsLocal(req.directory) && req.directory != "" {
			t.Errorf("%q leads out", req.directory)
		}
		for key := range maps.Keys(req.tags) {
			if key == "" || strings.ContainsAny(key, "= ") || key[0] == '-' {
				t.Errorf("the key %q is taken", key)
			}
		}
	})
}
