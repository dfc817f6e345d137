package verify_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/load"
	"netgen.dev/internal/randomtopology"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/verify"
	"netgen.dev/proof/witness"
)

// The ends and ports that random questions are about, beside the names of the
// topology.
var (
	strangers = []string{
		"dns", "8.8.8.8", "203.0.113.7", "203.0.113.200", "10.1.0.5", "192.0.2.1", "198.51.100.9", "2001:db8:ffff::1",
		"ns0/job", "ns1/job", "ns2/s1", "other/s1", "other/cache.v2", "ns0/old-s1", "legacy/old", "own/job",
		"other/" + strings.Repeat("x", 80), "ns0/" + strings.Repeat("y.", 40) + "z", "other/new-peer",
	}
	askedPorts = []string{"", "", "main", "metrics", "8443", "443", "8000", "5000", "53/UDP", "7005", "99/SCTP", "5353", "extra", "9001"}
)

// TestExplainAddRandom asks random questions about random topologies and adds what
// the answers say: the topology builds in every environment, the question is
// allowed, and nothing is denied that was allowed.
func TestExplainAddRandom(t *testing.T) {
	t.Parallel()
	added := 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 7))
		data := randomtopology.New(r)
		season(r, data)
		s := &asking{t: t, dir: t.TempDir(), seed: seed}
		for name, text := range randomtopology.CUE(r, data) {
			s.write(name, text)
		}
		c, list := s.check()
		if list.Failed() {
			t.Fatal(list)
		}
		var names []string
		for name := range gen.Build(c).Plans[0].Endpoints {
			names = append(names, name)
		}
		slices.Sort(names)
		names = append(names, names...)
		names = append(names, strangers...)
		s.before = c
		for range 12 {
			q := verify.Question{From: names[r.IntN(len(names))], To: names[r.IntN(len(names))], Port: askedPorts[r.IntN(len(askedPorts))]}
			if r.IntN(5) == 0 {
				q.To = q.From // replicas
			}
			added += s.ask(q, r.IntN(len(c.Models)))
		}
	}
	if added < 150 {
		t.Errorf("only %d times was anything to be added", added)
	}
}

// season adds to the data of a random topology what makes it hard to add to.
func season(r *rand.Rand, data map[string]any) {
	maybe := func(n int) bool { return r.IntN(n) == 0 }
	type object = map[string]any
	services, peers := data["services"].(object), data["peers"].(object)
	for _, name := range slices.Sorted(maps.Keys(services)) {
		ports := services[name].(object)["ports"].(object)
		if maybe(2) {
			ports["port-5000"] = json.Number("5001")
		}
	}
	if maybe(2) {
		services["alone"] = object{"namespace": "own", "anyPod": true, "ports": object{"main": json.Number("8000")}}
	}
	if maybe(2) {
		services["kept"] = object{"expressions": []any{object{"key": "kept", "operator": "Exists"}}, "ports": object{"main": json.Number("8000")}}
	}
	if maybe(2) {
		services["off"] = object{"enabled": false, "ports": object{"main": json.Number("8000")}}
	}
	if maybe(2) {
		services[strings.Repeat("l", 62)] = object{"ports": object{"main": json.Number("8000")}}
	}
	if maybe(2) {
		peers["new-peer"] = object{"enabled": false, "cidrs": []any{"198.51.100.0/24"}}
	}
	if maybe(2) {
		peers["api"] = object{"is": "kube-apiserver"}
		connects, _ := services["s0"].(object)["connects"].(object)
		if connects == nil {
			connects = object{}
			services["s0"].(object)["connects"] = connects
		}
		connects["api"] = object{}
	}
	if maybe(3) {
		data["cluster"].(object)["families"] = []any{"IPv4"}
		data["cluster"].(object)["podCIDRs"] = []any{"10.2.0.0/16"}
		if office, ok := peers["office"].(object); ok {
			office["cidrs"] = []any{"203.0.113.0/24"}
		}
	}
	if connects, ok := services["s1"].(object)["connects"].(object); ok && maybe(2) {
		connects["*"] = object{"ports": object{"main": true}}
	}
	environments, _ := data["environments"].(object)
	for _, name := range slices.Sorted(maps.Keys(environments)) {
		env := environments[name].(object)
		changed, _ := env["services"].(object)
		if changed == nil {
			changed = object{}
		}
		if services["off"] != nil && maybe(2) {
			changed["off"] = object{"enabled": true}
		}
		if connects, ok := services["s0"].(object)["connects"].(object); ok && maybe(2) && changed["s0"] == nil {
			for _, callee := range slices.Sorted(maps.Keys(connects)) {
				c := connects[callee].(object)
				if s, ok := services[callee].(object); ok && c["ports"] == nil && c["anyPort"] == nil && s["ports"] != nil {
					changed["s0"] = object{"connects": object{callee: object{"ports": object{"main": true}}}}
				}
			}
		}
		if maybe(3) {
			env["cluster"] = object{"cni": "calico"}
		}
		if len(changed) > 0 {
			env["services"] = changed
		}
	}
}

// asking is a topology that questions are asked about.
type asking struct {
	t      *testing.T
	dir    string
	seed   uint64
	before *gen.Checked
}

func (s *asking) write(name, text string) {
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *asking) check() (*gen.Checked, diag.List) {
	return gen.Check(load.Request{Dir: s.dir, Base: s.dir})
}

// explained answers a question for an environment, nil where there is no answer.
func (s *asking) explained(c *gen.Checked, q verify.Question, env int) *verify.Explanation {
	b := gen.Build(c)
	others := slices.Delete(slices.Clone(c.Models), env, env+1)
	out, err := verify.Prove(c.Models[env], b.Plans[env], b.System.Environments[env].Objects()).Explain(q, c.Locate, others...)
	if err != nil {
		return nil
	}
	return out
}

// ask asks a question and adds what the answers say. It returns how often.
func (s *asking) ask(q verify.Question, env int) int {
	e := s.explained(s.before, q, env)
	if e == nil {
		return 0
	}
	n := 0
	tried := map[string]bool{}
	for _, port := range e.Ports {
		for _, c := range port.Cases {
			if c.Missing == nil {
				continue
			}
			for _, add := range [][]string{c.Missing.Add, c.Missing.Instead} {
				if add == nil || tried[strings.Join(add, "\n")] || n > 3 {
					continue
				}
				tried[strings.Join(add, "\n")] = true
				s.add(q, env, port.Port, c, add)
				n++
			}
		}
	}
	return n
}

// add adds lines, asks again, and takes them away.
func (s *asking) add(q verify.Question, env int, port string, was verify.Case, lines []string) {
	s.t.Helper()
	text := "package t\n\ntopology: " + strings.Join(lines, "\ntopology: ") + "\n"
	about := fmt.Sprintf("seed %d: %s → %s:%s in %s\n%s", s.seed, q.From, q.To, port, s.before.Models[env].Environment, text)
	s.write("zz_added.cue", text)
	defer func() {
		if err := os.Remove(filepath.Join(s.dir, "zz_added.cue")); err != nil {
			s.t.Fatal(err)
		}
	}()
	after, list := s.check()
	if list.Failed() {
		s.t.Errorf("%s\ndoes not build: %v", about, list)
		return
	}
	number, protocol, _ := strings.Cut(port, "/")
	number, _, _ = strings.Cut(number, "-")
	q.Port = number + "/" + protocol
	e := s.explained(after, q, env)
	if e == nil {
		s.t.Errorf("%s\nhas no answer", about)
		return
	}
	for _, p := range e.Ports {
		for _, c := range p.Cases {
			if c.Verdict == "denied" && s.same(q.From, was.From, c.From) && s.same(q.To, was.To, c.To) {
				s.t.Errorf("%s\nis still denied: %+v", about, c.Missing)
			}
		}
	}
	s.closed(after, about)
}

// same reports whether two cases are about ends that both have. A pod has another
// name once it is declared.
func (s *asking) same(asked string, was, is []string) bool {
	if strings.Contains(asked, "/") {
		return true
	}
	return slices.ContainsFunc(was, func(name string) bool { return slices.Contains(is, name) }) || slices.Contains(is, asked)
}

// closed reports what was allowed and is no longer.
func (s *asking) closed(after *gen.Checked, about string) {
	before, then := gen.Build(s.before), gen.Build(after)
	for i, model := range s.before.Models {
		old, now := before.System.Environments[i].Objects(), then.System.Environments[i].Objects()
		u := witness.New(witness.Side{Topology: model, Plan: before.Plans[i], Policies: old})
		was, _ := connectivity.New(old, u.Namespaces())
		is, _ := connectivity.New(now, u.Namespaces())
		for _, end := range u.List {
			if end.Pod == nil {
				continue
			}
			for _, d := range []connectivity.Direction{connectivity.Egress, connectivity.Ingress} {
				had, has := was.Reach(d, end.Pod, u.Ends), is.Reach(d, end.Pod, u.Ends)
				for j, other := range u.List {
					if lost := had.On(j, other).Without(has.On(j, other)); len(lost) > 0 {
						s.t.Errorf("%s\ncloses %s of %v with %v on %s in %s", about, d, end.Pod.Labels, other, lost, model.Environment)
						return
					}
				}
			}
		}
	}
}
