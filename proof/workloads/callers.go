package workloads

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"netgen.dev/gen/topology"
	"netgen.dev/proof/manifest"
)

// sender is who brings the traffic that an object leads to a service.
type sender struct {
	does string // what the object does to the service
	who  string // who may not, as "the API server may not"
	is   func(topology.Edge) bool
	hint func(service string) string
	// unsure says that nothing tells who the sender is: a service that is not
	// taken for it might still be. A peer is taken for it unless it is something
	// else for certain.
	unsure bool
}

// What pods of programs that bring traffic are labelled with, under whatever
// key. It says who does not count as another, and which of our services do.
var (
	controllerNames = []string{
		"ingress-nginx", "nginx-ingress", "traefik", "kubernetes-ingress", "haproxy-ingress", "kong", "contour", "envoy",
		"emissary-ingress", "ingressgateway", "istio-ingressgateway",
	}
	scraperNames = []string{"prometheus", "prometheus-agent", "vmagent", "grafana-agent", "alloy", "opentelemetry-collector"}
)

// carries reports whether one of some sets of labels has one of some values.
func carries(values []string, sets ...map[string]string) bool {
	for _, set := range sets {
		for _, value := range set {
			if slices.Contains(values, value) {
				return true
			}
		}
	}
	return false
}

// declared reports whether the topology has somebody whose labels are such.
func (c *checker) declared(names []string) bool {
	for _, p := range c.t.Peers {
		if carries(names, p.Labels) {
			return true
		}
	}
	for _, s := range c.t.Services {
		if carries(names, s.Labels, s.PodLabels) {
			return true
		}
	}
	return false
}

// bringers returns who brings the traffic of a backend: each of them has to be
// let in.
func (c *checker) bringers(b *manifest.Backend) []sender {
	if b.FromAPIServer {
		return []sender{{
			does: "makes the API server call", who: "the API server may not", is: c.apiServer,
			hint: func(service string) string {
				return fmt.Sprintf("the API server has an address of its nodes: declare peers: \"kube-apiserver\": {is: \"kube-apiserver\", connects: %q: {}}", service)
			},
		}}
	}
	const does = "sends traffic to"
	var out []sender
	if b.FromClients {
		out = append(out, sender{
			does: does, who: "nobody may", is: func(topology.Edge) bool { return true },
			hint: func(service string) string {
				return fmt.Sprintf("the callers of a Service take its routes: declare connects: %q: {} for them", service)
			},
		})
		if len(b.Gateways) == 0 {
			return out
		}
	}
	before := len(out)
	if len(b.Gateways) == 0 && !b.ByTarget {
		if pods := c.controllers(b.Class); len(pods) > 0 {
			out = append(out, c.known(does, "which serve it, may not", "which serves it, may not", pods))
		}
	}
	for _, g := range b.Gateways {
		if pods := c.gatewayPods(g); len(pods) > 0 {
			out = append(out, c.known(does, "which are its gateway, may not", "which is its gateway, may not", pods))
		}
	}
	if len(out) > before {
		return out
	}
	return append(out, sender{
		does: does, who: "no ingress controller or gateway may", is: c.controls, unsure: !c.declared(controllerNames),
		hint: func(service string) string {
			return fmt.Sprintf("declare what brings it: the controller as a peer with connects: %q: {}", service)
		},
	})
}

// apiServer reports whether the caller of a connection may be the API server:
// it is no pod with labels, but has the address of a node, or of a control
// plane elsewhere; or it comes through the agents of a konnectivity tunnel.
func (c *checker) apiServer(e topology.Edge) bool {
	if e.Caller.Kind == topology.KindService {
		return c.t.Services[e.Caller.Name].HostNetwork // it stands for the nodes
	}
	if e.Caller.Kind != topology.KindPeer {
		return false
	}
	p := c.t.Peers[e.Caller.Name]
	switch p.Is {
	case topology.Nodes, topology.KubeAPIServer, topology.Anywhere, topology.InCluster:
		return true
	default:
		return len(p.CIDRs) > 0 || carries([]string{"konnectivity-agent"}, p.Labels)
	}
}

// controls reports whether the caller of a connection may be an ingress
// controller or a gateway where nothing says which it is. A peer may, unless it
// is something else by its kind or its labels. A service may if its labels say
// so, or if somebody outside calls it, whose traffic it then could bring.
func (c *checker) controls(e topology.Edge) bool {
	return c.anyOf(e.Caller, func(p *topology.Peer) bool {
		return p.Is != topology.KubeAPIServer && !carries(scraperNames, p.Labels)
	}, func(name string, s *topology.Service) bool {
		return s.HostNetwork || carries(controllerNames, s.Labels, s.PodLabels) ||
			slices.ContainsFunc(c.callers[name], func(e topology.Edge) bool { return c.outside(e, true) })
	})
}

// scrapes reports whether the caller of a connection may be Prometheus where
// nothing says which it is.
func (c *checker) scrapes(e topology.Edge) bool {
	return c.anyOf(e.Caller, func(p *topology.Peer) bool {
		return p.Is != topology.KubeAPIServer && p.Is != topology.Internet && !carries(controllerNames, p.Labels)
	}, func(_ string, s *topology.Service) bool {
		return carries(scraperNames, s.Labels, s.PodLabels)
	})
}

// anyOf asks of a caller, or of each member of a group that calls.
func (c *checker) anyOf(caller topology.Ref, peer func(*topology.Peer) bool, service func(string, *topology.Service) bool) bool {
	switch caller.Kind {
	case topology.KindPeer:
		return peer(c.t.Peers[caller.Name])
	case topology.KindService:
		return service(caller.Name, c.t.Services[caller.Name])
	default:
		return slices.ContainsFunc(c.t.Groups[caller.Name].Members, func(name string) bool {
			return service(name, c.t.Services[name])
		})
	}
}

// outside reports whether a caller may be outside the cluster. What comes
// through a node can have the address of the node.
func (c *checker) outside(e topology.Edge, throughNodes bool) bool {
	if e.Caller.Kind != topology.KindPeer {
		return false
	}
	p := c.t.Peers[e.Caller.Name]
	return p.Is == topology.Internet || p.Is == topology.Anywhere || p.Is == topology.Nodes && throughNodes || len(p.CIDRs) > 0
}

// known is a sender of which the pods are among the manifests. Where there are
// several, one that may call is enough: which of them is asked is not known.
func (c *checker) known(does, are, is string, pods []*pod) sender {
	var names []string
	for _, p := range pods {
		names = append(names, c.display(p.Object))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	who := names[0] + ", " + is
	if len(names) > 1 {
		who = shorten(names) + ", " + are
	}
	return sender{
		does: does, who: who,
		is: func(e topology.Edge) bool {
			return slices.ContainsFunc(pods, func(p *pod) bool { return c.mayBe(e.Caller, p) })
		},
		hint: func(service string) string { return c.connect(pods[0], service) },
	}
}

// connect says how to declare that a pod calls a service.
func (c *checker) connect(p *pod, service string) string {
	if name := p.owner(); name != "" {
		return fmt.Sprintf("declare services: %q: connects: %q: {}", name, service)
	}
	if p.HostNetwork {
		return fmt.Sprintf("it is on the host network and has the address of its node: declare peers: \"nodes\": {is: \"nodes\", connects: %q: {}}", service)
	}
	for _, name := range slices.Sorted(maps.Keys(c.t.Peers)) {
		if c.t.Peers[name].Is == "" && c.mayBe(topology.Ref{Kind: topology.KindPeer, Name: name}, p) {
			return fmt.Sprintf("declare peers: %q: connects: %q: {}", name, service)
		}
	}
	return fmt.Sprintf("declare a peer with namespace: %q, labels of its pods (%s), and connects: %q: {}", p.Namespace, labels.Set(p.Labels), service)
}

// mayBe reports whether a caller includes a pod. A pod on the host network has
// the address of its node and no label that a policy would see.
func (c *checker) mayBe(caller topology.Ref, p *pod) bool {
	switch caller.Kind {
	case topology.KindService:
		return slices.Contains(p.services, caller.Name) && c.t.Services[caller.Name].HostNetwork == p.HostNetwork
	case topology.KindGroup:
		return !p.HostNetwork && slices.Contains(c.groups.of(p.Namespace, p.Labels), caller.Name)
	default:
	}
	peer := c.t.Peers[caller.Name]
	switch {
	case peer.Is == topology.Anywhere:
		return true
	case p.HostNetwork:
		return peer.Is == topology.Nodes || len(peer.CIDRs) > 0
	case peer.Is != "":
		return peer.Is == topology.InCluster
	case len(peer.CIDRs) > 0 || len(peer.FQDNs) > 0 || !c.within(peer, p.Namespace):
		return false
	}
	matches, err := compile(peer.Selector)
	return err == nil && matches.Matches(labels.Set(p.Labels))
}

// within reports whether a namespace is one of those of a peer. Which labels one
// has that is not listed is not known, so it may be.
func (c *checker) within(peer *topology.Peer, namespace string) bool {
	switch {
	case peer.AnyNamespace:
		return true
	case peer.Namespace != "":
		return peer.Namespace == namespace
	}
	have, listed := c.found.Namespaces[namespace]
	if !listed {
		return true
	}
	return labels.SelectorFromSet(peer.NamespaceLabels).Matches(labels.Set(have))
}
