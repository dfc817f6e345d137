package verify_test

import (
	"maps"
	"reflect"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var directions = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}

// policyOperators are mistakes in whole policies.
var policyOperators = []operator{
	{"delete-policy", either, func(policies []*networkingv1.NetworkPolicy) []mutant {
		var out []mutant
		for i, p := range policies {
			out = append(out, mutant{name(p), "", slices.Delete(slices.Clone(policies), i, i+1)})
		}
		return out
	}},
	{"move-namespace", either, toNamespaces(onPolicy)},
	{"copy-to-namespace", either, toNamespaces(added)},
	{"no-namespace", refused, onPolicy(func(p *networkingv1.NetworkPolicy) bool {
		p.Namespace = ""
		return true
	})},
	// Two documents of one name, as when streams are joined: the API server
	// keeps the one that it gets last. A stream with both says two things.
	{"rename-onto-another", either, renamed(applied)},
	{"two-of-one-name", refused, renamed(slices.Clone[[]*networkingv1.NetworkPolicy])},
	{"swap-podSelectors", either, onPair(func(p, q *networkingv1.NetworkPolicy) bool {
		differ := !reflect.DeepEqual(p.Spec.PodSelector, q.Spec.PodSelector)
		p.Spec.PodSelector, q.Spec.PodSelector = q.Spec.PodSelector, p.Spec.PodSelector
		return p.Namespace == q.Namespace && differ
	})},
	{"drop-policyType", either, onEach(directions, func(d networkingv1.PolicyType) func([]*networkingv1.NetworkPolicy) []mutant {
		return onPolicy(func(p *networkingv1.NetworkPolicy) bool {
			before := len(p.Spec.PolicyTypes)
			p.Spec.PolicyTypes = slices.DeleteFunc(p.Spec.PolicyTypes, func(t networkingv1.PolicyType) bool { return t == d })
			return len(p.Spec.PolicyTypes) < before
		})
	})},
	{"flip-policyType", either, onEach(directions, func(d networkingv1.PolicyType) func([]*networkingv1.NetworkPolicy) []mutant {
		return onPolicy(func(p *networkingv1.NetworkPolicy) bool {
			i := slices.Index(p.Spec.PolicyTypes, d)
			if i < 0 {
				return false
			}
			flipped := map[networkingv1.PolicyType]networkingv1.PolicyType{"Ingress": "Egress", "Egress": "Ingress"}
			p.Spec.PolicyTypes[i] = flipped[d]
			return true
		})
	})},
	{"misspell-policyType", refused, onPolicy(func(p *networkingv1.NetworkPolicy) bool {
		p.Spec.PolicyTypes[0] = "ingress"
		return true
	})},
	{"no-policyTypes", either, onPolicy(func(p *networkingv1.NetworkPolicy) bool {
		p.Spec.PolicyTypes = nil
		return true
	})},
	{"append-ingress-{}", widens, onPolicy(func(p *networkingv1.NetworkPolicy) bool {
		p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{})
		return true
	})},
	{"append-egress-{}", widens, onPolicy(func(p *networkingv1.NetworkPolicy) bool {
		p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{})
		return true
	})},
	{"swap-directions", either, onPolicy(func(p *networkingv1.NetworkPolicy) bool {
		ingress := p.Spec.Ingress
		p.Spec.Ingress = nil
		for _, r := range p.Spec.Egress {
			p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: r.To, Ports: r.Ports})
		}
		p.Spec.Egress = nil
		for _, r := range ingress {
			p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: r.From, Ports: r.Ports})
		}
		return len(ingress)+len(p.Spec.Ingress) > 0
	})},
	{"add-allow-all", either, added(func(p *networkingv1.NetworkPolicy) bool {
		allowAll(&p.Spec)
		return true
	})},
	// What opens pods that nobody declared is as much of a leak.
	{"add-allow-all-for-others", either, added(func(p *networkingv1.NetworkPolicy) bool {
		allowAll(&p.Spec)
		return misspell(&p.Spec.PodSelector)
	})},
}

func allowAll(spec *networkingv1.NetworkPolicySpec) {
	spec.PolicyTypes = directions
	spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{}}
	spec.Egress = []networkingv1.NetworkPolicyEgressRule{{}}
}

// toNamespaces puts what how makes of each policy into every other namespace of
// the environment, and into one that is nobody's.
func toNamespaces(how func(func(*networkingv1.NetworkPolicy) bool) func([]*networkingv1.NetworkPolicy) []mutant) func([]*networkingv1.NetworkPolicy) []mutant {
	return func(policies []*networkingv1.NetworkPolicy) []mutant {
		namespaces := map[string]bool{foreign: true}
		for _, p := range policies {
			namespaces[p.Namespace] = true
		}
		return onEach(slices.Sorted(maps.Keys(namespaces)), func(ns string) func([]*networkingv1.NetworkPolicy) []mutant {
			return how(func(p *networkingv1.NetworkPolicy) bool {
				was := p.Namespace
				p.Namespace, p.Name = ns, "moved" // its name may be taken there
				return was != ns
			})
		})(policies)
	}
}

// renamed gives each policy the name of the one before and of the one after it.
func renamed(outcome func([]*networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy) func([]*networkingv1.NetworkPolicy) []mutant {
	return func(policies []*networkingv1.NetworkPolicy) []mutant {
		var out []mutant
		for i, p := range policies {
			for _, j := range []int{i - 1, i + 1} {
				if j < 0 || j >= len(policies) || policies[j].Namespace != p.Namespace {
					continue
				}
				q := p.DeepCopy()
				q.Name = policies[j].Name
				out = append(out, mutant{name(p), "onto " + name(policies[j]), outcome(replaced(policies, i, q))})
			}
		}
		return out
	}
}

// selectorOperators are mistakes in selectors. netgen emits no expressions for
// namespaces.
var selectorOperators = slices.Concat(
	selectorMistakes("podSelector", either, either), expressionMistakes("podSelector", either),
	selectorMistakes("peer-podSelector", widens, narrows), expressionMistakes("peer-podSelector", widens),
	selectorMistakes("peer-namespaceSelector", widens, narrows),
)

// selectorMistakes returns the operators for one kind of selectors, by what it
// does to select more or fewer: a policy that selects more pods gives its rules
// to more, but isolates more too.
func selectorMistakes(kind string, wider, narrower effect) []operator {
	of := func(suffix string, e effect, change func(*metav1.LabelSelector) bool) operator {
		return operator{kind + suffix, e, onSelector(kind, change)}
	}
	return []operator{
		of("→{}", wider, func(sel *metav1.LabelSelector) bool {
			had := !empty(sel)
			*sel = metav1.LabelSelector{}
			return had
		}),
		of("-typo", either, misspell),
		of("-commonLabels", narrower, func(sel *metav1.LabelSelector) bool {
			commonLabels(sel)
			return true
		}),
		{kind + "-drop-label", wider, onEach(first(2, "label"), func(n nth) func([]*networkingv1.NetworkPolicy) []mutant {
			return onSelector(kind, func(sel *metav1.LabelSelector) bool {
				keys := slices.Sorted(maps.Keys(sel.MatchLabels))
				if n.i >= len(keys) || len(keys)+len(sel.MatchExpressions) < 2 {
					return false // to drop the only one is →{}
				}
				delete(sel.MatchLabels, keys[n.i])
				return true
			})
		})},
		of("-second-value", wider, func(sel *metav1.LabelSelector) bool {
			for _, k := range slices.Sorted(maps.Keys(sel.MatchLabels)) {
				sel.MatchExpressions = append(sel.MatchExpressions, metav1.LabelSelectorRequirement{
					Key: k, Operator: metav1.LabelSelectorOpIn, Values: []string{sel.MatchLabels[k], typo},
				})
				delete(sel.MatchLabels, k)
				return true
			}
			return false
		}),
	}
}

// expressionMistakes returns the operators for the expressions of selectors.
func expressionMistakes(kind string, wider effect) []operator {
	return []operator{
		expressions(kind, "-drop-expression", wider, func(sel *metav1.LabelSelector, i int) bool {
			sel.MatchExpressions = slices.Delete(sel.MatchExpressions, i, i+1)
			return true
		}),
		operation(kind, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, either),
		operation(kind, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpExists, wider),
		operation(kind, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpIn, either),
		operation(kind, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, either),
		operation(kind, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist, either),
		operation(kind, metav1.LabelSelectorOpDoesNotExist, metav1.LabelSelectorOpExists, either),
		expressions(kind, "-drop-value", either, func(sel *metav1.LabelSelector, i int) bool {
			e := &sel.MatchExpressions[i]
			if len(e.Values) < 2 {
				return false
			}
			e.Values = e.Values[1:]
			return true
		}),
		expressions(kind, "-add-value", either, func(sel *metav1.LabelSelector, i int) bool {
			e := &sel.MatchExpressions[i]
			had := len(e.Values) > 0
			e.Values = append(e.Values, typo)
			return had
		}),
	}
}

// expressions makes a mutant of each of the first two expressions of selectors.
func expressions(kind, suffix string, e effect, change func(*metav1.LabelSelector, int) bool) operator {
	return operator{kind + suffix, e, onEach(first(2, "expression"), func(n nth) func([]*networkingv1.NetworkPolicy) []mutant {
		return onSelector(kind, func(sel *metav1.LabelSelector) bool {
			return n.i < len(sel.MatchExpressions) && change(sel, n.i)
		})
	})}
}

// operation gives expressions another operator.
func operation(kind string, from, to metav1.LabelSelectorOperator, e effect) operator {
	return expressions(kind, "-"+string(from)+"→"+string(to), e, func(sel *metav1.LabelSelector, i int) bool {
		at := &sel.MatchExpressions[i]
		had := at.Operator == from
		at.Operator = to
		if to == metav1.LabelSelectorOpExists || to == metav1.LabelSelectorOpDoesNotExist {
			at.Values = nil
		}
		return had
	})
}
