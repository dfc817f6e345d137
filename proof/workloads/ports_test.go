package workloads_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPorts(t *testing.T) {
	onHost := strings.Replace(frontend, "spec: {containers", "spec: {hostNetwork: true, containers", 1)
	cases := map[string]struct {
		topology  data
		manifests []string
		want      []string
	}{
		"others than declared": {
			shop(nil),
			[]string{frontend, workload("Pod", "backend", "app: backend", "{containerPort: 9090}, {containerPort: 8080, protocol: UDP}")},
			[]string{
				"NG813 warning Pod shop/backend lists container ports 9090/TCP, 8080/UDP, which service backend does not declare",
				"NG813 warning service backend declares 8080/TCP, and no container of Pod shop/backend lists it",
			},
		},
		"one of two workloads lists it": {
			shop(nil),
			[]string{frontend, backend, workload("Pod", "backend", "app: backend", "")},
			nil,
		},
		"of a sidecar, but not of what ends before": {
			shop(func(_, services data) { services["backend"].(data)["ports"].(data)["metrics"] = json.Number("9090") }),
			[]string{frontend, strings.Replace(backend, "containers:",
				"initContainers: [{name: side, restartPolicy: Always, ports: [{containerPort: 9090}]}, {name: init, ports: [{containerPort: 1}]}], containers:", 1)},
			nil,
		},
		"of a group": {
			shop(func(t, services data) {
				t["groups"] = data{"all": data{"anyPod": true, "ports": data{"metrics": json.Number("9090")}}}
			}),
			[]string{frontend, workload("Pod", "backend", "app: backend", port8080+", {containerPort: 9090}")},
			nil,
		},
		"in a range": {
			shop(func(_, services data) {
				services["backend"].(data)["ports"] = data{"data": "8070-8079/TCP", "more": "8080-8081/TCP"}
			}),
			[]string{frontend, backend},
			nil,
		},
		"any port": {
			shop(func(_, services data) {
				services["frontend"].(data)["connects"] = data{"backend": data{"anyPort": true}}
				delete(services["backend"].(data), "ports")
			}),
			[]string{frontend, backend},
			nil,
		},
		"on the host network": {
			shop(nil),
			[]string{onHost, backend},
			[]string{"NG813 error Deployment shop/frontend is on the host network, and service frontend declares otherwise"},
		},
		"not on the host network": {
			shop(func(t, services data) {
				services["frontend"].(data)["hostNetwork"] = true
				t["cluster"] = data{"nodeCIDRs": []any{"192.0.2.0/24"}}
			}),
			[]string{frontend, backend},
			[]string{"NG813 error Deployment shop/frontend is not on the host network, and service frontend declares otherwise"},
		},
		"Service to its port": {
			shop(nil),
			[]string{frontend, backend, service("backend", "app: backend", "{port: 80, targetPort: 8080}"), service("b2", "app: backend", "{port: 8080}")},
			nil,
		},
		"Service to another": {
			shop(nil),
			[]string{frontend, backend, service("backend", "app: backend", "{port: 80}, {port: 81, name: admin, targetPort: 8081}")},
			[]string{"NG814 error Service shop/backend leads from 80 to 80/TCP, 81 (admin) to 8081/TCP of service backend, which does not declare them"},
		},
		"Service to another besides": {
			shop(nil),
			[]string{frontend, backend, service("backend", "app: backend", "{port: 80, name: web, targetPort: 8080}, {port: 81, name: admin, targetPort: 8081}")},
			[]string{"NG814 warning Service shop/backend leads from 81 (admin) to 8081/TCP of service backend, which does not declare it"},
		},
		"Service to another besides, by the name of one that is declared": {
			shop(func(_, services data) { services["backend"].(data)["ports"].(data)["metrics"] = json.Number("9090") }),
			[]string{
				frontend, workload("Pod", "backend", "app: backend", port8080+", {containerPort: 9090}"),
				service("backend", "app: backend", "{port: 80, name: http}, {port: 9090, name: metrics}, {port: 81, name: admin}"),
			},
			[]string{
				"NG814 error Service shop/backend leads from 80 (http) to 80/TCP of service backend, which does not declare it",
				"NG814 warning Service shop/backend leads from 81 (admin) to 81/TCP of service backend, which does not declare it",
			},
		},
		"Service to another besides, named as a port of its group": {
			shop(func(t, _ data) {
				t["groups"] = data{"all": data{"anyPod": true, "ports": data{"metrics": json.Number("9090")}}}
			}),
			[]string{frontend, backend, service("backend", "app: backend", "{port: 80, name: web, targetPort: 8080}, {port: 9091, name: metrics}")},
			[]string{"NG814 error Service shop/backend leads from 9091 (metrics) to 9091/TCP of service backend, which does not declare it"},
		},
		"Service to another besides, which it calls as one that is declared": {
			shop(nil),
			[]string{
				frontend, workload("Pod", "backend", "app: backend", port8080+", {name: http, containerPort: 9090}"),
				service("backend", "app: backend", "{port: 8080, name: a}, {port: 80, name: b, targetPort: http}"),
			},
			[]string{
				"NG813 warning Pod shop/backend lists container port 9090/TCP, which service backend does not declare",
				"NG814 error Service shop/backend leads from 80 (b) to 9090/TCP of service backend, which does not declare it",
			},
		},
		"Service to another besides, which an Ingress sends to": {
			shop(nil),
			[]string{
				frontend, backend, service("frontend", "app: frontend", "{port: 8080, name: web}, {port: 81, name: admin}"),
				strings.Replace(ingressDefault, "number: 80", "name: admin", 1),
			},
			[]string{"NG814 error Service shop/frontend leads from 81 (admin) to 81/TCP of service frontend, which does not declare it"},
		},
		"Service of another protocol": {
			shop(nil),
			[]string{frontend, backend, service("backend", "app: backend", "{port: 8080, protocol: UDP}")},
			[]string{"NG814 error Service shop/backend leads from 8080 to 8080/UDP of service backend, which does not declare it"},
		},
		"Service by name": {
			shop(nil),
			[]string{
				frontend, workload("Pod", "backend", "app: backend", "{name: web, containerPort: 8080}"),
				service("good", "app: backend", "{port: 80, targetPort: web}"),
				service("bad", "app: backend", "{port: 80, targetPort: wbe}"),
			},
			[]string{`NG814 error port 80 of Service shop/bad leads to a port named "wbe", which no container of Pod shop/backend has`},
		},
		"Service by the name of a port of another protocol": {
			shop(nil),
			[]string{
				frontend, workload("Pod", "backend", "app: backend", "{name: web, containerPort: 8080}"),
				service("bad", "app: backend", "{port: 80, protocol: UDP, targetPort: web}"),
			},
			[]string{`NG814 error port 80 of Service shop/bad leads to a UDP port named "web", which no container of Pod shop/backend has`},
		},
		"Service without pods of ours": {
			shop(nil),
			[]string{frontend, backend, service("x", "app: x", "{port: 1}"), "apiVersion: v1\nkind: Service\nmetadata: {name: ext}\nspec: {type: ExternalName, ports: [{port: 1}]}"},
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
