package workloads

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
)

// undeclared is what a Service leads to of one service and nobody declares, by
// how bad that is.
type undeclared struct {
	service string
	ports   []string // in the order of the Service, as "80 (http) to 80/TCP"
	named   string   // a port of the service that the port of the Service is named after
}

// checkTargets reports where the ports of a Service lead if nobody declares it,
// and names that lead nowhere. Policies are about the port of the pod: what the
// Service calls it is gone by the time that they are applied.
func (c *checker) checkTargets(r *routed) {
	found := map[diag.Severity]map[string]*undeclared{diag.Error: {}, diag.Warning: {}}
	useful := c.useful(r)
	wanted := c.wanted(r)
	for i, port := range r.Ports {
		name := servicePort(port)
		if len(r.leads[i]) == 0 {
			c.leadsNowhere(r, port)
		}
		for _, l := range r.leads[i] {
			if c.declares(l.service, l.port) {
				continue
			}
			named := c.namedAfter(l.service, port)
			severity := diag.Warning
			if !useful || wanted[i] || named != "" {
				severity = diag.Error
			}
			u := found[severity][l.service]
			if u == nil {
				u = &undeclared{service: l.service}
				found[severity][l.service] = u
			}
			u.ports = append(u.ports, fmt.Sprintf("%s to %s", name, l.port))
			u.named = cmp.Or(u.named, named)
		}
	}
	for _, severity := range []diag.Severity{diag.Error, diag.Warning} {
		for _, service := range slices.Sorted(maps.Keys(found[severity])) {
			c.leadsAstray(r, severity, found[severity][service])
		}
	}
}

func (c *checker) leadsAstray(r *routed, severity diag.Severity, u *undeclared) {
	d := c.finding(diag.TargetPort, severity, r.Object, []string{"services", u.service},
		"%s leads from %s of service %s, which does not declare %s", c.display(r.Object), list(u.ports), u.service, pronoun(len(u.ports)))
	has := cmp.Or(spell(slices.Collect(maps.Values(c.t.Services[u.service].Ports))), "no ports")
	if u.named != "" {
		port := c.portsOf(u.service)[u.named]
		d.Hint = fmt.Sprintf("service %s has %s on %s: make that the targetPort, or correct the port of the service", u.service, u.named, port)
		return
	}
	d.Hint = fmt.Sprintf("correct the targetPort, declare what is called there, or remove the port from the Service; service %s has %s", u.service, has)
}

// leadsNowhere reports a port of a Service by a name that no container has.
func (c *checker) leadsNowhere(r *routed, port corev1.ServicePort) {
	kind := "port" // a name is that of a port of the same protocol
	if protocol := cmp.Or(port.Protocol, corev1.ProtocolTCP); protocol != corev1.ProtocolTCP {
		kind = string(protocol) + " port"
	}
	c.finding(diag.TargetPort, diag.Error, r.Object, []string{"services", r.pods[0].owner()},
		"port %s of %s leads to a %s named %q, which no container of %s has",
		servicePort(port), c.display(r.Object), kind, port.TargetPort.StrVal, c.display(r.pods[0].Object)).
		Hint = "name the port of the container so, or give the number as targetPort"
}

// useful reports whether a Service leads to something that is declared: then a
// port of it that nobody may call can be meant.
func (c *checker) useful(r *routed) bool {
	return slices.ContainsFunc(r.leads, func(leads []lead) bool {
		return slices.ContainsFunc(leads, func(l lead) bool { return c.declares(l.service, l.port) })
	})
}

// wanted returns the ports of a Service, by their place, that an Ingress, a route
// or a webhook sends traffic to: these are meant to be called.
func (c *checker) wanted(r *routed) map[int]bool {
	out := map[int]bool{}
	for _, b := range c.backends[r.Namespace+"/"+r.Name] {
		for _, i := range portsMeant(r.Ports, b) {
			out[i] = true
		}
	}
	return out
}

// namedAfter returns the port of a service whose name a port of a Service has,
// or leads to by name: both are for the same, and their numbers differ.
func (c *checker) namedAfter(service string, port corev1.ServicePort) string {
	for _, name := range []string{port.Name, port.TargetPort.StrVal} {
		if _, ok := c.portsOf(service)[name]; ok && name != "" {
			return name
		}
	}
	return ""
}

// portsOf returns the ports by name that a service declares, and those of the
// groups that it is in.
func (c *checker) portsOf(service string) map[string]topology.Port {
	out := map[string]topology.Port{}
	for _, group := range c.groupsOf[service] {
		maps.Copy(out, c.t.Groups[group].Ports)
	}
	maps.Copy(out, c.t.Services[service].Ports)
	return out
}
