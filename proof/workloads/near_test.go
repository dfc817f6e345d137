package workloads_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/manifest"
	"netgen.dev/proof/workloads"
)

// hints returns the hints about services and peers without workloads, and about
// workloads of no service.
func hints(t *testing.T, top data, manifests ...string) []string {
	t.Helper()
	models, list := topology.Resolve(top, written(top))
	if list.Failed() {
		t.Fatal(list)
	}
	cluster, err := manifest.ReadCluster([]manifest.File{{Name: "m.yaml", Data: []byte(strings.Join(manifests, "\n---\n"))}})
	if err != nil {
		t.Fatal(err)
	}
	found, _ := workloads.Check(models[0], written(top), cluster)
	var out []string
	for _, d := range found.Sorted() {
		if d.Code == diag.NoPods || d.Code == diag.UnknownPod || d.Code == diag.NoPeer {
			out = append(out, string(d.Code)+" "+d.Hint)
		}
	}
	return out
}

// TestNearMiss has workloads that most likely are what a service or a peer means,
// and such as only look like it.
func TestNearMiss(t *testing.T) {
	const (
		absent  = "NG811 if there is one, correct the labels; else remove the service, since its policies wait for whoever takes its labels"
		foreign = "NG812 declare a service that selects its pods, which carry "
		labels  = "NG818 correct the labels: they are those of the pod template, not of the Deployment or the Service"
	)
	stated := func(labels data) data {
		return shop(func(_, services data) { services["backend"].(data)["labels"] = labels })
	}
	prometheus := peer(data{"namespace": "monitoring", "labels": data{"app.kubernetes.io/name": "prometheus"}})
	cases := map[string]struct {
		topology data
		workload string
		want     []string
	}{
		"another key": {shop(nil), workload("Deployment", "backend-v2", "app.kubernetes.io/name: backend", port8080), []string{
			`NG812 service backend has no workload, and most likely means it: declare services: backend: labels: "app.kubernetes.io/name": "backend", or correct its pod labels`,
			`NG811 there is Deployment shop/backend-v2 with app.kubernetes.io/name=backend: declare services: backend: labels: "app.kubernetes.io/name": "backend", or correct its pod labels`,
		}},
		"any key": {shop(nil), workload("Pod", "x", "part: backend, zone: a", port8080), []string{
			`NG812 service backend has no workload, and most likely means it: declare services: backend: labels: part: "backend", or correct its pod labels`,
			`NG811 there is Pod shop/x with part=backend: declare services: backend: labels: part: "backend", or correct its pod labels`,
		}},
		"a slip": {shop(nil), workload("Pod", "x", "app: bakend", port8080), []string{
			`NG812 service backend has no workload, and most likely means it: declare services: backend: labels: app: "bakend", or correct its pod labels`,
			`NG811 there is Pod shop/x with app=bakend: declare services: backend: labels: app: "bakend", or correct its pod labels`,
		}},
		"its own name": {shop(nil), workload("Deployment", "backend", "run: b, pod-template-hash: x", port8080), []string{
			`NG812 service backend has no workload, and most likely means it: declare services: backend: labels: run: "b", or correct its pod labels`,
			`NG811 there is Deployment shop/backend with run=b: declare services: backend: labels: run: "b", or correct its pod labels`,
		}},
		"without labels": {shop(nil), workload("Deployment", "backend", "pod-template-hash: x", port8080), []string{
			`NG812 service backend has no workload, and most likely means it: its pods carry no label of their own: give them app=backend`,
			`NG811 there is Deployment shop/backend: its pods carry no label of their own: give them app=backend`,
		}},
		"in place of others": {stated(data{"tier": "back"}), workload("Deployment", "backend", "app: backend", port8080), []string{
			`NG812 service backend has no workload, and most likely means it: declare services: backend: labels: app: "backend" in place of tier=back, or correct its pod labels`,
			`NG811 there is Deployment shop/backend with app=backend: declare services: backend: labels: app: "backend" in place of tier=back, or correct its pod labels`,
		}},
		"a part of them": {stated(data{"app": "back", "track": "stable"}), workload("Pod", "x", "app: back", port8080), []string{
			`NG812 service backend has no workload, and most likely means it: it carries app=back, and not all that backend demands: correct its pod labels, or the labels of backend`,
			`NG811 there is Pod shop/x with app=back: it carries app=back, and not all that backend demands: correct its pod labels, or the labels of backend`,
		}},
		"what another demands besides": {stated(data{"app": "back", "track": "stable"}), workload("Pod", "x", "app: other, track: stable", port8080), []string{
			foreign + "app=other,track=stable", absent,
		}},
		"a slip of what nobody is named by": {shop(nil), workload("Pod", "x", "part: bakend", port8080), []string{foreign + "part=bakend", absent}},
		"another number": {
			shop(func(_, services data) {
				services["backend-1"] = services["backend"]
				delete(services, "backend")
				services["frontend"].(data)["connects"] = data{}
			}),
			workload("Pod", "backend-2", "app: backend-2", port8080),
			[]string{foreign + "app=backend-2", absent},
		},
		"too short": {
			shop(func(_, services data) {
				services["api"] = services["backend"]
				delete(services, "backend")
				services["frontend"].(data)["connects"] = data{}
			}),
			workload("Pod", "apt", "app: apt", port8080),
			[]string{foreign + "app=apt", absent},
		},
		"in another namespace": {shop(nil), in("other", workload("Deployment", "backend", "run: b", port8080)), []string{absent}},
		"a peer": {prometheus, backend + "\n---\n" + in("monitoring", workload("StatefulSet", "prometheus-k8s", "app: prometheus", "")), []string{
			`NG818 there is StatefulSet monitoring/prometheus-k8s with app=prometheus: declare peers: caller: labels: app: "prometheus" in place of app.kubernetes.io/name=prometheus, or correct its pod labels`,
		}},
		"no peer": {prometheus, backend + "\n---\n" + in("monitoring", workload("StatefulSet", "loki", "app: loki", "")), []string{labels}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, hints(t, c.topology, frontend, c.workload)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestNearMissOfOne gives a workload to the service that it is most like, and to
// no other.
func TestNearMissOfOne(t *testing.T) {
	top := shop(func(_, services data) {
		services["payment"], services["payments"] = data{"ports": data{"http": json.Number("8080")}}, data{"ports": data{"http": json.Number("8080")}}
	})
	got := strings.Join(hints(t, top, frontend, backend, workload("Pod", "payments", "run: p", port8080)), "\n")
	for _, want := range []string{`services: payments: labels: run: "p"`, "NG811 if there is one"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "services: payment: ") {
		t.Errorf("the workload is taken for two services\n%s", got)
	}
}

// TestExposedHint sees that addresses are proposed before everybody, those of the
// Service where it has some.
func TestExposedHint(t *testing.T) {
	const balanced = "type: LoadBalancer, selector"
	cases := map[string]struct{ spec, want string }{
		"of nobody": {balanced, `peers: clients: {cidrs: ["ADDRESS/BITS"], connects: "frontend": {}}, with externalTrafficPolicy: Local so that policies see these; is: "internet"`},
		"of some": {
			`externalTrafficPolicy: Local, loadBalancerSourceRanges: ["192.0.2.0/24", "198.51.100.0/24"], ` + balanced,
			`peers: clients: {cidrs: ["192.0.2.0/24", "198.51.100.0/24"], connects: "frontend": {}}; is: "internet"`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			top := shop(nil)
			models, _ := topology.Resolve(top, written(top))
			text := frontend + "\n---\n" + backend + "\n---\n" + strings.Replace(service("web", "app: frontend", "{port: 8080}"), "selector", c.spec, 1)
			cluster, err := manifest.ReadCluster([]manifest.File{{Name: "m.yaml", Data: []byte(text)}})
			if err != nil {
				t.Fatal(err)
			}
			found, _ := workloads.Check(models[0], written(top), cluster)
			if len(found) != 1 || !strings.Contains(found[0].Hint, c.want) {
				t.Errorf("found %+v, without %s", found, c.want)
			}
		})
	}
}

// TestAbsentInOneEnvironment: who removes a service removes it from all of them.
func TestAbsentInOneEnvironment(t *testing.T) {
	top := shop(func(t, _ data) { t["environments"] = data{"dev": data{}, "prod": data{}} })
	models, _ := topology.Resolve(top, written(top))
	cluster, err := manifest.ReadCluster([]manifest.File{{Name: "m.yaml", Data: []byte(frontend)}})
	if err != nil {
		t.Fatal(err)
	}
	found, _ := workloads.Check(models[0], written(top), cluster, models[1])
	if len(found) != 1 || !strings.Contains(found[0].Hint, "switch the service off in environment dev, with enabled: false") {
		t.Errorf("found %+v", found)
	}
}

// TestOtherEnvironment has manifests of another environment, or of several.
func TestOtherEnvironment(t *testing.T) {
	top := shop(func(t, services data) {
		services["backend"].(data)["namespace"] = "shop-data"
		t["environments"] = data{
			"dev":     data{"namespaces": data{"shop": "shop-dev", "shop-data": "shop-dev-data"}},
			"test":    data{"namespaces": data{"shop": "shop-test"}},
			"prod":    data{},
			"staging": data{},
		}
	})
	models, list := topology.Resolve(top, written(top))
	if list.Failed() {
		t.Fatal(list)
	}
	for _, c := range []struct {
		manifests  []string
		want, hint string
	}{
		{
			[]string{in("shop", frontend), in("shop-data", backend)},
			"these manifests are of namespaces shop, shop-data, as environments prod, staging and test have them; environment dev has shop-dev, shop-dev-data",
			"say --env prod or --env staging or --env test, or pass the manifests of dev",
		},
		{
			[]string{in("shop-test", frontend), in("kube-system", backend)},
			"these manifests are of namespace shop-test, as environment test has it; environment dev has shop-dev, shop-dev-data",
			"say --env test, or pass the manifests of dev",
		},
		{
			[]string{in("kube-system", backend)},
			"no workload of these manifests is in a namespace of environment dev, which has shop-dev, shop-dev-data: they are of namespace kube-system",
			"pass the manifests of these namespaces, or correct the namespaces that the topology states",
		},
	} {
		cluster, err := manifest.ReadCluster([]manifest.File{{Name: "m.yaml", Data: []byte(strings.Join(c.manifests, "\n---\n"))}})
		if err != nil {
			t.Fatal(err)
		}
		found, held := workloads.Check(models[0], written(top), cluster, models[1:]...)
		if len(found) != 1 || held != 0 || found[0].Code != diag.OtherManifests || found[0].Severity != diag.Error {
			t.Fatalf("%d workloads, found %+v", held, found)
		}
		if diff := cmp.Diff([]string{c.want, c.hint}, []string{found[0].Message, found[0].Hint}); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}
