package main

import (
	"bytes"
	"crypto/x509"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// TestRoots sees whom netgen trusts where the system has no certificates. It does so
// in a process of its own: whom to trust is decided once in each.
func TestRoots(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the certificates of this system cannot be hidden")
	}
	if os.Getenv("NETGEN_TEST_ROOTS") != "" {
		testRoots(t)
		return
	}
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRoots$", "-test.v")
	cmd.Env = append(os.Environ(), "NETGEN_TEST_ROOTS=1", "SSL_CERT_FILE="+nowhere, "SSL_CERT_DIR="+nowhere)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestRoots") {
		t.Errorf("%v\n%s", err, out)
	}
}

func testRoots(t *testing.T) {
	trusted := func() (n, of int) {
		for root := range bundle.Roots() {
			certificate, err := x509.ParseCertificate(root.Certificate)
			if err != nil {
				t.Error(err)
				continue
			}
			of++
			if _, err := certificate.Verify(x509.VerifyOptions{CurrentTime: certificate.NotBefore}); err == nil {
				n++
			}
		}
		return n, of
	}
	if n, _ := trusted(); n != 0 {
		t.Fatalf("the system has %d certificates: nothing can be said of those in the program", n)
	}
	server := httptest.NewUnstartedServer(newRegistry())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that do not trust it
	server.StartTLS()
	defer server.Close()
	to := "oci://" + server.Listener.Addr().String() + "/acme/policies"
	dir := writeTopology(t, smallTopology)
	for range 2 { // the roots can be given to x509 once
		var stdout, stderr bytes.Buffer
		code := run([]string{"push", to, dir}, strings.NewReader(""), &stdout, &stderr, time.Now)
		if code == 0 || !strings.Contains(stderr.String(), "of an authority that this machine does not trust") {
			t.Errorf("a push to a server of an authority that nobody knows ends with %d: %s", code, &stderr)
		}
	}
	if n, of := trusted(); n != of || n < 100 {
		t.Errorf("after a push, %d of %d roots are trusted", n, of)
	}
}
