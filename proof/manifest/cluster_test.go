package manifest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/proof/manifest"
)

// read returns the workloads of a file with the lines that they are at.
func read(t *testing.T, text string) []string {
	t.Helper()
	c, err := manifest.ReadCluster([]manifest.File{{Name: "m.yaml", Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, w := range c.Workloads {
		out = append(out, fmt.Sprintf("%s %s/%s at %s", w.Kind, w.Namespace, w.Name, w.At))
	}
	return out
}

func TestReadCluster(t *testing.T) {
	cases := map[string]struct {
		text string
		want []string
	}{
		"documents": {
			"\n# a comment\n---\n# another\n\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n--- # one more\napiVersion: v1\r\nkind: Pod\r\nmetadata: {name: b}\n---\n---\n...\n",
			[]string{"Pod /a at m.yaml:6", "Pod /b at m.yaml:10"},
		},
		"on the line of the marker": {
			"--- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n",
			[]string{"Pod /a at m.yaml:1"},
		},
		"a marker inside a text": {
			"apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    x: |\n      ---\n      y\n",
			[]string{"Pod /a at m.yaml:1"},
		},
		"list": {
			"# dump\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n    annotations:\n      x: |\n        - y\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: b, namespace: shop}\nkind: List\nmetadata:\n- z\n",
			[]string{"Pod /a at m.yaml:4", "Pod shop/b at m.yaml:11"},
		},
		"indented list": {
			"kind: List\napiVersion: v1\nitems:\n  # first\n  - {apiVersion: v1, kind: Pod, metadata: {name: a}}\n  - {apiVersion: v1, kind: Pod, metadata: {name: b}}\n",
			[]string{"Pod /a at m.yaml:5", "Pod /b at m.yaml:6"},
		},
		"flow list": {
			"\nkind: List\napiVersion: v1\nitems: [{apiVersion: v1, kind: Pod, metadata: {name: a}}]\n",
			[]string{"Pod /a at m.yaml:2"},
		},
		"JSON list": {
			"{\n\t\"kind\": \"List\", \"apiVersion\": \"v1\",\n\t\"items\": [\n\t\t{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"}},\n\n\t\t{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"b\"}}]\n}\n",
			[]string{"Pod /a at m.yaml:4", "Pod /b at m.yaml:6"},
		},
		"what is no object, or of no interest": {
			"resources: [a.yaml]\n---\nkind: Pod\napiVersion: example.com/v1\nmetadata: {name: [odd]}\n---\nnull\n",
			nil,
		},
		"owned": {
			strings.Join([]string{
				"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}}",
				"{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-1, namespace: shop, ownerReferences: [{kind: Deployment, name: web}]}}",
				"{apiVersion: v1, kind: Pod, metadata: {name: web-1-a, namespace: shop, ownerReferences: [{kind: ReplicaSet, name: web-1}]}}",
				"{apiVersion: v1, kind: Pod, metadata: {name: web-2-a, namespace: shop, labels: {pod-template-hash: \"2\"}, ownerReferences: [{kind: ReplicaSet, name: web-2}]}}",
				"{apiVersion: v1, kind: Pod, metadata: {name: other, namespace: other, ownerReferences: [{kind: ReplicaSet, name: web-1}]}}",
				"{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: old, ownerReferences: [{kind: Deployment, name: gone}]}, spec: {replicas: 0}}",
				"{apiVersion: batch/v1, kind: Job, metadata: {generateName: j-, ownerReferences: [{kind: CronJob, name: gone}]}}",
			}, "\n---\n"),
			[]string{"Deployment shop/web at m.yaml:1", "Pod other/other at m.yaml:9", "Job /j-* at m.yaml:13"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, read(t, c.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestJobLabels has the labels that the Job controller adds.
func TestJobLabels(t *testing.T) {
	c, err := manifest.ReadCluster([]manifest.File{{Data: []byte("{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {template: {metadata: {labels: {a: b}}}}}")}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": "b", "job-name": "j", "batch.kubernetes.io/job-name": "j"}
	if diff := cmp.Diff(want, c.Workloads[0].Labels); diff != "" {
		t.Error(diff)
	}
}

func TestReadClusterErrors(t *testing.T) {
	const template = "is a template: render the chart first (helm template) [NG820]"
	cases := map[string]struct{ text, want string }{
		"not YAML":        {"a: 1\n---\na: [\n", "m.yaml:3: is no YAML: did not find expected node content [NG820]"},
		"a template":      {"{{- if x }}\n", "m.yaml:1: " + template},
		"a value of one":  {"a: 1\n---\nspec:\n  replicas: {{ .Values.replicas }}\n", "m.yaml:3: " + template},
		"of a list":       {"a:\n- {{ .Values.a }}\n", "m.yaml:1: " + template},
		"quoted":          {"{apiVersion: v1, kind: Pod,\nmetadata: {name: \"{{ .Release.Name }}\"}}", "m.yaml:1: " + template},
		"a quoted number": {"apiVersion: v1\nkind: Pod\nspec:\n  priority: '{{ .Values.x }}'\n", "m.yaml:1: " + template},
		"quoted in JSON":  {"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"{{x}}\"}}", "m.yaml:1: " + template},
		"no template":     {"a: the value {{ $value }}\nb: [\n", "m.yaml:2: is no YAML: did not find expected node content [NG820]"},
		"a text":          {"Error from server\n", "m.yaml:1: is not a Kubernetes object [NG820]"},
		"a key twice":     {"a: 1\na: 2\n", "m.yaml:2: key \"a\" already set in map [NG908]"},
		"a wrong type":    {"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: 1}}", "m.yaml:1: Pod a: json: cannot unmarshal number into Go struct field PodSpec.spec.containers of type []v1.Container [NG820]"},
		"a label: number": {"{apiVersion: v1, kind: Pod, metadata: {labels: {a: 1}}}", "m.yaml:1: Pod: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string [NG820]"},
		"in a list":       {"{apiVersion: v1, kind: List, items: [1]}", "m.yaml:1: item 1: is not a Kubernetes object [NG820]"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := manifest.ReadCluster([]manifest.File{{Name: "m.yaml", Data: []byte(c.text)}})
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
