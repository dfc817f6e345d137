package verify

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"netgen.dev/gen/topology"
)

// suggest finds or makes up the declaration that an end needs.
func (x *explainer) suggest(p *party, end standIn) suggestion {
	switch p.kind {
	case isAddress:
		return x.peerWith(end.end.Addr)
	case isPod:
		return x.suggestPod(p, end)
	case isDNS:
		return x.suggestResolver(end)
	}
	return suggestion{field: p.field(), name: p.name}
}

// suggestPod makes up the declaration of a pod: a service where we isolate it,
// a peer elsewhere.
func (x *explainer) suggestPod(p *party, end standIn) suggestion {
	if named := x.byLabel(p.namespace, p.pod); len(named) > 1 {
		return suggestion{stuck: fmt.Sprintf("%s is of several by its label: ask about one of %s", p.name, strings.Join(named, ", "))}
	}
	for _, name := range slices.Sorted(maps.Keys(x.t.Services)) {
		if x.holds(x.plan.Endpoints[name], end.end) {
			return suggestion{field: "services", name: name} // whatever labels its pods have
		}
	}
	managed := x.u.managed[p.namespace]
	s := suggestion{
		field: "peers", name: x.free(p.pod), namespace: x.ownName(p.namespace),
		selector: topology.Selector{Labels: map[string]string{x.t.LabelKey: fitting(p.pod, maxName)}},
	}
	if managed {
		s.field = "services"
		x.noteIsolated(p.name, s.namespace)
	}
	// What the topology says by default it need not say again.
	if s.field == "peers" || s.namespace != x.t.Namespace {
		s.lines = append(s.lines, fmt.Sprintf("%s: %q", cueLine(s.field, s.name, "namespace"), s.namespace))
	}
	for _, line := range selectorLines(s.field, s.name, s.selector) {
		s.lines = append(s.lines, line+" // whatever label it has")
	}
	// Where the namespace is ours in one environment and not in another, what it
	// holds cannot be declared for both.
	if slices.ContainsFunc(x.others, func(o *topology.Topology) bool { return manages(o, s.namespace) != managed }) {
		s.lines = append(s.lines, x.switchedOff(s.field, s.name)...)
	}
	return s
}

// noteIsolated says what a pod loses that becomes a service: where only services are
// isolated it is not so far. Environments differ in that, and a service is for all.
func (x *explainer) noteIsolated(pod, own string) {
	if x.t.Output.DefaultDeny == "service" {
		x.note("as a service, %s is isolated: what it does now and nobody declares is then denied", pod)
		return
	}
	for _, o := range x.others {
		if o.Output.DefaultDeny == "service" && manages(o, own) {
			x.note("as a service, %s is isolated in environment %s too: what it does there and nobody declares is then denied", pod, o.Environment)
		}
	}
}

// manages reports whether an environment has something of ours in a namespace
// of the topology.
func manages(t *topology.Topology, own string) bool {
	ns := own
	if to, ok := t.Renamed[own]; ok {
		ns = to
	}
	return t.Holds(ns)
}

// byLabel returns what a pod is of that is known by its name alone, if the label
// that services have by default says so: that is how it is declared.
func (x *explainer) byLabel(ns, pod string) []string {
	value := fitting(pod, maxName)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(x.t.Services)) {
		s := x.t.Services[name]
		in := func(e topology.Expression) bool {
			return e.Key == x.t.LabelKey && e.Operator == "In" && slices.Contains(e.Values, value)
		}
		if s.Namespace == ns && (s.Labels[x.t.LabelKey] == value || s.PodLabels[x.t.LabelKey] == value || slices.ContainsFunc(s.Expressions, in)) {
			out = append(out, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(x.t.Peers)) {
		p := x.t.Peers[name]
		if p.Namespace == ns && len(p.Labels) == 1 && p.Labels[x.t.LabelKey] == value && len(p.Expressions) == 0 {
			out = append(out, name)
		}
	}
	return out
}

// beside returns what to connect in place of a peer that has its ports by
// default: one that is added would replace these.
func (x *explainer) beside(s suggestion, port askedPort) suggestion {
	peer := x.t.Peers[s.name]
	if s.field != "peers" || peer == nil || peer.Is != topology.KubeAPIServer || (&party{ports: peer.Ports}).nameOf(port.Port) != "" {
		return s
	}
	if _, _, stated := x.locate([]string{"peers", s.name, "ports"}); stated {
		return s
	}
	if s.addr.IsValid() {
		return x.newPeer(s.addr)
	}
	return x.newWellKnown(x.free("new-"+s.name), peer.Is)
}

// newWellKnown makes up a peer of a kind that every environment expands which
// states what it needs.
func (x *explainer) newWellKnown(name string, is topology.WellKnown) suggestion {
	s := suggestion{field: "peers", name: name, lines: []string{fmt.Sprintf("%s: %q", cueLine("peers", name, "is"), is)}}
	lacks := func(o *topology.Topology) bool {
		return is == topology.Nodes && len(o.Cluster.NodeCIDRs) == 0 || is == topology.KubeAPIServer && o.Cluster.APIServer == nil
	}
	if slices.ContainsFunc(x.others, lacks) {
		s.lines = append(s.lines, x.switchedOff("peers", name)...)
	}
	return s
}

// newPeer makes up a peer that is one address. That of a node is known by what
// it is alone.
func (x *explainer) newPeer(addr netip.Addr) suggestion {
	name := x.free("new-peer")
	if x.isNode(addr) {
		s := x.newWellKnown(name, topology.Nodes)
		s.addr = addr
		s.wide = fmt.Sprintf("peer %s is %q: this opens every node", name, topology.Nodes)
		return s
	}
	s := suggestion{field: "peers", name: name, addr: addr, lines: []string{cidrLine(name, addr)}}
	within := func(o *topology.Topology) bool {
		c := o.Cluster
		return !slices.Contains(c.Families, familyOf(addr)) ||
			slices.ContainsFunc(slices.Concat(c.PodCIDRs, c.ServiceCIDRs, c.NodeCIDRs), func(r netip.Prefix) bool { return r.Contains(addr) })
	}
	if slices.ContainsFunc(x.others, within) {
		s.lines = append(s.lines, x.switchedOff("peers", name)...)
	}
	return s
}

func cidrLine(peer string, addr netip.Addr) string {
	return fmt.Sprintf("%s: [%q]", cueLine("peers", peer, "cidrs"), netip.PrefixFrom(addr, addr.BitLen()))
}

func (x *explainer) isNode(addr netip.Addr) bool {
	return slices.ContainsFunc(x.t.Cluster.NodeCIDRs, func(r netip.Prefix) bool { return r.Contains(addr) })
}

// maxName is how long names and values of labels may be.
const maxName = 63

// fitting cuts what is too long to be a name or the value of a label.
func fitting(name string, length int) string {
	return strings.TrimRight(name[:min(len(name), length)], "-.")
}

// free returns a name that nothing in the topology has, be it switched off.
func (x *explainer) free(name string) string {
	name = fitting(strings.ReplaceAll(name, ".", "-"), maxName)
	for x.taken(name) {
		name = fitting("new-"+name, maxName)
	}
	return name
}

func (x *explainer) taken(name string) bool {
	for _, field := range []string{"services", "groups", "peers"} {
		if _, _, ok := x.locate([]string{field, name}); ok {
			return true
		}
	}
	return x.plan.Endpoints[name] != nil || slices.Contains(x.reserved, name)
}

// freePort makes up the name of a port, which has to hold a letter, and at most
// 15 characters.
func (x *explainer) freePort(s suggestion, p topology.Port) string {
	number := strconv.Itoa(int(p.First))
	if p.Protocol != topology.TCP {
		number += "-" + strings.ToLower(string(p.Protocol))
	}
	name := "port-" + number
	for n := 2; x.hasPort(s, name); n++ {
		name = fmt.Sprintf("p%d-%s", n, number)
	}
	return name
}

// hasPort reports whether a declaration has a port of a name in any environment.
func (x *explainer) hasPort(s suggestion, name string) bool {
	for _, t := range append([]*topology.Topology{x.t}, x.others...) {
		if _, ok := portsIn(t, s)[name]; ok {
			return true
		}
	}
	_, _, ok := x.locate([]string{s.field, s.name, "ports", name})
	return ok
}

// selectorLines spells which pods something is.
func selectorLines(field, name string, sel topology.Selector) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(sel.Labels)) {
		out = append(out, cueLine(field, name, "labels", k)+": "+strconv.Quote(sel.Labels[k]))
	}
	var expressions []string
	for _, e := range sel.Expressions {
		values := ""
		if len(e.Values) > 0 {
			quoted := make([]string, len(e.Values))
			for i, v := range e.Values {
				quoted[i] = strconv.Quote(v)
			}
			values = ", values: [" + strings.Join(quoted, ", ") + "]"
		}
		expressions = append(expressions, fmt.Sprintf("{key: %q, operator: %q%s}", e.Key, e.Operator, values))
	}
	if len(expressions) > 0 {
		out = append(out, cueLine(field, name, "expressions")+": ["+strings.Join(expressions, ", ")+"]")
	}
	if sel.AnyPod {
		out = append(out, cueLine(field, name, "anyPod")+": true")
	}
	return out
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
