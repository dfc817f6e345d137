package verify_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/load"
	"netgen.dev/gen/topology"
	"netgen.dev/internal/randomtopology"
	"netgen.dev/proof/verify"
)

// equivalents lists the mutants that mean what the original means. With
// NETGEN_UPDATE=1 it is written anew.
const equivalents = "testdata/equivalent.txt"

// rich has what the examples lack: selectors of several labels and of
// expressions, ranges of ports, groups that overlap, every kind of peer.
const rich = `package t

import "netgen.dev/schema"

topology: schema.#Topology & {
	name:      "rich"
	version:   "1.0.0"
	namespace: "rich"
	labelKey:  "app"
	output: %s
	cluster: {
		cni: "calico"
		dns: "custom"
		dnsResolver: {namespace: "dns", labels: {app: "resolver", part: "cache"}, cidrs: ["192.0.2.53/32", "2001:db8::53/128"], port: 5353}
		podCIDRs: ["10.2.0.0/16", "2001:db8:2::/48"]
		nodeCIDRs: ["10.1.0.0/16"]
		apiServer: cidrs: ["198.51.100.1/32"]
	}
	services: {
		web: {
			labels: {app: "web", tier: "front"}
			podLabels: team: "red"
			ports: {http: 8080, passive: "7000-7010/TCP"}
			connects: {api: {}, internet: {}, red: {}, metrics: {}}
		}
		api: {
			expressions: [{key: "app", operator: "In", values: ["api", "old-api"]}, {key: "track", operator: "NotIn", values: ["canary"]}]
			podLabels: team: "red"
			ports: {grpc: 9090, events: "9090/UDP", sync: "36412/SCTP"}
			connects: {db: ports: sql: true, office: {}, "kube-apiserver": {}, agent: {}}
		}
		db: {dns: false, ports: {sql: 5432, metrics: 9187}}
		job: {namespace: "batch", connects: {api: {ports: grpc: true}, db: {anyPort: true}, cluster: {}}}
		relay: {namespace: "batch", enforce: ["ingress"], ports: smtp: 25, connects: web: {}}
		agent: {hostNetwork: true, ports: node: 9100, connects: api: {ports: events: true}}
	}
	groups: {
		red: {labels: team: "red", ports: admin: 9000, connects: red: {}}
		debugged: {expressions: [{key: "debug", operator: "Exists"}, {key: "frozen", operator: "DoesNotExist"}], dns: true, ports: pprof: 6060}
		all: {anyPod: true, ports: probe: 9001}
	}
	peers: {
		tenants: {namespaceLabels: {tenant: "yes", zone: "a"}, anyPod: true, connects: web: ports: http: true}
		scrapers: {anyNamespace: true, labels: {app: "prometheus", shard: "0"}, connects: "*": ports: metrics: true}
		canaries: {namespace: "canary", expressions: [{key: "canary", operator: "Exists"}, {key: "frozen", operator: "DoesNotExist"}], connects: web: ports: http: true}
		metrics: {namespace: "observability", expressions: [{key: "app", operator: "In", values: ["tempo", "loki"]}], ports: otlp: 4317}
		office: {cidrs: ["203.0.113.0/24", "2001:db8:f::/48"], except: ["203.0.113.128/25"], ports: vpn: "1194-1195/UDP", connects: web: {}}
		internet: {is: "internet", ports: https: 443}
		nodes: {is: "nodes", connects: all: {}}
		cluster: {is: "cluster", ports: mesh: 15008, connects: db: ports: sql: true}
		"kube-apiserver": is: "kube-apiserver"
		anywhere: {is: "anywhere", connects: relay: {}}
	}
}
`

// systems compiles the examples, and rich in two shapes, by name.
func systems(t *testing.T) map[string]compiled {
	t.Helper()
	base, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]compiled{}
	for _, name := range []string{"argo-cd", "bookinfo", "online-boutique", "otel-demo", "shop", "sock-shop"} {
		out[name] = compile(t, filepath.Join(base, "topologies", name), base)
	}
	for name, output := range map[string]string{
		"rich":      `{}`,
		"rich-open": `{policyPer: "connection", defaultDeny: "service"}`,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "rich.cue"), fmt.Appendf(nil, rich, output), 0o644); err != nil {
			t.Fatal(err)
		}
		out[name] = compile(t, dir, dir)
	}
	return out
}

type compiled struct {
	*gen.Checked
	*gen.Built
}

func compile(t *testing.T, dir, base string) compiled {
	t.Helper()
	c, list := gen.Check(load.Request{Dir: dir, Base: base})
	if list.Failed() {
		t.Fatal(list)
	}
	return compiled{c, gen.Build(c)}
}

// tally counts mutants.
type tally struct {
	sync.Mutex
	made      map[string]map[string]int // by system and operator
	killed    map[string]int            // by system
	survivors map[string]map[string][]string
}

func (s *tally) count(system, operator string, killed bool) {
	s.Lock()
	defer s.Unlock()
	if s.made[system] == nil {
		s.made[system] = map[string]int{}
	}
	s.made[system][operator]++
	if killed {
		s.killed[system]++
	}
}

// survived notes a mutant that means what the original means.
func (s *tally) survived(reason, what, where string) {
	s.Lock()
	defer s.Unlock()
	if s.survivors[reason] == nil {
		s.survivors[reason] = map[string][]string{}
	}
	if where = strings.TrimSpace(where); where == "" {
		where = "whole"
	}
	s.survivors[reason][what] = append(s.survivors[reason][what], where)
}

// TestMutants makes every single mistake that the operators know in every
// policy of every environment. Each is noticed, in the kind of difference that
// the mistake makes, or means the same: then it is listed.
func TestMutants(t *testing.T) {
	sum := &tally{made: map[string]map[string]int{}, killed: map[string]int{}, survivors: map[string]map[string][]string{}}
	all := systems(t)
	t.Run("all", func(t *testing.T) {
		for system, c := range all {
			for i, env := range c.System.Environments {
				t.Run(system+"/"+env.Name, func(t *testing.T) {
					t.Parallel()
					prove := func(policies []*networkingv1.NetworkPolicy) *verify.Proof {
						return verify.Prove(c.Models[i], c.Plans[i], policies)
					}
					mutate(t, sum, system+"/"+env.Name, newJudge(c.Models[i]), objects(env), prove)
				})
			}
		}
	})
	sum.report(t)
	if slower() == 1 {
		compareList(t, sum.list())
	}
}

// slower is how many times fewer mutants are made where each takes longer. The
// race detector looks for other mistakes than they do.
func slower() int {
	info, _ := debug.ReadBuildInfo()
	if slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return 20
	}
	return 1
}

func mutate(t *testing.T, sum *tally, environment string, j *judge, original []*networkingv1.NetworkPolicy, prove func([]*networkingv1.NetworkPolicy) *verify.Proof) {
	t.Helper()
	system, _, _ := strings.Cut(environment, "/")
	step := max(1, sample[system]) * slower()
	for _, op := range operators {
		for i, m := range op.mutate(original) {
			if i%step > 0 {
				continue
			}
			proof := prove(m.policies)
			got := kindsOf(proof)
			sum.count(system, op.name, len(got) > 0)
			if op.effect == refused {
				if !got[verify.Malformed] {
					t.Errorf("%s in %s %s: not reported as malformed", op.name, m.policy, m.where)
				}
				continue
			}
			is := j.compare(original, m.policies)
			for _, complaint := range append(complaints(op, is, got), blames(original, m.policies, proof)...) {
				t.Errorf("%s in %s %s: %s", op.name, m.policy, m.where, complaint)
			}
			if is.none() {
				sum.survived(j.reason(original, m.policies), op.name+" "+environment+" "+m.policy, m.where)
			}
		}
	}
}

// sample is of how many mutants of an operator one is made. The biggest have
// thousands that are alike, and each takes as long as its topology is big.
var sample = map[string]int{"argo-cd": 2, "online-boutique": 3, "otel-demo": 12, "rich-open": 2, "sock-shop": 2}

func kindsOf(p *verify.Proof) map[verify.Kind]bool {
	out := map[verify.Kind]bool{}
	for _, d := range p.Differences {
		out[d.Kind] = true
	}
	return out
}

// complaints says what is wrong with the kinds of differences that were found,
// where is tells how the mutant differs.
func complaints(op operator, is change, got map[verify.Kind]bool) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	more, less := got[verify.Excess] || got[verify.NotIsolated], got[verify.Missing] || got[verify.Isolated]
	switch {
	case is.none() && len(got) > 0:
		say("means the same, but %v", slices.Sorted(maps.Keys(got)))
	case !is.none() && len(got) == 0:
		say("is not noticed: %+v", is)
	case got[verify.Malformed]:
		say("is reported as malformed")
	}
	if op.effect == widens && less || op.effect == narrows && more {
		say("%s, but %v", op.effect, slices.Sorted(maps.Keys(got)))
	}
	// What a pod does that is not isolated is not compared any further, nor what
	// one does that nobody should isolate.
	for kind, want := range map[verify.Kind]bool{
		verify.NotIsolated: is.isolatesLess,
		verify.Isolated:    is.isolatesMore,
		verify.Excess:      is.allowsMore && !is.isolatesLess && !is.isolatesMore,
		verify.Missing:     is.allowsLess && !is.isolatesLess && !is.isolatesMore,
	} {
		if want && !got[kind] && len(got) > 0 {
			say("should be %s, but %v", kind, slices.Sorted(maps.Keys(got)))
		}
	}
	if more && !is.allowsMore && !is.isolatesLess || less && !is.allowsLess && !is.isolatesMore {
		say("%v, but %+v", slices.Sorted(maps.Keys(got)), is)
	}
	return out
}

// blames says what is wrong with whom the differences blame. The original has no
// difference, so that only a policy that was changed can be at fault.
func blames(original, mutant []*networkingv1.NetworkPolicy, p *verify.Proof) []string {
	changed := map[string]bool{}
	for _, q := range without(mutant, original) {
		changed[name(q)] = true
	}
	var out []string
	for _, d := range p.Differences {
		for _, r := range d.Rules {
			if policy, _, _ := strings.Cut(r, ", "); !changed[policy] && d.Kind != verify.Malformed {
				out = append(out, fmt.Sprintf("%s: blames %s, which is as it was", described(d), r))
			}
		}
		switch {
		case len(d.Rules) == 0 && (d.Kind == verify.Excess || d.Kind == verify.Isolated):
			out = append(out, described(d)+": blames nobody")
		case len(d.Path) == 0 && d.Kind == verify.Missing && !strings.Contains(d.Ports.String(), "53/"): // DNS is not declared
			out = append(out, described(d)+": does not say where it is declared")
		}
	}
	return out
}

// report prints how many mutants there were.
func (s *tally) report(t *testing.T) {
	t.Helper()
	total := map[string]int{}
	for _, system := range slices.Sorted(maps.Keys(s.made)) {
		n := 0
		var each []string
		for _, op := range operators {
			count := s.made[system][op.name]
			n += count
			total[op.name] += count
			if count > 0 {
				each = append(each, fmt.Sprintf("%s %d", op.name, count))
			}
		}
		t.Logf("%s: %d mutants, %d killed, %d equivalent: %s", system, n, s.killed[system], n-s.killed[system], strings.Join(each, ", "))
		if n*slower() < 250 {
			t.Errorf("%s: only %d mutants", system, n)
		}
	}
	for _, op := range operators {
		if total[op.name] == 0 {
			t.Errorf("operator %s makes no mutant", op.name)
		}
	}
	t.Logf("%d operators", len(operators))
	for _, r := range reasons {
		n := 0
		for _, where := range s.survivors[r.name] {
			n += len(where)
		}
		t.Logf("%d equivalent: %s", n, r.name)
	}
}

// list writes the survivors as the file has them.
func (s *tally) list() string {
	var b strings.Builder
	b.WriteString("Mutants that mean what the original means: the test sees that these, and no\nothers, survive, and that each does for the reason that it stands under.\n")
	for _, r := range reasons {
		fmt.Fprintf(&b, "\n# %s: %s\n\n", r.name, r.why)
		for _, what := range slices.Sorted(maps.Keys(s.survivors[r.name])) {
			fmt.Fprintf(&b, "%s: %s\n", what, strings.Join(s.survivors[r.name][what], ", "))
		}
	}
	return b.String()
}

func compareList(t *testing.T, got string) {
	t.Helper()
	if os.Getenv("NETGEN_UPDATE") != "" {
		if err := os.WriteFile(equivalents, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(equivalents)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("other mutants survive than %s lists (-listed +survive):\n%s", equivalents, diff)
	}
}

// TestMutantsOfRandom makes some of the mistakes in random topologies, for which
// there is no list: whether a mutant means the same is for the judge alone.
func TestMutantsOfRandom(t *testing.T) {
	made, equivalent := 0, 0
	for seed := range 60 / slower() {
		r := rand.New(rand.NewPCG(uint64(seed), 4))
		models, list := topology.Resolve(randomtopology.New(r), func([]string) (key, value diag.Pos, ok bool) { return })
		if list.Failed() {
			t.Fatal(list)
		}
		b := gen.Build(&gen.Checked{Models: models})
		original, j := objects(b.System.Environments[0]), newJudge(models[0])
		for _, op := range operators {
			all := op.mutate(original)
			if len(all) == 0 || op.effect == refused {
				continue
			}
			m := all[r.IntN(len(all))]
			is := j.compare(original, m.policies)
			p := verify.Prove(models[0], b.Plans[0], m.policies)
			for _, complaint := range append(complaints(op, is, kindsOf(p)), blames(original, m.policies, p)...) {
				t.Errorf("seed %d: %s in %s %s: %s", seed, op.name, m.policy, m.where, complaint)
			}
			made++
			if is.none() {
				equivalent++
			}
		}
	}
	t.Logf("%d mutants, %d of them equivalent", made, equivalent)
}
