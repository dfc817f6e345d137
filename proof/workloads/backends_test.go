package workloads_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	ingress = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules:
  - http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: frontend, port: {name: web}}}}]}
  - host: example.com`
	ingressDefault = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {defaultBackend: {service: {name: frontend, port: {number: 80}}}}`
	httpRoute = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: routes}
spec: {rules: [{backendRefs: [{name: frontend, namespace: shop, port: 80}, {group: x.io, kind: Bucket, name: frontend}]}]}`
	mirror = `
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: web}
spec: {rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: frontend, port: 80}}}]}]}`
	serviceMonitor = `
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web, namespace: monitoring}
spec: {selector: {matchLabels: {svc: frontend}}, namespaceSelector: {matchNames: [shop]}, endpoints: [{port: web}]}`
	serviceMonitorTarget = `
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web}
spec: {selector: {}, endpoints: [{targetPort: 9090}]}`
	podMonitor = `
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: web, namespace: monitoring}
spec: {selector: {matchLabels: {app: frontend}}, namespaceSelector: {any: true}, podMetricsEndpoints: [{portNumber: 8080}, {port: http}]}`
	validating = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: web}
webhooks: [{name: a.example.com, clientConfig: {service: {namespace: shop, name: frontend, port: 80}}}, {clientConfig: {url: "https://x"}}]`
	mutating = `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: web}
webhooks: [{name: a.example.com, clientConfig: {service: {namespace: shop, name: hook}}}]`
	conversion = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: web}
spec: {conversion: {strategy: Webhook, webhook: {clientConfig: {service: {namespace: shop, name: hook}}}}}`
	apiService = `
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.web}
spec: {service: {namespace: shop, name: hook}}`
)

// peer is shop with a peer that calls the frontend.
func peer(fields data) data {
	return shop(func(t, _ data) {
		fields["connects"] = data{"frontend": data{}}
		t["peers"] = data{"caller": fields}
		t["cluster"] = data{
			"nodeCIDRs": []any{"192.0.2.0/24"}, "podCIDRs": []any{"10.0.0.0/16"}, "serviceCIDRs": []any{"10.1.0.0/16"},
			"apiServer": data{"cidrs": []any{"192.0.2.1/32"}},
		}
	})
}

func TestBackends(t *testing.T) {
	pods := data{"namespace": "ingress", "labels": data{"app": "nginx"}}
	scraper := data{"namespace": "monitoring", "labels": data{"app": "prometheus"}}
	controller := data{"namespace": "ingress", "labels": data{"app": "ingress-nginx"}}
	tunnel := data{"namespace": "kube-system", "labels": data{"k8s-app": "konnectivity-agent"}}
	server := data{"is": "kube-apiserver"}
	routes := "NG815 error %s sends traffic to service frontend on 8080/TCP, and no ingress controller or gateway may call it there"
	calls := "NG815 error %s makes the API server call service frontend on 8080/TCP, and the API server may not call it there"
	scrapes := "NG815 error %s has Prometheus scrape service frontend on 8080/TCP, and no Prometheus may call it there"
	cases := []struct {
		name, object, format, want string
		allows                     []data
		denies                     []data
	}{
		{"Ingress", ingress, routes, "Ingress shop/web", []data{pods, controller, {"is": "anywhere"}, {"is": "nodes"}, {"is": "internet"}}, []data{scraper, server}},
		{"default backend", ingressDefault, routes, "Ingress shop/web", []data{pods}, []data{scraper}},
		{"HTTPRoute", httpRoute, routes, "HTTPRoute routes/web", []data{pods}, []data{scraper}},
		{"mirror", mirror, routes, "GRPCRoute shop/web", []data{pods}, []data{scraper}},
		{"ServiceMonitor", serviceMonitor, scrapes, "ServiceMonitor monitoring/web", []data{pods, scraper, {"is": "nodes"}}, []data{controller, server, {"is": "internet"}}},
		{"PodMonitor", podMonitor, scrapes, "PodMonitor monitoring/web", []data{pods}, []data{controller}},
		{"ValidatingWebhookConfiguration", validating, calls, "ValidatingWebhookConfiguration web", []data{
			{"is": "anywhere"}, {"is": "nodes"}, {"is": "kube-apiserver"}, {"is": "cluster"}, {"cidrs": []any{"203.0.113.0/24"}}, tunnel,
		}, []data{pods, {"is": "internet"}}},
		{"MutatingWebhookConfiguration", mutating, calls, "MutatingWebhookConfiguration web", []data{{"is": "nodes"}}, []data{pods}},
		{"conversion", conversion, calls, "CustomResourceDefinition web", []data{{"is": "nodes"}}, []data{pods}},
		{"APIService", apiService, calls, "APIService v1.web", []data{{"is": "nodes"}}, []data{pods}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			manifests := []string{
				workload("Deployment", "frontend", "app: frontend", "{name: http, containerPort: 8080}"), backend,
				service("frontend", "app: frontend", "{name: web, port: 80, targetPort: http}"),
				service("hook", "app: frontend", "{port: 443, targetPort: 8080}"), c.object,
			}
			want := []string{fmt.Sprintf(c.format, c.want)}
			got, _ := check(t, shop(nil), manifests...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("nobody: %s", diff)
			}
			for _, p := range c.denies {
				got, _ := check(t, peer(p), manifests...)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%v: %s", p, diff)
				}
			}
			for _, p := range c.allows {
				if got, _ := check(t, peer(p), manifests...); got != nil {
					t.Errorf("%v: found %q", p, got)
				}
			}
		})
	}
}

// TestBackendsOfServices has callers that are our own.
func TestBackendsOfServices(t *testing.T) {
	gateway := shop(func(t, services data) {
		services["gateway"] = data{"ports": data{"http": json.Number("80")}, "connects": data{"frontend": data{}}}
		t["peers"] = data{"lb": data{"cidrs": []any{"203.0.113.0/24"}, "connects": data{"gateway": data{}}}}
	})
	inside := shop(func(_, services data) {
		services["gateway"] = data{"connects": data{"frontend": data{}}}
	})
	labelled := shop(func(_, services data) {
		services["gateway"] = data{"labels": data{"app": "gateway"}, "podLabels": data{"x": "traefik"}, "connects": data{"frontend": data{}}}
	})
	// The controller is known, and may call something else.
	elsewhere := shop(func(t, services data) {
		services["cart"] = data{"connects": data{"frontend": data{}}}
		t["peers"] = data{"ingress": data{"namespace": "ingress", "labels": data{"app": "ingress-nginx"}, "connects": data{"backend": data{}}}}
	})
	group := shop(func(t, services data) {
		services["prometheus"] = data{"podLabels": data{"role": "scraper"}}
		t["groups"] = data{"scrapers": data{"labels": data{"role": "scraper"}, "connects": data{"frontend": data{}}}}
	})
	gatewayPod := workload("Pod", "gateway", "app: gateway", "{containerPort: 80}")
	prometheus := shop(func(_, services data) {
		services["prometheus"] = data{"labels": data{"app.kubernetes.io/name": "prometheus"}, "connects": data{"frontend": data{}}}
	})
	front := []string{frontend, backend, service("frontend", "app: frontend", "{name: web, port: 8080}")}
	with := func(more ...string) []string { return append(append([]string{}, front...), more...) }
	prometheusPod := workload("StatefulSet", "prometheus", "app.kubernetes.io/name: prometheus", "")
	cases := map[string]struct {
		topology  data
		manifests []string
		want      []string
	}{
		"ingress controller of ours": {gateway, with(gatewayPod, ingress), nil},
		"nobody outside calls the gateway": {
			inside,
			with(workload("Pod", "gateway", "app: gateway", ""), ingress),
			[]string{"NG815 warning Ingress shop/web sends traffic to service frontend on 8080/TCP, and no ingress controller or gateway may call it there"},
		},
		"a service with the labels of a controller": {labelled, with(workload("Pod", "gateway", "app: gateway, x: traefik", ""), ingress), nil},
		"the controller calls another service": {
			elsewhere,
			with(workload("Pod", "cart", "app: cart", ""), ingress),
			[]string{"NG815 error Ingress shop/web sends traffic to service frontend on 8080/TCP, and no ingress controller or gateway may call it there"},
		},
		"Prometheus in a group": {group, with(workload("Pod", "prometheus", "app: prometheus, role: scraper", ""), serviceMonitor), nil},
		"a service is not Prometheus": {
			gateway,
			with(gatewayPod, serviceMonitor),
			[]string{"NG815 warning ServiceMonitor monitoring/web has Prometheus scrape service frontend on 8080/TCP, and no Prometheus may call it there"},
		},
		"Prometheus of ours": {prometheus, with(prometheusPod, serviceMonitor), nil},
		"a port that is not declared": {
			prometheus,
			with(prometheusPod, serviceMonitorTarget),
			[]string{"NG815 error ServiceMonitor shop/web has Prometheus scrape service frontend on 9090/TCP, and no Prometheus may call it there"},
		},
		"ingress is not enforced": {
			shop(func(t, _ data) { t["enforce"] = []any{"egress"} }),
			with(ingress),
			nil,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, _ := check(t, c.topology, c.manifests...)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
