package packets

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"netgen.dev/e2e/packets/scene"
)

// TestMutations: a policy that is lost, too wide or selects the wrong pods is
// seen on the wire, and what is seen is what netgen's evaluator says that it
// would be: the proof that runs before every build would have seen it too.
func TestMutations(t *testing.T) {
	trials := map[string]int{"kube-network-policies": 80, "Calico Felix": 20}
	if testing.Short() {
		trials["kube-network-policies"] = 6
	}
	subjects := []string{"shop", "bookinfo", "sock-shop", "online-boutique"}
	if testing.Short() {
		subjects = subjects[:1]
	}
	c := newCluster(t)
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			for n, name := range subjects {
				b := compile(t, "../../topologies/"+name)
				model := b.models[n%len(b.models)]
				t.Run(name, func(t *testing.T) {
					s := newScene(t, c, model)
					e.run(t, c)
					policies := apply(t, c, b.stream(t, model.Environment))
					settle(t, s, e, s.Declared())
					for range trials[e.name] / len(subjects) {
						what, mutant, want := mutate(t, s, policies)
						replace(t, c, mutant)
						got := settle(t, s, e, want)
						t.Logf("%s: %d attempts changed", what, len(scene.Differences(want, s.Declared())))
						results.mutant(e.name, got.Probes)
					}
				})
			}
		})
	}
}

// mutate breaks one policy such that something changes on the wire, and returns
// what it did and what has to be seen.
func mutate(t *testing.T, s *scene.Scene, policies []*networkingv1.NetworkPolicy) (string, []*networkingv1.NetworkPolicy, []bool) {
	t.Helper()
	for range 1000 {
		mutant := make([]*networkingv1.NetworkPolicy, len(policies))
		for i, p := range policies {
			mutant[i] = p.DeepCopy()
		}
		i := rand.IntN(len(mutant))
		operator := operators[rand.IntN(len(operators))]
		if operator.spec == nil {
			mutant = slices.Delete(mutant, i, i+1)
		} else if !operator.spec(&mutant[i].Spec) {
			continue
		}
		want := predicted(t, s, mutant)
		if len(scene.Differences(want, s.Declared())) > 0 {
			return fmt.Sprintf("%s/%s: %s", policies[i].Namespace, policies[i].Name, operator.name), mutant, want
		}
	}
	t.Fatal("nothing can be broken")
	return "", nil, nil
}

// operators break a policy. They report whether they changed anything; one
// without a function removes the policy.
var operators = []struct {
	name string
	spec func(*networkingv1.NetworkPolicySpec) bool
}{
	{"removed", nil},
	{"removed", nil},
	{"a rule is for everybody", func(s *networkingv1.NetworkPolicySpec) bool {
		return anyRule(s, func(peers *[]networkingv1.NetworkPolicyPeer, _ *[]networkingv1.NetworkPolicyPort) bool {
			changed := len(*peers) > 0
			*peers = nil
			return changed
		})
	}},
	{"a rule is for every port", func(s *networkingv1.NetworkPolicySpec) bool {
		return anyRule(s, func(_ *[]networkingv1.NetworkPolicyPeer, ports *[]networkingv1.NetworkPolicyPort) bool {
			changed := len(*ports) > 0
			*ports = nil
			return changed
		})
	}},
	{"a peer is of every namespace", func(s *networkingv1.NetworkPolicySpec) bool {
		return anyPeer(s, func(p *networkingv1.NetworkPolicyPeer) bool {
			changed := p.IPBlock == nil
			if changed {
				p.NamespaceSelector = &metav1.LabelSelector{}
			}
			return changed
		})
	}},
	{"a peer is every pod", func(s *networkingv1.NetworkPolicySpec) bool {
		return anyPeer(s, func(p *networkingv1.NetworkPolicyPeer) bool {
			changed := p.PodSelector != nil
			if changed {
				p.PodSelector = &metav1.LabelSelector{}
			}
			return changed
		})
	}},
	{"a peer is a wider range", func(s *networkingv1.NetworkPolicySpec) bool {
		return anyPeer(s, func(p *networkingv1.NetworkPolicyPeer) bool {
			if p.IPBlock == nil {
				return false
			}
			cidr := netip.MustParsePrefix(p.IPBlock.CIDR)
			p.IPBlock.CIDR = netip.PrefixFrom(cidr.Addr(), cidr.Bits()/2).Masked().String()
			p.IPBlock.Except = nil
			return true
		})
	}},
	{"a peer has another label", func(s *networkingv1.NetworkPolicySpec) bool {
		return anyPeer(s, func(p *networkingv1.NetworkPolicyPeer) bool { return relabel(p.PodSelector) })
	}},
	{"selects other pods", func(s *networkingv1.NetworkPolicySpec) bool { return relabel(&s.PodSelector) }},
	{"selects every pod", func(s *networkingv1.NetworkPolicySpec) bool {
		changed := len(s.PodSelector.MatchLabels)+len(s.PodSelector.MatchExpressions) > 0
		s.PodSelector = metav1.LabelSelector{}
		return changed
	}},
	{"does not isolate in one direction", func(s *networkingv1.NetworkPolicySpec) bool {
		if len(s.PolicyTypes) < 2 {
			return false // none at all would be completed to ingress
		}
		i := rand.IntN(2)
		if s.PolicyTypes[i] == networkingv1.PolicyTypeEgress {
			s.Egress = nil
		} else {
			s.Ingress = nil
		}
		s.PolicyTypes = slices.Delete(s.PolicyTypes, i, i+1)
		return true
	}},
}

// anyRule changes a random rule.
func anyRule(s *networkingv1.NetworkPolicySpec, change func(*[]networkingv1.NetworkPolicyPeer, *[]networkingv1.NetworkPolicyPort) bool) bool {
	if len(s.Ingress)+len(s.Egress) == 0 {
		return false
	}
	i := rand.IntN(len(s.Ingress) + len(s.Egress))
	if i < len(s.Ingress) {
		return change(&s.Ingress[i].From, &s.Ingress[i].Ports)
	}
	i -= len(s.Ingress)
	return change(&s.Egress[i].To, &s.Egress[i].Ports)
}

// anyPeer changes a random peer of a random rule.
func anyPeer(s *networkingv1.NetworkPolicySpec, change func(*networkingv1.NetworkPolicyPeer) bool) bool {
	return anyRule(s, func(peers *[]networkingv1.NetworkPolicyPeer, _ *[]networkingv1.NetworkPolicyPort) bool {
		return len(*peers) > 0 && change(&(*peers)[rand.IntN(len(*peers))])
	})
}

// relabel makes a selector select pods with another value of one label.
func relabel(s *metav1.LabelSelector) bool {
	if s == nil || len(s.MatchLabels) == 0 {
		return false
	}
	keys := slices.Sorted(maps.Keys(s.MatchLabels))
	s.MatchLabels[keys[rand.IntN(len(keys))]] = "somebody-else"
	return true
}
