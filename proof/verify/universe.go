package verify

import (
	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/witness"
)

// universe is the ends of a proof, and what a person calls each.
type universe struct {
	*witness.Universe
	t       *topology.Topology
	names   []string
	about   map[string][]string // where the topology speaks of an end that is called so
	managed map[string]bool     // namespaces that hold something of ours
}

func newUniverse(t *topology.Topology, p *plan.Plan, policies []*networkingv1.NetworkPolicy) *universe {
	u := &universe{
		Universe: witness.New(witness.Side{Topology: t, Plan: p, Policies: policies}),
		t:        t, about: map[string][]string{},
	}
	u.managed = u.Managed[0]
	for i, origin := range u.Origins {
		name := u.name(i)
		u.names = append(u.names, name)
		if origin.Path != nil {
			u.about[name] = origin.Path
		}
	}
	return u
}

func (u *universe) everybody() []int {
	out := make([]int, len(u.List))
	for i := range out {
		out[i] = i
	}
	return out
}

// declared returns the pods that stand for something that is declared: a kind of
// the topology, as in services, and a name.
func (u *universe) declared(field, name string) []int { return u.Declared[0][field+"."+name] }
