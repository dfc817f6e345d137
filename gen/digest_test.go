package gen_test

import (
	"testing"

	"netgen.dev/gen"
)

// TestDigest sees that the digest is one for topologies of the same
// connectivity, however they word it, and another for every other.
func TestDigest(t *testing.T) {
	const common = `
		services: web: {dns: *false | bool, ports: http: 8080}
		services: api: {dns: false, enforce: ["ingress"], ports: {http: 8080, query: "8080/UDP", range: "8080-8090/TCP"}}
		cluster: cni: "calico"
		output: defaultDeny: "service"
		`
	seen := map[string]string{}
	for _, same := range [][]string{
		{`owner: "team"`, `services: api: description: "an API"`, `output: syncWaves: true`, `output: policyPer: "connection"`},

		{`services: web: connects: api: {}`, `services: web: connects: api: {ports: {http: true, query: true, range: true}, why: "orders"}`},
		{`services: web: connects: api: ports: http: true`, `services: web: connects: api: ports: {http: true, query: false}`},
		{`services: web: connects: api: ports: query: true`},
		{`services: web: connects: api: ports: range: true`},
		{`services: web: connects: api: anyPort: true`},
		{`services: api: connects: web: {}`},
		{`services: web: dns: true`},

		{
			`peers: office: {cidrs: ["203.0.113.0/24"], connects: web: {}}`,
			`peers: [string]: {cidrs: ["203.0.113.0/24"], connects: web: {}}, peers: {office: {}, partner: {}}`,
		},
		{`peers: office: {cidrs: ["203.0.113.0/24"], except: ["203.0.113.0/26"], connects: web: {}}`},
		{
			`peers: office: {cidrs: ["203.0.113.0/24"], except: ["203.0.113.0/26", "203.0.113.128/26"], connects: web: {}}`,
			`peers: office: {cidrs: ["203.0.113.0/24"], except: ["203.0.113.128/26", "203.0.113.0/26"], connects: web: {}}`,
		},
		{`peers: office: {cidrs: ["203.0.113.0/25"], connects: web: {}}`},
		{`peers: old: {namespace: "legacy", anyPod: true, connects: web: {}}`, `peers: elderly: {namespace: "legacy", anyPod: true, connects: web: {}}`},
		{`peers: old: {namespace: "legacy", labels: app: "x", connects: web: {}}`},
		{`peers: old: {namespaceLabels: legacy: "yes", anyPod: true, connects: web: {}}`},
		{`peers: old: {anyNamespace: true, anyPod: true, connects: web: {}}`, `peers: old: {is: "cluster", connects: web: {}}`},
		{`peers: old: {is: "anywhere", connects: web: {}}`},

		{`services: web: enforce: ["ingress"]`},
		{`services: web: enforce: ["egress"]`},
		{`services: web: namespace: "web"`},
		{`services: web: labels: app: "web"`},
		{
			`services: web: expressions: [{key: "app", operator: "In", values: ["x", "y"]}, {key: "old", operator: "DoesNotExist"}]`,
			`services: web: expressions: [{key: "old", operator: "DoesNotExist"}, {key: "app", operator: "In", values: ["y", "x"]}]`,
		},
		{`services: web: expressions: [{key: "app", operator: "In", values: ["x", "y"]}, {key: "old", operator: "Exists"}]`},
		{`services: web: expressions: [{key: "app", operator: "In", values: ["x", "y"]}]`},
		{`services: web: expressions: [{key: "app", operator: "In", values: ["x"]}]`},
	} {
		want := ""
		for i, source := range same {
			got := gen.Build(checkedIn(t, "shop.cue", "shop", common+source)).System.Environments[0].Digest
			if i == 0 {
				want = got
				if other, ok := seen[got]; ok {
					t.Errorf("one digest for what differs:\n%s\n%s", other, source)
				}
				seen[got] = source
			}
			if got != want {
				t.Errorf("two digests for the same:\n%s\n%s", same[0], source)
			}
		}
	}
}
