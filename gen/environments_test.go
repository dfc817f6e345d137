package gen_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/gen"
	"netgen.dev/gen/load"
	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
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

// outputsTopology has two environments that agree, and two that shape the
// policies in other ways.
const outputsTopology = `package t

import "netgen.dev/schema"

topology: schema.#Topology & {
	name:      "t"
	version:   "1.0.0"
	namespace: "a"
	output: {defaultDeny: "service", syncWaves: true}
	services: {
		web: {ports: http: 8080, connects: api: {}}
		api: ports: http: 8080
	}
	environments: {
		dev: {}
		staging: output: defaultDeny: "namespace"
		prod: output: policyPer: "connection"
		plain: output: syncWaves: false
	}
}
`

// TestOutputs sees that an environment shapes its policies, as far as it says so
// and no further, and that base holds what is then still the same.
func TestOutputs(t *testing.T) {
	b := build(t, outputsTopology)
	for env, want := range map[string]topology.Output{
		"dev":     {PolicyPer: "service", DefaultDeny: "service", SyncWaves: true},
		"staging": {PolicyPer: "service", DefaultDeny: "namespace", SyncWaves: true},
		"prod":    {PolicyPer: "connection", DefaultDeny: "service", SyncWaves: true},
		"plain":   {PolicyPer: "service", DefaultDeny: "service"},
	} {
		i := slices.IndexFunc(b.Plans, func(p *plan.Plan) bool { return p.Environment == env })
		if got := b.Plans[i].Output; got != want {
			t.Errorf("environment %s is shaped by %+v, not by %+v", env, got, want)
		}
		out, err := b.Stream(env)
		if err != nil {
			t.Fatal(err)
		}
		stream := string(out)
		for text, has := range map[string]bool{
			"name: t.default-deny\n":         want.DefaultDeny == "namespace",
			"name: t.web.to.api\n":           want.PolicyPer == "connection",
			"argocd.argoproj.io/sync-wave: ": want.SyncWaves,
		} {
			if strings.Contains(stream, text) != has {
				t.Errorf("environment %s has %q: %t, not %t:\n%s", env, text, !has, has, stream)
			}
		}
	}
	if paths := pathsOf(b, "t/base/"); len(paths) > 0 {
		t.Errorf("base holds %q, and no policy is the same everywhere", paths)
	}

	// Where a default-deny is all that differs, all else is in base.
	both := build(t, strings.NewReplacer(`policyPer: "connection"`, `defaultDeny: "namespace"`, "syncWaves: false", `defaultDeny: "namespace"`).Replace(outputsTopology))
	for under, want := range map[string][]string{
		"t/base/a/":         {"api.yaml", "kustomization.yaml", "web.yaml"},
		"t/overlays/dev/":   {"a/kustomization.yaml", "kustomization.yaml"},
		"t/overlays/prod/":  {"a/default-deny.yaml", "a/kustomization.yaml", "kustomization.yaml"},
		"t/overlays/plain/": {"a/default-deny.yaml", "a/kustomization.yaml", "kustomization.yaml"},
	} {
		if diff := cmp.Diff(want, pathsOf(both, under)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", under, diff)
		}
	}
}

func pathsOf(b *gen.Built, under string) []string {
	var out []string
	for _, f := range b.Tree {
		if rest, ok := strings.CutPrefix(f.Path, under); ok {
			out = append(out, rest)
		}
	}
	return out
}

// build compiles a topology in which nothing is found.
func build(t *testing.T, source string) *gen.Built {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "t.cue"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	c, list := gen.Check(load.Request{Dir: dir, Base: dir})
	if len(list) > 0 {
		t.Fatal(list)
	}
	return gen.Build(c)
}

// TestEnvironments sees that an environment reaches all that it can: the names
// of namespaces wherever they stand, the directions, the kind of a peer, and what
// it switches off.
func TestEnvironments(t *testing.T) {
	b := build(t, environmentsTopology)
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
