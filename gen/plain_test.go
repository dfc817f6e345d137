package gen_test

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"netgen.dev/gen"
	"netgen.dev/gen/load"
	"netgen.dev/internal/randomtopology"
)

// samePlain checks a package twice, once evaluated by CUE in any case, and
// reports whether it was taken from the syntax the first time.
func samePlain(t *testing.T, dir string) bool {
	t.Helper()
	req := load.Request{Dir: dir, Base: dir}
	written, _ := load.Load(req)
	quick, quickList := gen.Check(req)
	req.Evaluate = true
	slow, slowList := gen.Check(req)
	if diff := cmp.Diff(slowList, quickList); diff != "" {
		t.Errorf("findings (-evaluated +plain):\n%s", diff)
	}
	sameAddresses := cmp.Options{
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		cmp.Exporter(func(reflect.Type) bool { return true }),
	}
	if diff := cmp.Diff(slow.Models, quick.Models, sameAddresses); diff != "" {
		t.Errorf("models (-evaluated +plain):\n%s", diff)
	}
	if written.Plain && !quickList.Failed() {
		evaluated, _ := load.Load(req)
		if diff := cmp.Diff(evaluated.Data, written.Data); diff != "" {
			t.Errorf("data (-evaluated +plain):\n%s", diff)
		}
	}
	return written.Plain
}

// TestPlain: what is taken from the syntax is what CUE makes of it.
func TestPlain(t *testing.T) {
	plain := 0
	for seed := range 300 {
		dir := t.TempDir()
		for name, text := range randomtopology.CUE(source(seed), randomtopology.New(rand.New(rand.NewPCG(uint64(seed), 5)))) {
			write(t, filepath.Join(dir, name), []byte(text))
		}
		if samePlain(t, dir) {
			plain++
		}
	}
	if plain < 30 {
		t.Errorf("%d random topologies are plain", plain)
	}
	examples, err := filepath.Glob("../topologies/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range examples {
		dir, err := filepath.Abs(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s is plain: %t", filepath.Base(dir), samePlain(t, dir))
	}
}

// TestPlainMistakes does so for every mistake of the scripts.
func TestPlainMistakes(t *testing.T) {
	scripts, err := filepath.Glob("../cmd/netgen/testdata/script/vet_*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	plain := 0
	for _, script := range scripts {
		archive, err := txtar.ParseFile(script)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		for _, f := range archive.Files {
			write(t, filepath.Join(dir, f.Name), f.Data)
		}
		shop := filepath.Join(dir, "shop")
		if _, err := os.Stat(shop); err == nil && samePlain(t, shop) {
			plain++
		}
	}
	if plain < 30 {
		t.Errorf("%d scripts are plain", plain)
	}
}

// FuzzPlain does so for any text.
func FuzzPlain(f *testing.F) {
	for _, text := range []string{
		`package a` + "\n" + `import "netgen.dev/schema"` + "\n" + `topology: schema.#Topology & {name: "a", version: "1.0.0", namespace: "a", services: {b: {ports: http: 80}, b: ports: http: 80}}`,
		`topology: {name: "a", services: a: connects: {b: {}, "c": why: #"\#n"#}}`,
		"package a\ntopology: name: \"\"\"\n\ta\n\t\"\"\"\ntopology: services: {}\nx: [1, 2, -1, 0x10]",
		"package a\nimport \"netgen.dev/schema\"\ntopology: schema.#Topology & {name: #'a'#, services: a: labels: app: ##\"b\"##}\nschema: x: 1",
		"package a\ntopology: {name: \"a\", version: \"1.0.0\", namespace: \"a\", services: {a: {labels: app: #'a'#}, b: {}}}",
		"package a\nimport topology \"netgen.dev/schema\"\ntopology: topology.#Topology & {name: \"a\", version: \"1.0.0\", namespace: \"a\", services: a: {}}",
		"package a\ntopology: {name: \"a\", version: \"1.0.0\", namespace: \"a\", services: a: {}}\nx: {\"\u212a\": 1, \"K\": 2}",
		"package a\nimport s \"netgen.dev/schema\"\ntopology: s.#Topology & s.#Topology\ntopology: {a?: 1, b!: 2, _c: 3, #d: 4}",
	} {
		f.Add([]byte(text))
	}
	scripts, err := filepath.Glob("../cmd/netgen/testdata/script/vet_*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, script := range scripts {
		archive, err := txtar.ParseFile(script)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if file.Name == "shop/shop.cue" {
				f.Add(file.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "t.cue"), data)
		samePlain(t, dir)
	})
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
