package argocd

import (
	"bytes"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/db"
	utilio "github.com/argoproj/argo-cd/v3/util/io"
	"github.com/argoproj/argo-cd/v3/util/oci"
	"github.com/argoproj/argo-cd/v3/util/settings"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// layerTypes are those that argocd-repo-server takes without being configured.
var layerTypes = []string{"application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.cncf.helm.chart.content.v1.tar+gzip"}

// TestOCI pulls what netgen pushed with Argo CD's own client, by each kind of
// revision that an Application can name.
func TestOCI(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	repo := strings.TrimPrefix(server.URL, "http://") + "/acme/policies"
	topology := filepath.Join(root, "topologies/shop")
	digest := strings.TrimPrefix(run1(t, "push", "oci://"+repo, topology, "--insecure", "--source", "https://github.com/acme/shop"), repo+"@")
	built := t.TempDir()
	run1(t, "build", topology, "-o", built)

	client, err := oci.NewClient("oci://"+repo, oci.Creds{InsecureHTTPOnly: true}, "", "", layerTypes,
		oci.WithImagePaths(utilio.NewRandomizedTempPaths(t.TempDir())), oci.WithManifestMaxExtractedSize(1<<30))
	if err != nil {
		t.Fatal(err)
	}
	for _, revision := range []string{"1.4.0", "1.x", ">=0.0.0", ">=0.0.0-0", digest} {
		resolved, err := client.ResolveRevision(t.Context(), revision, true)
		if err != nil || resolved != digest {
			t.Fatalf("%s is %s, not %s: %v", revision, resolved, digest, err)
		}
		dir, closer, err := client.Extract(t.Context(), resolved)
		if err != nil {
			t.Fatalf("%s: %v", revision, err)
		}
		if diff := cmp.Diff(tree(t, built), tree(t, dir)); diff != "" {
			t.Errorf("%s (-built +pulled)\n%s", revision, diff)
		}
		if err := closer.Close(); err != nil {
			t.Error(err)
		}
	}
	// What the UI shows.
	meta, err := client.DigestMetadata(t.Context(), digest)
	if err != nil || meta.Annotations["org.opencontainers.image.version"] != "1.4.0" || meta.Annotations["org.opencontainers.image.source"] != "https://github.com/acme/shop" {
		t.Errorf("%+v: %v", meta, err)
	}
	if _, err := client.ResolveRevision(t.Context(), "1.5.0", true); err == nil {
		t.Error("a version is there that nobody pushed")
	}
}

// run1 runs netgen, and returns the line that it prints.
func run1(t *testing.T, args ...string) string {
	t.Helper()
	var out, says bytes.Buffer
	cmd := exec.Command(netgen, args...)
	cmd.Stdout, cmd.Stderr = &out, &says
	if err := cmd.Run(); err != nil {
		t.Fatalf("netgen %s: %v\n%s", strings.Join(args, " "), err, &says)
	}
	return strings.TrimSpace(out.String())
}

// TestRepositorySecret gives Argo CD the repository secret of the documentation,
// and asks for the credentials of the Application in the example.
func TestRepositorySecret(t *testing.T) {
	var secret corev1.Secret
	for _, block := range blocks(t) {
		if bytes.Contains(block, []byte("argocd.argoproj.io/secret-type: repository")) {
			secret = decode[corev1.Secret](t, block)
		}
	}
	// The API server is who puts the one into the other.
	secret.Data = map[string][]byte{}
	for key, value := range secret.StringData {
		secret.Data[key] = []byte(value)
	}
	cluster := fake.NewClientset(&secret,
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "argocd-cm", Namespace: "argocd", Labels: map[string]string{"app.kubernetes.io/part-of": "argocd"}}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "argocd-secret", Namespace: "argocd"}, Data: map[string][]byte{"admin.password": nil, "server.secretkey": nil}},
	)
	app := ociApplication(t)
	known := db.NewDB("argocd", settings.NewSettingsManager(t.Context(), cluster, "argocd"), cluster)
	repo, err := known.GetRepository(t.Context(), app.Spec.GetSource().RepoURL, app.Spec.Project)
	if err != nil {
		t.Fatal(err)
	}
	if creds := repo.GetOCICreds(); creds.Username == "" || creds.Password == "" || creds.InsecureHTTPOnly || creds.InsecureSkipVerify || repo.Type != "oci" {
		t.Errorf("the repository is %+v", repo)
	}
	if other, err := known.GetRepository(t.Context(), app.Spec.GetSource().RepoURL, "other"); err != nil || other.Password != "" {
		t.Errorf("another project has the credentials too: %v", err)
	}
}

// ociApplication returns the Application of the example, and sees that its project
// takes this one repository and that deploy/argocd/examples/project.yaml does not:
// whoever moves an Application has to allow it.
func ociApplication(t *testing.T) v1alpha1.Application {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "deploy/argocd/examples/oci.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	documents := bytes.Split(data, []byte("\n---\n"))
	if len(documents) != 2 {
		t.Fatalf("%d documents", len(documents))
	}
	project, app := decode[v1alpha1.AppProject](t, documents[0]), decode[v1alpha1.Application](t, documents[1])
	if !slices.Equal(project.Spec.SourceRepos, []string{app.Spec.GetSource().RepoURL}) || app.Spec.Project != project.Name {
		t.Errorf("the project takes %v", project.Spec.SourceRepos)
	}
	if data, err = os.ReadFile(filepath.Join(root, "deploy/argocd/examples/project.yaml")); err != nil {
		t.Fatal(err)
	}
	if other := decode[v1alpha1.AppProject](t, data); other.IsSourcePermitted(app.Spec.GetSource()) {
		t.Errorf("project %s takes artifacts, and the documentation says otherwise", other.Name)
	}
	return app
}
