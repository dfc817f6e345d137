package workloads

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/manifest"
)

// declares reports whether a port is declared for the pods of a service: by the
// service, by a group that it is in, or by a caller that may use any.
func (c *checker) declares(name string, p topology.Port) bool {
	ports := []map[string]topology.Port{c.t.Services[name].Ports}
	for _, group := range c.groupsOf[name] {
		ports = append(ports, c.t.Groups[group].Ports)
	}
	for _, declared := range ports {
		for _, d := range declared {
			if covers(d, p) {
				return true
			}
		}
	}
	return c.anyPort[name]
}

func covers(d, p topology.Port) bool {
	return d.Protocol == p.Protocol && d.First <= p.First && p.Last <= d.Last
}

func portOf(p manifest.ContainerPort) topology.Port {
	return topology.Port{First: p.Port, Last: p.Port, Protocol: topology.Protocol(p.Protocol)}
}

// checkPorts holds what the containers of a pod list against what its service
// declares. What containers list is information only, and changes nothing of
// what they listen on: so this is no more than a warning.
func (c *checker) checkPorts(p *pod, name string) {
	s := c.t.Services[name]
	path := []string{"services", name}
	if p.HostNetwork != s.HostNetwork {
		where, hint := "is on the host network", "declare hostNetwork: true, so that callers are let through to the addresses of the nodes"
		if s.HostNetwork {
			where, hint = "is not on the host network", "remove hostNetwork from the service: policies can isolate it"
		}
		c.finding(diag.PortDiffers, diag.Error, p.Object, path,
			"%s %s, and service %s declares otherwise", c.display(p.Object), where, name).Hint = hint
	}
	var undeclared []topology.Port
	for _, listed := range p.Ports {
		if port := portOf(listed); !c.declares(name, port) && !slices.Contains(undeclared, port) {
			undeclared = append(undeclared, port)
		}
	}
	if len(undeclared) > 0 {
		c.finding(diag.PortDiffers, diag.Warning, p.Object, path, "%s lists container %s %s, which service %s does not declare",
			c.display(p.Object), plural(len(undeclared), "port"), spell(undeclared), name).
			Hint = "declare what is to be called; what stays closed need not be listed"
	}
}

// checkDeclaredPorts reports ports of a service that no container of its
// workloads lists. A range is left out: a container has no way to list one.
func (c *checker) checkDeclaredPorts(name string, pods []*pod) {
	listed := map[topology.Port]bool{}
	for _, p := range pods {
		for _, port := range p.Ports {
			listed[portOf(port)] = true
		}
	}
	var missing []topology.Port
	for _, port := range c.t.Services[name].Ports {
		if port.First == port.Last && !listed[port] && !slices.Contains(missing, port) {
			missing = append(missing, port)
		}
	}
	if len(missing) == 0 {
		return
	}
	who := c.display(pods[0].Object)
	if len(pods) > 1 {
		who += fmt.Sprintf(" and %d more", len(pods)-1)
	}
	c.finding(diag.PortDiffers, diag.Warning, pods[0].Object, []string{"services", name},
		"service %s declares %s, and no container of %s lists %s", name, spell(missing), who, pronoun(len(missing))).
		Hint = "if a container listens there, add it to its ports; else correct the topology"
}

func spell(ports []topology.Port) string {
	slices.SortFunc(ports, topology.ComparePorts)
	out := make([]string, len(ports))
	for i, p := range ports {
		out[i] = p.String()
	}
	return list(out)
}

// lead is where a port of a Service leads: a port of the pods of one of our
// services.
type lead struct {
	service string
	port    topology.Port
}

func compareLeads(a, b lead) int {
	return cmp.Or(cmp.Compare(a.service, b.service), topology.ComparePorts(a.port, b.port))
}

// routed is a Service with the pods that it leads to.
type routed struct {
	manifest.Service
	pods    []*pod   // of our services
	selects bool     // some workload, of ours or not
	leads   [][]lead // by port, sorted; none outside our namespaces
}

// resolveServices works out where each port of each Service leads, and reports
// what the pods there do not declare.
func (c *checker) resolveServices() {
	for i := range c.found.Services {
		s := c.found.Services[i]
		s.Namespace = c.in(s.Namespace)
		c.servicesBy.add(s.Namespace, s.Labels)
		r := &routed{Service: s}
		c.routed[s.Namespace+"/"+s.Name] = r
		if !c.managed[s.Namespace] {
			continue
		}
		for _, p := range c.selectedBy(&s) {
			r.selects = true
			if p.owner() != "" {
				r.pods = append(r.pods, p)
			}
		}
		for _, port := range s.Ports {
			r.leads = append(r.leads, leadsOf(port.TargetPort, port, r.pods))
		}
		if len(r.pods) > 0 {
			c.checkTargets(r)
			c.checkHeadless(r)
			c.checkExposed(r)
		}
	}
}

// podName is the label that the StatefulSet controller adds to each pod of a
// StatefulSet: its name, which is that of the StatefulSet and a number.
const podName = "statefulset.kubernetes.io/pod-name"

// selectedBy returns the workloads that a Service leads to: none without a
// selector, for which others write the addresses.
func (c *checker) selectedBy(s *manifest.Service) []*pod {
	if len(s.Selector) == 0 {
		return nil
	}
	need, one := s.Selector, s.Selector[podName]
	if one != "" {
		need = maps.Clone(need)
		delete(need, podName)
	}
	var out []*pod
	for _, i := range c.podsBy.selected(s.Namespace, need, labels.SelectorFromSet(need)) {
		p := &c.pods[i]
		ordinal, ok := strings.CutPrefix(one, p.Name+"-")
		if _, err := strconv.Atoi(ordinal); one == "" || p.Labels[podName] == one || p.Kind == "StatefulSet" && ok && err == nil {
			out = append(out, p)
		}
	}
	return out
}

// checkHeadless reports ports of a headless Service that it does not translate:
// its name is that of the pods, and who calls the port calls it at the pod.
func (c *checker) checkHeadless(r *routed) {
	if !r.Headless {
		return
	}
	for i, port := range r.Ports {
		for _, l := range r.leads[i] {
			called := l.port
			called.First, called.Last = uint16(port.Port), uint16(port.Port)
			if called != l.port && c.declares(l.service, l.port) && !c.declares(l.service, called) {
				c.finding(diag.TargetPort, diag.Warning, r.Object, []string{"services", l.service},
					"%s is headless and translates no port: who calls %s arrives at %s of service %s, which does not declare it, and not at %s",
					c.display(r.Object), servicePort(port), called, l.service, l.port).
					Hint = fmt.Sprintf("make the port of the Service %d as well, or give it a cluster IP", l.port.First)
			}
		}
	}
}

// leadsOf returns where a port leads on each of the pods.
func leadsOf(target intstr.IntOrString, port corev1.ServicePort, pods []*pod) []lead {
	var out []lead
	for _, p := range pods {
		if to, ok := resolve(target, port, p); ok {
			out = append(out, lead{p.owner(), to})
		}
	}
	slices.SortFunc(out, compareLeads)
	return slices.Compact(out)
}

// resolve returns the port of a pod that a target names. Without one it is the
// port of the Service; a name is that of a container port with the same
// protocol, and a pod without such a port gets no traffic.
func resolve(target intstr.IntOrString, port corev1.ServicePort, p *pod) (topology.Port, bool) {
	protocol := topology.Protocol(cmp.Or(port.Protocol, corev1.ProtocolTCP))
	number := cmp.Or(target.IntVal, port.Port)
	if target.Type == intstr.String {
		i := slices.IndexFunc(p.Ports, func(cp manifest.ContainerPort) bool {
			return cp.Name == target.StrVal && cp.Protocol == string(protocol)
		})
		if i < 0 {
			return topology.Port{}, false
		}
		number = int32(p.Ports[i].Port)
	}
	if number < 1 || number > 65535 {
		return topology.Port{}, false
	}
	return topology.Port{First: uint16(number), Last: uint16(number), Protocol: protocol}, true
}
