package workloads_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// in puts an object in a namespace.
func in(namespace, object string) string {
	return strings.Replace(object, "metadata: {name: ", "metadata: {namespace: "+namespace+", name: ", 1)
}

// args gives the container of a workload arguments.
func args(object, list string) string {
	return strings.Replace(object, "{name: main,", "{name: main, args: ["+list+"],", 1)
}

func class(name, controller, annotations string) string {
	return fmt.Sprintf("apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: %s, annotations: {%s}}\nspec: {controller: %s}", name, annotations, controller)
}

const nginxLabels = "app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller"

// TestKnownSenders has who brings the traffic among the manifests: that one is
// asked, and no other peer will do.
func TestKnownSenders(t *testing.T) {
	nginx := in("ingress", workload("Deployment", "nginx", nginxLabels, ""))
	internal := in("ingress-internal", args(workload("Deployment", "internal", nginxLabels, ""), "--controller-class=example.com/internal, --ingress-class=internal"))
	onHost := in("ingress", strings.Replace(workload("DaemonSet", "nginx", nginxLabels, ""), "spec: {containers", "spec: {hostNetwork: true, containers", 1))
	ofClass := strings.Replace(ingressDefault, "spec: {", "spec: {ingressClassName: web, ", 1)
	annotated := strings.Replace(ingressDefault, "{name: web}", `{name: web, annotations: {kubernetes.io/ingress.class: web}}`, 1)
	gatewayPod := in("gateways", workload("Deployment", "public-istio", "gateway.networking.k8s.io/gateway-name: public", ""))
	envoy := in("envoy", workload("Deployment", "envoy-x", "gateway.envoyproxy.io/owning-gateway-name: public, gateway.envoyproxy.io/owning-gateway-namespace: gateways", ""))
	ofGateway := strings.Replace(httpRoute, "spec: {", "spec: {parentRefs: [{name: public, namespace: gateways}], ", 1)
	ofMesh := strings.Replace(httpRoute, "spec: {", `spec: {parentRefs: [{kind: Service, group: "", name: frontend}], `, 1)
	operator := in("monitoring", workload("StatefulSet", "prometheus-k8s",
		"app.kubernetes.io/name: prometheus, app.kubernetes.io/managed-by: prometheus-operator", ""))
	prometheus := "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: k8s, namespace: monitoring}\nspec: {podMetadata: {labels: {team: x}}}"
	namespace := func(labels string) string {
		return "apiVersion: v1\nkind: Namespace\nmetadata: {name: ingress, labels: {" + labels + "}}"
	}
	nginxClass := class("web", "k8s.io/ingress-nginx", "")

	other := data{"namespace": "other", "labels": data{"app": "x"}}
	nginxPeer := data{"namespace": "ingress", "labels": data{"app.kubernetes.io/name": "ingress-nginx"}}
	byLabel := data{"namespaceLabels": data{"zone": "edge"}, "anyPod": true}
	serves := "NG815 error Ingress shop/web sends traffic to service frontend on 8080/TCP, and %s, which serves it, may not call it there"
	gateway := "NG815 error HTTPRoute routes/web sends traffic to service frontend on 8080/TCP, and Deployment %s, which is its gateway, may not call it there"
	scrapes := "NG815 error ServiceMonitor monitoring/web has Prometheus scrape service frontend on 8080/TCP, and %s, which scrapes it, may not call it there"
	noServer := fmt.Sprintf(serves, "Deployment ingress/nginx")

	cases := map[string]struct {
		peer      data
		manifests []string
		want      string
	}{
		"controller of the class":             {nginxPeer, []string{nginxClass, nginx, ofClass}, ""},
		"another peer":                        {other, []string{nginxClass, nginx, ofClass}, noServer},
		"by annotation":                       {other, []string{nginxClass, nginx, annotated}, noServer},
		"of the default class":                {other, []string{class("web", "k8s.io/ingress-nginx", `ingressclass.kubernetes.io/is-default-class: "true"`), nginx, ingressDefault}, noServer},
		"without a class nobody is known":     {other, []string{nginxClass, nginx, ingressDefault}, ""},
		"by an argument":                      {other, []string{args(nginx, "--ingress-class=web"), ofClass}, noServer},
		"by an argument, another class":       {other, []string{args(nginx, "--ingress-class, x"), ofClass}, ""},
		"of two the one with its class":       {nginxPeer, []string{class("web", "example.com/internal", ""), class("x", "k8s.io/ingress-nginx", ""), nginx, internal, ofClass}, fmt.Sprintf(serves, "Deployment ingress-internal/internal")},
		"a controller that nobody knows":      {other, []string{class("web", "example.com/own", ""), nginx, internal, ofClass}, ""},
		"the other does not count":            {data{"namespace": "ingress-internal", "anyPod": true}, []string{nginxClass, nginx, internal, ofClass}, noServer},
		"anywhere":                            {data{"is": "anywhere"}, []string{nginxClass, nginx, ofClass}, ""},
		"cluster":                             {data{"is": "cluster"}, []string{nginxClass, nginx, ofClass}, ""},
		"nodes are no pods":                   {data{"is": "nodes"}, []string{nginxClass, nginx, ofClass}, noServer},
		"on the host network, nodes":          {data{"is": "nodes"}, []string{nginxClass, onHost, ofClass}, ""},
		"on the host network, pods":           {data{"anyNamespace": true, "labels": data{"app.kubernetes.io/name": "ingress-nginx"}}, []string{nginxClass, onHost, ofClass}, fmt.Sprintf(serves, "DaemonSet ingress/nginx")},
		"namespace with the label":            {byLabel, []string{nginxClass, nginx, ofClass, namespace("zone: edge")}, ""},
		"namespace without the label":         {byLabel, []string{nginxClass, nginx, ofClass, namespace("zone: core")}, noServer},
		"namespace that is not listed":        {byLabel, []string{nginxClass, nginx, ofClass}, ""},
		"gateway":                             {data{"namespace": "gateways", "anyPod": true}, []string{gatewayPod, ofGateway}, ""},
		"not the gateway":                     {other, []string{gatewayPod, ofGateway}, fmt.Sprintf(gateway, "gateways/public-istio")},
		"not the gateway of Envoy":            {other, []string{envoy, ofGateway}, fmt.Sprintf(gateway, "envoy/envoy-x")},
		"a mesh routes for any caller":        {data{"namespace": "x", "labels": data{"app": "prometheus"}}, []string{gatewayPod, ofMesh}, ""},
		"Prometheus of the operator":          {data{"namespace": "monitoring", "anyPod": true}, []string{operator, serviceMonitor}, ""},
		"not Prometheus of the operator":      {other, []string{operator, serviceMonitor}, fmt.Sprintf(scrapes, "StatefulSet monitoring/prometheus-k8s")},
		"Prometheus that the operator makes":  {data{"namespace": "monitoring", "labels": data{"prometheus": "k8s", "team": "x"}}, []string{prometheus, serviceMonitor}, ""},
		"not the one that the operator makes": {other, []string{prometheus, serviceMonitor}, fmt.Sprintf(scrapes, "Prometheus monitoring/k8s")},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			manifests := append([]string{
				workload("Deployment", "frontend", "app: frontend", port8080), backend,
				service("frontend", "app: frontend", "{name: web, port: 80, targetPort: 8080}"),
			}, c.manifests...)
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			got, _ := check(t, peer(c.peer), manifests...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAstray has what leads to nothing that the manifests hold.
func TestAstray(t *testing.T) {
	front := service("frontend", "app: frontend", "{name: web, port: 80, targetPort: 8080}, {name: x, port: 81, targetPort: 8080}")
	top := peer(data{"is": "anywhere"})
	pods := []string{frontend, backend}
	with := func(more ...string) []string { return append([]string{frontend, backend, front}, more...) }
	sends := "NG816 warning Ingress shop/web sends traffic to Service shop/%s, which %s"
	to := func(name, port string) string {
		return strings.NewReplacer("name: frontend", "name: "+name, "{number: 80}", port).Replace(ingressDefault)
	}
	cases := map[string]struct {
		manifests []string
		want      []string
	}{
		"no such Service":                 {with(to("fronted", "{number: 80}")), []string{fmt.Sprintf(sends, "fronted", "is not among the manifests")}},
		"no such webhook":                 {with(mutating), []string{"NG816 warning MutatingWebhookConfiguration web sends traffic to Service shop/hook, which is not among the manifests"}},
		"in a namespace that is not ours": {with(in("other", to("fronted", "{number: 80}")), in("other", to("frontend", "{number: 1}"))), nil},
		"no such number":                  {with(to("frontend", "{number: 8080}")), []string{fmt.Sprintf(sends, "frontend", "does not have port 8080")}},
		"no such name":                    {with(to("frontend", "{name: http}")), []string{fmt.Sprintf(sends, "frontend", "does not have port http")}},
		"no number where there are two":   {with(strings.Replace(httpRoute, ", port: 80", "", 1)), []string{"NG816 warning HTTPRoute routes/web sends traffic to Service shop/frontend, and does not say to which of its ports"}},
		"a Service of nobody":             {with(service("lost", "app: lost", "{port: 80}"), to("lost", "{number: 80}")), []string{fmt.Sprintf(sends, "lost", "selects no workload among the manifests")}},
		"a Service without a selector":    {with("apiVersion: v1\nkind: Service\nmetadata: {name: ext}\nspec: {ports: [{port: 80}]}", to("ext", "{number: 80}")), nil},
		"a name elsewhere":                {with("apiVersion: v1\nkind: Service\nmetadata: {name: ext}\nspec: {type: ExternalName, externalName: example.com, selector: {app: frontend}, ports: [{port: 9}]}", to("ext", "{number: 80}")), nil},
		"no Service at all is said once": {
			append(pods, to("frontend", "{number: 80}"), validating, strings.Replace(serviceMonitor, "name: web", "name: m", 1)),
			[]string{"NG816 warning no Service is among the manifests, so what leads to one is not checked: Ingress shop/web and 2 more"},
		},
		"no Service and nothing that leads to one": {pods, nil},
		"monitor of nothing": {
			with(strings.Replace(serviceMonitor, "svc: frontend", "svc: fronted", 1)),
			[]string{"NG816 warning ServiceMonitor monitoring/web selects no Service among the manifests in namespace shop"},
		},
		"monitor of other namespaces as well": {
			with(strings.NewReplacer("svc: frontend", "svc: fronted", "[shop]", "[shop, other]").Replace(serviceMonitor)), nil,
		},
		"monitor of no pod": {
			with(strings.NewReplacer("app: frontend", "app: x", "any: true", "matchNames: [shop]").Replace(podMonitor)),
			[]string{"NG816 warning PodMonitor monitoring/web selects no pod among the manifests in namespace shop"},
		},
		"monitor of no port": {
			with(strings.Replace(serviceMonitor, "port: web", "port: metrics", 1)),
			[]string{`NG816 warning ServiceMonitor monitoring/web scrapes port "metrics", which no Service that it selects has`},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, _ := check(t, top, c.manifests...)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestEveryPort has what leads to a service without saying where, or by the way.
func TestEveryPort(t *testing.T) {
	front := service("frontend", "app: frontend", "{name: web, port: 80, targetPort: 8080}")
	mirrored := strings.Replace(httpRoute, "{name: frontend, namespace: shop, port: 80}",
		"{group: x.io, kind: Bucket, name: b, filters: [{requestMirror: {backendRef: {name: frontend, namespace: shop, port: 80}}}]}", 1)
	cases := map[string]string{
		strings.Replace(serviceMonitor, "{port: web}", "{path: /metrics}", 1): "NG815 error ServiceMonitor monitoring/web has Prometheus scrape service frontend on 8080/TCP, and no Prometheus may call it there",
		mirrored: "NG815 error HTTPRoute routes/web sends traffic to service frontend on 8080/TCP, and no ingress controller or gateway may call it there",
	}
	for object, want := range cases {
		got, _ := check(t, shop(nil), frontend, backend, front, object)
		if diff := cmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("%s\n%s", object, diff)
		}
	}
}

// TestExposed has Services and ports that are open to the outside.
func TestExposed(t *testing.T) {
	typed := func(fields string) string {
		return strings.Replace(service("frontend", "app: frontend", "{port: 80, targetPort: 8080}"), "spec: {", "spec: {"+fields+", ", 1)
	}
	shut := "NG817 warning Service shop/frontend %s and leads from 80 to 8080/TCP of service frontend, and nobody outside may call it there"
	pods := data{"namespace": "ingress", "labels": data{"app": "nginx"}}
	nodes := data{"is": "nodes"}
	const local = "type: NodePort, externalTrafficPolicy: Local"
	hostPort := strings.Replace(frontend, port8080, "{containerPort: 8080, hostPort: 80}", 1)
	cases := map[string]struct {
		topology data
		object   string
		want     string
	}{
		"LoadBalancer, nobody":         {shop(nil), typed("type: LoadBalancer"), fmt.Sprintf(shut, "is of type LoadBalancer")},
		"NodePort, pods":               {peer(pods), typed("type: NodePort"), fmt.Sprintf(shut, "is of type NodePort")},
		"externalIPs, cluster":         {peer(data{"is": "cluster"}), typed("externalIPs: [192.0.2.9]"), fmt.Sprintf(shut, "has externalIPs")},
		"ClusterIP":                    {shop(nil), typed("type: ClusterIP"), ""},
		"internet":                     {peer(data{"is": "internet"}), typed("type: LoadBalancer"), ""},
		"anywhere":                     {peer(data{"is": "anywhere"}), typed("type: LoadBalancer"), ""},
		"addresses":                    {peer(data{"cidrs": []any{"203.0.113.0/24"}}), typed("type: LoadBalancer"), ""},
		"through nodes":                {peer(nodes), typed("type: NodePort"), ""},
		"nodes that keep the sources":  {peer(nodes), typed(local), fmt.Sprintf(shut, "is of type NodePort")},
		"ingress is not enforced":      {shop(func(t, _ data) { t["enforce"] = []any{"egress"} }), typed("type: LoadBalancer"), ""},
		"hostPort that nobody calls":   {shop(nil), hostPort, "NG817 warning Deployment shop/frontend is exposed at port 80 of its node and leads to 8080/TCP of service frontend, and nobody may call it there"},
		"hostPort that somebody calls": {peer(pods), hostPort, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			manifests := []string{c.object, backend}
			if c.object != hostPort {
				manifests = append(manifests, frontend)
			}
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			got, _ := check(t, c.topology, manifests...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestServicesOfOneKind has Services that are none with one address.
func TestServicesOfOneKind(t *testing.T) {
	headless := func(ports string) string {
		return strings.Replace(service("backend", "app: backend", ports), "spec: {", "spec: {clusterIP: None, ", 1)
	}
	set := workload("StatefulSet", "backend", "app: backend", port8080)
	one := func(pod string) string {
		return service("one", `app: backend, statefulset.kubernetes.io/pod-name: `+pod, "{port: 9}")
	}
	cases := map[string]struct {
		manifests []string
		want      []string
	}{
		"headless": {[]string{set, headless("{port: 8080}"), headless("{port: 8080, targetPort: 8080}")}, nil},
		"headless with another port": {
			[]string{set, headless("{port: 80, targetPort: 8080}")},
			[]string{"NG814 warning Service shop/backend is headless and translates no port: who calls 80 arrives at 80/TCP of service backend, which does not declare it, and not at 8080/TCP"},
		},
		"one pod of a StatefulSet": {
			[]string{set, one("backend-1")},
			[]string{"NG814 error Service shop/one leads from 9 to 9/TCP of service backend, which does not declare it"},
		},
		"a pod of another StatefulSet": {[]string{set, one("backend-x-1")}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, _ := check(t, shop(nil), append(c.manifests, frontend)...)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOpenShift has workloads and routes of OpenShift and of Argo.
func TestOpenShift(t *testing.T) {
	route := func(port string) string {
		return "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: web}\nspec: {to: {kind: Service, name: frontend}" + port + "}"
	}
	front := service("frontend", "app: frontend", "{name: web, port: 80, targetPort: 8080}")
	rollout := strings.Replace(frontend, "apps/v1\nkind: Deployment", "argoproj.io/v1alpha1\nkind: Rollout", 1)
	config := strings.Replace(frontend, "apps/v1\nkind: Deployment", "apps.openshift.io/v1\nkind: DeploymentConfig", 1)
	points := "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: x}\nspec: {workloadRef: {kind: Deployment, name: frontend}}"
	want := []string{"NG815 error Route shop/web sends traffic to service frontend on 8080/TCP, and no ingress controller or gateway may call it there"}
	for _, port := range []string{"", ", port: {targetPort: web}", ", port: {targetPort: 8080}"} {
		got, held := check(t, shop(nil), rollout, backend, front, points, route(port))
		if diff := cmp.Diff(want, got); diff != "" || held != 2 {
			t.Errorf("%s: %d workloads: %s", port, held, diff)
		}
	}
	two := shop(func(_, services data) { services["frontend"].(data)["ports"].(data)["admin"] = json.Number("9090") })
	got, held := check(t, two, config, backend, service("frontend", "app: frontend", "{name: a, port: 9090}"), route(", port: {targetPort: web}"))
	want = []string{
		"NG813 warning service frontend declares 9090/TCP, and no container of DeploymentConfig shop/frontend lists it",
		"NG816 warning Route shop/web sends traffic to Service shop/frontend, which does not have port web",
	}
	if diff := cmp.Diff(want, got); diff != "" || held != 2 {
		t.Errorf("%d workloads: %s", held, diff)
	}
}
