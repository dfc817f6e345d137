package diff_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/gen"
	"netgen.dev/gen/load"
	"netgen.dev/proof/diff"
)

// small is what the cases change a line of.
const small = `package t

import "netgen.dev/schema"

topology: schema.#Topology & {
	name:      "t"
	version:   "1.0.0"
	namespace: "app"
	labelKey:  "app"
	owner:     "team"
	cluster: nodeCIDRs: ["10.1.0.0/16"]
	services: {
		web: {ports: http: 8080, connects: {api: {why: "orders"}}}
		api: {ports: {http: 8080, admin: 9000}, connects: db: {owner: "dba", ticket: "T-1"}}
		db: {ports: sql: 5432}
	}
	groups: clients: {labels: client: "yes", connects: db: {}}
	peers: {
		office: {cidrs: ["203.0.113.0/24"], connects: web: {}}
		metrics: {namespace: "observability", labels: app: "prometheus", connects: api: ports: admin: true}
	}
}
`

// compile compiles the only environment of a topology.
func compile(t *testing.T, source string) diff.Side {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "t.cue"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	c, list := gen.Check(load.Request{Dir: dir, Base: dir})
	if list.Failed() {
		t.Fatal(list)
	}
	b := gen.Build(c)
	return diff.Side{Model: c.Models[0], Plan: b.Plans[0], Locate: c.Locate, Policies: b.System.Environments[0].Objects()}
}

// lines words changes for tests.
func lines(changes []diff.Change) string {
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%s %s", c.Class, c.Kind)
		if c.Subject != "" {
			fmt.Fprintf(&b, " %s", c.Subject)
		}
		if c.Source != nil {
			fmt.Fprintf(&b, " %s → %s", c.Source.Name, c.Destination.Name)
		}
		if len(c.Opened) > 0 {
			fmt.Fprintf(&b, " +%s", c.Opened)
		}
		if len(c.Closed) > 0 {
			fmt.Fprintf(&b, " -%s", c.Closed)
		}
		if c.Source == nil && len(c.Directions) > 0 {
			fmt.Fprintf(&b, " %s", c.Directions)
		}
		if c.Pos != nil {
			fmt.Fprintf(&b, " %d", c.Pos.Line)
			if c.Before {
				b.WriteString(" before")
			}
		}
		for _, s := range []string{c.Why, c.Owner, c.Ticket, c.Note, strings.Join(c.Rules, "; ")} {
			if s != "" {
				fmt.Fprintf(&b, " | %s", s)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestCompare changes one line of a topology, and compares what that means with
// testdata/compare.txt, which NETGEN_UPDATE=1 writes anew.
func TestCompare(t *testing.T) {
	var got strings.Builder
	for _, tt := range []struct{ name, old, new string }{
		{"nothing", "", ""},
		{"a connection opens", `db: {ports: sql: 5432}`, `db: {ports: sql: 5432, connects: web: {why: "hooks"}}`},
		{"a connection on fewer ports", `why: "orders"`, `why: "orders", ports: http: true`},
		{"a connection on other ports", `ports: admin: true`, `ports: http: true`},
		{"a connection on every port", `why: "orders"`, `why: "orders", anyPort: true`},
		{"a service comes", `		db: {ports`, "		cart: {ports: http: 80, connects: db: {}}\n		db: {ports"},
		{"a service goes", `		web: {ports: http: 8080, connects: {api: {why: "orders"}}}`, "		other: ports: http: 8080"},
		{"a service has another name and the same labels", `db: {ports: sql: 5432}`, `store: {labels: app: "db", ports: sql: 5432}`},
		{"a service has another name and other labels", `db: {ports: sql: 5432}`, `store: {ports: sql: 5432}`},
		{"a service has other labels", `db: {ports: sql: 5432}`, `db: {labels: app: "database", ports: sql: 5432}`},
		{"a service has more labels", `db: {ports: sql: 5432}`, `db: {labels: {app: "db", tier: "x"}, ports: sql: 5432}`},
		{"a service is in another namespace", `db: {ports: sql: 5432}`, `db: {namespace: "data", ports: sql: 5432}`},
		{"a service resolves no names", `db: {ports: sql: 5432}`, `db: {ports: sql: 5432, dns: false}`},
		{"a service is open one way", `db: {ports: sql: 5432}`, `db: {enforce: ["egress"], ports: sql: 5432}`},
		{"a service is on the host network", `web: {ports: http: 8080,`, `web: {hostNetwork: true, ports: http: 8080,`},
		{"a service joins a group", `web: {ports`, `web: {podLabels: client: "yes", ports`},
		{"a range is narrower", `203.0.113.0/24`, `203.0.113.0/25`},
		{"a range is wider", `203.0.113.0/24`, `203.0.112.0/23`},
		{"a range is anywhere", `cidrs: ["203.0.113.0/24"]`, `is: "anywhere"`},
		{"one direction is left open", `	owner:     "team"`, `	enforce: ["ingress"]`},
		{"the default-deny goes", `	owner:     "team"`, `	output: defaultDeny: "service"`},
		{"the namespace has another name", `namespace: "app"`, `namespace: "apps"`},
		{"an invariant", `	owner:     "team"`, `	invariants: i: {only: {to: "db", from: ["api", "clients"]}, why: "audit"}`},
		{"DNS is elsewhere", `	owner:     "team"`, `	cluster: dns: "openshift"`},
	} {
		changed := strings.Replace(small, tt.old, tt.new, 1)
		if tt.name == "a service goes" {
			changed = strings.Replace(changed, "connects: web: {}", "connects: other: {}", 1)
		}
		if tt.old != "" {
			changed = strings.ReplaceAll(changed, "connects: db:", map[bool]string{true: "connects: store:", false: "connects: db:"}[strings.HasPrefix(tt.new, "store:")])
			if changed == small {
				t.Fatalf("%s: the topology has no %q", tt.name, tt.old)
			}
		}
		fmt.Fprintf(&got, "# %s\n%s\n", tt.name, lines(diff.Compare(compile(t, small), compile(t, changed))))
	}
	const file = "testdata/compare.txt"
	if os.Getenv("NETGEN_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
