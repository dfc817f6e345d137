package workloads_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"netgen.dev/gen/topology"
	"netgen.dev/proof/manifest"
	"netgen.dev/proof/workloads"
)

// BenchmarkCheck has one namespace, one label that all pods share, and four
// callers for each service: what it takes for one is to stay the same.
func BenchmarkCheck(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		services := data{}
		cluster := &manifest.Cluster{}
		var text strings.Builder
		for i := range n {
			name := fmt.Sprintf("s%d", i)
			connects := data{}
			for j := 1; j <= 4; j++ {
				connects[fmt.Sprintf("s%d", (i+j)%n)] = data{}
			}
			services[name] = data{
				"labels": data{"part": "shop", "app": name}, "ports": data{"http": json.Number("8080")}, "connects": connects,
			}
			text.WriteString(workload("Deployment", name, "part: shop, app: "+name, port8080) + "\n---\n")
			text.WriteString(service(name, "part: shop, app: "+name, "{name: http, port: 8080}") + "\n---\n")
		}
		top := data{"name": "shop", "version": "1.0.0", "namespace": "shop", "services": services}
		models, list := topology.Resolve(top, written(top))
		if list.Failed() {
			b.Fatal(list)
		}
		file := []manifest.File{{Name: "m.yaml", Data: []byte(text.String())}}
		b.Run(fmt.Sprintf("read/%d", n), func(b *testing.B) {
			for b.Loop() {
				var err error
				if cluster, err = manifest.ReadCluster(file); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/service")
		})
		b.Run(fmt.Sprintf("check/%d", n), func(b *testing.B) {
			for b.Loop() {
				if found, held := workloads.Check(models[0], written(top), cluster); len(found) > 0 || held != n {
					b.Fatal(held, found)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/service")
		})
	}
}
