package verify

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"netgen.dev/gen/topology"
)

// named adds what the policies themselves speak of, whoever wrote them: pods
// that they select and pods, namespaces and addresses that they let through. A
// policy that names a place of which the topology knows nothing would else open
// it unseen.
func (u *universe) named(policies []*networkingv1.NetworkPolicy) {
	for _, p := range policies {
		name := p.Namespace + "/" + p.Name
		if p.Namespace != "" {
			u.unknownPods(p.Namespace, &p.Spec.PodSelector, "a pod that policy "+name+" selects")
		}
		for _, r := range p.Spec.Ingress {
			u.peers(p, r.From, "a pod that policy "+name+" lets in")
		}
		for _, r := range p.Spec.Egress {
			u.peers(p, r.To, "a pod that policy "+name+" lets out to")
		}
	}
}

func (u *universe) peers(p *networkingv1.NetworkPolicy, peers []networkingv1.NetworkPolicyPeer, name string) {
	for _, peer := range peers {
		switch {
		case peer.IPBlock != nil:
			for _, s := range append([]string{peer.IPBlock.CIDR}, peer.IPBlock.Except...) {
				if c, err := netip.ParsePrefix(s); err == nil {
					u.around(c.Masked())
				}
			}
		case peer.NamespaceSelector == nil:
			u.unknownPods(p.Namespace, peer.PodSelector, name)
		default:
			for _, ns := range u.namespacesOf(peer.NamespaceSelector) {
				u.unknownPods(ns, peer.PodSelector, name)
			}
		}
	}
}

// namespacesOf returns namespaces that a selector matches: the one that it
// names, or one made for it where none is there.
func (u *universe) namespacesOf(sel *metav1.LabelSelector) []string {
	if name, ok := sel.MatchLabels[corev1.LabelMetadataName]; ok && len(sel.MatchLabels) == 1 && len(sel.MatchExpressions) == 0 {
		return []string{name}
	}
	if len(sel.MatchLabels) == 0 && len(sel.MatchExpressions) == 0 {
		return []string{witnessNamespace}
	}
	var out []string
	sets, misses := u.variants(selectorOf(sel), nil)
	for _, set := range append(sets, misses...) {
		ns := witnessNamespace + "-" + podKey("", set)
		if name, ok := set[corev1.LabelMetadataName]; ok {
			ns = name
		}
		if _, ok := u.namespaces[ns]; !ok {
			u.namespaces[ns] = set
		}
		out = append(out, ns)
	}
	return out
}

// unknownPods adds pods that a selector selects where no such pod is there.
func (u *universe) unknownPods(namespace string, sel *metav1.LabelSelector, name string) {
	if sel == nil {
		sel = &metav1.LabelSelector{} // every pod
	}
	sets := []map[string]string{sel.MatchLabels}
	if len(sel.MatchExpressions) > 0 {
		var misses []map[string]string
		sets, misses = u.variants(selectorOf(sel), nil)
		sets = append(sets, misses...)
	}
	for _, set := range sets {
		if !u.known[podKey(namespace, set)] && !u.contradicts(namespace, set) {
			u.pod(namespace, set, name)
		}
	}
}

// contradicts reports whether a pod would be of a service and yet lack what all
// pods of the service carry. The world is closed: there is no such pod.
func (u *universe) contradicts(namespace string, set map[string]string) bool {
	return slices.ContainsFunc(u.carrying[namespace], func(s *topology.Service) bool {
		matches, err := metav1.LabelSelectorAsSelector(labelSelector(s.Selector))
		if err != nil || !matches.Matches(labels.Set(set)) {
			return false
		}
		for k, v := range s.PodLabels {
			if set[k] != v {
				return true
			}
		}
		return false
	})
}

// maxValues is how many values of a label, beside its own, an expression is
// tried with.
const maxValues = 8

// valuesOf returns the values that an expression is tried with.
func (u *universe) valuesOf(e topology.Expression) []string {
	out := slices.Clone(e.Values)
	for _, v := range u.values[e.Key] {
		if !slices.Contains(out, v) && len(out) < len(e.Values)+maxValues {
			out = append(out, v)
		}
	}
	return out
}

// valuesIn returns the values that expressions of policies name, by label.
func valuesIn(policies []*networkingv1.NetworkPolicy) map[string][]string {
	out := map[string][]string{}
	add := func(sel *metav1.LabelSelector) {
		if sel == nil {
			return
		}
		for _, e := range sel.MatchExpressions {
			for _, v := range e.Values {
				if !slices.Contains(out[e.Key], v) {
					out[e.Key] = append(out[e.Key], v)
				}
			}
		}
	}
	for _, p := range policies {
		add(&p.Spec.PodSelector)
		for _, r := range p.Spec.Ingress {
			for _, peer := range r.From {
				add(peer.PodSelector)
			}
		}
		for _, r := range p.Spec.Egress {
			for _, peer := range r.To {
				add(peer.PodSelector)
			}
		}
	}
	return out
}

// podKey tells pods apart by what policies can.
func podKey(namespace string, set map[string]string) string {
	if len(set) == 1 { // as most are
		for k, v := range set {
			return namespace + "," + k + "=" + v
		}
	}
	var b strings.Builder
	b.WriteString(namespace)
	for _, k := range slices.Sorted(maps.Keys(set)) {
		fmt.Fprintf(&b, ",%s=%s", k, set[k])
	}
	return b.String()
}

// selectorOf returns a selector of the API in the words of the model.
func selectorOf(in *metav1.LabelSelector) topology.Selector {
	out := topology.Selector{Labels: in.MatchLabels}
	for _, e := range in.MatchExpressions {
		out.Expressions = append(out.Expressions, topology.Expression{Key: e.Key, Operator: string(e.Operator), Values: e.Values})
	}
	return out
}
