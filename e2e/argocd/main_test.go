package argocd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v3/cmpserver"
	pluginclient "github.com/argoproj/argo-cd/v3/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v3/cmpserver/plugin"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/cmp"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	grpc_retry "github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"github.com/sirupsen/logrus"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// root is where the files of netgen are.
const root = "../.."

// secret is in the environment of the server, and must be in no answer.
const secret = "not-for-anybodys-eyes"

var (
	netgen  string // the built program
	argoDir string // of the files of Argo CD
	work    string // where the server unpacks what it is sent
	client  pluginclient.ConfigManagementPluginServiceClient
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "cmp") // the path of a socket has to be short
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	netgen, work = filepath.Join(dir, "bin/netgen"), filepath.Join(dir, "work")
	build := exec.Command("go", "build", "-trimpath", "-o", netgen, "./cmd/netgen")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	where, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/argoproj/argo-cd/v3").Output()
	if err != nil {
		panic(err)
	}
	argoDir = strings.TrimSpace(string(where))
	os.Clearenv()
	for name, value := range map[string]string{"PATH": filepath.Dir(netgen), "ARGOCD_CMP_WORKDIR": work, "TOKEN": secret} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	logrus.SetOutput(io.Discard)
	var stop func()
	if client, stop, err = serve(filepath.Join(root, "deploy/argocd"), filepath.Join(dir, "netgen.sock")); err != nil {
		panic(err)
	}
	defer stop()
	return m.Run()
}

// serve starts Argo CD's server for the plug-in of a directory, and a client of it.
func serve(dir, socket string) (pluginclient.ConfigManagementPluginServiceClient, func(), error) {
	config, err := plugin.ReadPluginConfig(dir)
	if err != nil {
		return nil, nil, err
	}
	server, err := cmpserver.NewServer(plugin.CMPServerInitConstants{PluginConfig: *config})
	if err != nil {
		return nil, nil, err
	}
	grpc, err := server.CreateGRPC()
	if err != nil {
		return nil, nil, err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, nil, err
	}
	go func() { _ = grpc.Serve(listener) }()
	closer, c, err := pluginclient.NewConfigManagementPluginClientSet(socket).NewConfigManagementPluginClient()
	return c, func() { _ = closer.Close(); grpc.Stop() }, err
}

// call is what argocd-repo-server asks of the server.
type call struct {
	repository string
	path       string                            // of the Application
	sent       string                            // part of the repository that is sent, by manifest-generate-paths
	plugin     *v1alpha1.ApplicationSourcePlugin // of the Application
	deadline   time.Duration
	keepGit    bool
	client     pluginclient.ConfigManagementPluginServiceClient // another than that of netgen
}

// environ returns what repo-server adds to the environment of a plug-in.
func (c call) environ() ([]string, error) {
	env := []string{
		"ARGOCD_APP_NAME=shop", "ARGOCD_APP_NAMESPACE=shop", "ARGOCD_APP_PROJECT_NAME=default",
		"ARGOCD_APP_REVISION=0123456789abcdef0123456789abcdef01234567",
		"ARGOCD_APP_SOURCE_PATH=" + c.path, "ARGOCD_APP_SOURCE_REPO_URL=https://git.example.com/topologies.git",
		"KUBE_VERSION=1.34", "KUBE_API_VERSIONS=v1,networking.k8s.io/v1",
	}
	if c.plugin == nil {
		return env, nil
	}
	for _, e := range c.plugin.Env {
		env = append(env, "ARGOCD_ENV_"+e.Name+"="+e.Value)
	}
	parameters, err := c.plugin.Parameters.Environ()
	return append(env, parameters...), err
}

// generate asks the server for manifests, and returns what repo-server makes of
// the answer.
func generate(ctx context.Context, c call) ([]*unstructured.Unstructured, error) {
	if c.deadline == 0 {
		c.deadline = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, c.deadline)
	defer cancel()
	env, err := c.environ()
	if err != nil {
		return nil, err
	}
	server := client
	if c.client != nil {
		server = c.client
	}
	stream, err := server.GenerateManifest(ctx, grpc_retry.Disable())
	if err != nil {
		return nil, err
	}
	var excluded []string
	if !c.keepGit {
		excluded = []string{".git"}
	}
	sent := filepath.Join(c.repository, c.sent)
	if err := cmp.SendRepoStream(ctx, filepath.Join(c.repository, c.path), sent, stream, env, excluded); err != nil {
		return nil, err
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	var out []*unstructured.Unstructured
	for _, m := range answer.Manifests {
		objects, err := kube.SplitYAML([]byte(m))
		if err != nil {
			return nil, err
		}
		out = append(out, objects...)
	}
	return out, nil
}

// built returns the objects of netgen build -o -.
func built(t *testing.T, args ...string) []*unstructured.Unstructured {
	t.Helper()
	objects, err := kube.SplitYAML(command(t, append([]string{"build", "-o", "-"}, args...)...))
	if err != nil || len(objects) == 0 {
		t.Fatalf("%d objects: %v", len(objects), err)
	}
	return objects
}

func command(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), netgen, args...)
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("netgen %s: %v\n%s", strings.Join(args, " "), err, failed.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	return out
}

// parameters makes those of an Application.
func parameters(pairs ...string) *v1alpha1.ApplicationSourcePlugin {
	p := &v1alpha1.ApplicationSourcePlugin{Name: "netgen"}
	for i := 0; i < len(pairs); i += 2 {
		p.Parameters = append(p.Parameters, v1alpha1.ApplicationSourcePluginParameter{Name: pairs[i], String_: &pairs[i+1]})
	}
	return p
}

// repository copies a directory, or writes files, into a new one.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// tree returns the files below a directory with their contents.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the server is cleaning up
		} else if err != nil || !d.Type().IsRegular() {
			return err // a socket is no file
		}
		data, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		rel, _ := filepath.Rel(dir, name)
		out[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
