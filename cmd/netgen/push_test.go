package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	"github.com/rogpeppe/go-internal/testscript"
)

// newRegistry returns a registry that holds what it is given in memory. It is
// of other people than the client.
func newRegistry() http.Handler { return ociserver.New(ocimem.New(), nil) }

// behind lets only one user in.
func behind(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "robot" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"who is this"}]}`, http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// registryCommand is the command "registry [KIND]" of scripts: it starts one and
// sets REGISTRY to its address, or, as "registry login USER PASSWORD", writes a
// configuration of Docker for it and sets DOCKER_CONFIG.
func registryCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("registry does not fail")
	}
	if len(args) == 3 && args[0] == "login" {
		dir := ts.MkAbs("docker")
		login(ts, dir, ts.Getenv("REGISTRY"), args[1], args[2])
		ts.Setenv("DOCKER_CONFIG", dir)
		return
	}
	handler, encrypted := newRegistry(), false
	switch strings.Join(args, " ") {
	case "":
	case "encrypted":
		encrypted = true
	case "private":
		handler = behind(handler)
	case "forbidden", "missing", "broken":
		status := map[string]int{"forbidden": 403, "missing": 404, "broken": 507}[args[0]]
		handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"errors":[{"code":"DENIED","message":"not here"}]}`, status)
		})
	default:
		ts.Fatalf("there is no registry of the kind %q", args)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that do not trust it
	if encrypted {
		server.StartTLS()
		authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		ts.Check(os.WriteFile(ts.MkAbs("authority.pem"), authority, 0o644))
	} else {
		server.Start()
	}
	ts.Defer(server.Close)
	ts.Setenv("REGISTRY", server.Listener.Addr().String())
}

// fataler is what a test and a script have in common.
type fataler interface {
	Fatalf(format string, args ...any)
}

func login(t fataler, dir, registry, user, password string) {
	config, err := json.Marshal(map[string]any{"auths": map[string]any{
		registry: map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(user + ":" + password))},
	}})
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600)
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// pushed runs a push of the small topology and returns what it says.
func pushed(t *testing.T, handler http.Handler, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	var out, err bytes.Buffer
	dir := writeTopology(t, smallTopology)
	args = append([]string{"push", "oci://" + strings.TrimPrefix(server.URL, "http://") + "/acme/policies", dir, "--insecure"}, args...)
	code = run(args, strings.NewReader(""), &out, &err, time.Now)
	return code, out.String(), err.String()
}

// TestPushRetries sees that a passing failure is one, and a lasting one is not
// asked for forever.
func TestPushRetries(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	for _, tt := range []struct {
		title        string
		failures     int64
		code         int
		most         int64
		stderr, flag string
	}{
		{"two failures", 2, exitOK, 20, "pushed", ""},
		{"nothing but failures", 1 << 30, exitFailed, 6, "it answered 503: Service Unavailable", ""},
		{"no time", 1 << 30, exitFailed, 2, "no answer in time", "--registry-timeout=100ms"},
	} {
		t.Run(tt.title, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			registry := newRegistry()
			args := []string{"--force"}
			if tt.flag != "" {
				args = append(args, tt.flag)
			}
			code, stdout, stderr := pushed(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) <= tt.failures {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				registry.ServeHTTP(w, r)
			}), args...)
			if code != tt.code || !strings.Contains(stderr, tt.stderr) || asked.Load() > tt.most {
				t.Errorf("exit code %d after %d requests: %s", code, asked.Load(), stderr)
			}
			if (code == exitOK) != (stdout != "") {
				t.Errorf("standard output: %q", stdout)
			}
		})
	}
}

// TestPushAnnotations sees what an artifact says of itself.
func TestPushAnnotations(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	registry := newRegistry()
	var manifest []byte
	code, _, stderr := pushed(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
			manifest, _ = io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(manifest))
		}
		if agent := r.UserAgent(); !strings.HasPrefix(agent, "netgen/") {
			t.Errorf("the client is %q", agent)
		}
		registry.ServeHTTP(w, r)
	}), "--source=https://example.com/shop", "--revision=main@sha1:c0ffee")
	if code != exitOK {
		t.Fatal(stderr)
	}
	var got struct{ Annotations map[string]string }
	if err := json.Unmarshal(manifest, &got); err != nil {
		t.Fatal(err)
	}
	digest := got.Annotations["dev.netgen.digest.shop.default"]
	if want := map[string]string{
		"org.opencontainers.image.source": "https://example.com/shop", "org.opencontainers.image.revision": "main@sha1:c0ffee",
		"org.opencontainers.image.version": "1.0.0", "dev.netgen.topology.shop": "1.0.0", "dev.netgen.digest.shop.default": digest,
	}; !maps.Equal(got.Annotations, want) || !strings.HasPrefix(digest, "sha256:") {
		t.Errorf("%v", got.Annotations)
	}
}

// TestPushSaysNoSecrets sees that what a registry keeps in the addresses of
// uploads, and what it goes on about, is not repeated.
func TestPushSaysNoSecrets(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	code, stdout, stderr := pushed(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodHead, http.MethodGet:
			w.WriteHeader(http.StatusNotFound)
		case http.MethodPost:
			w.Header().Set("Location", "/v2/acme/policies/blobs/uploads/1?state=hush")
			w.WriteHeader(http.StatusAccepted)
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"errors":[{"code":"UNKNOWN","message":"\u001b[31m%s"}]}`, strings.Repeat("x", 5000))
		}
	}), "--registry-timeout=20s")
	if code != exitFailed || stdout != "" || strings.Contains(stderr, "hush") || strings.Contains(stderr, "\x1b") || len(stderr) > 600 {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}

// TestPushInterrupted sends the program the signal that Ctrl-C does, while the
// registry keeps it waiting.
func TestPushInterrupted(t *testing.T) {
	reached, release := make(chan bool, 10), make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		reached <- true
		<-release
	}))
	defer server.Close()
	defer close(release)
	cmd := exec.Command("netgen", "push", "oci://"+strings.TrimPrefix(server.URL, "http://")+"/a/b", "--insecure")
	cmd.Dir = writeTopology(t, smallTopology)
	cmd.Env = append(os.Environ(), "DOCKER_CONFIG="+t.TempDir())
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-reached:
	case <-time.After(30 * time.Second):
		t.Error("the registry was not asked")
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	if cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(stderr.String(), "interrupted") || stdout.Len() > 0 {
		t.Errorf("%v: %s%s", err, stdout.String(), stderr.String())
	}
}
