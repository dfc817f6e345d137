package workloads

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/manifest"
)

// portsMeant returns the indices of the ports of a Service that a backend means:
// by name, by number, or its only one.
func portsMeant(ports []corev1.ServicePort, b *manifest.Backend) []int {
	none := b.Port == (intstr.IntOrString{})
	var out []int
	for i, p := range ports {
		number := b.Port.IntVal
		if none && (len(ports) == 1 || b.ByTarget) ||
			b.Port.Type == intstr.String && p.Name == b.Port.StrVal ||
			!none && b.Port.Type == intstr.Int && (p.Port == number || b.ByTarget && p.TargetPort.IntVal == number) {
			out = append(out, i)
		}
	}
	return out
}

// checkBackends reports what is told to send traffic to a service of ours, and
// that who brings it is not let in.
func (c *checker) checkBackends() {
	var unlisted []manifest.Object
	for i := range c.found.Backends {
		b := &c.found.Backends[i]
		ns := c.in(b.Namespace)
		r := c.routed[ns+"/"+b.Service]
		switch {
		case !c.managed[ns]: // not ours
			continue
		case r == nil && len(c.found.Services) == 0:
			unlisted = append(unlisted, b.Object)
			continue
		case r == nil:
			c.astray(b.Object, "sends traffic to Service %s/%s, which is not among the manifests", ns, b.Service).
				Hint = "correct the name, or pass the manifest of the Service as well"
			continue
		}
		c.checkBackend(b, r)
	}
	for _, m := range c.found.Monitors {
		if !m.Pods && len(c.found.Services) == 0 && c.ours(m) {
			unlisted = append(unlisted, m.Object)
		}
	}
	c.noServices(unlisted)
}

// noServices says once that no Service was passed, as of a listing of workloads
// and Ingresses alone.
func (c *checker) noServices(of []manifest.Object) {
	if len(of) == 0 {
		return
	}
	who := c.display(of[0])
	if others := len(slices.Compact(slices.Clone(of))) - 1; others > 0 {
		who += fmt.Sprintf(" and %d more", others)
	}
	c.finding(diag.Astray, diag.Warning, of[0], nil,
		"no Service is among the manifests, so what leads to one is not checked: %s", who).
		Hint = "pass the Services as well"
}

// astray adds that an object leads traffic to nothing that the manifests have.
func (c *checker) astray(o manifest.Object, format string, args ...any) *diag.Diagnostic {
	return c.finding(diag.Astray, diag.Warning, o, nil, "%s "+format, append([]any{c.display(o)}, args...)...)
}

// checkBackend holds a backend against the Service that it names. Where a
// Service without a selector leads, nobody can say from manifests.
func (c *checker) checkBackend(b *manifest.Backend, r *routed) {
	if len(r.Selector) == 0 {
		return
	}
	service := r.Namespace + "/" + r.Name
	if !r.selects {
		c.astray(b.Object, "sends traffic to Service %s, which selects no workload among the manifests", service).
			Hint = "correct the selector of the Service, or pass the manifest of the workload as well"
		return
	}
	meant := portsMeant(r.Ports, b)
	if len(meant) == 0 {
		wrong := "which does not have port " + b.Port.String()
		if b.Port == (intstr.IntOrString{}) {
			wrong = "and does not say to which of its ports"
		}
		c.astray(b.Object, "sends traffic to Service %s, %s", service, wrong).
			Hint = "name a port of the Service, which has " + servicePorts(r.Ports)
		return
	}
	for _, s := range c.bringers(b) {
		for _, i := range meant {
			for _, l := range r.leads[i] {
				if c.declares(l.service, l.port) { // else the Service has been reported
					c.checkCalled(b.Object, l, s)
				}
			}
		}
	}
}

func servicePorts(ports []corev1.ServicePort) string {
	out := make([]string, len(ports))
	for i, p := range ports {
		out[i] = servicePort(p)
	}
	if len(out) == 0 {
		return "none"
	}
	return list(out)
}

func servicePort(p corev1.ServicePort) string {
	if p.Name == "" {
		return fmt.Sprint(p.Port)
	}
	return fmt.Sprintf("%d (%s)", p.Port, p.Name)
}

// stops reports whether any policy stops what calls a service.
func (c *checker) stops(name string) bool {
	s := c.t.Services[name]
	return !s.HostNetwork && s.Enforce.Ingress
}

// callersAt returns the connections to a port of a service.
func (c *checker) callersAt(l lead) []topology.Edge {
	var out []topology.Edge
	for _, e := range c.callers[l.service] {
		if e.AnyPort || slices.ContainsFunc(e.Ports, func(p topology.Port) bool { return covers(p, l.port) }) {
			out = append(out, e)
		}
	}
	return out
}

// checkCalled reports an object that leads traffic to a service if none of those
// who bring it may call the service there.
func (c *checker) checkCalled(o manifest.Object, l lead, s sender) {
	if !c.stops(l.service) {
		return // no policy stops anybody
	}
	var others []string
	severity := diag.Error
	for _, e := range c.callersAt(l) {
		if s.is(e) {
			return
		}
		if s.unsure && e.Caller.Kind != topology.KindPeer {
			severity = diag.Warning
		}
		who := string(e.Caller.Kind) + " " + e.Caller.Name
		if !slices.Contains(others, who) {
			others = append(others, who)
		}
	}
	d := c.finding(diag.Backend, severity, o, []string{"services", l.service},
		"%s %s service %s on %s, and %s call it there", c.display(o), s.does, l.service, l.port, s.who)
	d.Hint = s.hint(l.service)
	slices.Sort(others)
	if len(others) > 0 {
		d.Hint += "; who may call it there: " + shorten(others)
	}
}
