package verify_test

import (
	"fmt"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mutant is the policies of an environment with one mistake.
type mutant struct {
	policy   string // namespace/name of what was changed
	where    string // in it
	policies []*networkingv1.NetworkPolicy
}

// effect is what a mistake can do.
type effect string

const (
	widens  effect = "widens"  // lets through more, or isolates less
	narrows effect = "narrows" // lets through less, or isolates more
	either  effect = "either"
	refused effect = "refused" // the API takes no such policy
)

// operator makes all mutants with one kind of mistake.
type operator struct {
	name   string
	effect effect
	mutate func([]*networkingv1.NetworkPolicy) []mutant
}

// operators are all of them.
var operators = slices.Concat(policyOperators, selectorOperators, ruleOperators, peerOperators, blockOperators, portOperators)

// The mistakes that mutants are made of.
const (
	typo    = "typo"
	foreign = "elsewhere" // a namespace that no topology knows
)

// commonLabels is what Kustomize's commonLabels would add, to selectors too.
func commonLabels(sel *metav1.LabelSelector) {
	if sel.MatchLabels == nil {
		sel.MatchLabels = map[string]string{}
	}
	sel.MatchLabels["env"] = "prod"
}

// misspell appends to each value that a selector demands, and reports whether
// there was one.
func misspell(sel *metav1.LabelSelector) bool {
	values := len(sel.MatchLabels)
	for k, v := range sel.MatchLabels {
		sel.MatchLabels[k] = v + "-" + typo
	}
	for i, e := range sel.MatchExpressions {
		for j, v := range e.Values {
			sel.MatchExpressions[i].Values[j] = v + "-" + typo
			values++
		}
	}
	return values > 0
}

func empty(sel *metav1.LabelSelector) bool {
	return len(sel.MatchLabels)+len(sel.MatchExpressions) == 0
}

func name(p *networkingv1.NetworkPolicy) string { return p.Namespace + "/" + p.Name }

// replaced returns policies with another one at i.
func replaced(policies []*networkingv1.NetworkPolicy, i int, p *networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy {
	out := slices.Clone(policies)
	out[i] = p
	return out
}

// onPolicy makes a mutant of each policy that change, which is given a copy,
// can change.
func onPolicy(change func(p *networkingv1.NetworkPolicy) bool) func([]*networkingv1.NetworkPolicy) []mutant {
	return func(policies []*networkingv1.NetworkPolicy) []mutant {
		var out []mutant
		for i, p := range policies {
			if q := p.DeepCopy(); change(q) {
				out = append(out, mutant{name(p), "", replaced(policies, i, q)})
			}
		}
		return out
	}
}

// added makes a mutant of each policy in which there is one policy more, which
// change makes of a copy with another name.
func added(change func(p *networkingv1.NetworkPolicy) bool) func([]*networkingv1.NetworkPolicy) []mutant {
	return func(policies []*networkingv1.NetworkPolicy) []mutant {
		var out []mutant
		for _, p := range policies {
			q := p.DeepCopy()
			q.Name = "added"
			if change(q) {
				out = append(out, mutant{name(p), "", append(slices.Clone(policies), q)})
			}
		}
		return out
	}
}

// rule is a rule of either direction.
type rule struct {
	direction networkingv1.PolicyType
	at        string // as in ingress[0]
	field     string // of the peers: from or to
	peers     *[]networkingv1.NetworkPolicyPeer
	ports     *[]networkingv1.NetworkPolicyPort
}

func rulesOf(p *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) []rule {
	var out []rule
	if direction == networkingv1.PolicyTypeIngress {
		for i := range p.Spec.Ingress {
			r := &p.Spec.Ingress[i]
			out = append(out, rule{direction, fmt.Sprintf("ingress[%d]", i), "from", &r.From, &r.Ports})
		}
		return out
	}
	for i := range p.Spec.Egress {
		r := &p.Spec.Egress[i]
		out = append(out, rule{direction, fmt.Sprintf("egress[%d]", i), "to", &r.To, &r.Ports})
	}
	return out
}

func allRules(p *networkingv1.NetworkPolicy) []rule {
	return append(rulesOf(p, networkingv1.PolicyTypeIngress), rulesOf(p, networkingv1.PolicyTypeEgress)...)
}

// onRule makes a mutant of each rule that change, which is given one of a copy,
// can change.
func onRule(change func(p *networkingv1.NetworkPolicy, r rule) bool) func([]*networkingv1.NetworkPolicy) []mutant {
	return func(policies []*networkingv1.NetworkPolicy) []mutant {
		var out []mutant
		for i, p := range policies {
			for j, r := range allRules(p) {
				if q := p.DeepCopy(); change(q, allRules(q)[j]) {
					out = append(out, mutant{name(p), r.at, replaced(policies, i, q)})
				}
			}
		}
		return out
	}
}

// onPeer makes a mutant of each peer that change can change.
func onPeer(change func(p *networkingv1.NetworkPolicy, r rule, i int) bool) func([]*networkingv1.NetworkPolicy) []mutant {
	return onPart(func(r rule) (string, int) { return r.field, len(*r.peers) }, change)
}

// onPort makes a mutant of each port that change can change.
func onPort(change func(r rule, i int) bool) func([]*networkingv1.NetworkPolicy) []mutant {
	return onPart(
		func(r rule) (string, int) { return "ports", len(*r.ports) },
		func(_ *networkingv1.NetworkPolicy, r rule, i int) bool { return change(r, i) },
	)
}

func onPart(part func(rule) (string, int), change func(*networkingv1.NetworkPolicy, rule, int) bool) func([]*networkingv1.NetworkPolicy) []mutant {
	return func(policies []*networkingv1.NetworkPolicy) []mutant {
		var out []mutant
		for i, p := range policies {
			for j, r := range allRules(p) {
				field, count := part(r)
				for k := range count {
					if q := p.DeepCopy(); change(q, allRules(q)[j], k) {
						out = append(out, mutant{name(p), fmt.Sprintf("%s.%s[%d]", r.at, field, k), replaced(policies, i, q)})
					}
				}
			}
		}
		return out
	}
}

// onPair makes a mutant of each two policies that change can change.
func onPair(change func(p, q *networkingv1.NetworkPolicy) bool) func([]*networkingv1.NetworkPolicy) []mutant {
	return func(policies []*networkingv1.NetworkPolicy) []mutant {
		var out []mutant
		for i, p := range policies {
			for j, q := range policies[:i] {
				if p, q := p.DeepCopy(), q.DeepCopy(); change(p, q) {
					out = append(out, mutant{name(policies[i]), "with " + name(policies[j]), replaced(replaced(policies, i, p), j, q)})
				}
			}
		}
		return out
	}
}

// onSelector makes a mutant of each selector of a kind that change can change:
// podSelector, peer-podSelector or peer-namespaceSelector.
func onSelector(kind string, change func(sel *metav1.LabelSelector) bool) func([]*networkingv1.NetworkPolicy) []mutant {
	if kind == "podSelector" {
		return onPolicy(func(p *networkingv1.NetworkPolicy) bool { return change(&p.Spec.PodSelector) })
	}
	return onPeer(func(_ *networkingv1.NetworkPolicy, r rule, i int) bool {
		sel := (*r.peers)[i].PodSelector
		if kind == "peer-namespaceSelector" {
			sel = (*r.peers)[i].NamespaceSelector
		}
		return sel != nil && change(sel)
	})
}

// onEach makes a mutant of each of several ways to change a policy.
func onEach[T any](ways []T, make func(T) func([]*networkingv1.NetworkPolicy) []mutant) func([]*networkingv1.NetworkPolicy) []mutant {
	return func(policies []*networkingv1.NetworkPolicy) []mutant {
		var out []mutant
		for _, way := range ways {
			for _, m := range make(way)(policies) {
				m.where = fmt.Sprint(m.where, " ", way)
				out = append(out, m)
			}
		}
		return out
	}
}

// nth is one of several parts.
type nth struct {
	what string
	i    int
}

func (n nth) String() string { return fmt.Sprintf("%s %d", n.what, n.i) }

// first returns the first parts of a kind.
func first(count int, what string) []nth {
	out := make([]nth, count)
	for i := range out {
		out[i] = nth{what, i}
	}
	return out
}
