package witness_test

import (
	"fmt"
	"maps"
	"net/netip"
	"testing"

	"netgen.dev/diag"
	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// side resolves a topology of one service with some labels.
func side(t *testing.T, podLabels map[string]any) witness.Side {
	t.Helper()
	models, list := topology.Resolve(map[string]any{
		"name": "t", "version": "1.0.0", "namespace": "app", "labelKey": "app",
		"services": map[string]any{"web": map[string]any{"podLabels": podLabels}},
		"groups":   map[string]any{"red": map[string]any{"labels": map[string]any{"team": "red"}}},
		"peers":    map[string]any{"office": map[string]any{"cidrs": []any{"203.0.113.0/24"}, "connects": map[string]any{"red": map[string]any{"anyPort": true}}}},
	}, func([]string) (key, value diag.Pos, ok bool) { return key, value, false })
	if list.Failed() {
		t.Fatal(list)
	}
	return witness.Side{Topology: models[0], Plan: plan.Make(models[0])}
}

// TestSides sees that what both sides declare is one end, and that a pod which
// the closed world of one side rules out is there for the other.
func TestSides(t *testing.T) {
	plain, red := side(t, nil), side(t, map[string]any{"team": "red"})
	u := witness.New(plain, red)
	web := map[string]string{"app": "web"}
	both := map[string]string{"app": "web", "team": "red"}
	if got := u.Declared[0]["services.web"]; len(got) != 1 || !maps.Equal(u.List[got[0]].Pod.Labels, web) {
		t.Errorf("the old side's pods are %v", got)
	}
	if got := u.Declared[1]["services.web"]; len(got) != 1 || !maps.Equal(u.List[got[0]].Pod.Labels, both) {
		t.Errorf("the new side's pods are %v", got)
	}
	seen := map[string]bool{}
	for i, end := range u.List {
		key := end.String()
		if end.Pod != nil {
			key = fmt.Sprint(end.Pod.Namespace, " ", end.Pod.Labels)
		}
		if seen[key] {
			t.Errorf("%s is there twice", key)
		}
		seen[key] = true
		if u.Origins[i].Why == witness.Declared && u.Origins[i].Path == nil {
			t.Errorf("%s is declared nowhere", key)
		}
	}
	for _, key := range []string{
		"app map[app:web]", "app map[app:web team:red]", "app map[]", "app map[team:red]", "app map[app:netgen-witness]",
		"netgen-witness map[app:web]", "203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0", "169.254.169.254", "fd00:ec2::254",
	} {
		if !seen[key] {
			t.Errorf("%s is not asked about", key)
		}
	}
}

// TestMembers finds the ends that an endpoint is: pods, and addresses at the
// edges of its ranges.
func TestMembers(t *testing.T) {
	s := side(t, map[string]any{"team": "red"})
	u := witness.New(s)
	set, _ := connectivity.New(nil, u.Namespaces())
	for name, want := range map[string]int{"web": 1, "red": 2, "office": 2} {
		if got := u.Members(set, s.Plan.Endpoints[name]); len(got) != want {
			t.Errorf("%s is %v", name, got)
		}
	}
	for _, i := range u.Members(set, s.Plan.Endpoints["office"]) {
		if !netip.MustParsePrefix("203.0.113.0/24").Contains(u.List[i].Addr) {
			t.Errorf("%s is no address of the office", u.List[i])
		}
	}
}
