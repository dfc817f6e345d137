package workloads_test

import (
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
	routes := "NG815 error %s sends traffic to service frontend on 8080/TCP, and no such connection is declared"
	calls := "NG815 error %s makes the API server call service frontend on 8080/TCP, and no such connection is declared"
	scrapes := "NG815 error %s has Prometheus scrape service frontend on 8080/TCP, and no such connection is declared"
	cases := []struct {
		name, object, format, want string
		allows                     []data
		denies                     []data
	}{
		{"Ingress", ingress, routes, "Ingress shop/web", []data{pods, {"is": "anywhere"}}, nil},
		{"default backend", ingressDefault, routes, "Ingress shop/web", []data{pods}, nil},
		{"HTTPRoute", httpRoute, routes, "HTTPRoute routes/web", []data{pods}, nil},
		{"mirror", mirror, routes, "GRPCRoute shop/web", []data{pods}, nil},
		{"ServiceMonitor", serviceMonitor, scrapes, "ServiceMonitor monitoring/web", []data{pods}, nil},
		{"PodMonitor", podMonitor, scrapes, "PodMonitor monitoring/web", []data{pods}, nil},
		{"ValidatingWebhookConfiguration", validating, calls, "ValidatingWebhookConfiguration web", []data{
			{"is": "anywhere"}, {"is": "nodes"}, {"is": "kube-apiserver"}, {"is": "cluster"}, {"cidrs": []any{"203.0.113.0/24"}},
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
	gateway := shop(func(_, services data) {
		services["gateway"] = data{"connects": data{"frontend": data{}}}
	})
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
		"ingress controller of ours": {gateway, with(workload("Pod", "gateway", "app: gateway", ""), ingress), nil},
		"a service is not Prometheus": {
			gateway,
			with(workload("Pod", "gateway", "app: gateway", ""), serviceMonitor),
			[]string{"NG815 error ServiceMonitor monitoring/web has Prometheus scrape service frontend on 8080/TCP, and no such connection is declared"},
		},
		"Prometheus of ours": {prometheus, with(prometheusPod, serviceMonitor), nil},
		"a port that is not declared": {
			prometheus,
			with(prometheusPod, serviceMonitorTarget),
			[]string{"NG815 error ServiceMonitor shop/web has Prometheus scrape service frontend on 9090/TCP, and no such connection is declared"},
		},
		"ingress is not enforced": {
			shop(func(t, _ data) { t["enforce"] = []any{"egress"} }),
			with(ingress),
			nil,
		},
		"a Service that is not listed": {shop(nil), []string{frontend, backend, ingress, validating}, nil},
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
