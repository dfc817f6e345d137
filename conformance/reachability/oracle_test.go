package reachability

import (
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/conformance/internal/apiserver"
	"netgen.dev/conformance/internal/dialect"
	"netgen.dev/internal/declared"
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
func (o oracle) allows(src, dst declared.Place, p declared.Probe) (sends, accepts bool) {
	result := o.policies.IsTrafficAllowed(&matcher.Traffic{
		Source:       peerOf(src),
		Destination:  peerOf(dst),
		ResolvedPort: int(p.Port),
		Protocol:     corev1.Protocol(p.Protocol),
	})
	return result.Egress.IsAllowed(), result.Ingress.IsAllowed()
}

func peerOf(p declared.Place) *matcher.TrafficPeer {
	out := &matcher.TrafficPeer{IP: p.Addr.String()}
	if p.Pod != nil {
		out.Internal = &matcher.InternalPeer{
			PodLabels: p.Pod.Labels, NamespaceLabels: p.Pod.NamespaceLabels, Namespace: p.Pod.Namespace,
		}
	}
	return out
}
