package verify

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"netgen.dev/diag"
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
		family := "IPv6"
		if addr.Is4() {
			family = "IPv4"
		}
		if !slices.Contains(c.Families, family) {
			x.note("%s is %s, which the cluster does not have", p.name, family)
		}
	}
	if x.src.kind == x.dst.kind && x.src.name == x.dst.name {
		x.note("this is about two pods: a pod always reaches itself")
	}
}

// suggestion is what to add for one end to be something that can be connected.
type suggestion struct {
	field, name string
	lines       []string

	addr   netip.Addr // that was asked for
	wide   string     // how the declaration is more than that address
	except string     // what leaves the address out, and where
	pos    *diag.Pos
}

// nobodyConnects is what most denied connections lack.
const nobodyConnects = "nobody declares a connection"

// missing says what a denied connection lacks and what to add.
func (x *explainer) missing(from, to standIn, port askedPort) *Lack {
	src := x.suggest(x.src, from)
	if x.dst.kind == isDNS && x.ours(x.src, from) {
		if lack := x.missingDNS(src, to, port); lack != nil {
			return lack
		}
	}
	dst := x.suggest(x.dst, to)
	out := x.lack(src, dst, port)
	if x.dst.kind == isDNS && x.dst.nameOf(port.Port) == "" {
		if out.What == nobodyConnects {
			out.What += " to " + port.String() + " of it"
		}
		out.What = x.dnsPort() + ", and " + out.What
	}
	// One of the ends of what a policy denies is a pod, so one at most is an address.
	for _, s := range []*suggestion{&src, &dst} {
		if s.wide == "" {
			continue
		}
		out.Opens = append(out.Opens, s.wide)
		if len(out.Add) > 0 {
			*s = x.newPeer(s.addr)
			out.Instead = x.lack(src, dst, port).Add
		}
	}
	return out
}

// lack says what a connection between two declarations lacks.
func (x *explainer) lack(src, dst suggestion, port askedPort) *Lack {
	out := &Lack{What: nobodyConnects}
	for _, s := range []suggestion{src, dst} {
		if s.except != "" {
			out.What, out.Pos = s.except, s.pos
		}
	}
	out.Add = append(out.Add, src.lines...)
	if dst.name != src.name {
		out.Add = append(out.Add, dst.lines...)
	}
	callee := &party{name: dst.name, ports: x.portsOf(dst)}
	name := callee.nameOf(port.Port)
	c := x.connects(src.field, src.name)[dst.name]
	if name == "" {
		name = newPort(port.Port)
		if x.declares(dst) {
			out.What, out.Pos = fmt.Sprintf("%s declares no port %s", dst.name, port.Port), nil
		}
		out.Add = append(out.Add, cueLine(dst.field, dst.name, "ports", name)+": "+cuePort(port.Port))
		out.Opens = x.others(src, dst, port)
	} else if c != nil {
		path := []string{src.field, src.name, "connects", dst.name}
		if opens, listed := c.Ports[name]; !c.Enabled {
			out.What, out.Pos, out.Add = "the connection is switched off: remove enabled: false", x.place(append(path, "enabled")), nil
			return out
		} else if listed && !opens {
			out.What, out.Pos, out.Add = "the connection says false for port "+name, x.place(append(path, "ports", name)), nil
			return out
		}
		out.What, out.Pos = "the connection lists other ports", x.place(append(path, "ports"))
	}
	switch {
	case c != nil && c.Enabled && c.Ports == nil: // it opens whatever the callee declares
	case src.field == "services" && src.name == dst.name:
		group := x.free(src.name + "-replicas")
		out.What += " of replicas; a service does not connect to itself"
		for _, k := range slices.Sorted(maps.Keys(x.t.Services[src.name].Labels)) {
			out.Add = append(out.Add, cueLine("groups", group, "labels", k)+": "+strconv.Quote(x.t.Services[src.name].Labels[k]))
		}
		out.Add = append(out.Add, cueLine("groups", group, "connects", dst.name, "ports", name)+": true")
	default:
		out.Add = append(out.Add, cueLine(src.field, src.name, "connects", dst.name, "ports", name)+": true")
	}
	return out
}

// others says who else may use a port that a declaration gets: a connection that
// lists no ports opens all of them.
func (x *explainer) others(src, dst suggestion, port askedPort) []string {
	var names []string
	for _, e := range x.t.Edges {
		if e.Callee.Name == dst.name && e.Caller.Name != src.name && e.Connection.Ports == nil && !e.AnyPort {
			names = append(names, e.Caller.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("this opens %s to all that connect to %s without a list of ports: %s as well",
		port.Port, dst.name, strings.Join(slices.Compact(names), ", "))}
}

// suggest finds or makes up the declaration that an end needs.
func (x *explainer) suggest(p *party, end standIn) suggestion {
	switch p.kind {
	case isAddress:
		return x.peerWith(end.end.Addr)
	case isPod:
		s := suggestion{field: "peers", name: x.free(p.pod)}
		if x.u.managed[p.namespace] {
			s.field = "services"
		}
		// What the topology says by default it need not say again.
		if ns := x.ownName(p.namespace); s.field == "peers" || ns != x.t.Namespace {
			s.lines = append(s.lines, fmt.Sprintf("%s: %q", cueLine(s.field, s.name, "namespace"), ns))
		}
		s.lines = append(s.lines, fmt.Sprintf("%s: %q // whatever label it has", cueLine(s.field, s.name, "labels", x.t.LabelKey), p.pod))
		return s
	case isDNS:
		return x.suggestResolver(end)
	}
	return suggestion{field: p.field(), name: p.name}
}

func (x *explainer) declares(s suggestion) bool { return x.plan.Endpoints[s.name] != nil }

func (x *explainer) portsOf(s suggestion) map[string]topology.Port {
	switch {
	case x.t.Services[s.name] != nil:
		return x.t.Services[s.name].Ports
	case x.t.Groups[s.name] != nil:
		return x.t.Groups[s.name].Ports
	case x.t.Peers[s.name] != nil:
		return x.t.Peers[s.name].Ports
	}
	return nil
}

// free returns a name that the topology does not have.
func (x *explainer) free(name string) string {
	name = strings.ReplaceAll(name, ".", "-")
	for x.plan.Endpoints[name] != nil {
		name = "new-" + name
	}
	return name
}

// newPort makes up the name of a port: it has to hold a letter.
func newPort(p topology.Port) string {
	if p.Protocol == topology.TCP {
		return fmt.Sprintf("port-%d", p.First)
	}
	return fmt.Sprintf("port-%d-%s", p.First, strings.ToLower(string(p.Protocol)))
}

// cuePort spells a port in CUE.
func cuePort(p topology.Port) string {
	if p.First == p.Last && p.Protocol == topology.TCP {
		return strconv.Itoa(int(p.First))
	}
	return strconv.Quote(p.String())
}

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// cueLine spells the path of a field in CUE.
func cueLine(path ...string) string {
	out := make([]string, len(path))
	for i, s := range path {
		if !identifier.MatchString(s) {
			s = strconv.Quote(s)
		}
		out[i] = s
	}
	return strings.Join(out, ": ")
}
