package packets

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/e2e/packets/cluster"
	"netgen.dev/e2e/packets/scene"
)

// afterwards is how long paths are watched after the last policy was stored.
const afterwards = 2 * time.Second

// TestUpgrade: from one version of a topology to the next, what both declare is
// never cut, and what neither declares never leaks.
func TestUpgrade(t *testing.T) {
	c := newCluster(t)
	before, after := compile(t, "testdata/shop-1.4.0"), compile(t, "testdata/shop-1.5.0")
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			s := newScene(t, c, after.models[0])
			e.run(t, c)
			settle(t, s, e, s.Open())
			old := apply(t, c, before.stream(t, "prod"))
			settle(t, s, e, predicted(t, s, old))
			transition(t, c, s, e, "1.4.0 to 1.5.0", old, after.stream(t, "prod"))
			settle(t, s, e, s.Declared())
		})
	}
}

// TestAdoption: a cluster without policies is isolated in the two steps of the
// guide, and what is declared is never cut.
func TestAdoption(t *testing.T) {
	c := newCluster(t)
	b := compile(t, "testdata/shop-1.4.0")
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			s := newScene(t, c, b.models[1])
			e.run(t, c)
			settle(t, s, e, s.Open())
			first := transition(t, c, s, e, "nothing to services", nil, b.stream(t, "adopting"))
			transition(t, c, s, e, "services to namespaces", first, b.stream(t, "prod"))
			settle(t, s, e, s.Declared())
		})
	}
}

// transition replaces policies as Argo CD does, and watches what is the same
// before and after all the while.
func transition(t *testing.T, c *cluster.Cluster, s *scene.Scene, e engine, what string, old []*networkingv1.NetworkPolicy, stream []byte) []*networkingv1.NetworkPolicy {
	t.Helper()
	next, err := c.Policies(stream)
	if err != nil {
		t.Fatal(err)
	}
	was, will := predicted(t, s, old), predicted(t, s, next)
	var kept, closed []int
	for i := range was {
		switch {
		case was[i] && will[i]:
			kept = append(kept, i)
		case !was[i] && !will[i]:
			closed = append(closed, i)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	type outcome struct {
		scene.Watched
		err error
	}
	done := make(chan outcome)
	go func() {
		w, err := s.Watch(ctx, kept, closed)
		done <- outcome{w, err}
	}()
	for _, p := range inWaves(t, next) {
		if err := c.Apply(t.Context(), p); err != nil {
			t.Error(err)
		}
	}
	if err := c.Prune(t.Context(), next); err != nil {
		t.Error(err)
	}
	took, err := s.Await(t.Context(), scene.Differences(was, will), will, e.settles)
	if err != nil {
		t.Error(err)
	}
	time.Sleep(afterwards)
	stop()
	seen := <-done
	if seen.err != nil {
		t.Fatal(seen.err)
	}
	t.Logf("%s: of %d attempts %d stay open, %d stay closed; %d probes meanwhile, %d cut, %d leaked; all as it ought to be after %s",
		what, len(was), len(kept), len(closed), seen.Probes, len(seen.Cut), len(seen.Leaked), took.Round(time.Millisecond))
	for _, path := range seen.Cut {
		t.Errorf("cut: %s", path)
	}
	for _, path := range seen.Leaked {
		t.Errorf("leaked: %s", path)
	}
	results.transition(e.name, what, len(kept), len(closed), seen.Probes, len(seen.Cut), len(seen.Leaked), took)
	return next
}

// inWaves returns policies in an order in which Argo CD may apply them: by their
// sync waves, and in any order within one.
func inWaves(t *testing.T, policies []*networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy {
	t.Helper()
	waves := map[int][]*networkingv1.NetworkPolicy{}
	for _, p := range policies {
		wave, err := strconv.Atoi(p.Annotations["argocd.argoproj.io/sync-wave"])
		if err != nil {
			t.Fatalf("%s/%s has no sync wave: %v", p.Namespace, p.Name, err)
		}
		waves[wave] = append(waves[wave], p)
	}
	var out []*networkingv1.NetworkPolicy
	for _, wave := range slices.Sorted(maps.Keys(waves)) {
		for _, i := range rand.Perm(len(waves[wave])) {
			out = append(out, waves[wave][i])
		}
	}
	return out
}
