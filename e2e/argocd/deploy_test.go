package argocd

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v3/applicationset/utils"
	"github.com/argoproj/argo-cd/v3/cmpserver/plugin"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// install is the kustomization of the documentation, with what it names by address
// in the same file system.
func install(t *testing.T) []byte {
	t.Helper()
	for _, block := range blocks(t) {
		if text := string(block); strings.Contains(text, "\ncomponents:\n") {
			text = regexp.MustCompile(`https://\S+/argo-cd//\S+`).ReplaceAllString(text, "../manifests")
			return []byte(regexp.MustCompile(`https://\S+//deploy/argocd\S*`).ReplaceAllString(text, "../deploy"))
		}
	}
	t.Fatal("the documentation has no kustomization with the component")
	return nil
}

// repoServer applies the component to Argo CD's own manifests, and returns the
// Deployment before and after.
func repoServer(t *testing.T) (before, after appsv1.Deployment) {
	t.Helper()
	disk := filesys.MakeFsInMemory()
	copyTo(t, disk, "/manifests", filepath.Join(argoDir, "manifests/base"))
	copyTo(t, disk, "/deploy", filepath.Join(root, "deploy/argocd"))
	if err := disk.WriteFile("/install/kustomization.yaml", install(t)); err != nil {
		t.Fatal(err)
	}
	for dir, into := range map[string]*appsv1.Deployment{"/manifests": &before, "/install": &after} {
		m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range m.Resources() {
			if r.GetKind() != "Deployment" || r.GetName() != "argocd-repo-server" {
				continue
			}
			data, err := r.AsYAML()
			if err != nil {
				t.Fatal(err)
			}
			if err := yaml.UnmarshalStrict(data, into); err != nil {
				t.Fatal(err)
			}
		}
	}
	return before, after
}

func copyTo(t *testing.T, to filesys.FileSystem, top, from string) {
	t.Helper()
	disk := os.DirFS(from)
	err := fs.WalkDir(disk, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(disk, name)
		if err != nil {
			return err
		}
		return to.WriteFile(path.Join(top, name), data)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestComponent(t *testing.T) {
	before, after := repoServer(t)
	was, is := before.Spec.Template.Spec, after.Spec.Template.Spec
	if len(was.Containers) == 0 || len(is.Containers) != len(was.Containers)+1 || len(is.InitContainers) != len(was.InitContainers) {
		t.Fatalf("%d containers, and %d before", len(is.Containers), len(was.Containers))
	}
	i := slices.IndexFunc(is.Containers, func(c corev1.Container) bool { return c.Name == "netgen" })
	if i < 0 {
		t.Fatal("there is no sidecar")
	}
	c := is.Containers[i]
	if others := slices.Delete(slices.Clone(is.Containers), i, i+1); !reflect.DeepEqual(others, was.Containers) {
		t.Error("it changes another container")
	}
	if want := "registry.example.com/netgen@sha256:" + strings.Repeat("0", 64); c.Image != want {
		t.Errorf("the image is %s", c.Image)
	}
	s := c.SecurityContext
	if s == nil || s.RunAsUser == nil || *s.RunAsUser != 999 || !isTrue(s.RunAsNonRoot) || !isTrue(s.ReadOnlyRootFilesystem) ||
		s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || isTrue(s.Privileged) ||
		s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) || len(s.Capabilities.Add) > 0 ||
		s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Errorf("the security context is %+v", s)
	}
	for _, r := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		limit, request := c.Resources.Limits[r], c.Resources.Requests[r]
		if limit.IsZero() || request.IsZero() {
			t.Errorf("%s has no limit or request", r)
		}
	}
	if len(c.Env)+len(c.EnvFrom) > 0 || len(c.Ports) > 0 {
		t.Error("the sidecar is given variables or ports")
	}
	mounts := map[string]corev1.VolumeMount{}
	for _, m := range c.VolumeMounts {
		mounts[m.MountPath] = m
	}
	for _, v := range is.Volumes {
		uses := slices.IndexFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == v.Name })
		if uses >= 0 && v.EmptyDir == nil {
			t.Errorf("the sidecar sees %s, which is no empty directory", v.Name)
		}
	}
	// What the API server looks for when it decides whether to mount a token.
	if m := mounts["/var/run/secrets/kubernetes.io/serviceaccount"]; m.Name == "" || !m.ReadOnly {
		t.Error("the sidecar can be given a token")
	}
	for _, other := range was.Containers {
		for _, m := range other.VolumeMounts {
			if m.MountPath == "/tmp" && m.Name == mounts["/tmp"].Name || mounts["/tmp"].Name == "" {
				t.Error("the sidecar has no /tmp of its own")
			}
		}
	}
	if m := mounts["/var/run/argocd"]; m.Name != "var-files" || !m.ReadOnly || !strings.HasPrefix(c.Command[0], m.MountPath) {
		t.Errorf("the server is run from %+v by %s", m, c.Command)
	}
	if mounts["/home/argocd/cmp-server/plugins"].Name != "plugins" {
		t.Error("the socket is not where repo-server looks for it")
	}
}

func isTrue(b *bool) bool { return b != nil && *b }

// TestPluginFile reads plugin.yaml strictly, which the server does not, and for
// what makes trouble.
func TestPluginFile(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "deploy/argocd/plugin.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var config plugin.PluginConfig
	if err := yaml.UnmarshalStrict(data, &config); err != nil {
		t.Fatal(err)
	}
	if err := plugin.ValidatePluginConfig(config); err != nil {
		t.Error(err)
	}
	if config.APIVersion != "argoproj.io/v1alpha1" || filepath.Base(config.Address()) != "netgen.sock" {
		t.Errorf("Applications find it as %s of %s", config.Address(), config.APIVersion)
	}
	if config.Spec.Discover.IsDefined() || config.Spec.ProvideGitCreds || len(config.Spec.Init.Command) > 0 || len(config.Spec.Parameters.Dynamic.Command) > 0 {
		t.Error("it costs more than one command for an Application")
	}
	if !slices.Equal(config.Spec.Generate.Command, []string{"netgen", "plugin", "generate"}) || len(config.Spec.Generate.Args) > 0 {
		t.Errorf("it runs %v", config.Spec.Generate)
	}
}

// examples returns the objects of deploy/argocd/examples and of the documentation
// that are Argo CD's, by kind.
func examples(t *testing.T) map[string][][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "deploy/argocd/examples/*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var documents [][]byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, bytes.Split(data, []byte("\n---\n"))...)
	}
	documents = append(documents, blocks(t)...)
	out := map[string][][]byte{}
	for _, data := range documents {
		var o metav1.TypeMeta
		if err := yaml.Unmarshal(data, &o); err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if strings.HasPrefix(o.APIVersion, "argoproj.io/") {
			out[o.Kind] = append(out[o.Kind], data)
		}
	}
	return out
}

// blocks are the YAML blocks of the documentation.
func blocks(t *testing.T) [][]byte {
	t.Helper()
	var out [][]byte
	for _, name := range []string{"argocd.md", "oci.md"} {
		page, err := os.ReadFile(filepath.Join(root, "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(page), "\n```yaml")[1:] {
			_, block, _ = strings.Cut(block, "\n")
			block, _, _ = strings.Cut(block, "\n```\n")
			out = append(out, []byte(block+"\n"))
		}
	}
	return out
}

// TestSettings sees that Argo CD's own manifests read what the documentation sets.
func TestSettings(t *testing.T) {
	var manifests strings.Builder
	for _, dir := range []string{"repo-server", "server", "application-controller"} {
		for _, text := range tree(t, filepath.Join(argoDir, "manifests/base", dir)) {
			manifests.WriteString(text)
		}
	}
	found := 0
	for _, block := range blocks(t) {
		var settings corev1.ConfigMap
		if err := yaml.Unmarshal(block, &settings); err != nil || settings.Name != "argocd-cmd-params-cm" {
			continue
		}
		for key := range settings.Data {
			found++
			if !regexp.MustCompile(`key: ` + regexp.QuoteMeta(key) + `\n`).MatchString(manifests.String()) {
				t.Errorf("nothing reads %s", key)
			}
		}
	}
	if found == 0 {
		t.Error("the documentation has no settings")
	}
}

// TestExamples decodes the examples strictly, renders the sets, holds the
// Applications against the project, and gives each plug-in what it asks for.
func TestExamples(t *testing.T) {
	found := examples(t)
	projects := map[string]v1alpha1.AppProject{}
	for _, data := range found["AppProject"] {
		p := decode[v1alpha1.AppProject](t, data)
		holdProject(t, p)
		projects[p.Name] = p
	}
	var apps []v1alpha1.Application
	for _, data := range found["Application"] {
		apps = append(apps, decode[v1alpha1.Application](t, data))
	}
	for _, data := range found["ApplicationSet"] {
		apps = append(apps, rendered(t, decode[v1alpha1.ApplicationSet](t, data))...)
	}
	repo := repository(t, map[string]string{"topologies/shop/shop.cue": shop, "cue.mod/module.cue": "module: \"example.com/t\"\nlanguage: version: \"v0.17.0\"\n"})
	plugins := 0
	for _, app := range apps {
		project, ok := projects[app.Spec.Project]
		if !ok || !project.IsSourcePermitted(app.Spec.GetSource()) {
			t.Errorf("%s: its project does not permit the source", app.Name)
		}
		permitted, err := project.IsDestinationPermitted(&v1alpha1.Cluster{Server: app.Spec.Destination.Server}, app.Spec.Destination.Namespace, nil)
		if err != nil || !permitted {
			t.Errorf("%s: its project does not permit the destination: %v", app.Name, err)
		}
		holdSync(t, app)
		source := app.Spec.GetSource()
		if source.Plugin == nil {
			continue
		}
		plugins++
		objects, err := generate(t.Context(), call{repository: repo, path: source.Path, plugin: source.Plugin})
		if err != nil {
			t.Errorf("%s: %v", app.Name, err)
		}
		for _, o := range objects {
			if !project.IsGroupKindPermitted(o.GroupVersionKind().GroupKind(), true) {
				t.Errorf("%s: its project does not permit %s", app.Name, o.GetKind())
			}
			permitted, err := project.IsDestinationPermitted(&v1alpha1.Cluster{Server: app.Spec.Destination.Server}, o.GetNamespace(), nil)
			if err != nil || !permitted {
				t.Errorf("%s: its project does not permit namespace %s: %v", app.Name, o.GetNamespace(), err)
			}
		}
	}
	if plugins < 3 {
		t.Errorf("only %d examples of the plug-in", plugins)
	}
}

// holdProject sees that a project lets nothing but policies through, and only to
// namespaces that it names.
func holdProject(t *testing.T, p v1alpha1.AppProject) {
	t.Helper()
	policies := []metav1.GroupKind{{Group: "networking.k8s.io", Kind: "NetworkPolicy"}}
	if !slices.Equal(p.Spec.NamespaceResourceWhitelist, policies) || len(p.Spec.ClusterResourceWhitelist) > 0 {
		t.Errorf("project %s lets more than policies through", p.Name)
	}
	for _, d := range p.Spec.Destinations {
		if d.Server == "" || strings.ContainsAny(d.Server+d.Namespace, "*!") {
			t.Errorf("project %s is for %+v", p.Name, d)
		}
	}
	for _, repo := range p.Spec.SourceRepos {
		if strings.ContainsAny(repo, "*!") {
			t.Errorf("project %s takes %s", p.Name, repo)
		}
	}
}

// holdSync sees that no example opens a namespace by pruning or by being deleted.
func holdSync(t *testing.T, app v1alpha1.Application) {
	t.Helper()
	if len(app.Finalizers) > 0 {
		t.Errorf("%s takes its policies with it", app.Name)
	}
	if app.Spec.SyncPolicy == nil || app.Spec.SyncPolicy.Automated == nil {
		return
	}
	if app.Spec.SyncPolicy.Automated.AllowEmpty || !app.Spec.SyncPolicy.Automated.SelfHeal {
		t.Errorf("%s may prune everything, or leaves what others change", app.Name)
	}
	for _, option := range []string{"PruneLast=true", "FailOnSharedResource=true"} {
		if !app.Spec.SyncPolicy.SyncOptions.HasOption(option) {
			t.Errorf("%s syncs without %s", app.Name, option)
		}
	}
}

// decode takes a field for an error that Argo CD would not find, by its case too.
func decode[T any](t *testing.T, data []byte) T {
	t.Helper()
	var v T
	asJSON, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if strict, err := json.UnmarshalStrict(asJSON, &v); err != nil || len(strict) > 0 {
		t.Fatalf("%v %v\n%s", err, strict, data)
	}
	return v
}

// rendered makes the Applications of a set with Argo CD's own templates.
func rendered(t *testing.T, set v1alpha1.ApplicationSet) []v1alpha1.Application {
	t.Helper()
	var out []v1alpha1.Application
	for _, g := range set.Spec.Generators {
		if g.List == nil {
			t.Fatalf("%s: a generator that this test does not know", set.Name)
		}
		for _, element := range g.List.Elements {
			var params map[string]any
			if err := json.UnmarshalCaseSensitivePreserveInts(element.Raw, &params); err != nil {
				t.Fatal(err)
			}
			tmpl := &v1alpha1.Application{Spec: set.Spec.Template.Spec}
			tmpl.Name, tmpl.Annotations = set.Spec.Template.Name, set.Spec.Template.Annotations
			app, err := (&utils.Render{}).RenderTemplateParams(tmpl, set.Spec.SyncPolicy, params, set.Spec.GoTemplate, set.Spec.GoTemplateOptions)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, *app)
		}
	}
	return out
}
