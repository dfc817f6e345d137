package manifest_test

import (
	"strings"
	"testing"

	"netgen.dev/proof/manifest"
)

const allow = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: open, namespace: shop}\nspec: {podSelector: {}, ingress: [{}]}\n"

// TestParseReadsAll sees that nothing that kubectl would apply is left out.
func TestParseReadsAll(t *testing.T) {
	object := `{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "a", "namespace": "b"}, "spec": {"podSelector": {}}}`
	bare := `{"metadata": {"name": "a", "namespace": "b"}, "spec": {"podSelector": {}}}`
	for _, tt := range []struct {
		title, stream string
		lines         []int
	}{
		{"objects in JSON on lines of their own", object + "\n\n" + object + object + "\n", []int{1, 3, 3}},
		{"a list of any kind", `{"apiVersion": "example.org/v1", "kind": "Bundle", "items": [` + object + `]}`, []int{1}},
		{"a list whose items do not say what they are", `{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicyList", "items": [` + bare + `]}`, []int{1}},
		{"YAML behind JSON", object + "\n---\n" + allow, []int{1, 3}},
		{"windows", strings.ReplaceAll(allow+"---\n"+allow, "\n", "\r\n"), []int{1, 6}},
	} {
		t.Run(tt.title, func(t *testing.T) {
			got, err := manifest.Parse([]byte(tt.stream))
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Lines) != len(tt.lines) {
				t.Fatalf("policies at %v, not %v", got.Lines, tt.lines)
			}
			for i, line := range tt.lines {
				if got.Lines[i] != line {
					t.Errorf("policies at %v, not %v", got.Lines, tt.lines)
				}
			}
		})
	}
}

// TestParseRefuses sees that what readers take for different things is refused.
func TestParseRefuses(t *testing.T) {
	for title, stream := range map[string]string{
		"a field in another case":         strings.Replace(allow, "podSelector", "podselector", 1),
		"a field in two cases":            strings.Replace(allow, "ingress: [{}]", "ingress: [{}], Ingress: []", 1),
		"a field with a long s":           strings.Replace(allow, "ingress: [{}]", "ingress: [{}], ingreſſ: []", 1),
		"a kind in another case":          strings.Replace(allow, "kind:", "Kind:", 1),
		"a field that is there twice":     strings.Replace(allow, "ingress: [{}]", "ingress: [{}], ingress: []", 1),
		"a JSON field twice":              `{"kind": "x", "kind": "y", "apiVersion": "v1"}`,
		"items twice":                     `{"kind": "List", "apiVersion": "v1", "items": [{}], "items": []}`,
		"an item that is no object":       `{"kind": "List", "apiVersion": "v1", "items": [5]}`,
		"no apiVersion":                   "kind: NetworkPolicy\n",
		"carriage returns alone":          strings.ReplaceAll(allow, "\n", "\r"),
		"a line separator":                allow + "--- \u2028" + allow,
		"UTF-16":                          "\xff\xfea\x00",
		"JSON with something behind it":   `{"apiVersion": "v1", "kind": "x"} }`,
		"YAML with something behind it":   `{apiVersion: v1, kind: x} }`,
		"a mapping behind a mapping":      "{apiVersion: v1, kind: x}\nfoo: bar",
		"an unknown field of a policy":    strings.Replace(allow, "ingress", "ingres", 1),
		"another version of policies":     strings.Replace(allow, "networking.k8s.io/v1", "networking.k8s.io/v1beta1", 1),
		"a text where a list is expected": strings.Replace(allow, "[{}]", "yes", 1),
	} {
		if got, err := manifest.Parse([]byte(stream)); err == nil {
			t.Errorf("%s: read as %+v", title, got)
		}
	}
}
