package verify_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/gen"
	"netgen.dev/gen/load"
	"netgen.dev/proof/verify"
)

const guardedShop = `package shop

topology: {
	name:      "shop"
	version:   "1.0.0"
	namespace: "shop"
	services: {
		web: {
			podLabels: edge: "yes"
			ports: http: 8080
			connects: api: ports: http: true
		}
		api: ports: {http: 8080, metrics: 9090}
		db: ports: {pg: 5432, metrics: 9187}
		vault: ports: {https: 8443, admin: 9443}
		relay: {
			ports: http: 8080
			connects: sink: ports: http: true
		}
		sink: ports: {http: 8080, admin: 9443}
		job: ports: http: 8080
	}
	groups: edges: labels: edge: "yes"
	peers: {
		outside: {cidrs: ["203.0.113.0/24"], ports: https: 443, connects: web: {}}
		prometheus: {namespace: "monitoring", labels: app: "prometheus", connects: web: {}}
	}
	invariants: {
		"a-edges": deny: {from: "edges", to: "db", ports: pg: true}
		"b-outside": {deny: {from: "outside", to: "vault", hops: "any"}, why: "it keeps the keys"}
		"c-two": deny: {from: "outside", to: "db", hops: 2}
		"d-only": only: {to: "db", from: ["api", "prometheus", "edges"]}
		"f-ports": deny: {from: "prometheus", to: "vault", ports: admin: true, hops: 2}
		"g-two": deny: {from: "prometheus", to: "sink", hops: 2}
		"h-ports": deny: {from: "prometheus", to: "sink", ports: admin: true, hops: 3}
		"e-prometheus": only: {to: "job", from: [], ports: http: true}
	}
}
`

// TestForbidding asks for connections that an invariant forbids, and adds them:
// the invariants that are said to break do, and no others.
func TestForbidding(t *testing.T) {
	cases := []struct {
		q    verify.Question
		want []string
	}{
		{verify.Question{From: "web", To: "db", Port: "pg"}, []string{"a-edges", "c-two"}}, // by group, and by way of it
		{verify.Question{From: "web", To: "db", Port: "metrics"}, []string{"c-two"}},       // another port than the first is about
		{verify.Question{From: "api", To: "db", Port: "pg"}, nil},                          // three from outside, and listed
		{verify.Question{From: "api", To: "vault"}, []string{"b-outside"}},                 // outside → web → api → vault
		{verify.Question{From: "outside", To: "vault"}, []string{"b-outside"}},             // itself
		{verify.Question{From: "203.0.113.9", To: "vault"}, []string{"b-outside"}},         // an address of it
		{verify.Question{From: "job", To: "vault"}, nil},                                   // nobody calls job
		{verify.Question{From: "job", To: "db", Port: "pg"}, []string{"d-only"}},           // not listed
		{verify.Question{From: "prometheus", To: "db", Port: "metrics"}, nil},              // listed
		{verify.Question{From: "api", To: "job"}, []string{"e-prometheus"}},                // nobody is listed
		{verify.Question{From: "api", To: "job", Port: "9000"}, nil},                       // another port
		{verify.Question{From: "web", To: "vault", Port: "https"}, []string{"b-outside"}},
		{verify.Question{From: "web", To: "vault", Port: "admin"}, []string{"b-outside", "f-ports"}},
		{verify.Question{From: "web", To: "relay"}, nil}, // prometheus → web → relay → sink is three, and on another port
		{verify.Question{From: "prometheus", To: "relay"}, []string{"g-two"}},
		{verify.Question{From: "monitoring/grafana", To: "db", Port: "pg"}, []string{"d-only"}},
	}
	for _, c := range cases {
		t.Run(strings.ReplaceAll(c.q.From+" "+c.q.To+" "+c.q.Port, "/", "."), func(t *testing.T) {
			dir := t.TempDir()
			write := writing(t, dir)
			k := explain(t, write("shop.cue", guardedShop), c.q).Ports[0].Cases[0]
			if k.Missing == nil {
				t.Fatalf("%+v", k)
			}
			var got []string
			for _, f := range k.Missing.ForbiddenBy {
				got = append(got, f.Invariant)
				if f.Pos == nil || f.Pos.Line == 0 || f.Invariant == "b-outside" && f.Why != "it keeps the keys" {
					t.Errorf("%+v", f)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +said)\n%s", diff)
			}
			added := write("added.cue", "package shop\n\ntopology: "+strings.Join(k.Missing.Add, "\ntopology: ")+"\n")
			b := gen.Build(added)
			var broken []string
			for _, bad := range verify.Prove(added.Models[0], b.Plans[0], b.System.Environments[0].Objects()).Invariants() {
				broken = append(broken, bad.Invariant)
			}
			if diff := cmp.Diff(c.want, broken); diff != "" {
				t.Errorf("(-want +broken)\n%s", diff)
			}
		})
	}
}

// TestForbiddingByNode: a connection to a pod on the host network makes a path that
// nobody can exclude, and netgen refuses to build.
func TestForbiddingByNode(t *testing.T) {
	dir := t.TempDir()
	const text = `package shop

topology: {
	name:      "shop"
	version:   "1.0.0"
	namespace: "shop"
	cluster: nodeCIDRs: ["10.1.0.0/16"]
	services: {
		web: {}
		agent: {hostNetwork: true, ports: metrics: 9000}
		db: ports: pg: 5432
	}
	invariants: {
		far: deny: {from: "web", to: "db", hops: "any"}
		near: deny: {from: "web", to: "db"}
	}
}
`
	if err := os.WriteFile(filepath.Join(dir, "shop.cue"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, list := gen.Check(load.Request{Dir: dir, Base: dir})
	if list.Failed() {
		t.Fatal(list)
	}
	lack := explain(t, c, verify.Question{From: "web", To: "agent"}).Ports[0].Cases[0].Missing
	if lack == nil || len(lack.ForbiddenBy) != 1 || lack.ForbiddenBy[0].Invariant != "far" {
		t.Errorf("%+v", lack)
	}
}
