package verify_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/verify"
)

// ring returns the data of a topology of n services, each of which connects to
// the four that follow it.
func ring(n int) map[string]any {
	services := map[string]any{}
	for i := range n {
		connects := map[string]any{}
		for j := 1; j <= 4; j++ {
			connects[fmt.Sprintf("service-%d", (i+j)%n)] = map[string]any{"ports": map[string]any{"http": true}}
		}
		services[fmt.Sprintf("service-%d", i)] = map[string]any{
			"ports": map[string]any{"http": json.Number("8080"), "metrics": json.Number("9090")}, "connects": connects,
		}
	}
	return map[string]any{"name": "ring", "version": "1.0.0", "namespace": "ring", "services": services}
}

// BenchmarkProve proves topologies of growing size: n services are n² pairs.
func BenchmarkProve(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			models, list := topology.Resolve(ring(n), func([]string) (key, value diag.Pos, ok bool) { return })
			if list.Failed() {
				b.Fatal(list)
			}
			built := gen.Build(&gen.Checked{Models: models})
			policies := objects(built.System.Environments[0])
			b.ReportAllocs()
			for b.Loop() {
				if p := verify.Prove(models[0], built.Plans[0], policies); len(p.Differences) > 0 {
					b.Fatal(p.Differences)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/service")
		})
	}
}
