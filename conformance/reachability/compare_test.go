package reachability

import (
	"fmt"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/gen/topology"
)

// mismatch is a cell in which the oracle and a truth disagree on what one of
// its ends lets through.
type mismatch struct {
	src, dst  place
	probe     probe
	direction string // "egress" of the source or "ingress" of the destination
	open      bool   // as the oracle has it
	reason    string
}

func (m mismatch) String() string {
	says := "is shut, and must be open"
	if m.open {
		says = "is open, and must be shut"
	}
	return fmt.Sprintf("%s -> %s on %d/%s: %s %s (%s)", m.src.name, m.dst.name, m.probe.port, m.probe.protocol, m.direction, says, m.reason)
}

// matrix is the outcome of all attempts between all places.
type matrix struct {
	cells      int // each is held against the truth in both directions
	mismatches []mismatch
	// open holds each pair of services that may talk on some port.
	open map[[2]string]bool
}

// compare tries every probe between every two places of which we isolate one,
// and holds what the oracle says against a truth. It stops after limit
// mismatches. A place and itself are two replicas: a pod always reaches itself.
//
// Both directions are compared, not only whether the flow passes: what is open
// by mistake at one end would hide behind what is shut at the other.
func compare(w *world, t *truth, o oracle, limit int) matrix {
	m := matrix{open: map[[2]string]bool{}}
	probes := t.probes()
	for _, src := range w.places {
		for _, dst := range w.places {
			if !w.manages(src) && !w.manages(dst) {
				continue
			}
			v, passes := t.between(src, dst), false
			for _, p := range probes {
				sends, accepts := o.allows(src, dst, p)
				passes = passes || sends && accepts
				m.cells++
				if sends != v.send.opens(p) {
					m.mismatches = append(m.mismatches, mismatch{src, dst, p, "egress", sends, v.send.reason(p)})
				}
				if accepts != v.accept.opens(p) {
					m.mismatches = append(m.mismatches, mismatch{src, dst, p, "ingress", accepts, v.accept.reason(p)})
				}
				if len(m.mismatches) >= limit {
					return m
				}
			}
			if passes {
				m.notePair(src, dst)
			}
		}
	}
	return m
}

func (m *matrix) notePair(src, dst place) {
	for _, a := range src.standsFor {
		for _, b := range dst.standsFor {
			if a != b && a.Kind == topology.KindService && b.Kind == topology.KindService {
				m.open[[2]string{a.Name, b.Name}] = true
			}
		}
	}
}

// untried returns the flows that no two places of the world are the ends of.
// The comparison would then say nothing of them.
func untried(w *world, t *truth) []flow {
	return slices.DeleteFunc(slices.Clone(t.flows), func(f flow) bool {
		return slices.ContainsFunc(w.places, f.caller.is) && slices.ContainsFunc(w.places, f.callee.is)
	})
}

// manages reports whether a place is a pod in a namespace of ours.
func (w *world) manages(p place) bool { return p.pod != nil && w.managed[p.pod.namespace] }

// astray returns the policies in namespaces that hold nothing of ours. There
// should be none, and compare leaves out the pairs that they would concern.
func (w *world) astray(policies []*networkingv1.NetworkPolicy) []string {
	var out []string
	for _, p := range policies {
		if !w.managed[p.Namespace] {
			out = append(out, p.Namespace+"/"+p.Name)
		}
	}
	slices.Sort(out)
	return out
}
