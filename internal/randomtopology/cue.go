package randomtopology

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

func keys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// CUE writes a topology as the files of a CUE package, by name. The same
// topology is written in a different order, and cut into files differently,
// with each state of r.
func CUE(r *rand.Rand, t map[string]any) map[string]string {
	var lines []string
	for _, path := range []string{"services", "groups", "peers", "environments"} {
		m, _ := t[path].(map[string]any)
		for _, k := range keys(m) {
			lines = append(lines, fmt.Sprintf("topology: %s: %q: %s", path, k, literal(r, m[k])))
		}
	}
	for _, k := range keys(t) {
		if _, ok := t[k].(map[string]any); !ok || k == "cluster" || k == "output" {
			lines = append(lines, fmt.Sprintf("topology: %s: %s", k, literal(r, t[k])))
		}
	}
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	files := map[string]string{
		"a.cue": "package t\n\nimport \"netgen.dev/schema\"\n\ntopology: schema.#Topology\n",
	}
	for _, line := range lines {
		name := "f" + strconv.Itoa(r.IntN(3)) + ".cue"
		if files[name] == "" {
			files[name] = "package t\n\n"
		}
		files[name] += line + "\n"
	}
	return files
}

// literal writes a value as CUE, the fields of a struct in some order.
func literal(r *rand.Rand, v any) string {
	switch v := v.(type) {
	case map[string]any:
		names := keys(v)
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		fields := make([]string, len(names))
		for i, k := range names {
			fields[i] = fmt.Sprintf("%q: %s", k, literal(r, v[k]))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = literal(r, item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case json.Number:
		return v.String()
	}
	return fmt.Sprintf("%#v", v)
}
