package policy

import (
	"fmt"
	"slices"
	"strings"

	"netgen.dev/gen/plan"
)

// maxNamed is how many flows of one direction a description names; a hub may
// have thousands.
const maxNamed = 8

// describe says in one sentence what the halves of a subject allow and why.
func describe(subject *plan.Endpoint, halves []plan.Half) string {
	var parts []string
	for _, d := range []struct {
		direction plan.Direction
		verb      string
	}{{plan.Ingress, "accepts"}, {plan.Egress, "calls"}} {
		var flows []string
		for _, h := range halves {
			if h.Direction == d.direction {
				flows = append(flows, describeFlow(h))
			}
		}
		slices.Sort(flows)
		flows = slices.Compact(flows)
		if rest := len(flows) - maxNamed; rest > 0 {
			flows = append(flows[:maxNamed], fmt.Sprintf("%d more", rest))
		}
		if len(flows) > 0 {
			parts = append(parts, d.verb+" "+strings.Join(flows, ", "))
		}
	}
	return subject.Name + " " + strings.Join(parts, "; ")
}

func describeFlow(h plan.Half) string {
	name, a := h.Other().Name, h.Allow
	if h.Other().Anywhere && h.Other().Kind == plan.Peer {
		name += " (anywhere)"
	}
	ports := "any port"
	if !a.AnyPort {
		list := make([]string, len(a.Ports))
		for i, p := range a.Ports {
			list[i] = p.String()
		}
		ports = strings.Join(list, " and ")
	}
	if a.Reason.Cause == plan.Declared && a.Reason.Why == "" || a.Reason.Cause == plan.ImpliedDNS {
		return name + " on " + ports
	}
	return name + " on " + ports + " (" + a.Reason.Why + ")"
}

// describeIsolation says what a policy without rules is for.
func describeIsolation(i plan.Isolation) string {
	who := "every pod of namespace " + i.Namespace
	if i.Service != "" {
		who = i.Service
	}
	directions := "ingress and egress"
	switch {
	case !i.Egress:
		directions = "ingress"
	case !i.Ingress:
		directions = "egress"
	}
	return fmt.Sprintf("isolates %s: %s that no other policy allows is denied", who, directions)
}
