package packets

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mattfenwick/cyclonus/pkg/connectivity/probe"
	"github.com/mattfenwick/cyclonus/pkg/generator"
	"github.com/mattfenwick/cyclonus/pkg/kube"
	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/e2e/packets/cluster"
	"netgen.dev/e2e/packets/enforcer"
	"netgen.dev/e2e/packets/scene"
	"netgen.dev/e2e/packets/wire"
)

// blocksAround is the address that cyclonus makes blocks around: that of z/c.
const blocksAround = "192.168.1.9"

// podAddresses are in those blocks, in their exceptions and elsewhere.
var podAddresses = map[string]string{
	"x/a": "10.1.0.1", "x/b": "192.168.1.2", "x/c": "192.168.1.203",
	"y/a": "192.168.0.1", "y/b": "192.168.1.102", "y/c": "192.168.1.3",
	"z/a": "192.168.1.1", "z/b": "192.168.2.2", "z/c": blocksAround,
}

// TestCyclonus holds the harness itself against the cases that cyclonus makes
// for the conformance of clusters: what cyclonus expects is what arrives.
// Cyclonus stores policies with an API server, so that a fake will not do.
func TestCyclonus(t *testing.T) {
	if testing.Short() {
		t.Skip("its cases take minutes, and an API server that completes policies")
	}
	cases := generator.NewTestCaseGenerator(true, blocksAround, []string{"x", "y", "z"}, nil, nil).GenerateAllTestCases()
	c := newCluster(t)
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			w := newWorld(t, c)
			e.run(t, c)
			var steps, probes int
			var took []time.Duration
			for i, tc := range cases {
				t.Run(fmt.Sprintf("%d", i+1), func(t *testing.T) {
					w.reset(t)
					for _, step := range tc.Steps {
						for _, a := range step.Actions {
							w.perform(t, a)
						}
						got := w.settle(t, e, tc.Description)
						steps, probes, took = steps+1, probes+got.Probes, append(took, got.Took)
					}
				})
			}
			slices.Sort(took)
			t.Logf("%d cases, %d steps, %d probes; a step is right after %s, the slowest after %s",
				len(cases), steps, probes, took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
			results.cyclonus(e.name, len(cases), steps, probes, took[len(took)/2])
		})
	}
}

// world is what the actions of a case change: in memory, where cyclonus says what
// is to be expected, in the cluster, and on the wire.
type world struct {
	*probe.Resources
	policies map[string]*networkingv1.NetworkPolicy // by namespace/name
	cluster  *cluster.Cluster
	network  *wire.Network
	hosts    map[string]*wire.Host        // by namespace/name of the pod
	labels   map[string]map[string]string // of each pod and each namespace in the cluster
}

func newWorld(t *testing.T, c *cluster.Cluster) *world {
	t.Helper()
	n, err := wire.New()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{cluster: c, network: n, hosts: map[string]*wire.Host{}, labels: map[string]map[string]string{}}
	t.Cleanup(func() {
		w.Resources = &probe.Resources{Namespaces: map[string]map[string]string{}}
		w.policies = nil
		if err := w.sync(t); err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	w.reset(t)
	return w
}

// reset makes the world that every case starts from.
func (w *world) reset(t *testing.T) {
	t.Helper()
	fresh, err := probe.NewDefaultResources(kube.NewMockKubernetes(1), []string{"x", "y", "z"}, []string{"a", "b", "c"}, []int{80, 81},
		[]corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP}, nil, 5, false, "")
	if err != nil {
		t.Fatal(err)
	}
	w.Resources, w.policies = fresh, map[string]*networkingv1.NetworkPolicy{}
}

// perform changes the world in memory.
func (w *world) perform(t *testing.T, a *generator.Action) {
	t.Helper()
	next, err := w.Resources, error(nil)
	switch {
	case a.CreatePolicy != nil:
		w.policies[a.CreatePolicy.Policy.Namespace+"/"+a.CreatePolicy.Policy.Name] = a.CreatePolicy.Policy
	case a.UpdatePolicy != nil:
		w.policies[a.UpdatePolicy.Policy.Namespace+"/"+a.UpdatePolicy.Policy.Name] = a.UpdatePolicy.Policy
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
}

// settle brings cluster and wire to what is in memory, and tries every port until
// one whole pass is as cyclonus expects.
func (w *world) settle(t *testing.T, e engine, description string) scene.Settled {
	t.Helper()
	if err := w.sync(t); err != nil {
		t.Fatal(err)
	}
	expected := matcher.BuildNetworkPolicies(true, slices.Collect(maps.Values(w.policies)))
	table := scene.Table{Network: w.network}
	table.Name = func(i int) string { return table.Attempts[i].String() }
	var want []bool
	for _, j := range new(probe.JobBuilder).GetJobsForProbeConfig(w.Resources, generator.ProbeAllAvailable).Valid {
		if j.FromKey == j.ToKey {
			continue // a pod always reaches itself, without leaving its host
		}
		table.Attempts = append(table.Attempts, wire.Attempt{
			From: netip.MustParseAddr(j.FromIP), To: netip.MustParseAddr(j.ToIP),
			Port: wire.Port{Number: uint16(j.ResolvedPort), Protocol: wire.Protocol(j.Protocol)},
		})
		want = append(want, expected.IsTrafficAllowed(j.Traffic()).IsAllowed())
	}
	got, err := table.Settle(t.Context(), want, e.settles)
	if err != nil {
		t.Fatalf("%s: %v", description, err)
	}
	return got
}

// sync makes the cluster and the wire what the world is in memory.
func (w *world) sync(t *testing.T) error {
	ctx := background(t)
	pods := map[string]*probe.Pod{}
	for i, p := range w.Pods {
		addr, ok := podAddresses[p.PodString().String()]
		if !ok { // one that a case adds, among those of the blocks
			addr = fmt.Sprintf("192.168.1.%d", 200+i)
		}
		p.IP = addr
		pods[p.PodString().String()] = p
	}
	for name := range w.hosts {
		if pods[name] == nil {
			if err := w.removePod(t, name); err != nil {
				return err
			}
		}
	}
	for name := range w.labels {
		if _, wanted := w.Namespaces[name]; !wanted && !strings.Contains(name, "/") {
			delete(w.labels, name)
			if err := w.cluster.RemoveNamespace(ctx, name); err != nil {
				return err
			}
		}
	}
	for name, labels := range w.Namespaces {
		if there, ok := w.labels[name]; !ok || !maps.Equal(there, labels) {
			w.labels[name] = maps.Clone(labels)
			if err := w.cluster.AddNamespace(ctx, name, labels); err != nil {
				return err
			}
		}
	}
	for name, p := range pods {
		if err := w.putPod(t, name, p); err != nil {
			return err
		}
	}
	policies := slices.Collect(maps.Values(w.policies))
	for _, p := range policies {
		if err := w.cluster.Apply(ctx, p); err != nil {
			return err
		}
	}
	return w.cluster.Prune(ctx, policies)
}

// putPod adds a pod with its host, or labels one that is there.
func (w *world) putPod(t *testing.T, name string, p *probe.Pod) error {
	ctx := background(t)
	if w.hosts[name] != nil {
		if maps.Equal(w.labels[name], p.Labels) {
			return nil
		}
		w.labels[name] = maps.Clone(p.Labels)
		return w.cluster.LabelPod(ctx, p.Namespace, p.Name, p.Labels)
	}
	addr := netip.MustParseAddr(p.IP)
	host, err := w.network.AddHost(enforcer.DeviceName(p.Namespace, p.Name), addr)
	if err != nil {
		return err
	}
	w.hosts[name], w.labels[name] = host, maps.Clone(p.Labels)
	var ports []corev1.ContainerPort
	for _, c := range p.Containers {
		ports = append(ports, corev1.ContainerPort{Name: c.PortName, ContainerPort: int32(c.Port), Protocol: c.Protocol})
		if err := host.Listen(wire.Port{Number: uint16(c.Port), Protocol: wire.Protocol(c.Protocol)}); err != nil {
			return err
		}
	}
	return w.cluster.AddPod(ctx, cluster.Pod{Namespace: p.Namespace, Name: p.Name, Labels: p.Labels, Addr: addr, Ports: ports})
}

func (w *world) removePod(t *testing.T, name string) error {
	namespace, pod, _ := strings.Cut(name, "/")
	host := w.hosts[name]
	delete(w.hosts, name)
	delete(w.labels, name)
	if err := w.cluster.RemovePod(background(t), namespace, pod); err != nil {
		return err
	}
	return w.network.Remove(host)
}
