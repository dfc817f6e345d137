package workloads_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/manifest"
	"netgen.dev/proof/workloads"
)

// data is a topology as CUE hands it on.
type data = map[string]any

// shop is a frontend that calls a backend on 8080; in is who calls the frontend.
func shop(change func(t, services data)) data {
	services := data{
		"frontend": data{"ports": data{"http": json.Number("8080")}, "connects": data{"backend": data{}}},
		"backend":  data{"ports": data{"http": json.Number("8080")}},
	}
	t := data{"name": "shop", "version": "1.0.0", "namespace": "shop", "labelKey": "app", "services": services}
	if change != nil {
		change(t, services)
	}
	return t
}

// written finds fields in a topology: each is at a line of its own path.
func written(top data) topology.Locator {
	return func(path []string) (key, value diag.Pos, ok bool) {
		at := any(top)
		for _, name := range path {
			m, isMap := at.(data)
			if !isMap {
				return diag.Pos{}, diag.Pos{}, false
			}
			if at, ok = m[name]; !ok {
				return diag.Pos{}, diag.Pos{}, false
			}
		}
		pos := diag.Pos{File: strings.Join(append([]string{"topology"}, path...), ".")}
		return pos, pos, true
	}
}

// check holds manifests against a topology and words what is found.
func check(t *testing.T, top data, manifests ...string) ([]string, int) {
	t.Helper()
	models, list := topology.Resolve(top, written(top))
	if list.Failed() {
		t.Fatalf("the topology is wrong: %v", list)
	}
	cluster, err := manifest.ReadCluster([]manifest.File{{Name: "m.yaml", Data: []byte(strings.Join(manifests, "\n---\n"))}})
	if err != nil {
		t.Fatal(err)
	}
	found, held := workloads.Check(models[0], written(top), cluster)
	var out []string
	for _, d := range found.Sorted() {
		out = append(out, fmt.Sprintf("%s %s %s", d.Code, d.Severity, d.Message))
		if d.Hint == "" || d.Pos == (diag.Pos{}) {
			t.Errorf("%s has no hint or no place: %+v", d.Code, d)
		}
	}
	return out, held
}

// workload makes a manifest of a kind whose pods have labels and a container
// with ports.
func workload(kind, name, labels, ports string) string {
	version := map[string]string{"Pod": "v1", "ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}[kind]
	if version == "" {
		version = "apps/v1"
	}
	meta := fmt.Sprintf("metadata: {labels: {%s}}", labels)
	spec := fmt.Sprintf("spec: {containers: [{name: main, ports: [%s]}]}", ports)
	head := fmt.Sprintf("apiVersion: %s\nkind: %s\n", version, kind)
	switch kind {
	case "Pod":
		return head + fmt.Sprintf("metadata: {name: %s, labels: {%s}}\n", name, labels) + spec
	case "CronJob":
		return head + fmt.Sprintf("metadata: {name: %s}\nspec: {jobTemplate: {spec: {template: {%s, %s}}}}", name, meta, spec)
	}
	return head + fmt.Sprintf("metadata: {name: %s}\nspec: {template: {%s, %s}}", name, meta, spec)
}

const port8080 = "{containerPort: 8080}"

var (
	frontend = workload("Deployment", "frontend", "app: frontend", port8080)
	backend  = workload("Deployment", "backend", "app: backend", port8080)
)

// service makes a Service.
func service(name, selector, ports string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata: {name: %s, labels: {svc: %[1]s}}\nspec: {selector: {%s}, ports: [%s]}", name, selector, ports)
}

func TestKinds(t *testing.T) {
	for _, kind := range []string{
		"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod",
	} {
		t.Run(kind, func(t *testing.T) {
			got, held := check(t, shop(nil), workload(kind, "x", "app: frontend", port8080), backend)
			if len(got) > 0 || held != 2 {
				t.Errorf("%d workloads, found %q", held, got)
			}
			got, _ = check(t, shop(nil), frontend, backend, workload(kind, "x", "app: other", port8080))
			want := []string{"NG812 error " + kind + " shop/x belongs to no service: it is isolated, and nothing is allowed to it"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPods(t *testing.T) {
	cases := map[string]struct {
		topology  data
		manifests []string
		want      []string
	}{
		"all there": {shop(nil), []string{frontend, backend}, nil},
		"no workload": {
			shop(nil),
			[]string{frontend},
			[]string{"NG811 warning no workload in namespace shop has the labels of service backend: app=backend"},
		},
		"no workload at all": {
			shop(nil),
			[]string{workload("Job", "other", "app: other", "")},
			[]string{
				"NG819 error none of the 2 services has a workload among the manifests, which have 1 in the namespaces of the topology",
				"NG812 error Job shop/other belongs to no service: it is isolated, and nothing is allowed to it",
				"NG811 warning no workload in namespace shop has the labels of service backend: app=backend",
				"NG811 warning no workload in namespace shop has the labels of service frontend: app=frontend",
			},
		},
		"nothing of its namespaces": {
			shop(nil),
			[]string{in("one", frontend), in("two", backend), service("frontend", "app: frontend", "{port: 1}")},
			[]string{"NG819 error no workload of these manifests is in a namespace of the topology, which has shop: they are of namespaces one, two"},
		},
		"in another namespace": {
			shop(nil),
			[]string{frontend, strings.Replace(backend, "name: backend", "name: backend, namespace: other", 1)},
			[]string{"NG811 warning no workload in namespace shop has the labels of service backend: app=backend"},
		},
		"foreign namespaces are not ours": {
			shop(nil),
			[]string{frontend, backend, strings.Replace(workload("Pod", "x", "app: x", ""), "name: x", "name: x, namespace: other", 1)},
			nil,
		},
		"two services": {
			shop(func(_, services data) {
				services["backend"] = data{"ports": data{"http": json.Number("8080")}, "labels": data{"tier": "back"}}
			}),
			[]string{workload("Pod", "both", "app: frontend, tier: back", port8080)},
			[]string{"NG812 error Pod shop/both is of services backend, frontend: policies add up, so it has the rights of all of them"},
		},
		"without podLabels": {
			shop(func(_, services data) { services["backend"].(data)["podLabels"] = data{"tier": "back"} }),
			[]string{frontend, backend, workload("Pod", "wrong", "app: backend, tier: front", port8080)},
			[]string{
				"NG812 error Deployment shop/backend does not carry tier=back, which service backend is declared with in podLabels",
				"NG812 error Pod shop/wrong carries tier=front, and service backend is declared with podLabels tier=back",
			},
		},
		"not in its group": {
			shop(func(t, services data) {
				t["groups"] = data{"backs": data{"labels": data{"tier": "back"}}}
				services["backend"].(data)["podLabels"] = data{"tier": "back"}
			}),
			[]string{frontend, backend},
			[]string{
				"NG812 error Deployment shop/backend does not carry tier=back, which service backend is declared with in podLabels",
			},
		},
		"not in its group by what it carries": {
			shop(func(t, _ data) {
				t["groups"] = data{"quiet": data{"expressions": []any{data{"key": "debug", "operator": "DoesNotExist"}}}}
			}),
			[]string{frontend, workload("Pod", "backend", "app: backend, debug: \"1\"", port8080)},
			[]string{"NG812 error Pod shop/backend is not in group quiet, which service backend is in: its labels give it none of the rights of the group"},
		},
		"in a foreign group": {
			shop(func(t, services data) {
				t["groups"] = data{"backs": data{"labels": data{"tier": "back"}}}
				services["backend"].(data)["podLabels"] = data{"tier": "back"}
			}),
			[]string{
				workload("Pod", "frontend", "app: frontend, tier: back", port8080),
				workload("Pod", "backend", "app: backend, tier: back", port8080),
			},
			[]string{"NG812 error Pod shop/frontend carries the labels of group backs, which service frontend is not in: it has the rights of the group all the same"},
		},
		"in a group alone": {
			shop(func(t, services data) {
				t["groups"] = data{"backs": data{"labels": data{"tier": "back"}}}
				services["backend"].(data)["podLabels"] = data{"tier": "back"}
			}),
			[]string{frontend, workload("Pod", "backend", "app: backend, tier: back", port8080), workload("Pod", "x", "tier: back", "")},
			[]string{"NG812 warning Pod shop/x belongs to no service: it may do what is declared for group backs"},
		},
		"only services are isolated": {
			shop(func(t, _ data) { t["output"] = data{"defaultDeny": "service"} }),
			[]string{frontend, backend, workload("Pod", "x", "app: x", "")},
			[]string{"NG812 warning Pod shop/x belongs to no service: no policy isolates it"},
		},
		"no label at all": {
			shop(nil),
			[]string{frontend, backend, workload("Pod", "x", "", "")},
			[]string{"NG812 error Pod shop/x belongs to no service: it is isolated, and nothing is allowed to it"},
		},
		"of nobody on the host network": {
			shop(nil),
			[]string{frontend, backend, strings.Replace(workload("Pod", "x", "app: x", ""), "spec: {", "spec: {hostNetwork: true, ", 1)},
			[]string{"NG812 warning Pod shop/x belongs to no service: it is on the host network, where no policy isolates it"},
		},
		"one that has ended": {
			shop(nil),
			[]string{frontend, backend, workload("Pod", "x", "app: x", "") + "\nstatus: {phase: Succeeded}", workload("Pod", "x2", "app: x2", "") + "\nstatus: {phase: Failed}"},
			nil,
		},
		"a peer with other labels": {
			peer(data{"namespace": "ingress", "labels": data{"app": "nginx"}}),
			[]string{frontend, backend, in("ingress", workload("Deployment", "nginx", "app: ingress-nginx", ""))},
			[]string{"NG818 warning no workload in namespace ingress has the labels of peer caller: app=nginx"},
		},
		"a peer on the host network": {
			peer(data{"namespace": "ingress", "labels": data{"app": "nginx"}}),
			[]string{frontend, backend, in("ingress", strings.Replace(workload("DaemonSet", "nginx", "app: nginx", ""), "spec: {containers", "spec: {hostNetwork: true, containers", 1))},
			[]string{"NG818 warning peer caller is on the host network, as DaemonSet ingress/nginx: policies do not see its labels"},
		},
		"a peer that is there": {
			peer(data{"namespace": "ingress", "labels": data{"app": "nginx"}}),
			[]string{frontend, backend, in("ingress", workload("Deployment", "nginx", "app: nginx", "")), in("ingress", workload("Pod", "x", "app: x", ""))},
			nil,
		},
		"a peer that is switched off": {
			peer(data{"namespace": "ingress", "labels": data{"app": "nginx"}, "enabled": false}),
			[]string{frontend, backend, in("ingress", workload("Pod", "x", "app: x", ""))},
			nil,
		},
		"a peer of which nothing is listed": {
			peer(data{"namespace": "ingress", "labels": data{"app": "nginx"}}), []string{frontend, backend}, nil,
		},
		"by expressions": {
			shop(func(_, services data) {
				services["backend"] = data{"ports": data{"http": json.Number("8080")}, "expressions": []any{data{"key": "tier", "operator": "Exists"}}}
			}),
			[]string{frontend, workload("Pod", "x", "tier: back", port8080)},
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
