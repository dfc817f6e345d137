package packets

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"netgen.dev/diag"
	"netgen.dev/e2e/packets/cluster"
	"netgen.dev/e2e/packets/enforcer"
	"netgen.dev/e2e/packets/programs"
	"netgen.dev/e2e/packets/sandbox"
	"netgen.dev/gen"
	"netgen.dev/gen/load"
	"netgen.dev/gen/topology"
)

func TestMain(m *testing.M) {
	flag.Parse()
	code := sandbox.Run(build, enforcer.Check, func() int {
		if code := m.Run(); code != 0 {
			return code // there is nothing to report
		}
		if err := results.write(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	})
	os.Exit(code)
}

// build builds what the tests start.
func build() ([]string, error) {
	if testing.Short() {
		return nil, nil
	}
	return programs.All(".")
}

// newCluster returns a cluster with a real API server, or a fake one where the
// tests are to be short.
func newCluster(t *testing.T) *cluster.Cluster {
	t.Helper()
	if testing.Short() {
		return cluster.Fake()
	}
	c, err := cluster.Start(t.Context(), os.Getenv(programs.APIServer), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// engine enforces policies.
type engine struct {
	name  string
	start func(t *testing.T, c *cluster.Cluster) (stop func() error, err error)
	// settles is how long it may take until packets pass as policies say.
	settles time.Duration
}

// engines are those to test with. Felix needs an API server that is real.
func engines() []engine {
	all := []engine{
		{"kube-network-policies", func(t *testing.T, c *cluster.Cluster) (func() error, error) {
			return enforcer.KubeNetworkPolicies(t.Context(), c.Client)
		}, 10 * time.Second},
		{"Calico Felix", func(t *testing.T, c *cluster.Cluster) (func() error, error) {
			return enforcer.Felix(t.Context(), os.Getenv(programs.Felix), os.Getenv(programs.CRDs), t.TempDir(), c)
		}, 30 * time.Second},
	}
	if testing.Short() {
		return all[:1]
	}
	return all
}

// run starts the engine, until the test is over.
func (e engine) run(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	stop, err := e.start(t, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// built is a topology as netgen compiles it.
type built struct {
	name   string
	models []*topology.Topology // one for each environment, sorted by name
	*gen.Built
}

// compile builds the topology in a directory of the repository.
func compile(t *testing.T, dir string) built {
	t.Helper()
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	checked, findings := gen.Check(load.Request{Dir: dir, Base: dir})
	if findings.Failed() {
		t.Fatalf("%s has errors: %v", dir, spell(findings))
	}
	return built{filepath.Base(dir), checked.Models, gen.Build(checked)}
}

func spell(findings diag.List) (out []string) {
	for _, d := range findings.Sorted() {
		out = append(out, d.Message)
	}
	return out
}

// examples are the topologies of the repository, the first of them being those
// that a short test is content with.
var examples = []string{"shop", "bookinfo", "sock-shop", "online-boutique", "argo-cd", "otel-demo"}

// forEach runs test for every environment of every example.
func forEach(t *testing.T, test func(t *testing.T, b built, model *topology.Topology)) {
	names := examples
	if testing.Short() {
		names = examples[:2]
	}
	for _, name := range names {
		b := compile(t, filepath.Join("..", "..", "topologies", name))
		for _, model := range b.models {
			t.Run(name+"/"+model.Environment, func(t *testing.T) { test(t, b, model) })
		}
	}
}

// stream returns what netgen build -o - prints for an environment.
func (b built) stream(t *testing.T, environment string) []byte {
	t.Helper()
	out, err := b.Stream(environment)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// background is a context for taking things down, when that of the test is over.
func background(t *testing.T) context.Context {
	return context.WithoutCancel(t.Context())
}
