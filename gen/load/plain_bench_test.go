package load

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkLoad compares taking plain data from the syntax with its evaluation.
func BenchmarkLoad(b *testing.B) {
	var text strings.Builder
	text.WriteString("package ring\n\nimport \"netgen.dev/schema\"\n\ntopology: schema.#Topology & {\n\tname: \"ring\"\n\tversion: \"1.0.0\"\n\tnamespace: \"ring\"\n\tservices: {\n")
	const n = 10_000
	for i := range n {
		fmt.Fprintf(&text, "\t\t\"s%d\": {ports: http: 8080, connects: {\"s%d\": {}, \"s%d\": {why: \"because\"}, \"s%d\": {}}}\n", i, (i+1)%n, (i+7)%n, (i+101)%n)
	}
	text.WriteString("\t}\n}\n")
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ring.cue"), []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, evaluate := range []bool{false, true} {
		b.Run(fmt.Sprintf("evaluate=%t", evaluate), func(b *testing.B) {
			for b.Loop() {
				w, list := Load(Request{Dir: dir, Base: dir, Evaluate: evaluate})
				if list.Failed() || w.Plain == evaluate {
					b.Fatal(w.Plain, list)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "µs/service")
		})
	}
}
