package flux

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/pkg/oci"
	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/registry"
)

// TestPushPull pushes with netgen and pulls with Flux.
func TestPushPull(t *testing.T) {
	t.Run("in process", func(t *testing.T) {
		server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
		defer server.Close()
		pushPull(t, strings.TrimPrefix(server.URL, "http://"))
	})
	t.Run("docker-registry", func(t *testing.T) { pushPull(t, daemon(t)) })
}

const (
	source   = "https://github.com/acme/shop"
	revision = "main@sha1:0123456789012345678901234567890123456789"
)

func pushPull(t *testing.T, host string) {
	all := filepath.Join(repository, "topologies") + "/..."
	push := func(repo string) string {
		return strings.TrimSpace(string(output(t, netgen, "push", "oci://"+host+"/"+repo, all, "--insecure", "--source", source, "--revision", revision)))
	}
	first := push("acme/policies:main")
	name, digest, ok := strings.Cut(first, "@")
	if !ok || name != host+"/acme/policies" || !strings.HasPrefix(digest, "sha256:") {
		t.Fatalf("netgen printed %q", first)
	}
	if again := push("acme/policies:main"); again != first {
		t.Errorf("pushed twice: %s and %s", first, again)
	}
	if _, other, _ := strings.Cut(push("other/policies:main"), "@"); other != digest {
		t.Errorf("pushed to another repository: %s and %s", digest, other)
	}
	dry := output(t, netgen, "push", "oci://"+host+"/acme/policies:main", all, "--source", source, "--revision", revision, "--dry-run")
	if strings.TrimSpace(string(dry)) != first {
		t.Errorf("a dry run: %s", dry)
	}

	tree := t.TempDir()
	output(t, netgen, "build", all, "-o", tree)
	client := oci.NewClient(append(oci.DefaultOptions(), crane.Insecure))
	for _, ref := range []string{host + "/acme/policies:main", first} {
		pulled := t.TempDir()
		meta, err := client.Pull(context.Background(), ref, pulled)
		if err != nil {
			t.Fatal(err)
		}
		sameFiles(t, tree, pulled)
		if meta.Digest != first || meta.Source != source || meta.Revision != revision {
			t.Errorf("Flux reads %+v", meta)
		}
		if meta.Annotations["dev.netgen.topology.shop"] != "1.4.0" || !strings.HasPrefix(meta.Annotations["dev.netgen.digest.shop.prod"], "sha256:") {
			t.Errorf("Flux reads %v", meta.Annotations)
		}
		for _, o := range overlays(t) {
			got, err := build(t, pulled, o.dir(), map[string]any{})
			if err != nil {
				t.Fatal(err)
			}
			same(t, "Flux for "+o.String(), o.stream(t), got)
		}
	}
	argo(t, first)
	versions(t, host)
}

// argo holds what was pushed against what Argo CD demands of an artifact: one
// layer of contents, of the type that it takes without being configured.
func argo(t *testing.T, ref string) {
	t.Helper()
	image, err := crane.Pull(ref, crane.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Layers) != 1 || manifest.Layers[0].MediaType != "application/vnd.oci.image.layer.v1.tar+gzip" {
		t.Errorf("the layers are %+v", manifest.Layers)
	}
	if manifest.Config.MediaType != "application/vnd.cncf.flux.config.v1+json" {
		t.Errorf("the configuration is %+v", manifest.Config)
	}
}

// versions sees that a version means one content, in this registry too.
func versions(t *testing.T, host string) {
	t.Helper()
	ref := "oci://" + host + "/acme/versions:1.4.0"
	shop, bank := filepath.Join(repository, "topologies", "shop"), filepath.Join(repository, "topologies", "bookinfo")
	first := output(t, netgen, "push", ref, shop, "--insecure")
	if again := output(t, netgen, "push", ref, shop, "--insecure", "--revision", revision); string(again) != string(first) {
		t.Errorf("the same version again is %s, not %s", again, first)
	}
	refused := exec.Command(netgen, "push", ref, bank, "--insecure")
	if out, err := refused.CombinedOutput(); refused.ProcessState.ExitCode() != 3 {
		t.Errorf("a version with other files: %v\n%s", err, out)
	}
	if forced := output(t, netgen, "push", ref, bank, "--insecure", "--force"); string(forced) == string(first) {
		t.Error("--force changed nothing")
	}
}

// daemon starts the registry of Debian, unpacked and not installed, and returns
// its address.
func daemon(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		program = unpacked(t)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "config.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {inmemory: {}}\nhttp: {addr: %q}\n", host)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "serve", config)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for range 100 {
		response, err := http.Get("http://" + host + "/v2/")
		if err == nil {
			_ = response.Body.Close()
			return host
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the registry does not answer")
	return ""
}

// unpacked returns the program of Debian's package, which needs nothing else.
func unpacked(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, command := range []string{"apt-get download docker-registry", "dpkg -x docker-registry_*.deb ."} {
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			lacking(t, "docker-registry is not installed, and not to be had from Debian: %v\n%s", err, out)
		}
	}
	return filepath.Join(dir, "usr", "bin", "docker-registry")
}
