package topology

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"netgen.dev/diag"
)

// DefaultEnvironment is the environment of a topology that declares none.
const DefaultEnvironment = "default"

// Resolve makes the model of each environment, sorted by name, from a topology
// as it is written, and checks it. The models are complete only where the list
// holds no error. broken are the paths, joined with ".", at which the data has a
// hole that has been reported.
func Resolve(data map[string]any, locate Locator, broken ...string) ([]*Topology, diag.List) {
	holes := map[string]bool{}
	for _, path := range broken {
		holes[part(strings.Split(path, "."))] = path != ""
	}
	var list diag.List
	written := &reporter{locate: locate, list: &list, holes: holes}
	base := maps.Clone(data)
	deltas := map[string]any{}
	if v, ok := base["environments"]; ok {
		delete(base, "environments")
		if deltas, ok = v.(map[string]any); !ok {
			written.problem(wrongType("a struct", v), []string{"environments"}, atValue)
		}
	}
	if isEmpty(base["services"]) && isEmpty(base["groups"]) {
		written.errorf(diag.Empty, nil, atKey, "the topology declares no service, so there is nothing to isolate").
			Hint = "declare one: services: frontend: ports: http: 8080"
	}
	if len(deltas) == 0 {
		return []*Topology{resolve(base, DefaultEnvironment, nil, written)}, list
	}
	// What every environment replaces has to fit all the same.
	d := decoder{written}
	d.into(reflect.ValueOf(&Topology{}).Elem(), base, nil, "")

	var out []*Topology
	var found []diag.List
	for _, name := range slices.Sorted(maps.Keys(deltas)) {
		path := []string{"environments", name}
		if bad := nameRule(name); bad != nil {
			written.problem(bad, path, atKey)
		}
		delta, ok := deltas[name].(map[string]any)
		if !ok {
			written.problem(wrongType("a struct", deltas[name]), path, atValue)
			continue
		}
		r := &reporter{locate: locate, env: name, list: &diag.List{}, holes: maps.Clone(holes)}
		out = append(out, resolve(base, name, delta, r))
		found = append(found, *r.list)
	}
	return out, append(list, together(out, found)...)
}

// together returns what was found in the environments. What is written in the
// topology, and is wrong in some environments alone, says in which.
func together(models []*Topology, found []diag.List) diag.List {
	type key struct {
		pos     diag.Pos
		code    diag.Code
		message string
	}
	in := map[key][]string{}
	unused := map[string][]string{} // by message, wherever an environment speaks of the peer
	for i, list := range found {
		for _, d := range list {
			k := key{d.Pos, d.Code, d.Message}
			env := models[i].Environment
			if !slices.Contains(in[k], env) {
				in[k] = append(in[k], env)
			}
			if d.Code == diag.UnusedPeer {
				unused[d.Message] = append(unused[d.Message], env)
			}
		}
	}
	var out diag.List
	for _, list := range found {
		for _, d := range list {
			envs := in[key{d.Pos, d.Code, d.Message}]
			if idle := unused[d.Message]; d.Code == diag.UnusedPeer && len(idle) < len(models) {
				// Who removes it breaks the environments that use it.
				d.Hint = fmt.Sprintf("switch it off there, with peers: %q: enabled: false in environment %s, or connect it",
					d.Path[strings.LastIndex(d.Path, ".")+1:], strings.Join(idle, ", "))
			}
			if len(envs) < len(models) && !strings.HasPrefix(d.Path, "environments.") && !strings.Contains(d.Message, " environment ") {
				d.Message += ", in environment " + strings.Join(envs, ", ")
			}
			out = append(out, d)
		}
	}
	return out
}

// known returns the fields of a topology that the language has. What it does
// not have is reported once, not for each environment.
func known(data map[string]any) map[string]any {
	out := map[string]any{}
	for _, f := range modelFields(reflect.TypeFor[Topology]()) {
		if v, ok := data[f.name]; ok {
			out[f.name] = v
		}
	}
	return out
}

func isEmpty(v any) bool {
	m, ok := v.(map[string]any)
	return v == nil || ok && len(m) == 0
}

// resolve makes the model of one environment.
func resolve(base map[string]any, name string, delta map[string]any, r *reporter) *Topology {
	t := &Topology{Environment: name}
	d := decoder{r}
	var env Environment
	merged := base
	if delta != nil {
		d.into(reflect.ValueOf(&env).Elem(), delta, nil, "")
		merged = known(base)
		for _, key := range slices.Sorted(maps.Keys(delta)) {
			switch key {
			case "services", "groups", "peers":
				merged[key] = mergeOwned(merged[key], delta[key], key, r)
			case "cluster", "enforce", "output":
				merged[key] = merge(merged[key], delta[key], []string{key}, r)
			}
		}
	}
	d.into(reflect.ValueOf(t).Elem(), merged, nil, "")
	r.rules = true
	t.complete()
	t.rename(env.Namespaces, r)
	t.check(r)
	return t
}

// mergeOwned merges what an environment says of services, groups or peers. It
// cannot add one: a slip in a name would then be a service of its own.
func mergeOwned(base, delta any, field string, r *reporter) any {
	names, ok := delta.(map[string]any)
	if !ok {
		return base // the decoder has reported it
	}
	known, _ := base.(map[string]any)
	out := maps.Clone(known)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		path := []string{field, name}
		if _, ok := known[name]; !ok {
			kind := strings.TrimSuffix(field, "s")
			bad := r.errorf(diag.NoBase, path, atKey, "environment %s changes %s %q, which the topology does not declare", r.env, kind, name)
			bad.Hint = "declare it in the topology with enabled: false, and switch it on here"
			if near := nearest(name, slices.Collect(maps.Keys(known))); near != "" {
				bad.Hint = didYouMean(near)
			}
			continue
		}
		before := known[name]
		if field == "peers" {
			before = otherKindsDropped(before, names[name])
		}
		out[name] = merge(before, names[name], path, r)
	}
	return out
}

// peerKinds are the fields that make a peer of one kind or another.
var peerKinds = [][]string{
	{"namespace", "namespaceLabels", "anyNamespace", "labels", "expressions", "anyPod"},
	{"cidrs", "except"},
	{"fqdns"},
	{"is"},
}

// otherKindsDropped returns a peer without the fields of every kind but the
// one that delta states: an environment that says a peer is addresses replaces
// that it is a well-known one.
func otherKindsDropped(base, delta any) any {
	ours, ok := base.(map[string]any)
	theirs, both := delta.(map[string]any)
	if !ok || !both {
		return base
	}
	states := func(fields []string) bool {
		return slices.ContainsFunc(fields, func(f string) bool { _, ok := theirs[f]; return ok })
	}
	if !slices.ContainsFunc(peerKinds, states) {
		return base
	}
	out := maps.Clone(ours)
	for _, fields := range peerKinds {
		if !states(fields) {
			for _, f := range fields {
				delete(out, f)
			}
		}
	}
	return out
}

// merge returns base with what delta states: maps merge by key, all else
// replaces. A statement that changes nothing is reported, since it will go on
// to say so when the topology has moved on.
func merge(base, delta any, path []string, r *reporter) any {
	theirs, ok := delta.(map[string]any)
	ours, both := base.(map[string]any)
	if !ok || !both {
		if base != nil && reflect.DeepEqual(base, delta) {
			r.warnf(diag.NoEffect, path, atValue, "environment %s states what the topology says already: %s", r.env, strings.Join(path, ".")).
				Hint = "remove it here"
		}
		return delta
	}
	if len(theirs) == 0 {
		r.warnf(diag.NoEffect, path, atKey, "environment %s says nothing new of %s", r.env, strings.Join(path, ".")).
			Hint = "remove it here"
		return base
	}
	out := maps.Clone(ours)
	for _, key := range slices.Sorted(maps.Keys(theirs)) {
		v, ok := ours[key]
		if ok {
			out[key] = merge(v, theirs[key], below(path, key), r)
			continue
		}
		out[key] = theirs[key]
		if path[len(path)-1] == "connects" && ours[everyService] == nil && reflect.DeepEqual(theirs[key], map[string]any{"enabled": false}) {
			r.warnf(diag.NoEffect, below(path, key), atKey, "environment %s switches off a connection to %s, which is not there", r.env, key).
				Hint = "remove it here, or name the callee that is meant"
		}
	}
	return out
}

// rename translates the names of namespaces into those of the environment.
func (t *Topology) rename(names map[string]string, r *reporter) {
	if r.hole("namespace") {
		return
	}
	t.Renamed = names
	used := map[string]bool{}
	translate := func(namespace *string) {
		if to, ok := names[*namespace]; ok {
			used[*namespace] = true
			*namespace = to
		}
	}
	known := map[string]bool{}
	for _, s := range t.Services {
		known[s.Namespace] = true
		translate(&s.Namespace)
	}
	for _, g := range t.Groups {
		known[g.Namespace] = true
		translate(&g.Namespace)
	}
	for _, p := range t.Peers {
		known[p.Namespace] = true
		translate(&p.Namespace)
	}
	if res := t.Cluster.DNSResolver; res != nil {
		known[res.Namespace] = true
		translate(&res.Namespace)
	}
	for _, from := range slices.Sorted(maps.Keys(names)) {
		if used[from] {
			continue
		}
		bad := r.errorf(diag.NoSuchName, []string{"namespaces", from}, atKey,
			"environment %s renames namespace %q, which nothing in the topology uses", r.env, from)
		if near := nearest(from, slices.Collect(maps.Keys(known))); near != "" {
			bad.Hint = didYouMean(near)
		}
	}
}
