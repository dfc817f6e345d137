package witness

import (
	"maps"
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
			// The namespace of the policy may have such labels too.
			for _, ns := range u.standIns(p.Namespace, peer.NamespaceSelector) {
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
		// Of a namespace that is named, too, nobody knows which other labels it has:
		// one more stands for it with those that are asked for.
		ns := Namespace + "-" + podKey("", set)
		if name, ok := set[corev1.LabelMetadataName]; ok && len(set) == 1 {
			ns = name
		}
		if _, ok := u.namespaces[ns]; !ok {
			u.namespaces[ns] = set
		}
		out = append(out, ns)
	}
	return out
}

// standIns returns namespaces that stand for one as it would be with the labels
// that a selector asks for, or leaves out.
func (u *Universe) standIns(namespace string, sel *metav1.LabelSelector) []string {
	if _, named := sel.MatchLabels[corev1.LabelMetadataName]; named || namespace == "" || len(sel.MatchLabels)+len(sel.MatchExpressions) == 0 {
		return nil
	}
	var out []string
	sets, misses := u.variants(selectorOf(sel), nil)
	for _, set := range append(sets, misses...) {
		if _, named := set[corev1.LabelMetadataName]; named || len(set) == 0 {
			continue
		}
		set = maps.Clone(set)
		set[corev1.LabelMetadataName] = namespace
		ns := Namespace + "-" + podKey("", set)
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
		for _, pod := range u.completed(namespace, set) {
			u.pod(namespace, pod, Origin{})
		}
	}
}

// maxValues is how many values of a label, beside its own, an expression is
// tried with. Whoever names the others has pods with them.
const maxValues = 8

// valuesOf returns the values that expressions on a label are tried with.
func (u *Universe) valuesOf(key string, expressions []topology.Expression) []string {
	var out []string
	seen := map[string]bool{}
	for _, e := range expressions {
		for _, v := range e.Values {
			if !seen[v] {
				seen[v], out = true, append(out, v)
			}
		}
	}
	own := len(out)
	for _, v := range u.values[key] {
		if !seen[v] && len(out) < own+maxValues {
			seen[v], out = true, append(out, v)
		}
	}
	return append(out, u.value)
}

// valuesIn notes the values that selectors name: those of expressions by their
// label, and all of them, for the value that stands for any to be another.
func (u *Universe) valuesIn(s Side) {
	for _, p := range s.Policies {
		u.valuesOfSelector(&p.Spec.PodSelector, ofPods)
		for _, r := range p.Spec.Ingress {
			u.valuesOfPeers(r.From)
		}
		for _, r := range p.Spec.Egress {
			u.valuesOfPeers(r.To)
		}
	}
	if s.Plan == nil {
		return
	}
	for _, e := range s.Plan.Endpoints {
		for _, p := range e.Pods {
			for _, e := range p.Selector.Expressions {
				u.taken(e.Values...)
			}
		}
	}
}

func (u *Universe) valuesOfPeers(peers []networkingv1.NetworkPolicyPeer) {
	for _, peer := range peers {
		u.valuesOfSelector(peer.PodSelector, ofPods)
		u.valuesOfSelector(peer.NamespaceSelector, ofNamespaces)
	}
}

// What a selector selects.
const (
	ofPods       = 0
	ofNamespaces = 1
)

func (u *Universe) valuesOfSelector(sel *metav1.LabelSelector, what int) {
	if sel == nil {
		return
	}
	for k, v := range sel.MatchLabels {
		u.taken(v)
		u.speak(what, k, v)
	}
	for _, e := range sel.MatchExpressions {
		u.taken(e.Values...)
		u.speak(what, e.Key, e.Values...)
		switch e.Operator {
		case metav1.LabelSelectorOpNotIn:
			for _, v := range e.Values {
				u.exclude(what, e.Key, v)
			}
		case metav1.LabelSelectorOpDoesNotExist:
			u.exclude(what, e.Key, "")
		case metav1.LabelSelectorOpIn, metav1.LabelSelectorOpExists:
		}
		for _, v := range e.Values {
			if !slices.Contains(u.values[e.Key], v) && len(u.values[e.Key]) <= 2*maxValues {
				u.values[e.Key] = append(u.values[e.Key], v)
			}
		}
	}
}

// taken notes values that cannot stand for any other.
func (u *Universe) taken(values ...string) {
	for slices.Contains(values, u.value) {
		u.value += "-x"
	}
}
