package manifest_test

import (
	"testing"

	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/diff"
	"netgen.dev/proof/manifest"
)

// FuzzParse reads whatever somebody may pipe in: it is read or refused, and what
// is read can be asked about and compared.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "---\n---\n", "kind: List\nitems: [{}]\n",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: b}\nspec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: http}, {port: 80, endPort: 90}]}]}\n",
		"apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: b}\nspec: {selector: {app: a}, ports: [{port: 80, targetPort: http}]}\n",
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {metadata: {labels: {app: a}}, spec: {containers: [{ports: [{containerPort: 80}]}]}}}\n",
		"a: &a [*a]\n", "{\"kind\": \"NetworkPolicyList\", \"apiVersion\": \"networking.k8s.io/v1\", \"items\": [{}]}", "\xef\xbb\xbfkind: x\r\n---\r\n", "%YAML 1.1\n---\n? a\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if objects, err := manifest.Parse(data); err == nil {
			if len(objects.Lines) != len(objects.Policies) {
				t.Errorf("%d policies at %d lines", len(objects.Policies), len(objects.Lines))
			}
			connectivity.New(objects.Policies, nil)
			side := diff.Side{Policies: objects.Policies}
			if changes := diff.Compare(side, side); len(changes) > 0 {
				t.Errorf("a stream differs from itself: %+v", changes)
			}
			diff.Compare(diff.Side{}, side)
		}
		if _, err := manifest.ReadCluster([]manifest.File{{Name: "x", Data: data}}); err != nil {
			return
		}
	})
}
