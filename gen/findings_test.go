package gen_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/load"
	"netgen.dev/gen/topology"
)

// TestFindings holds what is found in small topologies, and what is not. The
// texts that a user sees, with their places, are in the scripts of the command.
func TestFindings(t *testing.T) {
	const alone = "NG509 no policy isolates service agent: its pods share the network of their node"
	for _, tt := range []struct {
		title, source string
		want          []string
	}{
		{"names of files that Windows cannot have", `services: {nul: {}, prn: {}, aux: {}, null: {}}`, []string{
			`NG209 service cannot be named "aux": Windows cannot have a file of this name`,
			`NG209 service cannot be named "nul": Windows cannot have a file of this name`,
			`NG209 service cannot be named "prn": Windows cannot have a file of this name`,
		}},
		{"a group has a file as well", `groups: {"default-deny": anyPod: true, con: anyPod: true}`, []string{
			`NG209 group cannot be named "con": Windows cannot have a file of this name`,
			`NG209 group cannot be named "default-deny": the policy that isolates the namespace has this name`,
		}},
		{"a peer has none", `services: web: connects: con: {}, peers: con: {is: "internet", ports: https: 443}`, nil},
		{
			"a group and a peer of one name",
			`groups: x: {anyPod: true}, peers: x: {is: "internet", ports: https: 443}, services: web: connects: x: ports: https: true`,
			[]string{`NG209 group and peer are both named "x"`, `NG302 group x has no port "https"`},
		},

		{"every service is switched off", `services: old: enabled: false, peers: p: {enabled: false, is: "internet"}`, []string{
			`NG109 every service is switched off, so there is nothing to isolate`,
		}},
		{"a service that is switched off", `services: {web: {}, old: {enabled: false, connects: nobody: {}}}`, nil},
		{
			"a service that is switched off is called", `services: {web: connects: old: {}, old: {enabled: false, ports: http: 80}}`,
			[]string{"NG305 service web connects to service old, which is switched off"},
		},
		{"a group that is switched off", `services: web: {}, groups: g: {enabled: false, connects: nobody: {}}`, nil},
		{
			"a group that is switched off is called", `services: web: connects: g: {}, groups: g: {anyPod: true, ports: http: 80, enabled: false}`,
			[]string{"NG305 service web connects to group g, which is switched off"},
		},
		{"a peer that is switched off", `services: web: {}, peers: p: {enabled: false, connects: nobody: {}}`, nil},
		{
			"a peer that is switched off is called", `services: web: connects: p: {}, peers: p: {is: "internet", ports: https: 443, enabled: false}`,
			[]string{"NG305 service web connects to peer p, which is switched off"},
		},

		{"a group in the namespace of the topology", `namespace: "shop", services: web: {}, groups: g: anyPod: true`, nil},
		{"a group without a namespace", `#NoNamespace, services: web: namespace: "shop", groups: g: anyPod: true`, []string{"NG406 group g has no namespace"}},

		{
			"nobody is isolated by a policy of its own", `services: agent: hostNetwork: true, output: defaultDeny: "service"`,
			[]string{"NG109 no service is isolated, so there is no policy to emit", alone},
		},
		{"nobody enforces", `services: web: enforce: [], output: defaultDeny: "service"`, []string{"NG109 no service is isolated, so there is no policy to emit"}},
		{"one of two is isolated", `services: {agent: hostNetwork: true, web: {}}, output: defaultDeny: "service"`, []string{alone}},
		{"a namespace is isolated with nobody in it", `services: agent: hostNetwork: true`, []string{alone}},

		{
			"every pod and some", `services: web: {}, groups: g: {anyPod: true, expressions: [{key: "app.kubernetes.io/name", operator: "Exists"}]}`,
			[]string{"NG407 anyPod is every pod, which labels and expressions contradict"},
		},
		{"a group of every pod with no service", `services: web: {}, groups: g: {namespace: "batch", anyPod: true, connects: web: anyPort: true}`, nil},
		{
			"a group by labels with no service", `services: web: {}, groups: g: {namespace: "batch", labels: app: "x", connects: web: anyPort: true}`,
			[]string{"NG408 no service is in group g"},
		},
		{
			"a group of a service on the host network", `services: {web: {}, agent: {hostNetwork: true, labels: app: "x"}}, groups: g: {labels: app: "x"}`,
			[]string{alone},
		},
		{
			"a group of a part of a service",
			`services: web: expressions: [{key: "app", operator: "In", values: ["x", "y"]}], groups: g: {labels: app: "x"}`,
			[]string{"NG402 some pods of service web are in group g and some are not"},
		},

		{"a service calls itself", `services: web: {ports: http: 80, connects: web: {}}`, []string{"NG303 service web connects to itself"}},
		{"a group calls itself", `services: web: {}, groups: g: {anyPod: true, ports: gossip: 7946, connects: g: {}}`, nil},
		{"a port that no service has", `services: {web: {ports: http: 80, connects: "*": ports: {http: true, mertics: true}}, api: ports: http: 80}`, []string{
			`NG302 no service has a port "mertics"`,
		}},
		{"a port that no service has, switched off", `services: {web: connects: "*": ports: {http: true, old: false}, api: ports: http: 80}`, nil},
		{"no port of any service", `services: {web: connects: "*": ports: http: false, api: ports: http: 80}`, []string{
			`NG304 a connection to "*" must list the ports that it opens`,
		}},
	} {
		t.Run(tt.title, func(t *testing.T) { checkFindings(t, tt.source, tt.want) })
	}
}

// TestFindingsOfInvariants sees that each name in an invariant is held against
// what is declared, in each of its forms.
func TestFindingsOfInvariants(t *testing.T) {
	const declared = `services: {web: {}, db: ports: sql: 5432}, invariants: i: `
	unknown := func(name string) []string {
		return []string{`NG310 the invariant names "` + name + `", which is not declared`}
	}
	port := []string{`NG302 service db has no port "slq"`}
	for source, want := range map[string][]string{
		`deny: {from: "web", to: "db", ports: sql: true}`:                  nil,
		`deny: {from: "weeb", to: "db"}`:                                   unknown("weeb"),
		`deny: {from: "web", to: "bd"}`:                                    unknown("bd"),
		`deny: {from: "web", to: "db", ports: slq: true}`:                  port,
		`only: {from: ["web"], to: "db", ports: sql: true}`:                nil,
		`only: {from: ["web", "weeb"], to: "db"}`:                          unknown("weeb"),
		`only: {from: ["web"], to: "bd"}`:                                  unknown("bd"),
		`only: {from: ["web"], to: "db", ports: slq: true}`:                port,
		`require: {from: "web", to: "db", ports: sql: true}`:               nil,
		`require: {from: "weeb", to: "db"}`:                                unknown("weeb"),
		`require: {from: "web", to: "bd"}`:                                 unknown("bd"),
		`require: {from: "web", to: "db", ports: slq: true}`:               port,
		`{deny: {from: "web", to: "db"}, only: {from: ["web"], to: "db"}}`: {"NG310 invariant i must be one of deny, only and require"},
	} {
		t.Run(source, func(t *testing.T) { checkFindings(t, declared+source, want) })
	}
}

// TestFindingsOfEnvironments holds what is found where a topology has
// environments.
func TestFindingsOfEnvironments(t *testing.T) {
	for _, tt := range []struct {
		title, source string
		want          []string
	}{
		{
			"what every environment replaces is wrong", `services: web: {}, cluster: families: ["IPv5"], enforce: ["inwards"]
			environments: {a: {cluster: families: ["IPv4"], enforce: ["ingress"]}, b: {cluster: families: ["IPv6"], enforce: ["egress"]}}`,
			[]string{
				`NG108 "IPv5" is none of "IPv4", "IPv6"`,
				`NG108 "inwards" is no direction`,
			},
		},
		{
			"a group and a peer that environments switch off", `services: web: connects: {g: {}, p: {}}
			groups: g: {anyPod: true, ports: http: 80}, peers: p: {is: "internet", ports: https: 443}
			environments: {a: groups: g: enabled: false, b: peers: p: enabled: false, c: {}}`,
			[]string{
				"NG305 service web connects to group g, which is switched off in environment a",
				"NG305 service web connects to peer p, which is switched off in environment b",
			},
		},
		{
			"a slip in the name of a namespace", `services: web: {}, groups: g: {namespace: "batch", anyPod: true}
			peers: p: {namespace: "legacy", anyPod: true, ports: http: 80, connects: web: anyPort: true}
			cluster: {dns: "custom", dnsResolver: {namespace: "resolver", labels: app: "r"}}
			environments: a: namespaces: {batch: "b1", legacy: "l1", resolver: "r1", shpo: "s1"}`,
			[]string{`NG603 environment a renames namespace "shpo", which nothing in the topology uses`},
		},
		{
			"nobody is isolated in one environment", `services: web: enforce: [], environments: {a: output: defaultDeny: "service", b: {}}`,
			[]string{"NG109 no service is isolated in environment a, so there is no policy to emit"},
		},
		{
			"nobody is isolated but in one environment", `services: web: enforce: [], output: defaultDeny: "service", environments: {a: output: defaultDeny: "namespace", b: {}}`,
			[]string{"NG109 no service is isolated in environment b, so there is no policy to emit"},
		},
		{
			"a peer that is inside once all is isolated", `services: web: {}, peers: p: {namespace: "shop", labels: app: "p", connects: web: anyPort: true}
			output: defaultDeny: "service", environments: {dev: {}, prod: output: defaultDeny: "namespace"}`,
			[]string{"NG409 peer p is in namespace shop, where this topology isolates every pod, in environment prod"},
		},
		{
			"a shape that there is not", `services: web: {}, environments: {a: output: {policyPer: "pod", syncWave: true}, b: {}}`,
			[]string{`NG105 unknown field "syncWave" in output`, `NG108 "pod" is none of "service", "connection"`},
		},
		{
			"a shape that is the topology's", `services: web: {}, output: syncWaves: true, environments: {a: output: syncWaves: true, b: output: {}}`,
			[]string{"NG602 environment a states what the topology says already: output.syncWaves", "NG602 environment b says nothing new of output"},
		},
		{"a shape that is the default", `services: web: {}, environments: {a: output: syncWaves: false, b: {}}`, nil},
	} {
		t.Run(tt.title, func(t *testing.T) { checkFindings(t, tt.source, tt.want) })
	}
}

// checkFindings compares what is found in a topology that has the fields of
// source beside a name and, unless it says otherwise, a namespace.
func checkFindings(t *testing.T, source string, want []string) {
	t.Helper()
	const noNamespace = "#NoNamespace, "
	head := "package t\n\ntopology: {name: \"shop\", version: \"1.0.0\"}\n"
	if len(source) > len(noNamespace) && source[:len(noNamespace)] == noNamespace {
		source = source[len(noNamespace):]
	} else {
		head += "topology: namespace: \"shop\"\n"
	}
	if diff := cmp.Diff(want, findings(t, head+"topology: {"+source+"}\n")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestTogether sees that pods which two topologies select are found once, and
// at the topology that has the wider selector; and only in environments of one
// name.
func TestTogether(t *testing.T) {
	const expressions = `expressions: [{key: "app", operator: "In", values: ["x", "y"]}]`
	for _, tt := range []struct {
		title, a, b string
		want        []string
	}{
		{"of one label", `labels: app: "x"`, `labels: app: "x"`, []string{"b: service s of topology b selects the pods of service s of topology a"}},
		{"of different labels", `labels: app: "x"`, `labels: app: "y"`, nil},
		{"in another namespace", `labels: app: "x"`, `{namespace: "other", labels: app: "x"}`, nil},
		{"the wider one first", `labels: app: "x"`, `labels: {app: "x", track: "canary"}`, []string{"a: service s of topology a selects the pods of service s of topology b"}},
		{"the wider one last", `labels: {app: "x", track: "canary"}`, `labels: app: "x"`, []string{"b: service s of topology b selects the pods of service s of topology a"}},
		{"some of the pods", `labels: app: "x"`, expressions, []string{"b: service s of topology b selects the pods of service s of topology a"}},
		{"none of the pods", `labels: app: "z"`, expressions, nil},
		{"every pod", `labels: app: "z"`, `anyPod: true`, []string{"b: service s of topology b selects the pods of service s of topology a"}},
	} {
		t.Run(tt.title, func(t *testing.T) {
			a := checkedIn(t, "a.cue", "a", `services: s: `+tt.a)
			b := checkedIn(t, "b.cue", "b", `services: s: `+tt.b)
			checkTogether(t, tt.want, a, b)
		})
	}
	t.Run("a group", func(t *testing.T) {
		a := checkedIn(t, "a.cue", "a", `services: s: {}`)
		b := checkedIn(t, "b.cue", "b", `services: r: {}, groups: {every: anyPod: true, some: labels: team: "red"}`)
		checkTogether(t, []string{"b: group every of topology b selects the pods of service s of topology a"}, a, b)
	})
	const x = `services: s: labels: app: "x", environments: `
	t.Run("in environments of different names", func(t *testing.T) {
		checkTogether(t, nil, checkedIn(t, "a.cue", "a", x+`dev: {}`), checkedIn(t, "b.cue", "b", x+`prod: {}`))
	})
	t.Run("of three, each two", func(t *testing.T) {
		checkTogether(t, []string{
			"b: service s of topology b selects the pods of service s of topology a",
			"c: service s of topology c selects the pods of service s of topology a",
			"c: service s of topology c selects the pods of service s of topology b",
		}, checkedIn(t, "a.cue", "a", x+`dev: {}`), checkedIn(t, "b.cue", "b", x+`dev: {}`), checkedIn(t, "c.cue", "c", x+`dev: {}`))
	})
}

// checkedIn checks a topology in a file.
func checkedIn(t *testing.T, file, name, source string) *gen.Checked {
	t.Helper()
	dir := t.TempDir()
	text := "package t\n\ntopology: {name: \"" + name + "\", version: \"1.0.0\", namespace: \"shop\"}\ntopology: {" + source + "}\n"
	if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c, list := gen.Check(load.Request{Dir: dir, Base: dir})
	if list.Failed() {
		t.Fatal(list)
	}
	return c
}

func checkTogether(t *testing.T, want []string, all ...*gen.Checked) {
	t.Helper()
	var models [][]*topology.Topology
	var locators []topology.Locator
	for _, c := range all {
		models, locators = append(models, c.Models), append(locators, c.Locate)
	}
	var got []string
	for _, d := range topology.CheckTogether(models, locators).Sorted() {
		if d.Code != diag.TwoOwners {
			t.Errorf("code %s", d.Code)
		}
		if len(d.Related) != 1 || d.Related[0].Pos.File == d.Pos.File || d.Related[0].Pos.Line == 0 {
			t.Errorf("related to %+v", d.Related)
		}
		got = append(got, filepath.Base(d.Pos.File)[:1]+": "+d.Message)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
