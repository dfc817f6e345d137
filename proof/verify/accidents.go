package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"netgen.dev/gen/topology"
)

// accidents holds rendered policies against those that were built. Which is
// which is told by the names, to which a prefix or suffix does no harm.
type accidents struct {
	rendered []*networkingv1.NetworkPolicy
	built    []*networkingv1.NetworkPolicy // that each was, nil for none
	missing  []*networkingv1.NetworkPolicy
	total    int // of what was built
	matched  int

	moved  map[[2]string]int // how many, from a namespace to another
	labels map[string]string // that every selector demands beside its own
	first  int               // the first policy that something happened to
}

func newAccidents(p *Proof, built []*networkingv1.NetworkPolicy) *accidents {
	a := &accidents{
		rendered: p.policies, built: make([]*networkingv1.NetworkPolicy, len(p.policies)), total: len(built),
		moved: map[[2]string]int{}, first: -1,
	}
	a.match(built)
	for i, was := range a.built {
		if was != nil && was.Namespace != a.rendered[i].Namespace {
			a.moved[[2]string{was.Namespace, a.rendered[i].Namespace}]++
			if a.first < 0 {
				a.first = i
			}
		}
	}
	a.findLabels()
	return a
}

// match finds what each rendered policy was: that with the longest name which
// the rendered one holds.
func (a *accidents) match(built []*networkingv1.NetworkPolicy) {
	byName := map[string][]*networkingv1.NetworkPolicy{}
	for _, b := range built {
		byName[b.Name] = append(byName[b.Name], b)
	}
	taken := map[*networkingv1.NetworkPolicy]bool{}
	names := slices.SortedFunc(maps.Keys(byName), func(a, b string) int {
		if d := len(b) - len(a); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	// Those that are where they were come first: what has moved takes what is left.
	// Of a name that several namespaces have, as default-deny, it takes that of the
	// namespace which the others come from that are where it is now.
	from := map[[2]string]int{}
	for _, pass := range []func(free []*networkingv1.NetworkPolicy, now string) *networkingv1.NetworkPolicy{inPlace, alone, alike(from)} {
		for i, r := range a.rendered {
			if a.built[i] != nil {
				continue
			}
			candidates := byName[r.Name]
			if candidates == nil {
				if n := slices.IndexFunc(names, func(name string) bool { return strings.Contains(r.Name, name) }); n >= 0 {
					candidates = byName[names[n]]
				}
			}
			free := slices.DeleteFunc(slices.Clone(candidates), func(b *networkingv1.NetworkPolicy) bool { return taken[b] })
			if b := pass(free, r.Namespace); b != nil {
				a.built[i], taken[b] = b, true
				a.matched++
				from[[2]string{b.Namespace, r.Namespace}]++
			}
		}
	}
	for _, b := range built {
		if !taken[b] {
			a.missing = append(a.missing, b)
		}
	}
}

// inPlace chooses the policy that was built for the namespace.
func inPlace(free []*networkingv1.NetworkPolicy, now string) *networkingv1.NetworkPolicy {
	if i := slices.IndexFunc(free, func(b *networkingv1.NetworkPolicy) bool { return b.Namespace == now }); i >= 0 {
		return free[i]
	}
	return nil
}

// alone chooses the policy that no other is mistaken for.
func alone(free []*networkingv1.NetworkPolicy, _ string) *networkingv1.NetworkPolicy {
	if len(free) == 1 {
		return free[0]
	}
	return nil
}

// alike chooses the policy of the namespace that most others come from.
func alike(from map[[2]string]int) func([]*networkingv1.NetworkPolicy, string) *networkingv1.NetworkPolicy {
	return func(free []*networkingv1.NetworkPolicy, now string) *networkingv1.NetworkPolicy {
		if len(free) == 0 {
			return nil
		}
		return slices.MaxFunc(free, func(a, b *networkingv1.NetworkPolicy) int {
			return from[[2]string{a.Namespace, now}] - from[[2]string{b.Namespace, now}]
		})
	}
}

// findLabels finds labels that all selectors of policies demand which demanded
// something, and which they did not demand as they were built.
func (a *accidents) findLabels() {
	count := map[[2]string]int{}
	selecting, first := 0, -1
	for i, was := range a.built {
		if was == nil || len(was.Spec.PodSelector.MatchLabels) == 0 {
			continue
		}
		selecting++
		if first < 0 {
			first = i
		}
		for k, v := range a.rendered[i].Spec.PodSelector.MatchLabels {
			if old, ok := was.Spec.PodSelector.MatchLabels[k]; !ok || old != v {
				count[[2]string{k, v}]++
			}
		}
	}
	a.labels = map[string]string{}
	for pair, n := range count {
		if n == selecting {
			a.labels[pair[0]] = pair[1]
		}
	}
	if len(a.labels) > 0 && a.first < 0 {
		a.first = first
	}
}

// facts says what has happened, and what to do about it.
func (a *accidents) facts(t *topology.Topology) (facts, hints []string) {
	for _, pair := range slices.SortedFunc(maps.Keys(a.moved), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		fact, hint := a.move(pair, t)
		facts, hints = append(facts, fact), append(hints, hint)
	}
	if len(a.labels) > 0 {
		var pairs []string
		for _, k := range slices.Sorted(maps.Keys(a.labels)) {
			pairs = append(pairs, k+"="+a.labels[k])
		}
		facts = append(facts, "every selector demands "+strings.Join(pairs, " and ")+", which the topology does not")
		hints = append(hints, "Kustomize's commonLabels, and labels with includeSelectors, write into selectors: "+
			"use labels without includeSelectors, or declare the label")
	}
	switch n := len(a.missing); {
	case n == 0:
	case a.matched == 0:
		facts = append(facts, fmt.Sprintf("none of the %d policies that netgen builds for it is in the stream", a.total))
		hints = append(hints, "list netgen's overlay among the resources")
	default:
		names := make([]string, n)
		for i, b := range a.missing {
			names[i] = b.Namespace + "/" + b.Name
		}
		are := "are"
		if n == 1 {
			are = "is"
		}
		facts = append(facts, fmt.Sprintf("%d of %d policies %s not in the stream: %s", n, a.total, are, listed(names)))
		hints = append(hints, "a list of resources, a patch with $patch: delete, or a filter leaves them out")
	}
	return facts, hints
}

// move says that policies were moved from one namespace to another, or have lost
// theirs, and what to do about it.
func (a *accidents) move(pair [2]string, t *topology.Topology) (fact, hint string) {
	n := a.moved[pair]
	which := part(n, a.total, "policy", "policies")
	stand, have, them := "stand", "have", "them"
	if n == 1 {
		stand, have, them = "stands", "has", "it"
	}
	if pair[1] == "" {
		return fmt.Sprintf("%s %s no namespace: whoever applies %s decides where, and the topology declares %s for %s", which, have, them, them, pair[0]),
			"keep metadata.namespace, which netgen writes"
	}
	hint = "an overlay's namespace:, or Flux's targetNamespace, moves policies and not the namespaces that they name: take it away"
	if t.Environment != topology.DefaultEnvironment {
		hint += fmt.Sprintf(", or, if the pods are there as well, say so under namespaces of environment %s", t.Environment)
	}
	return fmt.Sprintf("%s %s in namespace %s, and the topology declares %s for %s", which, stand, pair[1], them, pair[0]), hint
}

// undone returns the policies as they would be without what has happened.
func (a *accidents) undone() []*networkingv1.NetworkPolicy {
	var out []*networkingv1.NetworkPolicy
	for i, r := range a.rendered {
		was := a.built[i]
		if was == nil {
			out = append(out, r)
			continue
		}
		r = r.DeepCopy()
		r.Namespace = was.Namespace
		a.unlabel(r, was)
		out = append(out, r)
	}
	return append(out, a.missing...)
}

// rebuilt returns the policies as they would be if some of them, by their indexes,
// were built again.
func (a *accidents) rebuilt(which []int) []*networkingv1.NetworkPolicy {
	var out []*networkingv1.NetworkPolicy
	for i, r := range a.rendered {
		switch {
		case !slices.Contains(which, i):
			out = append(out, r)
		case a.built[i] != nil:
			out = append(out, a.built[i])
		}
	}
	return append(out, a.missing...)
}

// unlabel takes the labels away again, or puts back what stood in their place.
func (a *accidents) unlabel(r, was *networkingv1.NetworkPolicy) {
	now, then := podSelectors(r), podSelectors(was)
	for i, sel := range now {
		for k, v := range a.labels {
			if sel.MatchLabels[k] != v {
				continue
			}
			delete(sel.MatchLabels, k)
			if len(now) != len(then) {
				continue // rules were changed as well: which selector it was cannot be told
			}
			if old, ok := then[i].MatchLabels[k]; ok {
				sel.MatchLabels[k] = old
			}
		}
	}
}

// podSelectors returns the selectors of pods of a policy, always in one order.
func podSelectors(p *networkingv1.NetworkPolicy) []*metav1.LabelSelector {
	out := []*metav1.LabelSelector{&p.Spec.PodSelector}
	add := func(peers []networkingv1.NetworkPolicyPeer) {
		for _, peer := range peers {
			if peer.PodSelector != nil {
				out = append(out, peer.PodSelector)
			}
		}
	}
	for _, r := range p.Spec.Ingress {
		add(r.From)
	}
	for _, r := range p.Spec.Egress {
		add(r.To)
	}
	return out
}
