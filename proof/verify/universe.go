package verify

import (
	"sync"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/witness"
)

// universe is the ends of a proof, and what a person calls each.
type universe struct {
	*witness.Universe
	t       *topology.Topology
	names   []string                   // of ends that were named already
	about   func() map[string][]string // where the topology speaks of an end that is called so
	managed map[string]bool            // namespaces that hold something of ours
}

func newUniverse(t *topology.Topology, p *plan.Plan, policies []*networkingv1.NetworkPolicy) *universe {
	u := &universe{Universe: witness.New(witness.Side{Topology: t, Plan: p, Policies: policies}), t: t}
	u.managed = u.Managed[0]
	u.names = make([]string, len(u.List))
	u.about = sync.OnceValue(func() map[string][]string {
		about := map[string][]string{}
		for i, origin := range u.Origins {
			if origin.Path != nil {
				about[u.called(i)] = origin.Path
			}
		}
		return about
	})
	return u
}

// called returns what a person calls an end. Finding that out takes a look at
// every service, so it is done for what is spoken of.
func (u *universe) called(i int) string {
	if u.names[i] == "" {
		u.names[i] = u.name(i)
	}
	return u.names[i]
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
