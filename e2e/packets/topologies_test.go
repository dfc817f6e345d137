package packets

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/e2e/packets/cluster"
	"netgen.dev/e2e/packets/scene"
	"netgen.dev/gen/topology"
)

// TestTopologies: of everything that is tried, what the topology declares
// arrives and nothing else does, in every environment and with every engine.
// Without policies everything arrives: a network that is dead would pass for one
// that is closed. And a policy that is taken away is missed on the wire.
func TestTopologies(t *testing.T) {
	c := newCluster(t)
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			forEach(t, func(t *testing.T, b built, model *topology.Topology) {
				s := newScene(t, c, model)
				e.run(t, c)
				all := settle(t, s, e, s.Open())
				policies := apply(t, c, b.stream(t, model.Environment))
				got := settle(t, s, e, s.Declared())
				lost := removeOne(t, c, s, e, policies)
				open := count(s.Declared())
				t.Logf("%d places, %d attempts, %d of them open; %d probes", s.Places(), len(s.Attempts), open, all.Probes+got.Probes+lost.Probes)
				results.add(row{
					engine: e.name, topology: b.name, environment: model.Environment, policies: len(policies), places: s.Places(),
					attempts: len(s.Attempts), open: open, probes: all.Probes + got.Probes + lost.Probes, settled: got.Took,
				})
			})
		})
	}
}

func newScene(t *testing.T, c *cluster.Cluster, model *topology.Topology) *scene.Scene {
	t.Helper()
	s, err := scene.New(t.Context(), c, model)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(background(t)); err != nil {
			t.Error(err)
		}
	})
	return s
}

// apply stores the policies of a stream and deletes all others.
func apply(t *testing.T, c *cluster.Cluster, stream []byte) []*networkingv1.NetworkPolicy {
	t.Helper()
	policies, err := c.Policies(stream)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, c, policies)
	return policies
}

// replace stores policies and deletes all others.
func replace(t *testing.T, c *cluster.Cluster, policies []*networkingv1.NetworkPolicy) {
	t.Helper()
	for _, p := range policies {
		if err := c.Apply(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Prune(t.Context(), policies); err != nil {
		t.Fatal(err)
	}
}

// settle waits until the wire is as wanted.
func settle(t *testing.T, s *scene.Scene, e engine, want []bool) scene.Settled {
	t.Helper()
	got, err := s.Settle(t.Context(), want, e.settles)
	if err != nil {
		t.Fatalf("after %s: %v", got.Took.Round(time.Millisecond), err)
	}
	return got
}

// removeOne takes away a policy whose absence opens something, and waits until
// that is what the wire says.
func removeOne(t *testing.T, c *cluster.Cluster, s *scene.Scene, e engine, policies []*networkingv1.NetworkPolicy) scene.Settled {
	t.Helper()
	for _, i := range rand.Perm(len(policies)) {
		rest := slices.Delete(slices.Clone(policies), i, i+1)
		want := predicted(t, s, rest)
		if len(scene.Differences(want, s.Declared())) == 0 {
			continue
		}
		t.Logf("without %s/%s", policies[i].Namespace, policies[i].Name)
		replace(t, c, rest)
		return settle(t, s, e, want)
	}
	t.Fatal("no policy would be missed")
	return scene.Settled{}
}

func predicted(t *testing.T, s *scene.Scene, policies []*networkingv1.NetworkPolicy) []bool {
	t.Helper()
	want, err := s.Predicted(policies)
	if err != nil {
		t.Fatal(err)
	}
	return want
}

func count(table []bool) (n int) {
	for _, open := range table {
		if open {
			n++
		}
	}
	return n
}

// TestRanges does the same for addresses: ranges with exceptions, the internet,
// and ranges of ports. Not all examples have them, and a short test has few examples.
func TestRanges(t *testing.T) {
	c := newCluster(t)
	b := compile(t, "testdata/ranges")
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			s := newScene(t, c, b.models[0])
			e.run(t, c)
			apply(t, c, b.stream(t, "default"))
			settle(t, s, e, s.Declared())
		})
	}
}

// TestJudge: the harness tells what it must, where a single attempt is not as it
// ought to be, either way, and where nobody enforces or everybody is shut out.
func TestJudge(t *testing.T) {
	c := newCluster(t)
	b := compile(t, "../../topologies/shop")
	s := newScene(t, c, b.models[0])
	policies := apply(t, c, b.stream(t, b.models[0].Environment))
	fails := func(what string, want []bool) {
		t.Helper()
		if _, err := s.Settle(t.Context(), want, 0); err == nil {
			t.Error(what)
		}
	}
	fails("nobody enforces, and what is open was taken for closed", s.Declared())

	e := engines()[0]
	e.run(t, c)
	settle(t, s, e, s.Declared())
	for _, open := range []bool{true, false} {
		one := slices.Clone(s.Declared())
		i := slices.Index(one, open)
		one[i] = !open
		_, err := s.Settle(t.Context(), one, 0)
		if err == nil || !strings.HasPrefix(err.Error(), "1 of ") || !strings.Contains(err.Error(), s.Name(i)) {
			t.Errorf("of %s nothing was said but %v", s.Name(i), err)
		}
	}
	for _, p := range policies {
		p.Spec.Ingress, p.Spec.Egress = nil, nil
	}
	replace(t, c, policies)
	settle(t, s, e, predicted(t, s, policies))
	fails("what is closed was taken for open", s.Declared())
}
