package gen_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/load"
)

// TestSpellings finds the same in every mistaken topology of the scripts,
// however the topology applies the schema: CUE leaves a definition that is
// embedded open, so netgen must not depend on how it is applied.
func TestSpellings(t *testing.T) {
	const applied = "topology: schema.#Topology & {"
	scripts, err := filepath.Glob("../cmd/netgen/testdata/script/vet_*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, script := range scripts {
		archive, err := txtar.ParseFile(script)
		if err != nil {
			t.Fatal(err)
		}
		var source string
		for _, f := range archive.Files {
			if f.Name == "shop/shop.cue" {
				source = string(f.Data)
			}
		}
		if !strings.Contains(source, applied) {
			continue
		}
		tried++
		want := findings(t, source)
		for title, spelling := range map[string]string{
			"embedded":  "topology: {\n\tschema.#Topology",
			"referred":  "topology: _shop\n_shop: schema.#Topology & {",
			"elsewhere": "topology: schema.#Topology\ntopology: {",
		} {
			if diff := cmp.Diff(want, findings(t, strings.Replace(source, applied, spelling, 1))); diff != "" {
				t.Errorf("%s, %s (-applied +%s):\n%s", filepath.Base(script), title, title, diff)
			}
		}
		plain := strings.Replace(source, applied, "topology: {", 1)
		plain = strings.Replace(plain, "import \"netgen.dev/schema\"\n", "", 1)
		if diff := cmp.Diff(want, findings(t, plain)); diff != "" {
			t.Errorf("%s, without the schema (-applied +plain):\n%s", filepath.Base(script), diff)
		}
	}
	if tried < 30 {
		t.Errorf("only %d scripts were tried", tried)
	}
}

// findings returns what is found in a topology, without places.
func findings(t *testing.T, source string) []string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "shop.cue"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	_, list := gen.Check(load.Request{Dir: dir, Base: dir})
	var out []string
	for _, d := range list.Sorted() {
		if d.Pos.File == "" || d.Pos.Line == 0 {
			t.Errorf("a finding without a place: %+v", d)
		}
		if diag.Titles[d.Code] == "" {
			t.Errorf("code %s has no title", d.Code)
		}
		out = append(out, string(d.Code)+" "+d.Message)
	}
	slices.Sort(out)
	return out
}
