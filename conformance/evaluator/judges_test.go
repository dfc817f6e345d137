package evaluator

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"

	"netgen.dev/conformance/internal/dialect"
	"netgen.dev/proof/connectivity"
)

// judge is somebody else's evaluator with a cluster. It answers for one direction
// of a connection, from the policies alone: it knows nothing of nodes.
type judge struct {
	name   string
	allows func(connectivity.Direction, question) bool
}

// connects reports whether a connection passes at both of its ends.
func (j judge) connects(q question) bool {
	return j.allows(connectivity.Egress, q) && j.allows(connectivity.Ingress, q)
}

// judgesOf returns the judges of a cluster with policies as the API server
// stores them.
func judgesOf(c *cluster, stored policies) []judge {
	return []judge{
		{"cyclonus", newSimulator(c, stored).allows},
		{"kube-network-policies", newEngine(c, stored).allows},
	}
}

// simulator is cyclonus with a cluster.
type simulator struct {
	all, selectors *matcher.Policy // every peer; those by labels only
	pods           map[*connectivity.Pod]*matcher.InternalPeer
}

func newSimulator(c *cluster, stored policies) *simulator {
	list := policies(dialect.Policies(stored))
	s := &simulator{
		all: matcher.BuildNetworkPolicies(false, list),
		selectors: matcher.BuildNetworkPolicies(false, list.withPeers(func(p networkingv1.NetworkPolicyPeer) bool {
			return p.IPBlock == nil
		})),
		pods: map[*connectivity.Pod]*matcher.InternalPeer{},
	}
	for _, e := range c.ends {
		if e.Pod != nil {
			s.pods[e.Pod] = &matcher.InternalPeer{
				PodLabels: e.Pod.Labels, Namespace: e.Pod.Namespace, NamespaceLabels: c.labelsOf(e.Pod.Namespace),
			}
		}
	}
	return s
}

func (s *simulator) peer(e connectivity.End, addr netip.Addr) *matcher.TrafficPeer {
	out := &matcher.TrafficPeer{IP: addr.String()}
	if e.Pod != nil {
		out.Internal = s.pods[e.Pod]
	}
	return out
}

// allows asks for each address of the peer and each name of the port, since
// cyclonus knows one of either. That is the same question: a rule lets through
// what any of its peers and any of its ports match, and no rule forbids.
func (s *simulator) allows(d connectivity.Direction, q question) bool {
	subject, other := q.sides(d)
	policies, addrs := s.all, addresses(other)
	if len(addrs) == 0 { // cyclonus cannot say that; no block holds it
		policies, addrs = s.selectors, []netip.Addr{netip.IPv4Unspecified()}
	}
	names := portNames(q.dst, q.protocol, q.port)
	if len(names) == 0 {
		names = []string{""}
	}
	for _, addr := range addrs {
		for _, name := range names {
			t := &matcher.Traffic{ResolvedPort: int(q.port), ResolvedPortName: name, Protocol: corev1.Protocol(q.protocol)}
			self, peer := s.peer(subject, netip.IPv4Unspecified()), s.peer(other, addr)
			t.Source, t.Destination = self, peer
			if d == connectivity.Ingress {
				t.Source, t.Destination = peer, self
			}
			if policies.IsIngressOrEgressAllowed(t, d == connectivity.Ingress).IsAllowed() {
				return true
			}
		}
	}
	return false
}

// isolates reports whether a policy isolates a pod in a direction.
func (s *simulator) isolates(d connectivity.Direction, p *connectivity.Pod) bool {
	return len(s.all.TargetsApplyingToPod(d == connectivity.Ingress, p.Namespace, p.Labels)) > 0
}

// engine is kube-network-policies with a cluster.
type engine struct {
	policies *networkpolicy.StandardNetworkPolicy
	pods     map[*connectivity.Pod]*api.PodInfo
}

func newEngine(c *cluster, stored policies) *engine {
	// The informers are never started: the objects are put in by hand.
	f := informers.NewSharedInformerFactory(nil, 0)
	e := &engine{
		policies: networkpolicy.NewStandardNetworkPolicy("node", f.Core().V1().Namespaces(), f.Core().V1().Pods(), f.Networking().V1().NetworkPolicies()),
		pods:     map[*connectivity.Pod]*api.PodInfo{},
	}
	for _, p := range stored {
		if err := f.Networking().V1().NetworkPolicies().Informer().GetStore().Add(p); err != nil {
			panic(fmt.Sprintf("kube-network-policies: %v", err)) // policies have names, so the store takes them
		}
	}
	for _, end := range c.ends {
		if end.Pod != nil {
			e.pods[end.Pod] = api.NewPodInfo(apiPod(end.Pod), c.labelsOf(end.Pod.Namespace), nil, "")
		}
	}
	return e
}

func apiPod(p *connectivity.Pod) *corev1.Pod {
	out := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name, Labels: p.Labels}}
	for _, port := range p.Ports {
		out.Spec.Containers = append(out.Spec.Containers, corev1.Container{Ports: []corev1.ContainerPort{{
			Name: port.Name, ContainerPort: int32(port.Port), Protocol: corev1.Protocol(port.Protocol),
		}}})
	}
	return out
}

// allows asks for each address of the peer, since a packet has one.
func (e *engine) allows(d connectivity.Direction, q question) bool {
	_, other := q.sides(d)
	addrs := addresses(other)
	if len(addrs) == 0 {
		addrs = []netip.Addr{{}} // in no block
	}
	for _, addr := range addrs {
		p := &network.Packet{SrcPort: 50000, DstPort: int(q.port), Proto: corev1.Protocol(q.protocol)}
		evaluate := e.policies.EvaluateEgress
		if d == connectivity.Egress {
			p.DstIP = net.IP(addr.AsSlice())
		} else {
			p.SrcIP, evaluate = net.IP(addr.AsSlice()), e.policies.EvaluateIngress
		}
		verdict, err := evaluate(context.Background(), p, e.pods[q.src.Pod], e.pods[q.dst.Pod])
		if err != nil {
			panic(fmt.Sprintf("kube-network-policies: %v", err)) // its own evaluator returns none
		}
		if verdict != api.VerdictDeny {
			return true
		}
	}
	return false
}
