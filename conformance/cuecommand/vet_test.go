package cuecommand

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netgen.dev/conformance/internal/subject"
)

// The same pattern as a user would type, in the root of the repository.
const topologies = "./topologies/..."

func TestVet(t *testing.T) {
	if out, ok := runCue(t, subject.Root(t), "vet", "-c", topologies); !ok || out != "" {
		t.Errorf("cue vet -c %s finds:\n%s", topologies, out)
	}
}

func TestFormat(t *testing.T) {
	if out, ok := runCue(t, subject.Root(t), "fmt", "--check", topologies, "./schema"); !ok || out != "" {
		t.Errorf("cue fmt --check finds files that are not formatted:\n%s", out)
	}
}

// TestVetNotices spoils a copy of shop in a module of a user's own. The schema
// alone must refuse each mistake, without netgen.
func TestVetNotices(t *testing.T) {
	for _, control := range []struct{ name, old, new, want string }{
		{"nothing", "", "", ""},
		{"field with a typo", "connects: backend: {}", "conects: backend: {}", "conects"},
		{"unknown environment field", "", "\ntopology: environments: prod: namespace: \"shop\"\n", "namespace"},
		{"port beyond 65535", "http: 8080", "http: 80800", "ports.http"},
		{"unknown protocol", "http: 8080", `http: "8080/ICMP"`, "ports.http"},
		{"version without a patch", `"1.4.0"`, `"1.4"`, "version"},
		{"no name", `	name:      "shop"` + "\n", "", "name"},
		{"name with a capital", `name:      "shop"`, `name:      "Shop"`, "name"},
		{"two values", "", "\ntopology: version: \"1.5.0\"\n", "version"},
	} {
		t.Run(control.name, func(t *testing.T) {
			dir := newModule(t)
			copyShop(t, dir, control.old, control.new)
			out, ok := runCue(t, dir, "vet", "-c", "./shop")
			if control.want == "" {
				if !ok {
					t.Errorf("cue vet refuses the copy as it is:\n%s", out)
				}
				return
			}
			if ok {
				t.Error("cue vet finds nothing")
			}
			if !strings.Contains(out, control.want) {
				t.Errorf("cue vet does not mention %s:\n%s", control.want, out)
			}
		})
	}
}

func TestFormatNotices(t *testing.T) {
	dir := newModule(t)
	copyShop(t, dir, "\tversion: ", "version: ")
	if out, ok := runCue(t, dir, "fmt", "--check", "./shop"); ok {
		t.Errorf("cue fmt --check finds nothing in a file with a wrong indent:\n%s", out)
	}
}

// copyShop copies the example with the first old replaced by new. An empty old
// appends new.
func copyShop(t *testing.T, dir, old, new string) {
	t.Helper()
	from := filepath.Join(subject.Root(t), "topologies", "shop")
	for _, name := range []string{"shop.cue", "environments.cue"} {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		if name == "shop.cue" {
			if !strings.Contains(text, old) {
				t.Fatalf("the control changes nothing: %q is not in %s", old, name)
			}
			if old == "" {
				text += new
			} else {
				text = strings.Replace(text, old, new, 1)
			}
		}
		write(t, filepath.Join(dir, "shop", name), text)
	}
}
