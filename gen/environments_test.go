package gen_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netgen.dev/gen"
	"netgen.dev/gen/load"
)

const environmentsTopology = `package t

import "netgen.dev/schema"

topology: schema.#Topology & {
	name:      "t"
	version:   "1.0.0"
	namespace: "a"
	services: {
		web: {ports: {http: 8080, metrics: 9090}, podLabels: team: "x", connects: {api: {}, outside: {}, old: {}}}
		api: {ports: {http: 8080, metrics: 9091}, connects: "*": ports: {metrics: true, http: false}}
	}
	groups: {
		team: {labels: team: "x", connects: api: {}}
		spare: {anyPod: true, connects: api: {}}
	}
	peers: {
		outside: {is: "internet", ports: https: 443}
		old: {namespace: "legacy", anyPod: true, ports: http: 80}
		spare2: {namespace: "legacy", labels: app: "s", connects: web: {}}
	}
	cluster: {dns: "custom", dnsResolver: {namespace: "dns", labels: app: "r"}, serviceCIDRs: ["198.51.100.0/24"]}
	environments: {
		one: {
			namespaces: {a: "a1", legacy: "legacy1", dns: "dns1"}
			enforce: ["ingress"]
			peers: outside: cidrs: ["203.0.113.0/24"]
			groups: spare: enabled: false
			peers: spare2: enabled: false
		}
		two: {}
	}
}
`

// TestEnvironments sees that an environment reaches all that it can: the names
// of namespaces wherever they stand, the directions, the kind of a peer, and what
// it switches off.
func TestEnvironments(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "t.cue"), []byte(environmentsTopology), 0o644); err != nil {
		t.Fatal(err)
	}
	c, list := gen.Check(load.Request{Dir: dir, Base: dir})
	if len(list) > 0 {
		t.Fatal(list)
	}
	b := gen.Build(c)
	for env, texts := range map[string]struct{ has, hasNot []string }{
		"one": {
			[]string{"namespace: a1", "metadata.name: a1", "isolates every pod of namespace a1: ingress"},
			[]string{"namespace: a\n", "- Egress", "t.spare", "legacy"},
		},
		"two": {
			[]string{
				"namespace: a\n", "- Egress", "name: t.spare", "metadata.name: legacy", "metadata.name: dns",
				"cidr: 0.0.0.0/0", "- 198.51.100.0/24", "api accepts", "calls dns on 53/TCP and 53/UDP, web on 9090/TCP",
			},
			[]string{"a1", "legacy1", "dns1", "203.0.113.0/24"},
		},
	} {
		out, err := b.Stream(env)
		if err != nil {
			t.Fatal(err)
		}
		stream := strings.ReplaceAll(string(out), "\n      ", " ") // descriptions are folded
		for _, text := range texts.has {
			if !strings.Contains(stream, text) {
				t.Errorf("environment %s has no %q:\n%s", env, text, out)
			}
		}
		for _, text := range texts.hasNot {
			if strings.Contains(stream, text) {
				t.Errorf("environment %s has %q", env, text)
			}
		}
	}
	// The plan of an environment that does not enforce egress still knows the
	// kind that it gave the peer, and the names that it gave the namespaces.
	p := b.Plans[0]
	if blocks := p.Endpoints["outside"].Blocks; len(blocks) != 1 || blocks[0].CIDR.String() != "203.0.113.0/24" {
		t.Errorf("the peer outside is %+v", p.Endpoints["outside"])
	}
	if ns := p.Endpoints["old"].Pods[0].Namespaces.Name; ns != "legacy1" {
		t.Errorf("the peer old is in %s", ns)
	}
}
