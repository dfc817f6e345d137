package manifest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/proof/manifest"
)

const policyV1 = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"

// TestParseLines: each policy is known by the line that it starts at.
func TestParseLines(t *testing.T) {
	cases := map[string]struct {
		text string
		want []string
	}{
		"documents": {
			"# comment\n---\n\n" + policyV1 + "metadata: {name: a}\n---\nkind: ConfigMap\napiVersion: v1\n--- # more\n" + policyV1 + "metadata: {name: b}\n...\n",
			[]string{"a 4", "b 11"},
		},
		"a document on the line of the marker": {
			"--- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}}\n--- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: b}}\n",
			[]string{"a 1", "b 2"},
		},
		"list": {
			"apiVersion: v1\nkind: List\nitems:\n- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata: {name: a}\n- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: b}}\n",
			[]string{"a 4", "b 7"},
		},
		"JSON list": {
			"{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicy\", \"metadata\": {\"name\": \"a\"}},\n{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicy\", \"metadata\": {\"name\": \"b\"}}]}\n",
			[]string{"a 2", "b 3"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			objects, err := manifest.Parse([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, p := range objects.Policies {
				got = append(got, fmt.Sprint(p.Name, " ", objects.Lines[i]))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"# x\n---\n" + policyV1 + "spec: {podSelectors: {}}\n":                          "line 3: ",
		"kind: A\napiVersion: v1\n---\nx: y\n":                                          "line 4: is not a Kubernetes object",
		"kind: List\napiVersion: v1\nitems: [{kind: Pod, apiVersion: v1}, {x: y}]\n":    "line 1: item 2: is not a Kubernetes object",
		"kind: List\napiVersion: v1\nitems: [{kind: Pod, kind: Pod, apiVersion: v1}]\n": `key "kind" already set`,
	} {
		if _, err := manifest.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
