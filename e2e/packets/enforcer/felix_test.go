package enforcer_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netgen.dev/e2e/packets/cluster"
	"netgen.dev/e2e/packets/enforcer"
	"netgen.dev/e2e/packets/programs"
)

func TestDeviceName(t *testing.T) {
	// printf shop.frontend | sha1sum
	if got, want := enforcer.DeviceName("shop", "frontend"), "cali1f52436dff8"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestFelix sees that Calico takes the cluster for one of its own.
func TestFelix(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs a real API server")
	}
	apiserver, felix, crds := os.Getenv(programs.APIServer), os.Getenv(programs.Felix), os.Getenv(programs.CRDs)
	c, err := cluster.Start(t.Context(), apiserver, filepath.Join(t.TempDir(), "apiserver"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	for range 2 { // the second time the cluster is prepared already
		start := time.Now()
		stop, err := enforcer.Felix(t.Context(), felix, crds, filepath.Join(t.TempDir(), "felix"), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("ready after %v", time.Since(start).Round(time.Millisecond))
		if rules := saved(t); !strings.Contains(rules, "-j cali-FORWARD") {
			t.Errorf("Felix is ready and enforces nothing:\n%s", rules)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if rules := saved(t); strings.Contains(rules, "cali") {
			t.Errorf("Felix has ended and still enforces:\n%s", rules)
		}
	}
}

// saved returns what the node does with packets.
func saved(t *testing.T) string {
	t.Helper()
	rules, err := exec.Command("iptables-legacy-save", "-t", "filter").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(rules)
}

// TestFelixFails sees that one learns why Felix did not start.
func TestFelixFails(t *testing.T) {
	_, err := enforcer.Felix(t.Context(), "felix", t.TempDir(), t.TempDir(), cluster.Fake())
	if want := "prepare the cluster for Calico: the cluster is a fake"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}
