package cluster_test

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"netgen.dev/e2e/packets/cluster"
	"netgen.dev/e2e/packets/programs"
	"netgen.dev/gen"
	"netgen.dev/gen/load"
)

// TestFake and TestServer see that a fake and a server do the same.
func TestFake(t *testing.T) { exercise(t, cluster.Fake()) }

func TestServer(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs a real API server")
	}
	program := os.Getenv(programs.APIServer)
	start := time.Now()
	c, err := cluster.Start(t.Context(), program, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("ready after %v", time.Since(start).Round(time.Millisecond))
	exercise(t, c)
	refuses(t, c)

	config, err := c.Config()
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if conn, err := net.DialTimeout("tcp", at.Host, time.Second); err == nil {
		_ = conn.Close()
		t.Errorf("somebody still listens at %s", at.Host)
	}
}

// exercise does once everything that tests of packets do.
func exercise(t *testing.T, c *cluster.Cluster) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.AddNamespace(ctx, "shop", map[string]string{"team": "a"}))
	must(c.AddNamespace(ctx, "shop", map[string]string{"team": "b", "tier": "1"}))
	must(c.AddNamespace(ctx, metav1.NamespaceSystem, map[string]string{"dns": "here"}))
	wantLabels(t, c, "shop", map[string]string{"team": "b", "tier": "1", corev1.LabelMetadataName: "shop"})
	wantLabels(t, c, metav1.NamespaceSystem, map[string]string{"dns": "here", corev1.LabelMetadataName: metav1.NamespaceSystem})

	pod := cluster.Pod{
		Namespace: "shop", Name: "frontend", Labels: map[string]string{"app": "frontend"},
		Addr:  netip.MustParseAddr("10.10.0.7"),
		Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: 8080}},
	}
	must(c.AddPod(ctx, pod))
	there, err := c.Client.CoreV1().Pods("shop").Get(ctx, "frontend", metav1.GetOptions{})
	must(err)
	if there.Spec.NodeName != cluster.Node || there.Status.Phase != corev1.PodRunning ||
		len(there.Status.PodIPs) != 1 || there.Status.PodIPs[0].IP != "10.10.0.7" || there.Labels["app"] != "frontend" {
		t.Errorf("the pod is %+v", there)
	}

	policies, err := c.Policies(shop(t))
	must(err)
	for range 2 { // the second time they are there already
		for _, p := range policies {
			must(c.Apply(ctx, p))
		}
	}
	wantPolicies(t, c, policies)
	must(c.Apply(ctx, bare()))
	wantComplete(t, c)
	must(c.Prune(ctx, policies[:1]))
	wantPolicies(t, c, policies[:1])
	must(c.Delete(ctx, policies[0]))
	if err := c.Delete(ctx, policies[0]); !apierrors.IsNotFound(err) {
		t.Errorf("deleted twice: %v", err)
	}

	must(c.Apply(ctx, policies[0]))
	must(c.RemoveNamespace(ctx, "shop"))
	must(c.RemoveNamespace(ctx, metav1.NamespaceSystem))
	wantPolicies(t, c, nil)
	wantLabels(t, c, metav1.NamespaceSystem, map[string]string{corev1.LabelMetadataName: metav1.NamespaceSystem})
	if _, err := c.Client.CoreV1().Namespaces().Get(ctx, "shop", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the namespace that was removed: %v", err)
	}
	must(c.AddNamespace(ctx, "shop", nil))
	must(c.AddPod(ctx, pod))
	must(c.RemoveNamespace(ctx, "shop"))
}

// shop builds the topology of the same name for production.
func shop(t *testing.T) []byte {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "topologies", "shop")
	checked, findings := gen.Check(load.Request{Dir: dir, Base: dir})
	if findings.Failed() {
		t.Fatalf("%s: %v", dir, findings)
	}
	stream, err := gen.Build(checked).Stream("prod")
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// bare leaves to the server what can be left to it.
func bare() *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "bare"},
		Spec: networkingv1.NetworkPolicySpec{
			Egress: []networkingv1.NetworkPolicyEgressRule{{Ports: []networkingv1.NetworkPolicyPort{{}}}},
		},
	}
}

func wantComplete(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	p, err := c.Client.NetworkingV1().NetworkPolicies("shop").Get(t.Context(), "bare", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	types := []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	protocol := p.Spec.Egress[0].Ports[0].Protocol
	if !slices.Equal(p.Spec.PolicyTypes, types) || protocol == nil || *protocol != corev1.ProtocolTCP {
		t.Errorf("the policy was not completed: %+v", p.Spec)
	}
}

func wantLabels(t *testing.T, c *cluster.Cluster, namespace string, want map[string]string) {
	t.Helper()
	there, err := c.Client.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(there.Labels, want) {
		t.Errorf("namespace %s has labels %v, want %v", namespace, there.Labels, want)
	}
}

// wantPolicies sees that the cluster has these policies, as they are written.
func wantPolicies(t *testing.T, c *cluster.Cluster, want []*networkingv1.NetworkPolicy) {
	t.Helper()
	there, err := c.Client.NetworkingV1().NetworkPolicies("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(there.Items) != len(want) {
		t.Errorf("%d policies, want %d", len(there.Items), len(want))
	}
	for _, w := range want {
		if !slices.ContainsFunc(there.Items, func(p networkingv1.NetworkPolicy) bool {
			return p.Namespace == w.Namespace && p.Name == w.Name && reflect.DeepEqual(p.Spec, w.Spec)
		}) {
			t.Errorf("policy %s/%s is not there as it is written", w.Namespace, w.Name)
		}
	}
}

// refuses sees that a server refuses what is wrong, or its consent says nothing.
func refuses(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	if err := c.AddNamespace(t.Context(), "shop", nil); err != nil {
		t.Fatal(err)
	}
	p := bare()
	p.Spec.Egress[0].To = []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: "203.0.113.0/33"}}}
	if err := c.Apply(t.Context(), p); !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "ipBlock.cidr") {
		t.Errorf("a policy with 33 bits: %v", err)
	}
	if err := c.AddPod(t.Context(), cluster.Pod{Namespace: "shop", Name: "A"}); !apierrors.IsInvalid(err) {
		t.Errorf("a pod with a capital name: %v", err)
	}
}

func TestPoliciesAreReadStrictly(t *testing.T) {
	const head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: a\n  namespace: shop\nspec:\n  podSelector: {}\n"
	for name, control := range map[string]struct{ stream, want string }{
		"unknown field":     {head + "---\n" + head + "  policyType: [Ingress]\n", `document 2 of the stream: strict decoding error: unknown field "spec.policyType"`},
		"field given twice": {head + "  podSelector: {}\n", "already set"},
		"another kind":      {"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n", "is a /v1, Kind=Namespace, not a NetworkPolicy"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := cluster.Fake().Policies([]byte(control.stream)); err == nil || !strings.Contains(err.Error(), control.want) {
				t.Errorf("%v, want %s", err, control.want)
			}
		})
	}
}

// TestStartFails sees that one learns why a server did not start.
func TestStartFails(t *testing.T) {
	program := filepath.Join(t.TempDir(), "apiserver")
	for name, control := range map[string]struct{ script, want string }{
		"ends":  {"echo out of order >&2; exit 3", "apiserver ended before it was ready: exit status 3\nthe end of "},
		"hangs": {"echo out of order; cat", "apiserver is not ready: context deadline exceeded: read the kubeconfig: "},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(program, []byte("#!/bin/sh\n"+control.script+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := cluster.Start(ctx, program, t.TempDir())
			if err == nil || !strings.Contains(err.Error(), control.want) || !strings.HasSuffix(err.Error(), ":\nout of order") {
				t.Errorf("%v, want %s", err, control.want)
			}
		})
	}
}
