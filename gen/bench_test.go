package gen_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netgen.dev/gen"
	"netgen.dev/gen/load"
)

// ring returns a topology of n services, each of which connects to the four
// that follow it.
func ring(n int) string {
	var b strings.Builder
	b.WriteString("package t\n\nimport \"netgen.dev/schema\"\n\ntopology: schema.#Topology & {\n")
	b.WriteString("\tname: \"ring\"\n\tversion: \"1.0.0\"\n\tnamespace: \"ring\"\n\tservices: {\n")
	for i := range n {
		fmt.Fprintf(&b, "\t\t\"service-%d\": {\n\t\t\tports: {http: 8080, metrics: 9090}\n\t\t\tconnects: {\n", i)
		for j := 1; j <= 4; j++ {
			fmt.Fprintf(&b, "\t\t\t\t\"service-%d\": ports: http: true\n", (i+j)%n)
		}
		b.WriteString("\t\t\t}\n\t\t}\n")
	}
	b.WriteString("\t}\n}\n")
	return b.String()
}

// BenchmarkBuild compiles topologies of growing size, from the files to the
// tree. ns/service and B/service stay flat where the work is linear.
func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{10, 100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "t.cue"), []byte(ring(n)), 0o644); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				c, list := gen.Check(load.Request{Dir: dir, Base: dir})
				if len(list) > 0 {
					b.Fatal(list)
				}
				if built := gen.Build(c); len(built.Tree) < n {
					b.Fatal("the tree is too small")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/service")
		})
	}
}
