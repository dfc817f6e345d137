package verify

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
)

// notIsolated says why a direction of an end is not isolated.
func (x *explainer) notIsolated(d connectivity.Direction, self connectivity.End) string {
	switch {
	case self.Pod == nil:
		return "an address: policies isolate pods alone"
	case !x.u.managed[self.Pod.Namespace]:
		return "no policy of the topology isolates it; policies of others are not known here"
	}
	for _, i := range x.plan.Isolations {
		if i.Service == "" && i.Namespace == self.Pod.Namespace {
			return fmt.Sprintf("enforce leaves %s open", d)
		}
	}
	if x.t.Output.DefaultDeny == "service" && !x.isService(self) {
		return `output: defaultDeny is "service", and it is no declared service`
	}
	return fmt.Sprintf("enforce leaves %s open", d)
}

func (x *explainer) isService(self connectivity.End) bool {
	for name := range x.t.Services {
		if x.holds(x.plan.Endpoints[name], self) {
			return true
		}
	}
	return false
}

// clusterNotes adds what the cluster profile says about the question.
func (x *explainer) clusterNotes(ports []askedPort) {
	c := x.t.Cluster
	if r, anywhere := c.Resolver(); (x.dst.kind == isDNS || x.src.kind == isDNS) && !anywhere {
		var where []string
		if r.Namespace != "" {
			where = append(where, fmt.Sprintf("the pods of namespace %s %s", r.Namespace, labelText(r.Labels)))
		}
		for _, cidr := range r.CIDRs {
			where = append(where, cidr.String())
		}
		x.note("DNS profile %s: the resolver is %s, on port %d", c.DNS, strings.Join(where, " and "), r.Port)
	}
	for _, port := range ports {
		if n := len(x.t.Expanded([]topology.Port{port.Port})); n > 1 {
			x.note("cni %s is not known to match port ranges: a policy has to write the %d ports one by one", c.CNI, n)
		}
	}
	for _, p := range []*party{x.src, x.dst} {
		if p.kind != isAddress {
			continue
		}
		addr := p.ends[0].end.Addr
		if slices.ContainsFunc(c.NodeCIDRs, func(r netip.Prefix) bool { return r.Contains(addr) }) {
			x.note("%s is the address of a node: the node of a pod reaches it whatever the policies say", p.name)
		}
		if family := familyOf(addr); !slices.Contains(c.Families, family) {
			x.note("%s is %s, which the cluster does not have", p.name, family)
		}
	}
	if x.src.kind == x.dst.kind && x.src.name == x.dst.name {
		x.note("this is about two pods: a pod always reaches itself")
	}
}
