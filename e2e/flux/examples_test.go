package flux

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"sigs.k8s.io/yaml"
)

// example is an object of deploy/flux or of a page, read as Flux's own type.
type example struct {
	where  string
	kind   string
	object any
	raw    map[string]any
}

// examples reads every object of Flux that the project shows. A field that
// Flux does not have is an error.
func examples(t *testing.T) []example {
	t.Helper()
	texts := map[string]string{}
	found, err := filepath.Glob(filepath.Join(repository, "deploy", "flux", "*.yaml"))
	if err != nil || len(found) != 4 {
		t.Fatalf("%d examples: %v", len(found), err)
	}
	for _, page := range []string{"flux.md", "oci.md"} {
		found = append(found, filepath.Join(repository, "docs", page))
	}
	for _, name := range found {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if texts[name] = string(data); filepath.Ext(name) == ".md" {
			texts[name] = ""
			for _, part := range strings.Split(string(data), "\n```yaml\n")[1:] {
				block, _, _ := strings.Cut(part, "\n```")
				texts[name] += "\n---\n" + block
			}
		}
	}
	var out []example
	for name, text := range texts {
		for doc := range strings.SplitSeq(text, "\n---\n") {
			var raw map[string]any
			if err := yaml.UnmarshalStrict([]byte(doc), &raw); err != nil {
				t.Fatalf("%s: %v\n%s", name, err, doc)
			}
			e := example{where: name, raw: raw}
			e.kind, _ = raw["kind"].(string)
			switch e.kind {
			case "GitRepository":
				e.object = &sourcev1.GitRepository{}
			case "OCIRepository":
				e.object = &sourcev1.OCIRepository{}
			case "Kustomization":
				e.object = &kustomizev1.Kustomization{}
			default:
				continue // of Argo CD, or of a pipeline
			}
			if err := yaml.UnmarshalStrict([]byte(doc), e.object); err != nil {
				t.Errorf("%s: %v\n%s", name, err, doc)
			}
			out = append(out, e)
		}
	}
	if len(out) < 8 {
		t.Errorf("only %d objects of Flux", len(out))
	}
	return out
}

// TestExamples sees that the examples are what Flux takes, and safe.
func TestExamples(t *testing.T) {
	for _, e := range examples(t) {
		switch o := e.object.(type) {
		case *kustomizev1.Kustomization:
			if o.APIVersion != "kustomize.toolkit.fluxcd.io/v1" || o.Spec.Path == "" || !o.Spec.Prune {
				t.Errorf("%s: %+v", e.where, o.Spec)
			}
			if o.Spec.DeletionPolicy != kustomizev1.DeletionPolicyOrphan {
				t.Errorf("%s: deleting %s opens every namespace", e.where, o.Name)
			}
			if o.Spec.TargetNamespace != "" || o.Spec.PostBuild != nil {
				t.Errorf("%s: %s moves or rewrites policies", e.where, o.Name)
			}
		case *sourcev1.GitRepository:
			if o.APIVersion != "source.toolkit.fluxcd.io/v1" || o.Spec.URL == "" {
				t.Errorf("%s: %+v", e.where, o.Spec)
			}
		case *sourcev1.OCIRepository:
			if o.APIVersion != "source.toolkit.fluxcd.io/v1" || !strings.HasPrefix(o.Spec.URL, "oci://") || o.Spec.LayerSelector != nil {
				t.Errorf("%s: %+v", e.where, o.Spec)
			}
		}
	}
}

// TestSigned sees that the strict example pins what it applies, and names whoever has
// to have signed it to the letter.
func TestSigned(t *testing.T) {
	for _, e := range examples(t) {
		o, ok := e.object.(*sourcev1.OCIRepository)
		if !ok || filepath.Base(e.where) != "signed.yaml" {
			continue
		}
		v := o.Spec.Verify
		if o.Spec.Reference == nil || o.Spec.Reference.Digest == "" || v == nil || v.Provider != "cosign" || len(v.MatchOIDCIdentity) != 1 {
			t.Fatalf("%+v", o.Spec)
		}
		for _, pattern := range []string{v.MatchOIDCIdentity[0].Issuer, v.MatchOIDCIdentity[0].Subject} {
			if _, err := regexp.Compile(pattern); err != nil || !strings.HasPrefix(pattern, "^https://") || !strings.HasSuffix(pattern, "$") || strings.Contains(pattern, "*") {
				t.Errorf("%s is the identity of others too: %v", pattern, err)
			}
		}
		return
	}
	t.Error("there is none")
}

// TestExamplesBuild builds what each Kustomization of deploy/flux names, from
// the tree that its source holds.
func TestExamplesBuild(t *testing.T) {
	dir := t.TempDir()
	waves := `package shop

topology: output: syncWaves: true
`
	topology := filepath.Join(dir, "shop")
	if err := os.CopyFS(topology, os.DirFS(filepath.Join(repository, "topologies", "shop"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(topology, "waves.cue"), []byte(waves), 0o644); err != nil {
		t.Fatal(err)
	}
	tree := filepath.Join(dir, "tree")
	output(t, netgen, "build", topology, "-o", tree)                          // what is pushed
	output(t, netgen, "build", topology, "-o", filepath.Join(tree, "deploy")) // what is committed
	want := objects(t, output(t, netgen, "build", topology, "--env", "prod", "-o", "-"))
	ordered := map[string]map[string]string{}
	for _, e := range examples(t) {
		ks, ok := e.object.(*kustomizev1.Kustomization)
		if !ok || filepath.Ext(e.where) == ".md" {
			continue
		}
		spec, _ := e.raw["spec"].(map[string]any)
		got, err := build(t, tree, ks.Spec.Path, spec)
		if err != nil {
			t.Errorf("%s: %s: %v", e.where, ks.Name, err)
			continue
		}
		if filepath.Base(e.where) == "ordered.yaml" {
			ordered[ks.Name] = got
			if len(ks.Spec.DependsOn) > 0 && !strings.HasSuffix(ks.Name, "-deny") {
				t.Errorf("%s waits for %v", ks.Name, ks.Spec.DependsOn)
			}
			continue
		}
		same(t, e.where, want, got)
	}
	allows, denies := ordered["shop-policies"], ordered["shop-policies-deny"]
	if len(denies) != 1 || denies["NetworkPolicy shop/shop.default-deny"] == "" {
		t.Errorf("the second applies %v", denies)
	}
	for name := range denies {
		if _, ok := allows[name]; ok {
			t.Errorf("both apply %s", name)
		}
	}
	maps.Copy(allows, denies)
	same(t, "ordered.yaml", want, allows)
}

// TestOrderedNeedsWaves sees that without the annotations which tell policies apart
// neither of the two builds: one would apply everything at once, and the other nothing.
func TestOrderedNeedsWaves(t *testing.T) {
	tree := t.TempDir()
	output(t, netgen, "build", filepath.Join(repository, "topologies", "shop"), "-o", tree)
	tried := 0
	for _, e := range examples(t) {
		ks, ok := e.object.(*kustomizev1.Kustomization)
		if !ok || filepath.Base(e.where) != "ordered.yaml" {
			continue
		}
		tried++
		spec, _ := e.raw["spec"].(map[string]any)
		if got, err := build(t, tree, ks.Spec.Path, spec); err == nil {
			t.Errorf("%s applies %v", ks.Name, slices.Sorted(maps.Keys(got)))
		} else {
			t.Log(err)
		}
	}
	if tried != 2 {
		t.Errorf("there are %d, not 2", tried)
	}
}
