package reachability

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// roll makes random topologies. Names and labels are few, so that selectors of
// different things meet often.
type roll struct{ *rand.Rand }

// object is a struct of the topology language.
type object = map[string]any

// oneIn is true once in n times.
func (r *roll) oneIn(n int) bool { return r.IntN(n) == 0 }

func pick[T any](r *roll, from ...T) T { return from[r.IntN(len(from))] }

// topology returns a topology, most often one that netgen accepts.
func (r *roll) topology() object {
	services, groups, peers := object{}, object{}, object{}
	ends := map[string]object{}
	add := func(set object, prefix string, count int, random func(name string) object) {
		for i := range count {
			name := fmt.Sprintf("%s%d", prefix, i)
			ends[name] = random(name)
			set[name] = ends[name]
		}
	}
	add(services, "service", 2+r.IntN(4), r.service)
	add(groups, "group", r.IntN(3), r.group)
	add(peers, "peer", r.IntN(5), r.peer)
	for range 2 + r.IntN(7) {
		r.connect(ends)
	}
	if r.oneIn(6) {
		caller := pick(r, slices.Sorted(maps.Keys(ends))...)
		connects(ends[caller])["*"] = object{"ports": object{"web": true}}
	}
	t := object{
		"name": "random", "version": "1.0.0", "namespace": "one",
		"cluster": r.cluster(), "services": services, "groups": groups, "peers": peers,
		"output": object{
			"policyPer":   pick(r, "service", "connection"),
			"defaultDeny": pick(r, "namespace", "namespace", "service"),
		},
	}
	if r.oneIn(3) {
		t["enforce"] = r.directions()
	}
	if r.oneIn(3) {
		t["environments"] = object{
			"as-it-is": object{"description": "no difference"},
			"other": object{
				"namespaces": object{"one": pick(r, "three", "two")}, "enforce": r.directions(),
				"output": object{"defaultDeny": pick(r, "namespace", "service")},
			},
		}
	}
	return t
}

func (r *roll) service(name string) object {
	s := object{"ports": r.ports()}
	if r.oneIn(3) {
		s["namespace"] = "two"
	}
	switch r.IntN(7) {
	case 0:
		s["labels"] = object{"app": name, "tier": pick(r, "x", "y")}
	case 1:
		s["expressions"] = []object{{"key": "app", "operator": "In", "values": []string{name, name + "-canary"}}}
	case 2:
		s["labels"] = object{"app": name}
		s["expressions"] = []object{{"key": "canary", "operator": pick(r, "Exists", "DoesNotExist")}}
	case 3:
		s["labels"] = object{"app": name}
		s["expressions"] = []object{{"key": "tier", "operator": "NotIn", "values": []string{"x"}}}
	case 4:
		s["labels"] = object{"app": name, "marker": ""}
	case 5:
		if r.oneIn(4) {
			s["namespace"], s["anyPod"] = "all-of-"+name, true
		}
	}
	if r.oneIn(2) {
		s["podLabels"] = object{"team": pick(r, "red", "blue")}
	}
	if r.oneIn(3) {
		s["dns"] = r.oneIn(2)
	}
	if r.oneIn(6) {
		s["enforce"] = pick(r, r.directions(), []string{})
	}
	if r.oneIn(10) {
		s["hostNetwork"] = true
	}
	return s
}

func (r *roll) group(string) object {
	g := object{"ports": r.ports()}
	if r.oneIn(3) {
		g["namespace"] = pick(r, "one", "two", "only-groups")
	}
	switch r.IntN(4) {
	case 0:
		g["anyPod"] = true
	case 1:
		g["expressions"] = []object{{"key": "team", "operator": pick(r, "Exists", "DoesNotExist")}}
	case 2:
		g["expressions"] = []object{{"key": "team", "operator": pick(r, "In", "NotIn"), "values": []string{"red"}}}
	default:
		g["labels"] = object{"team": pick(r, "red", "blue")}
	}
	if r.oneIn(3) {
		g["dns"] = true
	}
	return g
}

func (r *roll) peer(string) object {
	p := object{"ports": r.ports()}
	switch r.IntN(8) {
	case 0, 1:
		p["is"] = pick(r, "internet", "kube-apiserver", "nodes", "cluster", "anywhere")
	case 2:
		p["namespace"], p["labels"] = pick(r, "gateways", "monitoring"), object{"app": pick(r, "gateway", "service0")}
	case 3:
		p["namespaceLabels"], p["labels"] = object{"env": pick(r, "x", "")}, object{"app": pick(r, "gateway", "service0")}
	case 4:
		p["anyNamespace"], p["labels"] = true, object{"app": pick(r, "gateway", "service0"), "marker": ""}
	case 5:
		p["namespace"], p["anyPod"] = pick(r, "monitoring", "kube-system"), true
	case 6:
		p["namespace"] = "monitoring"
		p["expressions"] = []object{{"key": "app", "operator": pick(r, "In", "NotIn"), "values": []string{"gateway", "other"}}}
	default:
		p["cidrs"], p["except"] = r.ranges()
	}
	return p
}

// ranges returns ranges, some inside each other, and parts that are left out.
func (r *roll) ranges() (cidrs, except []string) {
	if r.oneIn(3) {
		return []string{"2001:db8:a::/48", "203.0.113.0/24"}, []string{"2001:db8:a:1::/64"}
	}
	cidrs = []string{"203.0.0.0/8"}
	for _, narrower := range []string{"203.0.113.0/24", "203.0.113.7/32", "198.51.100.0/24"} {
		if r.oneIn(3) {
			cidrs = append(cidrs, narrower)
		}
	}
	for _, hole := range []string{"203.0.0.0/16", "203.0.113.0/24", "203.0.113.0/28", "203.0.113.8/32"} {
		if r.oneIn(3) {
			except = append(except, hole)
		}
	}
	return cidrs, except
}

func (r *roll) ports() object {
	out := object{}
	for _, name := range []string{"web", "rpc", "dns"} {
		if r.oneIn(2) {
			out[name] = pick[any](r, 53, 80, 443, 8080, "53/UDP", "8080/UDP", "8000-8010/TCP", "30000-30005/UDP", "3868/SCTP")
		}
	}
	return out
}

// connect adds a connection between two ends, or none where they do not fit.
func (r *roll) connect(ends map[string]object) {
	names := slices.Sorted(maps.Keys(ends))
	caller, callee := pick(r, names...), pick(r, names...)
	c := object{}
	ports, _ := ends[callee]["ports"].(object)
	switch {
	case len(ports) == 0 || r.oneIn(8):
		c["anyPort"] = true
	case r.oneIn(2):
		c["ports"] = object{pick(r, slices.Sorted(maps.Keys(ports))...): true}
	}
	betweenPeers := caller[0] == 'p' && callee[0] == 'p'
	toItself := caller == callee && caller[0] == 's'
	if !betweenPeers && !toItself {
		connects(ends[caller])[callee] = c
	}
}

// connects returns the connections of an end, for more to be added.
func connects(end object) object {
	if end["connects"] == nil {
		end["connects"] = object{}
	}
	return end["connects"].(object)
}

func (r *roll) directions() []string {
	return pick(r, []string{"ingress", "egress"}, []string{"ingress"}, []string{"egress"})
}

func (r *roll) cluster() object {
	c := object{
		"cni":       pick(r, "generic", "calico", "calico", "cilium"),
		"dns":       pick(r, "kube-dns", "kube-dns+nodelocal", "gke-clouddns", "aks-localdns", "eks-auto", "openshift", "custom"),
		"nodeCIDRs": []string{"192.0.2.0/24"},
		"apiServer": object{"cidrs": []string{"192.0.2.10/32"}},
	}
	if c["dns"] == "custom" {
		c["dnsResolver"] = pick(r,
			object{"cidrs": []string{"10.9.9.9/32"}},
			object{"namespace": "dns", "labels": object{"app": "coredns"}, "port": 1053},
		)
	}
	if r.oneIn(3) {
		c["podCIDRs"] = []string{"10.64.0.0/14"}
	}
	if r.oneIn(5) {
		c["families"] = []string{pick(r, "IPv4", "IPv6")}
	}
	return c
}
