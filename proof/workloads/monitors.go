package workloads

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"netgen.dev/proof/manifest"
)

// namespacesOf returns where a monitor selects.
func (c *checker) namespacesOf(m manifest.Monitor) []string {
	switch {
	case m.AnyNamespace:
		return []string{anywhere}
	case len(m.Namespaces) == 0:
		return []string{c.in(m.Namespace)}
	default:
		return m.Namespaces
	}
}

// ours reports whether a monitor selects in our namespaces alone, so that what
// it selects should be among the manifests.
func (c *checker) ours(m manifest.Monitor) bool {
	return !slices.ContainsFunc(c.namespacesOf(m), func(ns string) bool { return !c.managed[ns] })
}

// checkMonitors reports what is scraped while Prometheus is not let in, and
// monitors that select nothing.
func (c *checker) checkMonitors() {
	scraper := c.scraper()
	for _, m := range c.found.Monitors {
		if !m.Pods && len(c.found.Services) == 0 {
			continue // said once
		}
		leads, selected, scraped := c.scraped(m)
		what := "Service"
		if m.Pods {
			what = "pod"
		}
		switch {
		case selected == 0 && c.ours(m):
			c.astray(m.Object, "selects no %s among the manifests in %s %s", what,
				plural(len(c.namespacesOf(m)), "namespace"), list(c.namespacesOf(m))).
				Hint = "correct its selector or its namespaces, or pass the manifests of what it selects as well"
		case selected > 0:
			for i, e := range m.Endpoints {
				if !scraped[i] && c.ours(m) {
					c.astray(m.Object, "scrapes port %s, which no %s that it selects has", endpointPort(e), what).
						Hint = "a monitor names a port of the Service, or of the container for a PodMonitor, by its name"
				}
			}
		}
		slices.SortFunc(leads, compareLeads)
		for _, l := range slices.Compact(leads) {
			c.checkCalled(m.Object, l, scraper)
		}
	}
}

func endpointPort(e manifest.MonitorEndpoint) string {
	if e.Target != nil {
		return e.Target.String()
	}
	return fmt.Sprintf("%q", e.Port)
}

// scraped returns where a monitor leads, how much it selects, and which of its
// endpoints something selected has.
func (c *checker) scraped(m manifest.Monitor) (leads []lead, selected int, has []bool) {
	has = make([]bool, len(m.Endpoints))
	matches, err := metav1.LabelSelectorAsSelector(&m.Selector)
	if err != nil {
		return nil, 1, has // the operator refuses it
	}
	add := func(i int, found bool, more ...lead) {
		has[i] = has[i] || found
		leads = append(leads, more...)
	}
	for _, ns := range c.namespacesOf(m) {
		if m.Pods {
			for _, i := range c.podsBy.selected(ns, m.Selector.MatchLabels, matches) {
				selected++
				for j, e := range m.Endpoints {
					l, ok := scrapedOf(e, &c.pods[i])
					add(j, ok)
					if ok && l.service != "" {
						add(j, ok, l)
					}
				}
			}
			continue
		}
		for _, i := range c.servicesBy.selected(ns, m.Selector.MatchLabels, matches) {
			selected++
			s := c.found.Services[i]
			r := c.routed[c.in(s.Namespace)+"/"+s.Name]
			for j, e := range m.Endpoints {
				found, through := scrapedThrough(e, r)
				add(j, found, through...)
			}
		}
	}
	return leads, selected, has
}

// scrapedOf returns what an endpoint of a PodMonitor is of a pod.
func scrapedOf(e manifest.MonitorEndpoint, p *pod) (lead, bool) {
	target := intstr.FromString(e.Port)
	if e.Target != nil {
		target = *e.Target
	}
	port, ok := resolve(target, corev1.ServicePort{}, p)
	return lead{p.owner(), port}, ok
}

// scrapedThrough returns what an endpoint of a ServiceMonitor is of the pods of
// a Service: a port of the Service by its name, or one of the pods. An endpoint
// that names neither is every port.
func scrapedThrough(e manifest.MonitorEndpoint, r *routed) (bool, []lead) {
	if e.Target != nil {
		out := leadsOf(*e.Target, corev1.ServicePort{}, r.pods)
		return len(out) > 0 || len(r.pods) == 0, out
	}
	var out []lead
	found := false
	for i, port := range r.Ports {
		if port.Name == e.Port || e.Port == "" {
			found = true
			if i < len(r.leads) {
				out = append(out, r.leads[i]...)
			}
		}
	}
	return found, out
}
