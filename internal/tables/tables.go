// Package tables tells tests whether anything opens or closes between two sets
// of policies: every cell of both tables, and nothing cleverer.
package tables

import (
	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// Delta reports whether new policies let through anything that old ones do not,
// and the other way, between any two ends of a universe.
func Delta(u *witness.Universe, old, new []*networkingv1.NetworkPolicy) (opened, closed bool) {
	was, _ := connectivity.New(old, u.Namespaces())
	is, _ := connectivity.New(new, u.Namespaces())
	compare := func(from, to connectivity.Ports) {
		opened = opened || len(to.Without(from)) > 0
		closed = closed || len(from.Without(to)) > 0
	}
	for _, end := range u.List {
		if end.Pod == nil {
			continue
		}
		for _, dir := range []connectivity.Direction{connectivity.Egress, connectivity.Ingress} {
			from, to := was.Reach(dir, end.Pod, u.Ends), is.Reach(dir, end.Pod, u.Ends)
			for j, other := range u.List {
				compare(from.On(j, other), to.On(j, other))
			}
			// Whoever is no end, a pod or an address.
			for _, other := range []connectivity.End{{Pod: &connectivity.Pod{}}, {}} {
				compare(from.On(connectivity.AnyEnd, other), to.On(connectivity.AnyEnd, other))
			}
		}
	}
	return opened, closed
}
