package reachability

import (
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/conformance/internal/apiserver"
	"netgen.dev/conformance/internal/dialect"
)

// stored returns the policies of a stream as the API server stores them.
func stored(t testing.TB, stream []byte) []*networkingv1.NetworkPolicy {
	t.Helper()
	docs, err := apiserver.Documents(stream)
	if err != nil {
		t.Fatal(err)
	}
	var out []*networkingv1.NetworkPolicy
	for _, doc := range docs {
		p, err := apiserver.Admit(doc)
		if err != nil {
			t.Fatalf("the API server refuses this document: %v\n%s", err, doc)
		}
		out = append(out, p.Stored)
	}
	return out
}

// oracle is cyclonus with a set of policies.
type oracle struct{ policies *matcher.Policy }

func newOracle(policies []*networkingv1.NetworkPolicy) oracle {
	return oracle{matcher.BuildNetworkPolicies(false, dialect.Policies(policies))}
}

// allows reports whether the source may send a flow and whether the destination
// may accept it. It passes where both do.
func (o oracle) allows(src, dst place, p probe) (sends, accepts bool) {
	result := o.policies.IsTrafficAllowed(&matcher.Traffic{
		Source:       peerOf(src),
		Destination:  peerOf(dst),
		ResolvedPort: int(p.port),
		Protocol:     corev1.Protocol(p.protocol),
	})
	return result.Egress.IsAllowed(), result.Ingress.IsAllowed()
}

func peerOf(p place) *matcher.TrafficPeer {
	out := &matcher.TrafficPeer{IP: p.addr.String()}
	if p.pod != nil {
		out.Internal = &matcher.InternalPeer{
			PodLabels: p.pod.labels, NamespaceLabels: p.pod.namespaceLabels, Namespace: p.pod.namespace,
		}
	}
	return out
}
