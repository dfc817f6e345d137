package evaluator

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/networking/install" // the defaults of the API server

	"netgen.dev/proof/connectivity"
)

// cluster is what evaluators are asked about.
type cluster struct {
	namespaces []connectivity.Namespace
	policies   policies // as they are written
	ends       []connectivity.End
}

type policies []*networkingv1.NetworkPolicy

// nameLabel is the label that the API server sets on every namespace.
const nameLabel = "kubernetes.io/metadata.name"

// labelsOf returns the labels of a namespace as the API server stores them.
func (c *cluster) labelsOf(namespace string) map[string]string {
	out := map[string]string{}
	for _, ns := range c.namespaces {
		if ns.Name == namespace {
			maps.Copy(out, ns.Labels)
		}
	}
	out[nameLabel] = namespace
	return out
}

// pod returns the pod of a name like x/a, nil if there is none.
func (c *cluster) pod(name string) *connectivity.Pod {
	for _, e := range c.ends {
		if e.Pod != nil && e.String() == name {
			return e.Pod
		}
	}
	return nil
}

// stored returns the policies as the API server stores them: with its defaults
// and, because lists that are empty are not written, with nil for those.
func (c *cluster) stored() policies {
	var out policies
	for _, written := range c.policies {
		p := written.DeepCopy()
		legacyscheme.Scheme.Default(p)
		p.Spec.Ingress = orNil(p.Spec.Ingress)
		for i := range p.Spec.Ingress {
			r := &p.Spec.Ingress[i]
			r.From, r.Ports = orNil(r.From), orNil(r.Ports)
		}
		p.Spec.Egress = orNil(p.Spec.Egress)
		for i := range p.Spec.Egress {
			r := &p.Spec.Egress[i]
			r.To, r.Ports = orNil(r.To), orNil(r.Ports)
		}
		out = append(out, p)
	}
	return out
}

func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// withPeers returns copies of the policies without the peers that keep refuses. A
// rule goes with the last of its peers: one without peers would let in everyone.
func (list policies) withPeers(keep func(networkingv1.NetworkPolicyPeer) bool) policies {
	filter := func(peers []networkingv1.NetworkPolicyPeer) (kept []networkingv1.NetworkPolicyPeer, ruleStays bool) {
		for _, p := range peers {
			if keep(p) {
				kept = append(kept, p)
			}
		}
		return kept, len(peers) == 0 || len(kept) > 0
	}
	var out policies
	for _, p := range list {
		q := p.DeepCopy()
		q.Spec.Ingress, q.Spec.Egress = nil, nil
		for _, r := range p.Spec.Ingress {
			if kept, stays := filter(r.From); stays {
				q.Spec.Ingress = append(q.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: kept, Ports: r.Ports})
			}
		}
		for _, r := range p.Spec.Egress {
			if kept, stays := filter(r.To); stays {
				q.Spec.Egress = append(q.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: kept, Ports: r.Ports})
			}
		}
		out = append(out, q)
	}
	return out
}

// question is whether a connection may be opened.
type question struct {
	src, dst connectivity.End
	protocol connectivity.Protocol
	port     uint16
}

func (q question) String() string {
	return fmt.Sprintf("%s to %s on %d/%s", q.src, q.dst, q.port, q.protocol)
}

// sides returns the end whose policies decide in a direction, and the other.
func (q question) sides(d connectivity.Direction) (subject, other connectivity.End) {
	if d == connectivity.Egress {
		return q.src, q.dst
	}
	return q.dst, q.src
}

// ask puts a question to the evaluator of this repository.
func ask(set *connectivity.Set, d connectivity.Direction, q question) connectivity.Answer {
	if d == connectivity.Egress {
		return set.Egress(q.src, q.dst, q.protocol, q.port)
	}
	return set.Ingress(q.src, q.dst, q.protocol, q.port)
}

// verdict is what a plain answer is as one of ours.
func verdict(allowed bool) connectivity.Verdict {
	if allowed {
		return connectivity.Allowed
	}
	return connectivity.Denied
}

var directions = []connectivity.Direction{connectivity.Egress, connectivity.Ingress}

// addresses returns the addresses of an end.
func addresses(e connectivity.End) []netip.Addr {
	if e.Pod != nil {
		return e.Pod.IPs
	}
	return []netip.Addr{e.Addr}
}

// portNames returns the names that an end gives a port.
func portNames(e connectivity.End, protocol connectivity.Protocol, port uint16) []string {
	if e.Pod == nil {
		return nil
	}
	var out []string
	for _, p := range e.Pod.Ports {
		if p.Protocol == protocol && p.Port == port && !slices.Contains(out, p.Name) {
			out = append(out, p.Name)
		}
	}
	return out
}
