package workloads

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"netgen.dev/proof/manifest"
)

// podsOfController are the labels that the pods of ingress controllers carry as
// their projects publish them, by what their IngressClass names. A controller
// whose traffic other pods bring than those that read the Ingresses is left out.
var podsOfController = map[string]map[string]string{
	ingressNginx:                             {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"},
	"nginx.org/ingress-controller":           {"app.kubernetes.io/name": "nginx-ingress"},
	"traefik.io/ingress-controller":          {"app.kubernetes.io/name": "traefik"},
	"haproxy.org/ingress-controller/haproxy": {"app.kubernetes.io/name": "kubernetes-ingress"},
}

const ingressNginx = "k8s.io/ingress-nginx"

// controllers returns the pods that bring the traffic of an Ingress of a class,
// where the manifests say so: by an IngressClass with a known controller, or by
// an argument of ingress-nginx that names the class.
func (c *checker) controllers(class string) []*pod {
	if class == "" && len(c.found.DefaultClasses) == 1 {
		class = c.found.DefaultClasses[0]
	}
	if class == "" {
		return nil
	}
	if pods, ok := c.byClass[class]; ok {
		return pods
	}
	var out []*pod
	controller, listed := c.found.Classes[class]
	need, published := podsOfController[controller]
	if !published {
		need = podsOfController[ingressNginx] // which can be told to have another name
	}
	for _, i := range c.podsBy.selected(anywhere, need, labels.SelectorFromSet(need)) {
		p := &c.pods[i]
		name := argument(p.Args, "controller-class")
		if listed && (name == controller || name == "" && published) || !listed && argument(p.Args, "ingress-class") == class {
			out = append(out, p)
		}
	}
	c.byClass[class] = out
	return out
}

// argument returns the value of an argument of a program, or "".
func argument(args []string, name string) string {
	for i, arg := range args {
		arg, ok := strings.CutPrefix(arg, "--"+name)
		if value, given := strings.CutPrefix(arg, "="); ok && given {
			return value
		}
		if ok && arg == "" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

// gatewayPods returns the pods that were made for a Gateway, which carry its
// name under the label of the Gateway API, or that of Envoy Gateway.
func (c *checker) gatewayPods(g manifest.Gateway) []*pod {
	ns := c.in(g.Namespace)
	var out []*pod
	add := func(namespace string, need map[string]string) {
		for _, i := range c.podsBy.selected(namespace, need, labels.SelectorFromSet(need)) {
			out = append(out, &c.pods[i])
		}
	}
	add(ns, map[string]string{"gateway.networking.k8s.io/gateway-name": g.Name})
	add(anywhere, map[string]string{
		"gateway.envoyproxy.io/owning-gateway-name":      g.Name,
		"gateway.envoyproxy.io/owning-gateway-namespace": ns,
	})
	return out
}

// prometheuses returns the pods of Prometheus that the operator makes, as they
// are listed or from what it makes them of.
func (c *checker) prometheuses() []*pod {
	var out []*pod
	for _, w := range c.found.Prometheuses {
		w.Namespace = c.in(w.Namespace)
		out = append(out, &pod{w, c.services.of(w.Namespace, w.Labels)})
	}
	need := map[string]string{"app.kubernetes.io/managed-by": "prometheus-operator"}
	for _, i := range c.podsBy.selected(anywhere, need, labels.SelectorFromSet(need)) {
		p := &c.pods[i]
		name := p.Labels["app.kubernetes.io/name"]
		made := slices.ContainsFunc(out, func(q *pod) bool {
			return q.Namespace == p.Namespace && q.Labels["operator.prometheus.io/name"] == p.Labels["operator.prometheus.io/name"]
		})
		if (name == "prometheus" || name == "prometheus-agent") && !made {
			out = append(out, p)
		}
	}
	return out
}

// scraper is who scrapes what a monitor selects.
func (c *checker) scraper() sender {
	const does = "has Prometheus scrape"
	if pods := c.prometheuses(); len(pods) > 0 {
		return c.known(does, "which may scrape it, may not", "which scrapes it, may not", pods)
	}
	return sender{
		does: does, who: "no Prometheus may", is: c.scrapes, unsure: !c.declared(scraperNames),
		hint: func(service string) string {
			return "declare Prometheus as a peer with connects: \"" + service + "\": {}, and the port if it is not declared"
		},
	}
}
