package argocd

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/cmp"
	"google.golang.org/protobuf/types/known/emptypb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const shop = `package shop

import "netgen.dev/schema"

topology: schema.#Topology & {
	name:      "shop"
	version:   string | *"1.0.0" @tag(version)
	namespace: "shop"
	services: {
		frontend: {ports: http: 8080, connects: backend: {}}
		backend: ports: http: 8080
	}
	environments: {
		dev: namespaces: shop: "shop-dev"
		prod: {}
	}
}
`

// plain is a topology without environments.
var plain = shop[:strings.Index(shop, "\tenvironments")] + "}\n"

// TestTopologies compares what the server answers for every topology and
// environment of the repository with netgen build.
func TestTopologies(t *testing.T) {
	repo := repository(t, nil)
	if err := os.CopyFS(filepath.Join(repo, "topologies"), os.DirFS(filepath.Join(root, "topologies"))); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(repo, "topologies"))
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, e := range entries {
		dir := filepath.Join(repo, "topologies", e.Name())
		tree := filepath.Join(t.TempDir(), "out")
		command(t, "build", dir, "-o", tree)
		overlays, err := filepath.Glob(filepath.Join(tree, "*/overlays/*"))
		if err != nil || len(overlays) == 0 {
			t.Fatal(overlays, err)
		}
		for _, overlay := range overlays {
			env := filepath.Base(overlay)
			got, err := generate(t.Context(), call{repository: repo, path: "topologies/" + e.Name(), plugin: parameters("environment", env)})
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, built(t, dir, "--env", env))
			compared += len(got)
		}
	}
	t.Logf("%d objects are those of netgen build", compared)
}

func same(t *testing.T, got, want []*unstructured.Unstructured) {
	t.Helper()
	if len(want) == 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("%d objects are not the %d that they should be", len(got), len(want))
	}
	for _, o := range got {
		if o.GetKind() != "NetworkPolicy" || o.GetNamespace() == "" {
			t.Errorf("an object is %s %s/%s", o.GetKind(), o.GetNamespace(), o.GetName())
		}
	}
}

func TestRequests(t *testing.T) {
	tags := func(p *v1alpha1.ApplicationSourcePlugin, m map[string]string) *v1alpha1.ApplicationSourcePlugin {
		p.Parameters = append(p.Parameters, v1alpha1.ApplicationSourcePluginParameter{Name: "tags", OptionalMap: &v1alpha1.OptionalMap{Map: m}})
		return p
	}
	repo := repository(t, map[string]string{
		"apps/shop/shop.cue":   shop,
		"apps/plain/plain.cue": strings.Replace(plain, `"shop"`, `"plain"`, 1),
		".git/HEAD":            "ref: refs/heads/main\n",
		// A module, a package of it, and a package that goes on in a directory above.
		"module/cue.mod/module.cue":       "module: \"example.com/m\"\nlanguage: version: \"v0.17.0\"\n",
		"module/names/names.cue":          "package names\n\nnamespace: \"shop\"\n",
		"module/apps/common.cue":          "package shop\n\ntopology: services: common: ports: http: 9000\n",
		"module/apps/shop/prod/shop.cue":  strings.Replace(strings.Replace(plain, "import ", "import \"example.com/m/names\"\n\nimport ", 1), `namespace: "shop"`, `namespace: names.namespace`, 1),
		"elsewhere/nothing/to/do/with.md": "it",
	})
	at := func(dir string) string { return filepath.Join(repo, dir) }
	variables := &v1alpha1.ApplicationSourcePlugin{Env: v1alpha1.Env{
		{Name: "NETGEN_ENVIRONMENT", Value: "dev"}, {Name: "NETGEN_DIRECTORY", Value: "shop"}, {Name: "NETGEN_TAG_version", Value: "2.0.0"}, {Name: "OTHER", Value: "x"},
	}}
	for _, tt := range []struct {
		title string
		call  call
		want  []string // of netgen build
	}{
		{"environment", call{path: "apps/shop", plugin: parameters("environment", "prod")}, []string{at("apps/shop"), "--env", "prod"}},
		{"with .git", call{path: "apps/shop", plugin: parameters("environment", "prod"), keepGit: true}, []string{at("apps/shop"), "--env", "prod"}},
		{"tags", call{path: "apps/shop", plugin: tags(parameters("environment", "dev"), map[string]string{"version": "3.0.0"})}, []string{at("apps/shop"), "--env", "dev", "-t", "version=3.0.0"}},
		{"directory", call{path: "apps", plugin: parameters("environment", "dev", "directory", "./shop")}, []string{at("apps/shop"), "--env", "dev"}},
		{"directory of the repository", call{path: ".", plugin: parameters("environment", "dev", "directory", "apps/shop/")}, []string{at("apps/shop"), "--env", "dev"}},
		{"every topology", call{path: "apps/plain", plugin: parameters("directory", "./...")}, []string{at("apps/plain/...")}},
		{"variables", call{path: "apps", plugin: variables}, []string{at("apps/shop"), "--env", "dev", "-t", "version=2.0.0"}},
		{"null parameters", call{path: "apps/plain", plugin: &v1alpha1.ApplicationSourcePlugin{}}, []string{at("apps/plain")}},
		{"no plugin at all", call{path: "apps/plain"}, []string{at("apps/plain")}},
		{"no parameters", call{path: "apps/plain", plugin: &v1alpha1.ApplicationSourcePlugin{Parameters: v1alpha1.ApplicationSourcePluginParameters{}}}, []string{at("apps/plain")}},
		{"empty parameters", call{path: "apps/plain", plugin: tags(parameters("environment", "", "directory", ""), nil)}, []string{at("apps/plain")}},
		{"module above", call{path: "module/apps/shop/prod"}, []string{at("module/apps/shop/prod")}},
		{"part of the repository", call{path: "module/apps/shop/prod", sent: "module"}, []string{at("module/apps/shop/prod")}},
	} {
		t.Run(tt.title, func(t *testing.T) {
			tt.call.repository = repo
			got, err := generate(t.Context(), tt.call)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, built(t, tt.want...))
		})
	}
}

// TestAtOnce renders many Applications at the same time.
func TestAtOnce(t *testing.T) {
	repo := repository(t, map[string]string{"apps/shop/shop.cue": shop})
	want := map[string][]*unstructured.Unstructured{}
	for _, env := range []string{"dev", "prod"} {
		want[env] = built(t, filepath.Join(repo, "apps/shop"), "--env", env)
	}
	type answer struct {
		env string
		got []*unstructured.Unstructured
		err error
	}
	answers := make(chan answer)
	for i := range 16 {
		env := []string{"dev", "prod"}[i%2]
		go func() {
			got, err := generate(t.Context(), call{repository: repo, path: "apps/shop", plugin: parameters("environment", env)})
			answers <- answer{env, got, err}
		}()
	}
	for range 16 {
		a := <-answers
		if a.err != nil {
			t.Fatal(a.err)
		}
		same(t, a.got, want[a.env])
	}
}

// TestAnnouncements sees that the form of the UI offers what the plug-in takes.
func TestAnnouncements(t *testing.T) {
	config, err := client.CheckPluginConfiguration(t.Context(), &emptypb.Empty{})
	if err != nil || config.IsDiscoveryConfigured || config.ProvideGitCreds {
		t.Errorf("discovery and credentials: %v, %v", config, err)
	}
	repo := repository(t, map[string]string{"apps/plain/plain.cue": plain})
	var names []string
	stream, err := client.GetParametersAnnouncement(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := cmp.SendRepoStream(t.Context(), filepath.Join(repo, "apps/plain"), repo, stream, nil, nil); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range answer.ParameterAnnouncements {
		names = append(names, a.Name)
		if a.Title == "" || a.Tooltip == "" {
			t.Errorf("the parameter %s is not explained", a.Name)
		}
		p := v1alpha1.ApplicationSourcePluginParameter{Name: a.Name}
		switch empty := ""; a.CollectionType {
		case "map":
			p.OptionalMap = &v1alpha1.OptionalMap{Map: map[string]string{}}
		case "":
			p.String_ = &empty
		default:
			t.Errorf("the parameter %s is of type %s", a.Name, a.CollectionType)
		}
		_, err := generate(t.Context(), call{repository: repo, path: "apps/plain", plugin: &v1alpha1.ApplicationSourcePlugin{Parameters: v1alpha1.ApplicationSourcePluginParameters{p}}})
		if err != nil {
			t.Errorf("the plug-in does not take %s: %v", a.Name, err)
		}
	}
	if want := []string{"environment", "directory", "tags"}; !slices.Equal(names, want) {
		t.Errorf("it announces %v, not %v", names, want)
	}
}
