package reachability

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"netgen.dev/conformance/internal/subject"
	"netgen.dev/internal/declared"
)

// mutant is a set of policies with one small mistake.
type mutant struct {
	mistake  string
	policies []*networkingv1.NetworkPolicy
}

// TestMistakesAreNoticed spoils the policies of shop, one small mistake at a
// time, each of which the comparison must notice. A comparison that finds
// nothing wrong with these says nothing about those that it finds nothing wrong
// with above.
func TestMistakesAreNoticed(t *testing.T) {
	s := subject.Compile(t, filepath.Join(subject.Root(t), "topologies", "shop"))
	for _, model := range s.Models {
		t.Run(model.Environment, func(t *testing.T) {
			policies := stored(t, s.Stream(t, model.Environment))
			w := declared.NewWorld(model)
			meant := declared.NewTruth(w, declared.Connections(model))
			all := mutants(policies)
			for _, m := range all {
				if len(compare(w, meant, newOracle(m.policies), 1).mismatches) == 0 {
					t.Errorf("shop %s: the comparison does not notice that %s", model.Environment, m.mistake)
				}
			}
			t.Logf("shop %s: %d mistakes are noticed", model.Environment, len(all))
			if len(all) < 10*len(policies) {
				t.Errorf("shop %s: only %d mistakes were made in %d policies", model.Environment, len(all), len(policies))
			}
		})
	}
}

// TestWrongTruthIsNoticed takes each declared connection out of the truth, and
// adds one that is not declared.
func TestWrongTruthIsNoticed(t *testing.T) {
	s := subject.Compile(t, filepath.Join(subject.Root(t), "topologies", "shop"))
	for _, model := range s.Models {
		w, o := declared.NewWorld(model), newOracle(stored(t, s.Stream(t, model.Environment)))
		meant := declared.Connections(model)
		for i, f := range meant {
			without := slices.Delete(slices.Clone(meant), i, i+1)
			if len(compare(w, declared.NewTruth(w, without), o, 1).mismatches) == 0 {
				t.Errorf("shop %s: the comparison does not notice that %s is open and not declared", model.Environment, f)
			}
		}
		more, err := parseFlow(model, "frontend -> database 5432/TCP")
		if err != nil {
			t.Fatal(err)
		}
		if len(compare(w, declared.NewTruth(w, append(meant, more)), o, 1).mismatches) == 0 {
			t.Errorf("shop %s: the comparison does not notice that %s is declared and not open", model.Environment, more)
		}
	}
}

// mutants returns every single mistake of the kinds below.
func mutants(policies []*networkingv1.NetworkPolicy) []mutant {
	var out []mutant
	for i, p := range policies {
		without := slices.Delete(slices.Clone(policies), i, i+1)
		out = append(out, mutant{p.Name + " is missing", without})
		spoil := func(mistake string, change func(*networkingv1.NetworkPolicy)) {
			changed := p.DeepCopy()
			change(changed)
			out = append(out, mutant{p.Name + " " + mistake, slices.Insert(slices.Clone(without), i, changed)})
		}
		if len(p.Spec.PodSelector.MatchLabels) > 0 {
			spoil("selects every pod", func(q *networkingv1.NetworkPolicy) { q.Spec.PodSelector = metav1.LabelSelector{} })
		}
		for j, direction := range p.Spec.PolicyTypes {
			spoil(fmt.Sprintf("does not isolate %s", direction), func(q *networkingv1.NetworkPolicy) {
				q.Spec.PolicyTypes = slices.Delete(q.Spec.PolicyTypes, j, j+1)
			})
		}
		spoil("accepts everything", func(q *networkingv1.NetworkPolicy) {
			q.Spec.Ingress = append(q.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{})
		})
		spoil("sends everything", func(q *networkingv1.NetworkPolicy) {
			q.Spec.Egress = append(q.Spec.Egress, networkingv1.NetworkPolicyEgressRule{})
		})
		for j := range p.Spec.Ingress {
			spoilRule(fmt.Sprintf("in ingress rule %d", j), spoil, func(q *networkingv1.NetworkPolicy) rule {
				return rule{&q.Spec.Ingress[j].From, &q.Spec.Ingress[j].Ports}
			})
		}
		for j := range p.Spec.Egress {
			spoilRule(fmt.Sprintf("in egress rule %d", j), spoil, func(q *networkingv1.NetworkPolicy) rule {
				return rule{&q.Spec.Egress[j].To, &q.Spec.Egress[j].Ports}
			})
		}
	}
	return out
}

// rule is a rule of either direction.
type rule struct {
	peers *[]networkingv1.NetworkPolicyPeer
	ports *[]networkingv1.NetworkPolicyPort
}

// spoilRule makes mistakes in the rule that of returns of a copy of a policy.
func spoilRule(where string, spoil func(string, func(*networkingv1.NetworkPolicy)), of func(*networkingv1.NetworkPolicy) rule) {
	in := func(mistake string, change func(rule)) {
		spoil(where+" "+mistake, func(q *networkingv1.NetworkPolicy) { change(of(q)) })
	}
	in("names any peer", func(r rule) { *r.peers = nil })
	in("names any port", func(r rule) { *r.ports = nil })
	in("also names a neighbour", func(r rule) {
		*r.peers = append(*r.peers, networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{}})
	})
	in("has the first port one too low", func(r rule) { (*r.ports)[0].Port.IntVal-- })
	in("has the first port as a range", func(r rule) {
		end := (*r.ports)[0].Port.IntVal + 1
		(*r.ports)[0].EndPort = &end
	})
	in("has the first port in the other protocol", func(r rule) {
		other := corev1.ProtocolUDP
		if *(*r.ports)[0].Protocol == corev1.ProtocolUDP {
			other = corev1.ProtocolTCP
		}
		(*r.ports)[0].Protocol = &other
	})
	in("lacks the last port", func(r rule) {
		last := len(*r.ports) - 1
		if *r.ports = (*r.ports)[:last]; last == 0 {
			*r.peers = []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: "192.0.2.255/32"}}}
		}
	})
	in("has the first peer wider", func(r rule) { widen(&(*r.peers)[0]) })
}

// widen makes a peer one that says the same with one thing forgotten.
func widen(p *networkingv1.NetworkPolicyPeer) {
	switch {
	case p.IPBlock != nil && len(p.IPBlock.Except) > 0:
		p.IPBlock.Except = p.IPBlock.Except[1:]
	case p.IPBlock != nil:
		p.IPBlock.CIDR = "0.0.0.0/0"
	default:
		p.NamespaceSelector = &metav1.LabelSelector{}
	}
}
