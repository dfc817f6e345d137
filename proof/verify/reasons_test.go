package verify_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// reasons are why a mutant means the same, from the plainest on.
var reasons = []struct{ name, why string }{
	{"same object", "the API server stores the very same object. It defaults protocol to TCP, and policyTypes to Ingress, with Egress where there is a rule for it."},
	{"own namespace", "a peer with a podSelector alone is of the policy's own namespace, which is the one that the namespaceSelector names."},
	{"no effect", "the policy says the same: a rule of a direction that policyTypes lacks is none, and what is listed twice is so once."},
	{"pods of others", "the policy selects pods that the topology does not own, and none that it has for a peer."},
	{"isolated anyway", "the policy has the same rules, and another one isolates the same pods in the same direction: isolation is a union."},
	{"allowed anyway", "other rules allow the same to the same pods: rules are a union."},
}

// reason returns the first reason that holds for two sets of policies that mean
// the same.
func (j *judge) reason(original, mutant []*networkingv1.NetworkPolicy) string {
	mutant = applied(mutant)
	switch {
	case same(stored(original, false), stored(mutant, false)):
		return "same object"
	case same(stored(original, true), stored(mutant, true)):
		return "own namespace"
	}
	foreign := func(p *networkingv1.NetworkPolicy) bool { return !j.owned[p.Namespace] }
	if same(stored(original, true), stored(slices.DeleteFunc(slices.Clone(mutant), foreign), true)) {
		return "pods of others"
	}
	was, is := j.of(without(original, mutant)), j.of(without(mutant, original))
	switch {
	case !same(was.allowances, is.allowances):
		return "allowed anyway"
	case !same(was.isolations, is.isolations):
		return "isolated anyway"
	}
	return "no effect"
}

// same reports whether two lists are the same sets.
func same[T any](a, b []T) bool {
	set := func(list []T) map[string]bool {
		out := map[string]bool{}
		for _, x := range list {
			out[fmt.Sprintf("%+v", x)] = true
		}
		return out
	}
	return maps.Equal(set(a), set(b))
}

// stored returns policies as the API server stores them, as JSON; if resolved,
// with the namespace of a peer always written.
func stored(policies []*networkingv1.NetworkPolicy, resolved bool) []string {
	var out []string
	for _, p := range policies {
		p = p.DeepCopy()
		p.Spec.PolicyTypes = directionsOf(p)
		for _, r := range allRules(p) {
			for i := range *r.ports {
				if port := &(*r.ports)[i]; port.Protocol == nil {
					tcp := corev1.ProtocolTCP
					port.Protocol = &tcp
				}
			}
			for i := range *r.peers {
				if peer := &(*r.peers)[i]; resolved && peer.IPBlock == nil && peer.NamespaceSelector == nil {
					peer.NamespaceSelector = labelled(corev1.LabelMetadataName, p.Namespace)
				}
			}
		}
		data, err := json.Marshal(p)
		if err != nil {
			panic(err) // policies are data
		}
		out = append(out, string(data))
	}
	return out
}
