package workloads

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
)

// checkExposed reports a Service that is reachable from outside the cluster and
// leads to ports that no caller from outside is declared for.
func (c *checker) checkExposed(r *routed) {
	if r.Exposed == "" {
		return
	}
	shut := map[string][]string{} // by service, in the order of the ports
	for i, port := range r.Ports {
		for _, l := range r.leads[i] {
			if c.declares(l.service, l.port) && c.stops(l.service) && !slices.ContainsFunc(c.callersAt(l), func(e topology.Edge) bool {
				return c.outside(e, !r.KeepsSources)
			}) {
				shut[l.service] = append(shut[l.service], fmt.Sprintf("%s to %s", servicePort(port), l.port))
			}
		}
	}
	for _, service := range slices.Sorted(maps.Keys(shut)) {
		d := c.finding(diag.Exposed, diag.Warning, r.Object, []string{"services", service},
			"%s %s and leads from %s of service %s, and nobody outside may call it there",
			c.display(r.Object), r.Exposed, list(shut[service]), service)
		d.Hint = c.admit(r, service)
	}
}

// admit says how to let in who calls from outside: by address, since whoever is
// let in by is: "internet" is everybody, and at the port of the pods.
func (c *checker) admit(r *routed, service string) string {
	ranges := []string{}
	for _, s := range r.SourceRanges {
		ranges = append(ranges, strconv.Quote(s))
	}
	if len(ranges) == 0 {
		ranges = append(ranges, `"ADDRESS/BITS"`)
	}
	local := ""
	if !r.KeepsSources {
		local = ", with externalTrafficPolicy: Local so that policies see these"
	}
	return fmt.Sprintf("declare who calls from outside by address, as peers: clients: {cidrs: [%s], connects: %q: {}}%s; "+
		"is: \"internet\" in place of cidrs lets in everybody; or make the Service of type ClusterIP", list(ranges), service, local)
}

// checkHostPorts reports ports of nodes that lead to a pod which nobody may call
// there. Who calls them may be in the cluster, as for an agent of each node.
func (c *checker) checkHostPorts(p *pod) {
	name := p.owner()
	if name == "" || !c.stops(name) {
		return
	}
	for _, port := range p.Ports {
		l := lead{name, portOf(port)}
		if port.Host != 0 && c.declares(name, l.port) && len(c.callersAt(l)) == 0 {
			c.finding(diag.Exposed, diag.Warning, p.Object, []string{"services", name},
				"%s is exposed at port %d of its node and leads to %s of service %s, and nobody may call it there",
				c.display(p.Object), port.Host, l.port, name).
				Hint = "declare who calls it, or remove the hostPort"
		}
	}
}
