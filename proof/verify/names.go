package verify

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/witness"
)

// A witness is a pod that need not be there, so its name has to say which pod it
// would be: its labels, its namespace, and what of the topology it belongs to.

// name says what a person calls an end.
func (u *universe) name(i int) string {
	end, origin := u.List[i], u.Origins[i]
	if end.Pod == nil {
		return "address " + end.Addr.String()
	}
	namespace, set := end.Pod.Namespace, end.Pod.Labels
	switch origin.Why {
	case witness.Declared:
		if origin.Path[0] == "groups" {
			return u.describeMember(origin.Path[1], namespace, set)
		}
		return origin.Path[1]
	case witness.Elsewhere:
		return "a pod of another namespace with the labels of " + origin.Path[1]
	case witness.Almost:
		return describeMiss(origin.Path[1], namespace, origin.Selector, set)
	case witness.Other:
		return u.describeOther(namespace, set)
	case witness.Named, witness.Unlabelled:
	}
	return u.describe(namespace, set)
}

// describe names a pod by its labels and its namespace.
func (u *universe) describe(namespace string, set map[string]string) string {
	out := "a pod " + labelled(set) + " in " + u.describeNamespace(namespace)
	switch what := u.owner(namespace, set); {
	case what != "":
		return out + " (of " + what + ")"
	case u.managed[namespace]:
		return out + " (of no service)"
	}
	return out + " (undeclared)"
}

// describeOther names the pod of a namespace whose labels nothing names.
func (u *universe) describeOther(namespace string, set map[string]string) string {
	what := u.owner(namespace, set)
	switch {
	case strings.HasPrefix(what, "service "):
		return "a pod with other labels in namespace " + namespace + " (of " + what + ")"
	case what != "":
		return "a pod of no service in namespace " + namespace + " (of " + what + ")"
	}
	return "a pod of no service in namespace " + namespace
}

// describeMember names a pod that the selector of a group selects.
func (u *universe) describeMember(group, namespace string, set map[string]string) string {
	if what := u.owner(namespace, set); strings.HasPrefix(what, "service ") {
		return "a pod of group " + group + " and of " + what
	}
	return "a pod of group " + group + " and of no service"
}

// describeMiss names a pod that fails one requirement of what name is.
func describeMiss(name, namespace string, sel topology.Selector, set map[string]string) string {
	like := "a pod like " + name
	if namespace == witness.Namespace {
		like = "a pod of another namespace like " + name
	}
	for _, e := range sel.Expressions {
		if witness.Selects(topology.Selector{Expressions: []topology.Expression{e}}, set) {
			continue
		}
		switch value, ok := set[e.Key]; {
		case !ok:
			return like + " but without label " + e.Key
		case strings.HasPrefix(value, witness.Value):
			return like + " but with another value of label " + e.Key
		default:
			return like + " but with " + e.Key + "=" + value
		}
	}
	return like
}

func labelled(set map[string]string) string {
	if len(set) == 0 {
		return "without labels"
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(set)) {
		if strings.HasPrefix(set[k], witness.Value) {
			parts = append(parts, k+"=(another value)")
			continue
		}
		parts = append(parts, k+"="+set[k])
	}
	return "labelled " + strings.Join(parts, ", ")
}

// describeNamespace names a namespace: by its labels where it stands for any
// that has them.
func (u *universe) describeNamespace(namespace string) string {
	switch set := u.labelsOf(namespace); {
	case !strings.HasPrefix(namespace, witness.Namespace):
		return "namespace " + namespace
	case len(set) > 0:
		return "a namespace " + labelled(set)
	}
	return "another namespace"
}

// owner returns the service, group or peer that a pod is of, with its kind, ""
// where it is of none.
func (u *universe) owner(namespace string, set map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(u.t.Services)) {
		if s := u.t.Services[name]; s.Namespace == namespace && !s.HostNetwork && witness.Selects(s.Selector, set) {
			return "service " + name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(u.t.Groups)) {
		if g := u.t.Groups[name]; g.Namespace == namespace && witness.Selects(g.Selector, set) {
			return "group " + name
		}
	}
	if u.managed[namespace] {
		return ""
	}
	of := maps.Clone(u.labelsOf(namespace))
	if of == nil {
		of = map[string]string{}
	}
	of[corev1.LabelMetadataName] = namespace
	for _, name := range slices.Sorted(maps.Keys(u.t.Peers)) {
		p := u.t.Peers[name]
		if p.Is != "" || !p.Pods() {
			continue // every pod of the cluster is no name for one
		}
		in := p.AnyNamespace || p.Namespace == namespace ||
			p.Namespace == "" && len(p.NamespaceLabels) > 0 && witness.Selects(topology.Selector{Labels: p.NamespaceLabels}, of)
		if in && witness.Selects(p.Selector, set) {
			return "peer " + name
		}
	}
	return ""
}

func (u *universe) labelsOf(namespace string) map[string]string {
	labels, _ := u.NamespaceLabels(namespace)
	return labels
}

// within reports whether an end is part of an endpoint.
func (p *Proof) within(e *plan.Endpoint, i int) bool {
	return e.Anywhere || p.u.List[i].Pod != nil && witness.EveryPod(e) || slices.Contains(p.want.in(e), i)
}
