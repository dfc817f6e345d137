package verify_test

import (
	"fmt"
	"testing"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/topology"
	"netgen.dev/internal/randomtopology"
	"netgen.dev/proof/verify"
)

// BenchmarkProve proves topologies of growing size: n services are n² pairs.
func BenchmarkProve(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			models, list := topology.Resolve(randomtopology.Ring(n), func([]string) (key, value diag.Pos, ok bool) { return })
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
