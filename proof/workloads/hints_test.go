package workloads_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/manifest"
	"netgen.dev/proof/workloads"
)

// TestHints has who brings the traffic of an Ingress as one of ours, as a peer,
// and as neither: what to declare is different.
func TestHints(t *testing.T) {
	nginx := workload("Deployment", "nginx", nginxLabels, "")
	labels := data{"app.kubernetes.io/name": "ingress-nginx"}
	ours := func(connects data) func(t, services data) {
		return func(_, services data) {
			services["nginx"] = data{"labels": labels, "podLabels": data{"app.kubernetes.io/component": "controller"}, "connects": connects}
		}
	}
	declared := func(t, _ data) {
		t["peers"] = data{"edge": data{"namespace": "ingress", "labels": labels, "connects": data{"backend": data{}}}}
	}
	cases := map[string]struct {
		change     func(t, services data)
		controller string
		want       string // "" for no finding
	}{
		"a service":     {ours(data{"backend": data{}}), nginx, `declare services: "nginx": connects: "frontend": {}`},
		"which may":     {ours(data{"frontend": data{}}), nginx, ""},
		"a peer":        {declared, in("ingress", nginx), `declare peers: "edge": connects: "frontend": {}`},
		"nobody":        {nil, in("ingress", nginx), `declare a peer with namespace: "ingress", labels of its pods (app.kubernetes.io/component=controller,app.kubernetes.io/name=ingress-nginx), and connects: "frontend": {}`},
		"nobody's node": {nil, in("ingress", strings.Replace(nginx, "spec: {containers", "spec: {hostNetwork: true, containers", 1)), `it is on the host network and has the address of its node: declare peers: "nodes": {is: "nodes", connects: "frontend": {}}`},
		"in a group": {func(t, services data) {
			ours(data{})(t, services)
			t["groups"] = data{"edges": data{"labels": data{"app.kubernetes.io/component": "controller"}, "connects": data{"frontend": data{}}}}
		}, nginx, ""},
		"others may": {func(_, services data) {
			for i := range 5 {
				services[fmt.Sprintf("s%d", i)] = data{"connects": data{"frontend": data{}}}
			}
		}, in("ingress", nginx), "; who may call it there: service s0, service s1, service s2, 2 more"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			top := shop(c.change)
			models, list := topology.Resolve(top, written(top))
			if list.Failed() {
				t.Fatal(list)
			}
			text := strings.Join([]string{
				frontend, backend, service("frontend", "app: frontend", "{port: 80, targetPort: 8080}"), c.controller,
				class("web", "k8s.io/ingress-nginx", ""), strings.Replace(ingressDefault, "spec: {", "spec: {ingressClassName: web, ", 1),
			}, "\n---\n")
			cluster, err := manifest.ReadCluster([]manifest.File{{Name: "m.yaml", Data: []byte(text)}})
			if err != nil {
				t.Fatal(err)
			}
			found, _ := workloads.Check(models[0], written(top), cluster)
			hint := ""
			for _, d := range found {
				if d.Code == diag.Backend {
					hint = d.Hint
				}
			}
			if !strings.HasSuffix(hint, c.want) || (hint == "") != (c.want == "") {
				t.Errorf("the hint is %q, not %q", hint, c.want)
			}
		})
	}
}

// TestAPIServerOnNodes has a service on the host network, which stands for the
// nodes, and so for an API server that runs on one.
func TestAPIServerOnNodes(t *testing.T) {
	top := peer(data{"is": "nodes"})
	delete(top["peers"].(data), "caller")
	top["services"].(data)["agent"] = data{"hostNetwork": true, "connects": data{"frontend": data{}}}
	agent := strings.Replace(workload("DaemonSet", "agent", "app: agent", ""), "spec: {containers", "spec: {hostNetwork: true, containers", 1)
	hook := service("hook", "app: frontend", "{port: 443, targetPort: 8080}")
	if got, _ := check(t, top, frontend, backend, agent, hook, mutating); got != nil {
		t.Errorf("found %q", got)
	}
	top["services"].(data)["agent"].(data)["hostNetwork"] = false
	top["services"].(data)["agent"].(data)["ports"] = data{"x": json.Number("1")}
	got, _ := check(t, top, frontend, backend, hook, mutating)
	if !strings.Contains(strings.Join(got, "\n"), "NG815 error") {
		t.Errorf("found %q", got)
	}
}
