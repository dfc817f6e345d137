// Package randomtopology makes topologies for tests that must hold for any:
// valid, small, and using every feature of the language now and then.
package randomtopology

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
)

type object = map[string]any

// New returns the data of a valid topology, as package load would: what the
// same source of randomness gives is always the same.
func New(r *rand.Rand) map[string]any {
	g := generator{r}
	t := object{
		"name":      "sys" + strconv.Itoa(r.IntN(3)),
		"version":   fmt.Sprintf("%d.%d.%d", r.IntN(3), r.IntN(10), r.IntN(10)),
		"namespace": "ns0",
		"cluster":   g.cluster(),
		"output":    g.output(),
	}
	services := object{}
	for i := range 2 + r.IntN(7) {
		services["s"+strconv.Itoa(i)] = g.service(i)
	}
	groups := g.groups()
	peers := g.peers()
	t["services"], t["groups"], t["peers"] = services, groups, peers
	g.connect(services, groups, peers)
	if g.maybe(3) {
		t["enforce"] = []any{[]any{"ingress"}, []any{"egress"}, []any{"ingress", "egress"}}[r.IntN(3)]
	}
	if g.maybe(2) {
		t["environments"] = g.environments(services)
	}
	return t
}

type generator struct{ *rand.Rand }

// maybe is true once in n times.
func (g generator) maybe(n int) bool { return g.IntN(n) == 0 }

func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }

func (g generator) cluster() object {
	c := object{
		"cni":       []string{"generic", "calico", "cilium", "kindnet"}[g.IntN(4)],
		"dns":       []string{"kube-dns", "kube-dns+nodelocal", "gke-clouddns", "aks-localdns", "eks-auto", "openshift"}[g.IntN(6)],
		"nodeCIDRs": []any{"10.1.0.0/16"},
		"podCIDRs":  []any{"10.2.0.0/16", "2001:db8:2::/48"},
		"apiServer": object{"cidrs": []any{"192.0.2.1/32"}},
	}
	if g.maybe(6) {
		c["dns"] = "custom"
		c["dnsResolver"] = object{"namespace": "dns", "labels": object{"app": "resolver"}, "cidrs": []any{"192.0.2.53/32"}, "port": number(5353)}
	}
	return c
}

func (g generator) output() object {
	return object{
		"policyPer":   []string{"service", "connection"}[g.IntN(2)],
		"defaultDeny": []string{"namespace", "service"}[g.IntN(2)],
		"syncWaves":   g.maybe(2),
	}
}

// difference returns some of the fields of an object, one at least.
func (g generator) difference(all object) object {
	names := keys(all)
	first := g.IntN(len(names))
	out := object{}
	for i, name := range names {
		if i == first || g.maybe(3) {
			out[name] = all[name]
		}
	}
	return out
}

func (g generator) service(i int) object {
	s := object{"ports": g.ports(), "podLabels": object{"team": "t" + strconv.Itoa(g.IntN(2))}}
	if i == 0 {
		return s // one at least is ordinary, to have a policy and a namespace
	}
	if g.maybe(3) {
		s["namespace"] = "ns" + strconv.Itoa(g.IntN(3))
	}
	if g.maybe(4) {
		s["labels"] = object{"app": "s" + strconv.Itoa(i), "tier": "x"}
	}
	if g.maybe(5) {
		s["expressions"] = []any{object{"key": "app", "operator": "In", "values": []any{"s" + strconv.Itoa(i), "old-s" + strconv.Itoa(i)}}}
	}
	if g.maybe(4) {
		s["dns"] = false
	}
	if g.maybe(8) {
		s["hostNetwork"] = true
	}
	if g.maybe(5) {
		s["enforce"] = []any{[]any{}, []any{"ingress"}, []any{"egress"}}[g.IntN(3)]
	}
	return s
}

func (g generator) ports() object {
	ports := object{"main": number(8000 + g.IntN(3))}
	if g.maybe(2) {
		ports["metrics"] = number(9090)
	}
	if g.maybe(3) {
		ports["udp"] = "53/UDP"
	}
	if g.maybe(4) {
		ports["range"] = "7000-7010/TCP"
	}
	return ports
}

func (g generator) groups() object {
	groups := object{}
	if g.maybe(2) {
		groups["team"] = object{"namespace": "ns0", "labels": object{"team": "t0"}, "ports": object{"admin": number(9000)}, "dns": g.maybe(3)}
	}
	if g.maybe(3) {
		groups["all"] = object{"namespace": "ns" + strconv.Itoa(g.IntN(2)), "anyPod": true, "ports": object{"probe": number(9001)}}
	}
	return groups
}

func (g generator) peers() object {
	peers := object{}
	add := func(name string, p object) {
		if g.maybe(2) {
			p["ports"] = object{"https": number(443), "alt": number(8443)}
			peers[name] = p
		}
	}
	add("pods", object{"namespace": "legacy", "labels": object{"app": "old"}})
	add("labelled", object{"namespaceLabels": object{"tenant": "a"}, "anyPod": true})
	add("everywhere", object{"anyNamespace": true, "expressions": []any{object{"key": "scrape", "operator": "Exists"}}})
	add("office", object{"cidrs": []any{"203.0.113.0/24", "2001:db8:f::/48"}, "except": []any{"203.0.113.128/25"}})
	for _, is := range []string{"internet", "kube-apiserver", "nodes", "cluster", "anywhere"} {
		add(is, object{"is": is})
	}
	return peers
}

// connect connects pairs at random.
func (g generator) connect(services, groups, peers object) {
	ours := append(keys(services), keys(groups)...)
	all := append(append([]string{}, ours...), keys(peers)...)
	get := func(name string) (object, bool) {
		for _, m := range []object{services, groups, peers} {
			if o, ok := m[name]; ok {
				_, mine := peers[name]
				return o.(object), !mine
			}
		}
		panic("no " + name)
	}
	for range 1 + g.IntN(12) {
		from := all[g.IntN(len(all))]
		caller, mine := get(from)
		to := all[g.IntN(len(all))]
		if !mine {
			to = ours[g.IntN(len(ours))]
		}
		if from == to {
			continue
		}
		callee, _ := get(to)
		connects, ok := caller["connects"].(object)
		if !ok {
			connects = object{}
			caller["connects"] = connects
		}
		connects[to] = g.connection(callee["ports"].(object))
	}
}

func (g generator) connection(ports object) object {
	c := object{}
	switch {
	case g.maybe(6):
		c["anyPort"] = true
	case g.maybe(2):
		names := keys(ports)
		c["ports"] = object{names[g.IntN(len(names))]: true}
	}
	if g.maybe(3) {
		c["why"] = []string{"orders", "it's needed", "logs: all of them", "für alle"}[g.IntN(4)]
	}
	return c
}

func (g generator) environments(services object) object {
	envs := object{}
	for _, name := range []string{"dev", "prod", "test"}[:1+g.IntN(3)] {
		env := object{}
		if g.maybe(2) {
			env["namespaces"] = object{"ns0": "ns0-" + name}
		}
		if g.maybe(2) {
			names := keys(services)
			env["services"] = object{names[g.IntN(len(names))]: object{"ports": object{"extra": number(10000)}}}
		}
		if g.maybe(3) {
			env["enforce"] = []any{"ingress"}
		}
		if g.maybe(3) {
			env["output"] = g.difference(g.output())
		}
		envs[name] = env
	}
	return envs
}
