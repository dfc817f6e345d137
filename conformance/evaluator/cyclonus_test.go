package evaluator

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/connectivity/probe"
	"github.com/mattfenwick/cyclonus/pkg/generator"
	"github.com/mattfenwick/cyclonus/pkg/kube"
	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/proof/connectivity"
)

// score counts what a run of the suite compares. A cell is a connection, with
// three answers: of its egress, of its ingress and of both.
type score struct {
	cases, steps   int
	cells, outside int // of two pods; of a pod and an address outside
	loops          int // of a pod and itself, which Kubernetes leaves open
	blocked        int // of the cells
}

// TestCyclonus runs every case that cyclonus generates, in the world that its
// command makes: namespaces x, y and z with pods a, b and c that serve ports 80
// and 81 of each protocol. Cyclonus itself says what must pass.
func TestCyclonus(t *testing.T) {
	cases := generator.NewTestCaseGenerator(true, podAddresses["z/c"], []string{"x", "y", "z"}, nil, nil).GenerateAllTestCases()
	var got score
	for i, c := range cases {
		t.Run(fmt.Sprintf("%d %s", i+1, c.Description), func(t *testing.T) {
			got.cases++
			w := newWorld(t)
			for _, step := range c.Steps {
				got.steps++
				for _, a := range step.Actions {
					w.perform(t, a)
				}
				w.check(t, step.Probe, &got)
			}
		})
	}
	t.Logf("%d cases, %d steps: %d cells of two pods and %d of a pod and an address agree, %d of them blocked; %d are of a pod and itself",
		got.cases, got.steps, got.cells, got.outside, got.blocked, got.loops)
	if got.cases < len(cases) {
		return // only some were asked for
	}
	if want := (score{cases: 230, steps: 256, cells: 111_252, outside: 138_750, loops: 13_875, blocked: 35_785}); got != want {
		t.Errorf("compared %+v, the suite has %+v", got, want)
	}
}

// podAddresses are around the blocks that cyclonus makes of the address of z/c:
// some in its /28, which is an exception, some in its /24, and some elsewhere.
// Pods that a case adds have addresses in the /28.
var podAddresses = map[string]string{
	"x/a": "10.1.0.1", "x/b": "192.168.1.2", "x/c": "192.168.1.203",
	"y/a": "192.168.0.1", "y/b": "192.168.1.102", "y/c": "192.168.1.3",
	"z/a": "192.168.1.1", "z/b": "192.168.2.2", "z/c": "192.168.1.9",
}

// addressesOutside are in those blocks too, and elsewhere.
var addressesOutside = []string{"192.168.1.4", "192.168.1.64", "192.168.3.1", "203.0.113.1", "2001:db8::1"}

// world is the state that the actions of a case change.
type world struct {
	*probe.Resources
	policies map[string]*networkingv1.NetworkPolicy // by namespace/name
}

// newWorld returns the world that the cases start from.
func newWorld(t *testing.T) *world {
	t.Helper()
	resources, err := probe.NewDefaultResources(kube.NewMockKubernetes(1), []string{"x", "y", "z"}, []string{"a", "b", "c"}, []int{80, 81},
		[]corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}, nil, 5, false, "")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{resources, map[string]*networkingv1.NetworkPolicy{}}
	w.assignAddresses()
	return w
}

func (w *world) assignAddresses() {
	for i, p := range w.Pods {
		addr, ok := podAddresses[p.PodString().String()]
		if !ok {
			addr = fmt.Sprintf("192.168.1.%d", i)
		}
		p.IP = addr
	}
}

// perform changes the world as an action says.
func (w *world) perform(t *testing.T, a *generator.Action) {
	t.Helper()
	put := func(p *networkingv1.NetworkPolicy, exists bool) {
		key := p.Namespace + "/" + p.Name
		if _, ok := w.policies[key]; ok != exists {
			t.Fatalf("policy %s exists: %t", key, ok)
		}
		w.policies[key] = p
	}
	next, err := w.Resources, error(nil)
	switch {
	case a.CreatePolicy != nil:
		put(a.CreatePolicy.Policy, false)
	case a.UpdatePolicy != nil:
		put(a.UpdatePolicy.Policy, true)
	case a.DeletePolicy != nil:
		delete(w.policies, a.DeletePolicy.Namespace+"/"+a.DeletePolicy.Name)
	case a.CreateNamespace != nil:
		next, err = w.CreateNamespace(a.CreateNamespace.Namespace, a.CreateNamespace.Labels)
	case a.SetNamespaceLabels != nil:
		next, err = w.UpdateNamespaceLabels(a.SetNamespaceLabels.Namespace, a.SetNamespaceLabels.Labels)
	case a.DeleteNamespace != nil:
		next, err = w.DeleteNamespace(a.DeleteNamespace.Namespace)
	case a.CreatePod != nil:
		next, err = w.CreatePod(a.CreatePod.Namespace, a.CreatePod.Pod, a.CreatePod.Labels)
	case a.SetPodLabels != nil:
		next, err = w.SetPodLabels(a.SetPodLabels.Namespace, a.SetPodLabels.Pod, a.SetPodLabels.Labels)
	case a.DeletePod != nil:
		next, err = w.DeletePod(a.DeletePod.Namespace, a.DeletePod.Pod)
	default:
		t.Fatalf("an action that is unknown here: %+v", a)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.Resources = next
	w.assignAddresses()
}

// check compares the answers in a world: on every port, whatever the step asks
// for, and on the port that it asks for.
func (w *world) check(t *testing.T, asked *generator.ProbeConfig, got *score) {
	t.Helper()
	m := newMatch(t, w)
	jobs := new(probe.JobBuilder).GetJobsForProbeConfig(w.Resources, generator.ProbeAllAvailable).Valid
	if !asked.AllAvailable {
		jobs = append(jobs, new(probe.JobBuilder).GetJobsForProbeConfig(w.Resources, asked).Valid...)
	}
	for _, j := range jobs {
		q := question{
			connectivity.End{Pod: m.cluster.pod(j.FromKey)},
			connectivity.End{Pod: m.cluster.pod(j.ToKey)},
			connectivity.Protocol(j.Protocol), uint16(j.ResolvedPort),
		}
		if q.src.Pod != q.dst.Pod {
			got.cells++
			m.compare(t, q, j.Traffic(), got)
			continue
		}
		got.loops++
		if v := m.set.Connects(q.src, q.dst, q.protocol, q.port); v != connectivity.Undefined {
			t.Errorf("%s to itself: %s", q.src, v)
		}
		// For the addresses outside, each pod once, as either end.
		for _, text := range addressesOutside {
			got.outside += 2
			addr := connectivity.End{Addr: netip.MustParseAddr(text)}
			in, out := j.Traffic(), j.Traffic()
			in.Source = &matcher.TrafficPeer{IP: text}
			out.Destination, out.ResolvedPortName = &matcher.TrafficPeer{IP: text}, ""
			m.compare(t, question{addr, q.dst, q.protocol, q.port}, in, got)
			m.compare(t, question{q.src, addr, q.protocol, q.port}, out, got)
		}
	}
}

// match is a world as each evaluator has it.
type match struct {
	cluster *cluster
	set     *connectivity.Set
	theirs  *matcher.Policy
	engine  *engine
}

func newMatch(t *testing.T, w *world) *match {
	t.Helper()
	m := &match{cluster: clusterOf(w)}
	var problems []connectivity.Problem
	m.set, problems = connectivity.New(m.cluster.policies, m.cluster.namespaces)
	for _, p := range problems {
		t.Errorf("we refuse a policy of the suite: %v", p)
	}
	// Cyclonus simulates what it expects of a cluster with its policies simplified.
	m.theirs = matcher.BuildNetworkPolicies(true, m.cluster.policies)
	m.engine = newEngine(m.cluster, m.cluster.stored())
	return m
}

// compare compares one cell.
func (m *match) compare(t *testing.T, q question, traffic *matcher.Traffic, got *score) {
	t.Helper()
	result := m.theirs.IsTrafficAllowed(traffic)
	for direction, theirs := range map[connectivity.Direction]bool{
		connectivity.Egress: result.Egress.IsAllowed(), connectivity.Ingress: result.Ingress.IsAllowed(),
	} {
		if ours := ask(m.set, direction, q).Verdict; ours != verdict(theirs) {
			t.Errorf("%s, %s: cyclonus says %t, we %s", direction, q, theirs, ours)
		}
		if second := m.engine.allows(direction, q); second != theirs {
			t.Errorf("%s, %s: cyclonus says %t, kube-network-policies %t", direction, q, theirs, second)
		}
	}
	if ours := m.set.Connects(q.src, q.dst, q.protocol, q.port); ours != verdict(result.IsAllowed()) {
		t.Errorf("%s: cyclonus says %t, we %s", q, result.IsAllowed(), ours)
	}
	if !result.IsAllowed() {
		got.blocked++
	}
}

// clusterOf returns the world of cyclonus as we know clusters.
func clusterOf(w *world) *cluster {
	c := &cluster{policies: slices.Collect(maps.Values(w.policies))}
	for name, labels := range w.Namespaces {
		c.namespaces = append(c.namespaces, connectivity.Namespace{Name: name, Labels: labels})
	}
	for _, p := range w.Pods {
		pod := &connectivity.Pod{Namespace: p.Namespace, Name: p.Name, Labels: p.Labels, IPs: []netip.Addr{netip.MustParseAddr(p.IP)}}
		for _, served := range p.Containers {
			pod.Ports = append(pod.Ports, connectivity.ContainerPort{
				Name: served.PortName, Port: uint16(served.Port), Protocol: connectivity.Protocol(served.Protocol),
			})
		}
		c.ends = append(c.ends, connectivity.End{Pod: pod})
	}
	return c
}
