package diff_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/policy"
	"netgen.dev/gen/topology"
	"netgen.dev/internal/randomtopology"
	"netgen.dev/proof/diff"
)

// BenchmarkDiff compares two topologies of growing size: that differ in one
// service, as in a pull request, and in the port of every service.
func BenchmarkDiff(b *testing.B) {
	for _, tt := range []struct {
		title   string
		changed func(i int) bool
	}{
		{"one", func(i int) bool { return i == 0 }},
		{"every", func(int) bool { return true }},
	} {
		for _, n := range []int{100, 1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", tt.title, n), func(b *testing.B) {
				old, data := randomtopology.Ring(n), randomtopology.Ring(n)
				for i := range n {
					if tt.changed(i) {
						service := data["services"].(map[string]any)[fmt.Sprintf("service-%d", i)].(map[string]any)
						service["ports"].(map[string]any)["http"] = json.Number("8081")
					}
				}
				before, after := only(b, old), only(b, data)
				b.ReportAllocs()
				for b.Loop() {
					if len(diff.Compare(before, after)) == 0 {
						b.Fatal("nothing changed")
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/service")
			})
		}
	}
}

// only compiles a topology of one environment.
func only(b *testing.B, data map[string]any) diff.Side {
	b.Helper()
	models, list := topology.Resolve(data, nowhere)
	if list.Failed() {
		b.Fatal(list)
	}
	p := plan.Make(models[0])
	side := diff.Side{Model: models[0], Plan: p, Locate: nowhere}
	for _, spelled := range policy.Spell(p) {
		side.Policies = append(side.Policies, spelled.Object)
	}
	return side
}
