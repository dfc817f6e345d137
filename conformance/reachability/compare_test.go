package reachability

import (
	"fmt"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/gen/topology"
	"netgen.dev/internal/declared"
)

// mismatch is a cell in which the oracle and a truth disagree on what one of
// its ends lets through.
type mismatch struct {
	src, dst  declared.Place
	probe     declared.Probe
	direction string // "egress" of the source or "ingress" of the destination
	open      bool   // as the oracle has it
	reason    string
}

func (m mismatch) String() string {
	says := "is shut, and must be open"
	if m.open {
		says = "is open, and must be shut"
	}
	return fmt.Sprintf("%s -> %s on %s: %s %s (%s)", m.src.Name, m.dst.Name, m.probe, m.direction, says, m.reason)
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
func compare(w *declared.World, t *declared.Truth, o oracle, limit int) matrix {
	m := matrix{open: map[[2]string]bool{}}
	probes := t.Probes()
	for _, src := range w.Places {
		for _, dst := range w.Places {
			if !w.Manages(src) && !w.Manages(dst) {
				continue
			}
			v, passes := t.Between(src, dst), false
			for _, p := range probes {
				sends, accepts := o.allows(src, dst, p)
				passes = passes || sends && accepts
				m.cells++
				if sends != v.Send.Opens(p) {
					m.mismatches = append(m.mismatches, mismatch{src, dst, p, "egress", sends, v.Send.Reason(p)})
				}
				if accepts != v.Accept.Opens(p) {
					m.mismatches = append(m.mismatches, mismatch{src, dst, p, "ingress", accepts, v.Accept.Reason(p)})
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

func (m *matrix) notePair(src, dst declared.Place) {
	for _, a := range src.StandsFor {
		for _, b := range dst.StandsFor {
			if a != b && a.Kind == topology.KindService && b.Kind == topology.KindService {
				m.open[[2]string{a.Name, b.Name}] = true
			}
		}
	}
}

// untried returns the flows that no two places of the world are the ends of.
// The comparison would then say nothing of them.
func untried(w *declared.World, t *declared.Truth) []declared.Flow {
	return slices.DeleteFunc(t.Flows(), func(f declared.Flow) bool {
		return slices.ContainsFunc(w.Places, f.Caller.Is) && slices.ContainsFunc(w.Places, f.Callee.Is)
	})
}

// astray returns the policies in namespaces that hold nothing of ours. There
// should be none, and compare leaves out the pairs that they would concern.
func astray(w *declared.World, policies []*networkingv1.NetworkPolicy) []string {
	var out []string
	for _, p := range policies {
		if !w.Managed[p.Namespace] {
			out = append(out, p.Namespace+"/"+p.Name)
		}
	}
	slices.Sort(out)
	return out
}
