package verify

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
)

// What is said to be added is for the whole topology, so it has to build in every
// environment, and must not close anything: a list of ports, for one, replaces that
// every port is open.

// suggestion is what to add for one end to be something that can be connected.
type suggestion struct {
	field, name string
	lines       []string // that declare it, none where it is declared

	// Of what is not declared yet.
	namespace string // the topology's name for it
	selector  topology.Selector

	addr   netip.Addr // that was asked for
	wide   string     // how the declaration is more than that address
	except string     // what leaves the address out, and where
	pos    *diag.Pos
	stuck  string // why nothing can be declared of it
}

// nobodyConnects is what most denied connections lack.
const nobodyConnects = "nobody declares a connection"

// missing says what a denied connection lacks and what to add.
func (x *explainer) missing(from, to standIn, port askedPort) *Lack {
	if what := x.impossible(port); what != "" {
		return &Lack{What: what}
	}
	x.reserved = nil
	src := x.suggest(x.src, from)
	if x.dst.kind == isDNS && x.ours(x.src, from) {
		if lack := x.missingDNS(src, to, port); lack != nil {
			return lack
		}
	}
	if x.src.name != x.dst.name {
		x.reserved = append(x.reserved, src.name)
	}
	dst := x.beside(x.suggest(x.dst, to), port)
	for _, s := range []suggestion{src, dst} {
		if s.stuck != "" {
			return &Lack{What: s.stuck}
		}
	}
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
		if len(out.Add) > 0 && !x.isNode(s.addr) { // which no range of a peer may hold
			*s = x.newPeer(s.addr)
			out.Instead = x.lack(src, dst, port).Add
		}
	}
	return out
}

// impossible says why nothing that a topology declares opens what is asked for.
func (x *explainer) impossible(port askedPort) string {
	for _, p := range []*party{x.src, x.dst} {
		if p.kind != isAddress {
			continue
		}
		if family := familyOf(p.ends[0].end.Addr); !slices.Contains(x.t.Cluster.Families, family) {
			return fmt.Sprintf("%s is %s, and the families of the cluster are %s", p.name, family, strings.Join(x.t.Cluster.Families, ", "))
		}
	}
	if why := x.t.Unmatched(port.Port); why != "" {
		return why + ": no policy is known to let it through; name the cni of the cluster if it is another"
	}
	return ""
}

func familyOf(a netip.Addr) string {
	if a.Is4() {
		return "IPv4"
	}
	return "IPv6"
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
	ports := portsIn(x.t, dst)
	name := (&party{ports: ports}).nameOf(port.Port)
	if name != "" && x.t.Unmatched(ports[name]) != "" {
		name = "" // a range of which but a part can be written
	}
	c := x.connects(src.field, src.name)[dst.name]
	path := []string{src.field, src.name, "connects", dst.name}
	here := x.here(dst, name, port)
	if name == "" {
		name = x.freePort(dst, port.Port)
		if x.declares(dst) {
			out.What, out.Pos = fmt.Sprintf("%s declares no port %s", dst.name, port.Port), nil
		}
		out.Add = append(out.Add, x.line(here && x.declares(dst), dst.field, dst.name, "ports", name)+": "+cuePort(port.Port))
		out.Opens = x.alsoOpens(src, dst, port)
	} else if c != nil {
		if opens, listed := c.Ports[name]; listed && !opens && c.Enabled {
			out.What, out.Pos, out.Add = "the connection says false for port "+name, x.place(append(path, "ports", name)), nil
			return out
		}
		out.What, out.Pos = "the connection lists other ports", x.place(append(path, "ports"))
	}
	switch {
	case c != nil && !c.Enabled:
		out.What, out.Pos, out.Add = "the connection is switched off: remove enabled: false", x.place(append(path, "enabled")), nil
		out.Opens = nil
	case c != nil && (c.AnyPort || c.Ports == nil): // it opens whatever the callee declares
	case src.field == "services" && src.name == dst.name:
		out.What += " of replicas; a service does not connect to itself"
		out.Add = append(out.Add, x.replicas(src, name, here)...)
	default:
		// An environment's own list is the only one: in the topology it would close
		// what all others open by having none.
		_, _, listed := x.locate(append(path, "ports"))
		out.Add = append(out.Add, x.line(here || c != nil && !listed, append(path, "ports", name)...)+": true")
	}
	return out
}

// here reports whether a connection to a callee can be declared for this
// environment alone: in another one the callee is switched off, or the port is
// not there or cannot be matched. name is "" for a port that is to be added.
func (x *explainer) here(dst suggestion, name string, port askedPort) bool {
	return slices.ContainsFunc(x.others, func(o *topology.Topology) bool {
		if !x.declares(dst) {
			return o.Unmatched(port.Port) != ""
		}
		if o.Services[dst.name] == nil && o.Groups[dst.name] == nil && o.Peers[dst.name] == nil {
			return true
		}
		p, ok := portsIn(o, dst)[name]
		if name == "" {
			p, ok = port.Port, true
		}
		return !ok || o.Unmatched(p) != ""
	})
}

// line spells the path of a field, of this environment where it is not for all.
func (x *explainer) line(here bool, path ...string) string {
	if here && x.t.Environment != topology.DefaultEnvironment {
		path = append([]string{"environments", x.t.Environment}, path...)
	}
	return cueLine(path...)
}

// replicas declares the group that connects the replicas of a service.
func (x *explainer) replicas(s suggestion, port string, here bool) []string {
	ns, sel := s.namespace, s.selector
	if declared := x.t.Services[s.name]; declared != nil {
		ns, sel = x.ownName(declared.Namespace), declared.Selector
	}
	const suffix = "-replicas"
	group := x.free(fitting(s.name, maxName-len(suffix)) + suffix)
	var out []string
	if ns != x.t.Namespace {
		out = append(out, fmt.Sprintf("%s: %q", cueLine("groups", group, "namespace"), ns))
	}
	out = append(out, selectorLines("groups", group, sel)...)
	if here {
		out = append(out, x.switchedOff("groups", group)...)
	}
	return append(out, cueLine("groups", group, "connects", s.name, "ports", port)+": true")
}

// switchedOff declares something for this environment alone: one that an
// environment adds is refused, since a slip in a name would be one.
func (x *explainer) switchedOff(field, name string) []string {
	return []string{
		cueLine(field, name, "enabled") + ": false",
		cueLine("environments", x.t.Environment, field, name, "enabled") + ": true",
	}
}

// alsoOpens says who else may use a port that a declaration gets: a connection that
// lists no ports opens all of them.
func (x *explainer) alsoOpens(src, dst suggestion, port askedPort) []string {
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

func (x *explainer) declares(s suggestion) bool { return x.plan.Endpoints[s.name] != nil }

// portsIn returns the ports that something declares in an environment.
func portsIn(t *topology.Topology, s suggestion) map[string]topology.Port {
	switch {
	case t.Services[s.name] != nil:
		return t.Services[s.name].Ports
	case t.Groups[s.name] != nil:
		return t.Groups[s.name].Ports
	case t.Peers[s.name] != nil:
		return t.Peers[s.name].Ports
	}
	return nil
}
