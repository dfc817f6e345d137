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

// afterwards is how long paths are watched after the last policy was stored, and
// betweenWaves how long a wave is waited for; Argo CD waits two seconds.
const (
	afterwards   = 2 * time.Second
	betweenWaves = time.Second
)

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
// guide, or in one in the order of the waves, and what is declared is never cut.
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
			replace(t, c, nil)
			settle(t, s, e, s.Open())
			transition(t, c, s, e, "nothing to namespaces", nil, b.stream(t, "prod"))
			settle(t, s, e, s.Declared())
		})
	}
}

// TestWatch: what is cut or leaks is seen. The waves in the wrong order cut what is
// declared, and where policies are taken away for a moment, what is closed leaks.
func TestWatch(t *testing.T) {
	c := newCluster(t)
	b := compile(t, "testdata/shop-1.4.0")
	e := engines()[0]
	s := newScene(t, c, b.models[1])
	e.run(t, c)
	settle(t, s, e, s.Open())
	policies, err := c.Policies(b.stream(t, "prod"))
	if err != nil {
		t.Fatal(err)
	}
	kept, closed := sameInBoth(s.Open(), predicted(t, s, policies))
	backwards := waves(t, policies)
	slices.Reverse(backwards)
	seen := watch(t, s, kept, closed, func() { applyWaves(t, c, backwards) })
	if len(seen.Cut) == 0 {
		t.Errorf("%d probes saw nothing cut, while default-deny was there before what allows", seen.Probes)
	}
	settle(t, s, e, s.Declared())
	kept, closed = sameInBoth(s.Declared(), s.Declared())
	seen = watch(t, s, kept, closed, func() {
		replace(t, c, nil)
		time.Sleep(betweenWaves)
		replace(t, c, policies)
	})
	if len(seen.Leaked) == 0 {
		t.Errorf("%d probes saw nothing leak, while there were no policies", seen.Probes)
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
	kept, closed := sameInBoth(was, will)
	var took time.Duration
	seen := watch(t, s, kept, closed, func() {
		began := applyWaves(t, c, waves(t, next))
		if err := c.Prune(t.Context(), next); err != nil {
			t.Error(err)
		}
		if took, err = s.Await(t.Context(), began, scene.Differences(was, will), will, e.settles); err != nil {
			t.Error(err)
		}
	})
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

// watch watches paths while something changes, and for some time afterwards.
func watch(t *testing.T, s *scene.Scene, kept, closed []int, change func()) scene.Watched {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ready := make(chan struct{})
	go func() {
		defer stop()
		<-ready
		change()
		time.Sleep(afterwards)
	}()
	seen, err := s.Watch(ctx, kept, closed, func() { close(ready) })
	if err != nil {
		t.Fatal(err)
	}
	if seen.Probes < 2*(len(kept)+len(closed)) {
		t.Errorf("%d probes are not every path twice", seen.Probes)
	}
	return seen
}

// sameInBoth returns the attempts that are open in two tables, and those that are
// closed in both.
func sameInBoth(was, will []bool) (open, closed []int) {
	for i := range was {
		switch {
		case was[i] && will[i]:
			open = append(open, i)
		case !was[i] && !will[i]:
			closed = append(closed, i)
		}
	}
	return open, closed
}

// applyWaves stores policies wave by wave, in any order within one, and returns
// when it began with the last wave.
func applyWaves(t *testing.T, c *cluster.Cluster, waves [][]*networkingv1.NetworkPolicy) (last time.Time) {
	t.Helper()
	for i, wave := range waves {
		if i > 0 {
			time.Sleep(betweenWaves)
		}
		last = time.Now()
		for _, j := range rand.Perm(len(wave)) {
			if err := c.Apply(t.Context(), wave[j]); err != nil {
				t.Error(err)
			}
		}
	}
	return last
}

// waves returns policies as Argo CD applies them, by their sync waves.
func waves(t *testing.T, policies []*networkingv1.NetworkPolicy) [][]*networkingv1.NetworkPolicy {
	t.Helper()
	byWave := map[int][]*networkingv1.NetworkPolicy{}
	for _, p := range policies {
		wave, err := strconv.Atoi(p.Annotations["argocd.argoproj.io/sync-wave"])
		if err != nil {
			t.Fatalf("%s/%s has no sync wave: %v", p.Namespace, p.Name, err)
		}
		byWave[wave] = append(byWave[wave], p)
	}
	var out [][]*networkingv1.NetworkPolicy
	for _, wave := range slices.Sorted(maps.Keys(byWave)) {
		out = append(out, byWave[wave])
	}
	return out
}
