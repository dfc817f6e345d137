package verify_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netgen.dev/gen"
	"netgen.dev/gen/load"
	"netgen.dev/gen/plan"
	"netgen.dev/proof/verify"
)

// explain answers a question for the last environment of a topology.
func explain(t *testing.T, c *gen.Checked, q verify.Question) *verify.Explanation {
	t.Helper()
	b := gen.Build(c)
	i := len(b.Plans) - 1
	out, err := verify.Prove(c.Models[i], b.Plans[i], b.System.Environments[i].Objects()).Explain(q, c.Locate, c.Models[:i]...)
	if err != nil {
		if _, ok := errors.AsType[*verify.UnknownError](err); ok {
			return nil
		}
		t.Fatal(q, err)
	}
	return out
}

// TestExplainPlan asks for every pair of names of every example: what is
// declared is allowed, what is isolated and allowed has a declaration, and what
// is denied says what it lacks.
func TestExplainPlan(t *testing.T) {
	base, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, name := range []string{"shop", "bookinfo", "sock-shop"} {
		c, list := gen.Check(load.Request{Dir: filepath.Join(base, "topologies", name), Base: base})
		if list.Failed() {
			t.Fatal(list)
		}
		plans := gen.Build(c).Plans
		p := plans[len(plans)-1]
		declared := map[[2]string]bool{}
		for _, a := range p.Allows {
			declared[[2]string{a.Src.Name, a.Dst.Name}] = declared[[2]string{a.Src.Name, a.Dst.Name}] || a.Reason.Cause == plan.Declared
		}
		for from := range p.Endpoints {
			for to := range p.Endpoints {
				e := explain(t, c, verify.Question{From: from, To: to})
				if e == nil {
					continue // it declares no port
				}
				asked++
				open := false
				for _, port := range e.Ports {
					for _, k := range port.Cases {
						open = open || k.Verdict == "allowed"
						checkCase(t, k)
					}
				}
				if declared[[2]string{from, to}] && !open {
					t.Errorf("%s: %s → %s is declared, and explained as closed: %+v", name, from, to, e)
				}
			}
		}
	}
	if asked < 100 {
		t.Error("asked only", asked)
	}
}

func checkCase(t *testing.T, c verify.Case) {
	t.Helper()
	for _, s := range []verify.Side{c.Egress, c.Ingress} {
		if s.Isolated && s.Verdict == "allowed" && (len(s.Rules) == 0 || len(s.Declared) == 0) {
			t.Errorf("%v → %v: %s is allowed by nothing: %+v", c.From, c.To, s.Of, s)
		}
		if s.Verdict != "allowed" && (len(s.Rules) > 0 || len(s.Declared) > 0) {
			t.Errorf("%v → %v: %s is not allowed, by %+v", c.From, c.To, s.Of, s)
		}
	}
	if (c.Verdict == "denied") != (c.Missing != nil) || c.Missing != nil && (len(c.Missing.On) == 0 || c.Missing.What == "") {
		t.Errorf("%v → %v: %s, missing %+v", c.From, c.To, c.Verdict, c.Missing)
	}
}

const explainedShop = `package shop

topology: {
	name:      "shop"
	version:   "1.0.0"
	namespace: "shop"
	services: {
		web: {
			ports: http: 8080
			connects: api: ports: http: true
		}
		api: {
			ports: {http: 8080, metrics: 9090}
			connects: db: {}
		}
		db: ports: pg: 5432
	}
	groups: tools: labels: tool: "yes"
	peers: {
		outside: {cidrs: ["203.0.113.0/24"], except: ["203.0.113.128/25"], ports: https: 443}
		prometheus: {namespace: "monitoring", labels: app: "prometheus", connects: web: {}}
	}
}
`

// TestExplainAdd adds what an explanation says to add, and asks again.
func TestExplainAdd(t *testing.T) {
	for _, q := range []verify.Question{
		{From: "web", To: "db"},
		{From: "web", To: "web"},
		{From: "web", To: "api", Port: "metrics"},
		{From: "web", To: "api", Port: "53/UDP"},
		{From: "api", To: "db", Port: "6379"},
		{From: "tools", To: "db"},
		{From: "db", To: "tools", Port: "80"},
		{From: "web", To: "outside"},
		{From: "web", To: "outside", Port: "8443"},
		{From: "web", To: "203.0.113.7", Port: "443"},
		{From: "web", To: "203.0.113.200", Port: "443"},
		{From: "192.0.2.1", To: "web"},
		{From: "2001:db8::1", To: "web"},
		{From: "prometheus", To: "api", Port: "metrics"},
		{From: "monitoring/grafana", To: "web"},
		{From: "web", To: "other/cache", Port: "6379/TCP"},
		{From: "shop/job", To: "web"},
		{From: "web", To: "shop/job", Port: "80"},
		{From: "dns", To: "web"},
		{From: "tools", To: "dns"},
		{From: "shop/job", To: "dns"},
		{From: "web", To: "dns", Port: "9153"},
		{From: "tools", To: "dns", Port: "9153/UDP"},
		{From: "shop/job", To: "dns", Port: "9153"},
	} {
		addAndAsk(t, explainedShop, q)
	}
}

// TestExplainAddHard does so where what is there already is in the way, or what is
// added has to say more than a name.
func TestExplainAddHard(t *testing.T) {
	for _, tt := range []struct {
		body string
		q    verify.Question
	}{
		{`services: {db: {namespace: "data", ports: pg: 5432}, a: {}}`, verify.Question{From: "db", To: "db"}},
		{`services: {db: {namespace: "data", anyPod: true, ports: pg: 5432}, a: {}}`, verify.Question{From: "db", To: "db"}},
		{`services: {db: {labels: app: "db", expressions: [{key: "r", operator: "In", values: ["1", "2"]}], ports: pg: 5432}, a: {}}`, verify.Question{From: "db", To: "db"}},
		{`services: {"` + strings.Repeat("d", 60) + `": ports: pg: 5432}`, verify.Question{From: strings.Repeat("d", 60), To: strings.Repeat("d", 60)}},
		{`services: {db: ports: {"port-5432": 5433, "p2-5432": 5434}, a: {}}`, verify.Question{From: "a", To: "db", Port: "5432"}},
		{`services: {db: ports: pg: 5432}, peers: "new-peer": {enabled: false, cidrs: ["10.9.9.9/32"], ports: x: 1}`, verify.Question{From: "db", To: "203.0.113.9", Port: "443"}},
		{`services: {db: ports: pg: 5432}`, verify.Question{From: "other/" + strings.Repeat("x", 80), To: "db"}},
		{`services: {db: ports: pg: 5432}`, verify.Question{From: "shop/" + strings.Repeat("x.", 40) + "y", To: "db"}},
		{`services: {db: ports: pg: 5432}`, verify.Question{From: "other/db", To: "db"}},
		{`services: {db: ports: pg: 5432, a: {}}, groups: g: {enabled: false, labels: x: "y"}`, verify.Question{From: "other/g", To: "db"}},
		{`services: {db: ports: pg: 5432}`, verify.Question{From: "shop/job", To: "shop/job", Port: "80"}},
		{`services: {db: ports: pg: 5432, a: namespace: "data"}`, verify.Question{From: "shop/job", To: "data/job", Port: "80"}},
		{`services: {db: {namespace: "data", anyPod: true, ports: pg: 5432}, a: {}}`, verify.Question{From: "a", To: "data/job", Port: "80"}},
		{`services: {db: ports: pg: 5432}, cluster: nodeCIDRs: ["10.1.0.0/16"]`, verify.Question{From: "db", To: "10.1.0.1", Port: "10250"}},
		{`services: {db: connects: k: {}, a: {}}, peers: k: is: "kube-apiserver", cluster: apiServer: cidrs: ["192.0.2.1/32"]`, verify.Question{From: "a", To: "k", Port: "8443"}},
		{`services: {db: connects: k: {}, a: {}}, peers: k: is: "kube-apiserver", cluster: apiServer: cidrs: ["192.0.2.1/32"]`, verify.Question{From: "a", To: "192.0.2.1", Port: "8443"}},
		{`services: {db: ports: {pg: 1, q: 2}, a: connects: db: {}}, environments: {dev: services: a: connects: db: ports: pg: true, a: {}}`, verify.Question{From: "a", To: "db", Port: "q"}},
		{`services: {db: {enabled: false, ports: pg: 1}, a: {}}, environments: {a: {}, dev: services: db: enabled: true}`, verify.Question{From: "a", To: "db"}},
		{`services: {db: {enabled: false, ports: pg: 1}, a: {}}, environments: {a: {}, dev: services: db: enabled: true}`, verify.Question{From: "db", To: "db"}},
		{`services: {db: ports: pg: 1, a: {}}, environments: {a: {}, dev: cluster: cni: "calico"}`, verify.Question{From: "a", To: "db", Port: "99/SCTP"}},
	} {
		addAndAsk(t, "package shop\n\ntopology: {name: \"shop\", version: \"1.0.0\", namespace: \"shop\"}\ntopology: {"+tt.body+"}\n", tt.q)
	}
}

// TestExplainNothingToAdd: what no topology can open is said, and nothing is to be
// added.
func TestExplainNothingToAdd(t *testing.T) {
	for _, tt := range []struct {
		cluster string
		q       verify.Question
		want    string
	}{
		{`families: ["IPv4"]`, verify.Question{From: "web", To: "2001:db8::1", Port: "443"}, "2001:db8::1 is IPv6, and the families of the cluster are IPv4"},
		{`cni: "kindnet"`, verify.Question{From: "web", To: "db", Port: "99/SCTP"}, "cni kindnet is not known to match SCTP"},
		{`cni: "generic"`, verify.Question{From: "web", To: "ftp"}, "cni generic is not known to match port ranges"},
	} {
		dir := t.TempDir()
		text := explainedShop + "topology: services: ftp: ports: passive: \"30000-31000/TCP\"\ntopology: cluster: " + tt.cluster + "\n"
		if err := os.WriteFile(filepath.Join(dir, "shop.cue"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, list := gen.Check(load.Request{Dir: dir, Base: dir})
		if list.Failed() {
			t.Fatal(list)
		}
		lack := explain(t, c, tt.q).Ports[0].Cases[0].Missing
		if lack == nil || !strings.HasPrefix(lack.What, tt.want) || len(lack.Add)+len(lack.Instead) > 0 {
			t.Errorf("%v: %+v", tt.q, lack)
		}
	}
}

// TestExplainAddRenamed does so where an environment has other names for the
// namespaces: what is to be added is for the topology, and for all environments.
func TestExplainAddRenamed(t *testing.T) {
	const renamed = explainedShop + `
topology: services: debug: namespace: "tools"
topology: environments: dev: namespaces: {shop: "shop-dev", tools: "tools-dev", monitoring: "monitoring-dev"}
`
	for _, q := range []verify.Question{
		{From: "shop-dev/job", To: "web"},
		{From: "tools-dev/job", To: "web"},
		{From: "tools/job", To: "web"},
		{From: "web", To: "shop/job", Port: "80"},
		{From: "monitoring-dev/grafana", To: "web"},
		{From: "web", To: "monitoring/grafana", Port: "3000"},
		{From: "web", To: "other/cache", Port: "6379"},
	} {
		addAndAsk(t, renamed, q)
	}
}

// addAndAsk adds what the answer to a question says to add to a topology, and
// asks again; so it does with what may be added instead. Nothing may be denied that
// was allowed.
func addAndAsk(t *testing.T, topology string, q verify.Question) {
	t.Helper()
	t.Run(strings.ReplaceAll(fmt.Sprintf("%.20s %.20s %s", q.From, q.To, q.Port), "/", "."), func(t *testing.T) {
		dir := t.TempDir()
		write := writing(t, dir)
		was := &asking{t: t, before: write("shop.cue", topology)}
		before := explain(t, was.before, q).Ports[0].Cases[0]
		if before.Verdict != "denied" || len(before.Missing.Add) == 0 {
			t.Fatalf("%+v", before)
		}
		for _, add := range [][]string{before.Missing.Add, before.Missing.Instead} {
			if add == nil {
				continue
			}
			text := "package shop\n"
			for _, line := range add {
				text += "\ntopology: " + line
			}
			if strings.Contains(text, `-dev"`) {
				t.Errorf("%s\nthe name is an environment's", text)
			}
			after := write("added.cue", text+"\n")
			if got := explain(t, after, q).Ports[0].Cases[0]; got.Verdict != "allowed" {
				t.Errorf("%s\n%+v", text, got)
			}
			was.closed(after, text)
		}
	})
}

// TestExplainInstead: where the peer that has an address is more than it, there
// are lines that open nothing else.
func TestExplainInstead(t *testing.T) {
	dir := t.TempDir()
	write := writing(t, dir)
	verdict := func(c *gen.Checked, address string) string {
		return explain(t, c, verify.Question{From: "web", To: address, Port: "443"}).Ports[0].Cases[0].Verdict
	}
	lack := explain(t, write("shop.cue", explainedShop), verify.Question{From: "web", To: "203.0.113.7", Port: "443"}).Ports[0].Cases[0].Missing
	for _, tt := range []struct {
		add       []string
		neighbour string
	}{{lack.Add, "allowed"}, {lack.Instead, "denied"}} {
		text := "package shop\n\ntopology: " + strings.Join(tt.add, "\ntopology: ") + "\n"
		c := write("added.cue", text)
		if got := verdict(c, "203.0.113.7"); got != "allowed" {
			t.Errorf("%s\nthe address is %s", text, got)
		}
		if got := verdict(c, "203.0.113.8"); got != tt.neighbour {
			t.Errorf("%s\nits neighbour is %s, want %s", text, got, tt.neighbour)
		}
	}
}

// TestExplainRange cuts a range of ports where flows cut it.
func TestExplainRange(t *testing.T) {
	dir := t.TempDir()
	const text = `package p

topology: {
	name:      "p"
	version:   "1.0.0"
	namespace: "p"
	cluster: cni: "calico"
	services: {
		a: connects: one: {}
		b: labels: app: "b"
	}
	peers: {
		one: {cidrs: ["192.0.2.0/25"], ports: mid: "105-107/UDP"}
		all: {cidrs: ["192.0.2.0/25"], ports: wide: "100-110/UDP", connects: b: anyPort: true}
	}
}
`
	if err := os.WriteFile(filepath.Join(dir, "p.cue"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, list := gen.Check(load.Request{Dir: dir, Base: dir})
	if list.Failed() {
		t.Fatal(list)
	}
	var got []string
	for _, p := range explain(t, c, verify.Question{From: "a", To: "all"}).Ports {
		for _, k := range p.Cases {
			got = append(got, p.Port+" "+k.Verdict+" "+strings.Join(k.To, ","))
		}
	}
	const want = "100-104/UDP denied, 105-107/UDP allowed, 108-110/UDP denied"
	for i := range got {
		got[i] = strings.Join(strings.Fields(got[i])[:2], " ")
	}
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got %s, want %s", s, want)
	}
}

// writing returns what writes a file of a package and checks the package.
func writing(t *testing.T, dir string) func(name, text string) *gen.Checked {
	return func(name, text string) *gen.Checked {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, list := gen.Check(load.Request{Dir: dir, Base: dir})
		if list.Failed() {
			t.Fatalf("%s\n%v", text, list)
		}
		return c
	}
}
