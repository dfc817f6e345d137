package workloads

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/manifest"
)

// portNamed returns the index of the port of a Service that a backend means:
// by name, by number, or its only one.
func portNamed(ports []corev1.ServicePort, port intstr.IntOrString) int {
	if port == (intstr.IntOrString{}) && len(ports) == 1 {
		return 0
	}
	return slices.IndexFunc(ports, func(p corev1.ServicePort) bool {
		if port.Type == intstr.String {
			return p.Name == port.StrVal
		}
		return p.Port == port.IntVal
	})
}

// checkBackends reports what is told to send traffic to a service of ours that
// nobody is declared to send. What the Service of a backend is can only be known
// where it is listed.
func (c *checker) checkBackends() {
	for _, b := range c.found.Backends {
		r := c.routed[c.in(b.Namespace)+"/"+b.Service]
		if r == nil || len(r.leads) == 0 {
			continue
		}
		i := portNamed(r.Ports, b.Port)
		if i < 0 {
			continue // it leads nowhere
		}
		for _, l := range r.leads[i] {
			if !c.declares(l.service, l.port) {
				continue // the Service has been reported
			}
			if !b.FromAPIServer {
				c.checkCalled(b.Object, "sends traffic to", l, anyCaller,
					"declare who does: the controller as a peer with connects: "+fmt.Sprintf("%q", l.service))
				continue
			}
			c.checkCalled(b.Object, "makes the API server call", l, c.apiServer,
				fmt.Sprintf("the API server has an address of its nodes: declare peers: \"kube-apiserver\": {is: \"kube-apiserver\", connects: %q: {}}", l.service))
		}
	}
}

func anyCaller(topology.Edge) bool { return true }

// apiServer reports whether the caller of a connection may be the API server:
// it is no pod with labels, but has the address of a node, or of a control
// plane elsewhere.
func (c *checker) apiServer(e topology.Edge) bool {
	if e.Caller.Kind != topology.KindPeer {
		return false
	}
	p := c.t.Peers[e.Caller.Name]
	switch p.Is {
	case topology.Nodes, topology.KubeAPIServer, topology.Anywhere, topology.InCluster:
		return true
	default:
		return len(p.CIDRs) > 0
	}
}

// checkCalled reports an object that leads traffic to a service if no caller of
// the kind that allowed accepts connects to it there.
func (c *checker) checkCalled(o manifest.Object, does string, l lead, allowed func(topology.Edge) bool, hint string) {
	s := c.t.Services[l.service]
	if s.HostNetwork || !s.Enforce.Ingress {
		return // no policy stops anybody
	}
	for _, e := range c.callers[l.service] {
		if allowed(e) && (e.AnyPort || slices.ContainsFunc(e.Ports, func(p topology.Port) bool { return covers(p, l.port) })) {
			return
		}
	}
	c.finding(diag.Backend, diag.Error, o, []string{"services", l.service},
		"%s %s service %s on %s, and no such connection is declared", c.display(o), does, l.service, l.port).Hint = hint
}

// The labels that the Prometheus operator gives to its own pods.
var (
	prometheusLabel  = "app.kubernetes.io/name"
	prometheusValues = []string{"prometheus", "prometheus-agent"}
)

// scrapes reports whether the caller of a connection may be Prometheus: a peer,
// or a service of ours with the labels that the operator gives.
func (c *checker) scrapes(e topology.Edge) bool {
	switch e.Caller.Kind {
	case topology.KindPeer:
		return true
	case topology.KindService:
		s := c.t.Services[e.Caller.Name]
		return slices.Contains(prometheusValues, s.Labels[prometheusLabel]) ||
			slices.Contains(prometheusValues, s.PodLabels[prometheusLabel])
	default:
		return false
	}
}

// checkMonitors reports what is scraped while nobody is declared to.
func (c *checker) checkMonitors() {
	for _, m := range c.found.Monitors {
		matches, err := metav1.LabelSelectorAsSelector(&m.Selector)
		if err != nil {
			continue // the operator refuses it
		}
		namespaces := m.Namespaces
		if m.AnyNamespace {
			namespaces = []string{anywhere}
		} else if len(namespaces) == 0 {
			namespaces = []string{c.in(m.Namespace)}
		}
		var leads []lead
		for _, ns := range namespaces {
			if m.Pods {
				for _, i := range c.podsBy.selected(ns, m.Selector.MatchLabels, matches) {
					leads = append(leads, scrapedOf(m, &c.pods[i])...)
				}
				continue
			}
			for _, i := range c.servicesBy.selected(ns, m.Selector.MatchLabels, matches) {
				s := c.found.Services[i]
				leads = append(leads, scrapedThrough(m, c.routed[c.in(s.Namespace)+"/"+s.Name])...)
			}
		}
		slices.SortFunc(leads, compareLeads)
		for _, l := range slices.Compact(leads) {
			c.checkCalled(m.Object, "has Prometheus scrape", l, c.scrapes,
				fmt.Sprintf("declare Prometheus as a peer with connects: %q, and the port if it is not declared", l.service))
		}
	}
}

// scrapedOf returns what a PodMonitor scrapes of a pod.
func scrapedOf(m manifest.Monitor, p *pod) []lead {
	var out []lead
	for _, e := range m.Endpoints {
		target := intstr.FromString(e.Port)
		if e.Target != nil {
			target = *e.Target
		}
		if port, ok := resolve(target, corev1.ServicePort{}, p); ok && p.owner() != "" {
			out = append(out, lead{p.owner(), port})
		}
	}
	return out
}

// scrapedThrough returns what a ServiceMonitor scrapes of the pods of a Service:
// a port of the Service by its name, or one of the pods.
func scrapedThrough(m manifest.Monitor, r *routed) []lead {
	var out []lead
	for _, e := range m.Endpoints {
		if e.Target != nil {
			out = append(out, leadsOf(*e.Target, corev1.ServicePort{}, r.pods)...)
			continue
		}
		for i, port := range r.Ports {
			if port.Name == e.Port && i < len(r.leads) {
				out = append(out, r.leads[i]...)
			}
		}
	}
	return out
}
