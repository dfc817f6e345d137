package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// list is a ResourceList as programs read it.
type list struct {
	APIVersion     string           `json:"apiVersion"`
	Kind           string           `json:"kind"`
	Items          []map[string]any `json:"items"`
	FunctionConfig any              `json:"functionConfig"`
	Results        []map[string]any `json:"results"`
}

// callFunction runs netgen fn in a directory.
func callFunction(t *testing.T, dir, in string) (out list, stderr string, code int) {
	t.Helper()
	var stdout, messages bytes.Buffer
	code = run([]string{"-C", dir, "fn"}, strings.NewReader(in), &stdout, &messages, time.Now)
	if err := yaml.UnmarshalStrict(stdout.Bytes(), &out); err != nil {
		t.Fatalf("%v\n%s", err, stdout.String())
	}
	return out, messages.String(), code
}

// names returns kind and name of the items.
func (l list) names() string {
	var out []string
	for _, item := range l.Items {
		meta, _ := item["metadata"].(map[string]any)
		name, _ := meta["name"].(string)
		kind, _ := item["kind"].(string)
		out = append(out, kind+" "+name)
	}
	return strings.Join(out, ", ")
}

const emptyList = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n"

// TestFunctionAgain gives a function what it made before, as kpt does: what is no
// longer made goes, and the rest stays where somebody has moved it.
func TestFunctionAgain(t *testing.T) {
	dir := writeTopology(t, strings.Replace(smallTopology, "services:", "services: frontend: connects: backend: {}\n\tservices:", 1))
	first, stderr, code := callFunction(t, dir, emptyList)
	if code != exitOK || first.names() != "NetworkPolicy shop.backend, NetworkPolicy shop.default-deny, NetworkPolicy shop.frontend" {
		t.Fatal(first.names(), stderr)
	}
	at := func(item map[string]any) map[string]any {
		return item["metadata"].(map[string]any)["annotations"].(map[string]any)
	}
	if at(first.Items[1])[pathAnnotation] != "netgen/shop.yaml" || at(first.Items[1])[indexAnnotation] != "1" {
		t.Errorf("it is written to %v", at(first.Items[1]))
	}
	// One is moved, one of another topology is in the same file, and one is ours no more.
	at(first.Items[0])[pathAnnotation] = "mine.yaml"
	other := map[string]any{
		"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": map[string]any{},
		"metadata": map[string]any{
			"name": "bank.web", "namespace": "shop", "annotations": map[string]any{pathAnnotation: "netgen/shop.yaml"},
			"labels": map[string]any{"app.kubernetes.io/managed-by": "netgen", "app.kubernetes.io/part-of": "bank"},
		},
	}
	hand := map[string]any{
		"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": map[string]any{},
		"metadata": map[string]any{"name": "by-hand", "namespace": "shop", "annotations": map[string]any{pathAnnotation: "netgen/shop.yaml"}},
	}
	first.Items = append(first.Items, other, hand, first.Items[1])
	writeFile(t, filepath.Join(dir, "shop.cue"), smallTopology)
	data, err := yaml.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	second, stderr, code := callFunction(t, dir, string(data))
	want := "NetworkPolicy shop.backend, NetworkPolicy shop.default-deny, NetworkPolicy bank.web, NetworkPolicy by-hand"
	if code != exitOK || second.names() != want {
		t.Errorf("%s, and not %s (%s)", second.names(), want, stderr)
	}
	if len(second.Items) > 0 && at(second.Items[0])[pathAnnotation] != "mine.yaml" {
		t.Errorf("it was moved back to %v", at(second.Items[0]))
	}
	// And once more changes nothing.
	if data, err = yaml.Marshal(second); err != nil {
		t.Fatal(err)
	}
	third, _, _ := callFunction(t, dir, string(data))
	if again, err := yaml.Marshal(third); err != nil || !bytes.Equal(data, again) {
		t.Errorf("it changes what it made: %s", again)
	}
}

// TestKustomizeFunction runs the function as Kustomize does.
func TestKustomizeFunction(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(exe, filepath.Join(dir, "netgen")); err != nil { // the test binary is netgen under this name
		t.Skip("no links here: ", err)
	}
	// The example of the documentation, with a resource beside it.
	for _, name := range []string{"rollout/shop.cue", "policies/netgen.yaml", "policies/kustomization.yaml"} {
		text := strings.ReplaceAll(documented(t, "../../docs/argocd.md", name), "/usr/local/bin/netgen", filepath.Join(dir, "netgen"))
		writeFile(t, filepath.Join(dir, name), text+map[string]string{"policies/kustomization.yaml": "resources: [settings.yaml]\n"}[name])
	}
	writeFile(t, filepath.Join(dir, "policies/settings.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n")
	build := func(enabled bool) (string, error) {
		o := krusty.MakeDefaultOptions()
		o.PluginConfig = types.EnabledPluginConfig(types.BploUseStaticallyLinked)
		o.PluginConfig.FnpLoadingOptions.EnableExec = enabled
		m, err := krusty.MakeKustomizer(o).Run(filesys.MakeFsOnDisk(), filepath.Join(dir, "policies"))
		if err != nil {
			return "", err
		}
		data, err := m.AsYaml()
		return string(data), err
	}
	got, err := build(true)
	if err != nil {
		t.Fatal(err)
	}
	want, err := exec.Command(filepath.Join(dir, "netgen"), "build", filepath.Join(dir, "rollout"), "--env", "prod", "-o", "-").Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("%v: %s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	settings, policies, _ := strings.Cut(got, "---\n")
	policies = strings.ReplaceAll(policies, "    "+ownerAnnotation+": shop/prod\n", "")
	if !strings.Contains(settings, "name: settings") || policies != string(want) {
		t.Errorf("Kustomize makes\n%s\nand not\n%s", got, want)
	}
	// The trap that the documentation tells of.
	if got, err = build(false); err != nil || strings.Contains(got, "NetworkPolicy") {
		t.Errorf("without --enable-exec: %v\n%s", err, got)
	}
	writeFile(t, filepath.Join(dir, "rollout/shop.cue"), strings.Replace(smallTopology, "8080", "80800", 1))
	if got, err = build(true); err == nil {
		t.Errorf("a mistake is taken for success:\n%s", got)
	}
}

// documented returns the block of a page that is a file.
func documented(t *testing.T, page, name string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(text), " "+name+"\n")
	block, _, end := strings.Cut(block, "\n```\n")
	if !ok || !end {
		t.Fatalf("%s has no %s", page, name)
	}
	return block + "\n"
}

// TestRequestsBrokenStdout sees that output that got lost is not taken for success.
func TestRequestsBrokenStdout(t *testing.T) {
	dir := writeTopology(t, smallTopology)
	for _, args := range [][]string{{"-C", dir, "plugin", "generate"}, {"-C", dir, "fn"}} {
		var stderr bytes.Buffer
		if code := run(args, strings.NewReader(emptyList), brokenPipe{}, &stderr, time.Now); code != exitFailed {
			t.Errorf("%v: exit code %d: %s", args, code, stderr.String())
		}
	}
}

// FuzzResourceList gives the function lists that mean harm: it does not fall over,
// and what it writes is a list with all that is not its own.
func FuzzResourceList(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "shop")
	if err := os.Mkdir(dir, 0o755); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "shop.cue"), []byte(smallTopology), 0o644); err != nil {
		f.Fatal(err)
	}
	f.Add(emptyList)
	f.Add("apiVersion: config.kubernetes.io/v1beta1\nkind: ResourceList\nitems:\n- &a {kind: X, metadata: {name: x}}\n- *a\n")
	f.Add(emptyList + "functionConfig:\n  apiVersion: v1\n  kind: ConfigMap\n  data: {directory: ., tag.a: b}\n")
	f.Add(emptyList + "functionConfig:\n  apiVersion: fn.netgen.dev/v1alpha1\n  kind: BuildPolicies\n  spec: {environment: default, tags: {}}\nresults: [x]\n")
	f.Add("{\"apiVersion\": \"config.kubernetes.io/v1\", \"kind\": \"ResourceList\", \"items\": null}")
	f.Add("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [5, null, [], {metadata: [], kind: {}}]\n")
	f.Add("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n? [items]\n: 5\n<<: {items: []}\n")
	f.Fuzz(func(t *testing.T, in string) {
		var stdout, stderr bytes.Buffer
		code := run([]string{"-C", dir, "fn"}, strings.NewReader(in), &stdout, &stderr, time.Now)
		if code != exitOK && stderr.Len() == 0 {
			t.Error("it fails without a word")
		}
		if stdout.Len() == 0 {
			if code == exitOK {
				t.Error("nothing is taken for success")
			}
			return
		}
		out, err := parseResourceList(stdout.Bytes())
		if err != nil {
			t.Fatalf("%v\n%s", err, stdout.String())
		}
		before, err := parseResourceList([]byte(in))
		if err != nil {
			t.Fatal("it takes what it does not parse: ", err)
		}
		others := 0
		for _, item := range before.existing() {
			if madeFor(target(item)) == "" {
				others++
			}
		}
		for _, item := range out.existing() {
			if madeFor(target(item)) == "" {
				others--
			}
		}
		if others != 0 {
			t.Errorf("%d items of others are gone:\n%s\n%s", others, in, stdout.String())
		}
		if code != exitOK && field(out.root, "results") == nil {
			t.Error("it fails and the results do not say so")
		}
	})
}
