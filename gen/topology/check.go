package topology

import (
	"maps"
	"slices"
	"strconv"

	"netgen.dev/diag"
)

// check holds the model of one environment against every rule that spans
// fields. The order of the rules matters only in that what is switched off is
// gone before anything is counted.
func (t *Topology) check(r *reporter) {
	t.checkNames(r)
	t.checkInvariants(r)
	off := t.dropDisabled()
	t.checkServices(r, off)
	t.checkPeers(r)
	t.checkCluster(r)
	t.checkOwnDNS(r)
	t.resolveEdges(r, off)
	t.checkUsed(r)
	t.checkHostNetwork(r)
	t.checkOverlaps(r)
	t.resolveMembers(r)
	t.checkPortsEnforced(r)
}

// reserved are names that a service or group cannot have, since its file in
// the output would be another's, or cannot exist on every file system.
var reserved = map[string]string{
	"default-deny":  "the policy that isolates the namespace has this name",
	"kustomization": "its file would be the kustomization.yaml of its namespace",
	"con":           "Windows cannot have a file of this name",
	"prn":           "Windows cannot have a file of this name",
	"aux":           "Windows cannot have a file of this name",
	"nul":           "Windows cannot have a file of this name",
}

// checkNames reports names that would meet in the output. Names of services,
// groups and peers share one name space, so that a callee is never ambiguous.
func (t *Topology) checkNames(r *reporter) {
	for _, ref := range t.refs() {
		path := []string{ref.field(), ref.Name}
		if reason, ok := reserved[ref.Name]; ok && ref.Kind != KindPeer {
			r.errorf(diag.Collision, path, atKey, "%s cannot be named %q: %s", ref.Kind, ref.Name, reason)
		}
		for _, kind := range []Kind{KindService, KindGroup} {
			other := Ref{kind, ref.Name}
			if kind == ref.Kind {
				break
			}
			if t.has(other) {
				d := r.errorf(diag.Collision, path, atKey, "%s and %s are both named %q", kind, ref.Kind, ref.Name)
				d.Hint = "services, groups and peers share one name space"
				r.related(d, []string{other.field(), ref.Name}, "the "+string(kind))
			}
		}
	}
}

// refs returns everything with a name that can be called: services, groups and
// peers, each sorted by name.
func (t *Topology) refs() []Ref {
	var out []Ref
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		out = append(out, Ref{KindService, name})
	}
	for _, name := range slices.Sorted(maps.Keys(t.Groups)) {
		out = append(out, Ref{KindGroup, name})
	}
	for _, name := range slices.Sorted(maps.Keys(t.Peers)) {
		out = append(out, Ref{KindPeer, name})
	}
	return out
}

func (t *Topology) has(ref Ref) bool {
	switch ref.Kind {
	case KindService:
		return t.Services[ref.Name] != nil
	case KindGroup:
		return t.Groups[ref.Name] != nil
	default:
		return t.Peers[ref.Name] != nil
	}
}

// lookup finds what a name stands for.
func (t *Topology) lookup(name string) (Ref, bool) {
	for _, kind := range []Kind{KindService, KindGroup, KindPeer} {
		if ref := (Ref{kind, name}); t.has(ref) {
			return ref, true
		}
	}
	return Ref{}, false
}

// dropDisabled removes what is switched off and returns it.
func (t *Topology) dropDisabled() map[string]Ref {
	off := map[string]Ref{}
	for _, ref := range t.refs() {
		switch {
		case ref.Kind == KindService && !t.Services[ref.Name].Enabled:
			delete(t.Services, ref.Name)
		case ref.Kind == KindGroup && !t.Groups[ref.Name].Enabled:
			delete(t.Groups, ref.Name)
		case ref.Kind == KindPeer && !t.Peers[ref.Name].Enabled:
			delete(t.Peers, ref.Name)
		default:
			continue
		}
		off[ref.Name] = ref
	}
	return off
}

// checkServices holds each service and group against the rules for itself, and
// all of them against there being none. off are the parts that are switched off.
func (t *Topology) checkServices(r *reporter, off map[string]Ref) {
	for _, ref := range t.refs() {
		var sel Selector
		var namespace string
		path := []string{ref.field(), ref.Name}
		switch ref.Kind {
		case KindService:
			sel, namespace = t.Services[ref.Name].Selector, t.Services[ref.Name].Namespace
		case KindGroup:
			sel, namespace = t.Groups[ref.Name].Selector, t.Groups[ref.Name].Namespace
			if len(sel.Labels) == 0 && len(sel.Expressions) == 0 && !sel.AnyPod {
				r.errorf(diag.Selector, path, atKey, "group %s does not say which pods it holds", ref.Name).
					Hint = "give it labels or expressions, or say anyPod: true for every pod of the namespace"
			}
		default:
			continue
		}
		if namespace == "" && !r.hole("namespace") {
			r.errorf(diag.NoNamespace, path, atKey, "%s %s has no namespace", ref.Kind, ref.Name).
				Hint = "state it here, or for all services as topology: namespace"
		}
		checkSelector(r, path, sel)
		if ref.Kind == KindService {
			t.checkPodLabels(r, path, t.Services[ref.Name])
		}
	}
	if e := t.Enforce; !e.Ingress && !e.Egress {
		r.errorf(diag.Choice, []string{"enforce"}, atValue, "enforce lists no direction, so nothing would be isolated")
	}
	anyOff := slices.ContainsFunc(slices.Collect(maps.Values(off)), func(ref Ref) bool { return ref.Kind != KindPeer })
	switch {
	case len(t.Services) == 0 && len(t.Groups) == 0 && r.env != "":
		r.errorf(diag.Empty, nil, atKey, "environment %s switches every service off, so there is nothing to isolate", r.env)
	case len(t.Services) == 0 && len(t.Groups) == 0 && anyOff:
		r.errorf(diag.Empty, []string{"services"}, atKey, "every service is switched off, so there is nothing to isolate")
	case t.Output.DefaultDeny == "service" && !t.isolatesService():
		r.errorf(diag.Empty, []string{"output", "defaultDeny"}, atValue, "no service is isolated%s, so there is no policy to emit", r.inEnvironment()).
			Hint = `services that enforce nothing or share the network of their node need defaultDeny: "namespace"`
	}
}

// isolatesService reports whether a policy of its own isolates any service.
func (t *Topology) isolatesService() bool {
	for _, s := range t.Services {
		if !s.HostNetwork && (s.Enforce.Ingress || s.Enforce.Egress) {
			return true
		}
	}
	return false
}

// checkPodLabels reports a pod label that contradicts a selector label: the
// service would select no pod of its own.
func (t *Topology) checkPodLabels(r *reporter, path []string, s *Service) {
	for _, key := range slices.Sorted(maps.Keys(s.PodLabels)) {
		if v, ok := s.Labels[key]; ok && v != s.PodLabels[key] {
			r.errorf(diag.Selector, append(path, "podLabels", key), atValue,
				"podLabels say %s is %q, labels say it is %q", key, s.PodLabels[key], v)
		}
	}
}

// checkSelector holds a selector of pods against the rules that Kubernetes has
// for one, and reports one that no pod can match.
func checkSelector(r *reporter, path []string, sel Selector) {
	if sel.AnyPod && (len(sel.Labels) > 0 || len(sel.Expressions) > 0) {
		r.errorf(diag.Selector, append(path, "anyPod"), atKey, "anyPod is every pod, which labels and expressions contradict").
			Hint = "remove the one that is not meant"
	}
	for i, e := range sel.Expressions {
		p := append(path, "expressions", strconv.Itoa(i))
		switch needs := e.Operator == "In" || e.Operator == "NotIn"; {
		case e.Operator == "":
			return // the decoder has reported it
		case needs && len(e.Values) == 0:
			r.errorf(diag.Selector, p, atValue, "operator %s needs values", e.Operator)
			return
		case !needs && len(e.Values) > 0:
			r.errorf(diag.Selector, p, atValue, "operator %s takes no values", e.Operator)
			return
		}
	}
	for key, v := range worldOf(sel) {
		if v.empty() {
			r.errorf(diag.Selector, path, atKey, "no pod can match: the requirements on label %s exclude each other", key)
		}
	}
}

// checkInvariants reports names and statements that mean nothing. Whether the
// invariants hold is for the proof to say.
func (t *Topology) checkInvariants(r *reporter) {
	for _, name := range slices.Sorted(maps.Keys(t.Invariants)) {
		inv := t.Invariants[name]
		path := []string{"invariants", name}
		forms := 0
		ports := func(to string, ports map[string]bool, form string) {
			callee, ok := t.lookup(to)
			for _, port := range slices.Sorted(maps.Keys(ports)) {
				if _, declared := t.ports(callee)[port]; ok && !declared {
					r.errorf(diag.CalleePort, append(path, form, "ports", port), atKey, "%s %s has no port %q", callee.Kind, to, port)
				}
			}
		}
		ref := func(name string, at ...string) {
			if _, ok := t.lookup(name); ok || name == "" {
				return
			}
			d := r.errorf(diag.InvariantRef, append(path, at...), atValue, "the invariant names %q, which is not declared", name)
			if near := nearest(name, t.names()); near != "" {
				d.Hint = didYouMean(near)
			}
		}
		if inv.Deny != nil {
			forms++
			ref(inv.Deny.From, "deny", "from")
			ref(inv.Deny.To, "deny", "to")
			ports(inv.Deny.To, inv.Deny.Ports, "deny")
		}
		if inv.Only != nil {
			forms++
			ref(inv.Only.To, "only", "to")
			ports(inv.Only.To, inv.Only.Ports, "only")
			for i, from := range inv.Only.From {
				ref(from, "only", "from", strconv.Itoa(i))
			}
		}
		if inv.Require != nil {
			forms++
			ref(inv.Require.From, "require", "from")
			ref(inv.Require.To, "require", "to")
			ports(inv.Require.To, inv.Require.Ports, "require")
		}
		if forms != 1 {
			r.errorf(diag.InvariantRef, path, atKey, "invariant %s must be one of deny, only and require", name)
		}
	}
}

// names returns every name that can be called, sorted.
func (t *Topology) names() []string {
	var out []string
	for _, ref := range t.refs() {
		out = append(out, ref.Name)
	}
	slices.Sort(out)
	return out
}
