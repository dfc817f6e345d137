package witness

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"netgen.dev/gen/topology"
)

// named adds what the policies themselves speak of, whoever wrote them: pods
// that they select and pods, namespaces and addresses that they let through. A
// policy that names a place of which the topology knows nothing would else open
// it unseen.
func (u *Universe) named(policies []*networkingv1.NetworkPolicy) {
	for _, p := range policies {
		if p.Namespace != "" {
			u.unknownPods(p.Namespace, &p.Spec.PodSelector)
		}
		for _, r := range p.Spec.Ingress {
			u.peers(p, r.From)
		}
		for _, r := range p.Spec.Egress {
			u.peers(p, r.To)
		}
	}
}

func (u *Universe) peers(p *networkingv1.NetworkPolicy, peers []networkingv1.NetworkPolicyPeer) {
	for _, peer := range peers {
		switch {
		case peer.IPBlock != nil:
			for _, s := range append([]string{peer.IPBlock.CIDR}, peer.IPBlock.Except...) {
				if c, err := netip.ParsePrefix(s); err == nil {
					u.around(c.Masked())
				}
			}
		case peer.NamespaceSelector == nil:
			u.unknownPods(p.Namespace, peer.PodSelector)
		default:
			for _, ns := range u.namespacesOf(peer.NamespaceSelector) {
				u.unknownPods(ns, peer.PodSelector)
			}
		}
	}
}

// namespacesOf returns namespaces that a selector matches: the one that it
// names, or one made for it where none is there.
func (u *Universe) namespacesOf(sel *metav1.LabelSelector) []string {
	if name, ok := sel.MatchLabels[corev1.LabelMetadataName]; ok && len(sel.MatchLabels) == 1 && len(sel.MatchExpressions) == 0 {
		return []string{name}
	}
	if len(sel.MatchLabels) == 0 && len(sel.MatchExpressions) == 0 {
		return []string{Namespace}
	}
	var out []string
	sets, misses := u.variants(selectorOf(sel), nil)
	for _, set := range append(sets, misses...) {
		ns := Namespace + "-" + podKey("", set)
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
func (u *Universe) unknownPods(namespace string, sel *metav1.LabelSelector) {
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
		if !u.contradicts(namespace, set) {
			u.pod(namespace, set, Origin{})
		}
	}
}

// maxValues is how many values of a label, beside its own, an expression is
// tried with.
const maxValues = 8

// valuesOf returns the values that an expression is tried with.
func (u *Universe) valuesOf(e topology.Expression) []string {
	out := slices.Clone(e.Values)
	for _, v := range u.values[e.Key] {
		if !slices.Contains(out, v) && len(out) < len(e.Values)+maxValues {
			out = append(out, v)
		}
	}
	return out
}

// valuesIn notes the values that expressions of policies name, by label.
func (u *Universe) valuesIn(policies []*networkingv1.NetworkPolicy) {
	add := func(sel *metav1.LabelSelector) {
		if sel == nil {
			return
		}
		for _, e := range sel.MatchExpressions {
			for _, v := range e.Values {
				if !slices.Contains(u.values[e.Key], v) {
					u.values[e.Key] = append(u.values[e.Key], v)
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
}
