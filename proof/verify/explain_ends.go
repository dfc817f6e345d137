package verify

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// UnknownError is about a question that an environment cannot answer.
type UnknownError struct {
	Message string
	// Name is what is not declared, where that is the matter: it may be switched
	// off.
	Name string
}

// Error returns what is unknown.
func (e *UnknownError) Error() string { return e.Message }

func unknownf(format string, args ...any) error {
	return &UnknownError{Message: fmt.Sprintf(format, args...)}
}

// The kinds of parties that no topology declares.
const (
	isDNS     = "dns"
	isAddress = "address"
	isPod     = "pod"
)

// party is one end of a question, with all that it stands for.
type party struct {
	kind  string // service, group, peer, or one of the above
	name  string
	ends  []standIn
	ports map[string]topology.Port // that it declares

	namespace string // of a pod
	pod       string
}

// standIn is an end that a party is.
type standIn struct {
	end  connectivity.End
	name string
	host *connectivity.Pod // a pod on the host network: the end is its node
}

// field returns the field of the topology that a party is in.
func (p *party) field() string { return p.kind + "s" }

// party finds what a name stands for.
func (x *explainer) party(name string) (*party, error) {
	if p, ok, err := x.address(name); ok {
		return p, err
	}
	if ns, rest, ok := strings.Cut(name, "/"); ok {
		return x.inNamespace(ns, rest)
	}
	if e, ok := x.plan.Endpoints[name]; ok {
		return x.endpointParty(e)
	}
	if name == isDNS {
		return x.resolver(), nil
	}
	return nil, x.unknown(name)
}

// inNamespace finds what namespace/name stands for: something that is declared
// there, or else a pod that nobody declares.
func (x *explainer) inNamespace(ns, name string) (*party, error) {
	if len(validation.IsDNS1123Label(ns)) > 0 || name == "" || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return nil, unknownf("%q is not namespace/name as Kubernetes allows", ns+"/"+name)
	}
	if to, ok := x.t.Renamed[ns]; ok && to != ns {
		// Both names are somebody's, the topology's and the cluster's: the latter
		// is meant where the cluster has it.
		if _, has := x.u.NamespaceLabels(ns); !has {
			x.note("namespace %s is %s here, and the answer is about that", ns, to)
			ns = to
		}
	}
	e := x.plan.Endpoints[name]
	switch {
	case x.t.Services[name] != nil && x.t.Services[name].Namespace == ns,
		x.t.Groups[name] != nil && x.t.Groups[name].Namespace == ns,
		x.t.Peers[name] != nil && x.t.Peers[name].Namespace == ns:
		return x.endpointParty(e)
	}
	if named := x.byLabel(ns, name); len(named) == 1 {
		e := x.plan.Endpoints[named[0]]
		x.note("%s/%s is %s %s, by its label %s", ns, name, e.Kind, e.Name, x.t.LabelKey)
		return x.endpointParty(e)
	}
	pod := &connectivity.Pod{Namespace: ns, Name: name, Labels: map[string]string{x.t.LabelKey: witness.Value}}
	out := &party{kind: isPod, name: ns + "/" + name, namespace: ns, pod: name}
	out.ends = []standIn{{end: connectivity.End{Pod: pod}, name: out.name}}
	x.note("nobody declares %s: it is taken for a pod of namespace %s without any label that the topology names", out.name, ns)
	if r, _ := x.t.Cluster.Resolver(); r.Namespace == ns {
		x.note("the DNS of the cluster, which is in namespace %s, is named %q here", ns, isDNS)
	}
	return out, nil
}

// ownName returns what the topology calls a namespace of the environment.
func (x *explainer) ownName(ns string) string {
	for _, own := range append([]string{x.t.Namespace}, slices.Sorted(maps.Keys(x.t.Renamed))...) {
		if x.t.Renamed[own] == ns {
			return own
		}
	}
	return ns
}

// together returns the name of a party for all of its ends, which are the
// environment's and need not be told apart, and some of them as they are.
func (p *party) together(ends []string) []string {
	for _, s := range p.ends {
		if !slices.Contains(ends, s.name) {
			return ends
		}
	}
	return []string{p.name}
}

// endpointParty returns what a service, group or peer stands for.
func (x *explainer) endpointParty(e *plan.Endpoint) (*party, error) {
	out := &party{kind: string(e.Kind), name: e.Name}
	var ends []int
	var host *connectivity.Pod
	switch e.Kind {
	case plan.Service:
		s := x.t.Services[e.Name]
		out.ports, ends = s.Ports, x.u.declared("services", e.Name)
		if s.HostNetwork {
			host = &connectivity.Pod{Namespace: s.Namespace, Name: e.Name, Labels: s.Labels, HostNetwork: true}
			ends = x.want.in(e)
			x.note("%s is on the host network: whoever reaches the node reaches it, and it reaches what the node reaches", e.Name)
		}
	case plan.Group:
		g := x.t.Groups[e.Name]
		out.ports, ends = g.Ports, x.want.in(e)
		if g.HostNetwork { // of its members, those with the addresses of nodes
			host = &connectivity.Pod{Namespace: g.Namespace, Name: e.Name, Labels: g.Labels, HostNetwork: true}
		}
	default:
		out.ports = x.t.Peers[e.Name].Ports
		for i, end := range x.u.List {
			switch pod := end.Pod; {
			// Our own pods may be a peer as well, and are asked for by their names.
			case e.Anywhere && (pod == nil || !x.u.managed[pod.Namespace]),
				!e.Anywhere && pod != nil && slices.Contains(x.u.declared("peers", e.Name), i),
				!e.Anywhere && pod == nil && x.holds(e, end):
				ends = append(ends, i)
			}
		}
	}
	called := func(i int) string {
		if x.u.List[i].Pod != nil && e.Kind != plan.Group {
			return e.Name // though it may be something else as well
		}
		return strings.TrimPrefix(x.u.called(i), "address ")
	}
	alike := map[string]int{}
	for _, i := range ends {
		alike[called(i)]++
	}
	for _, i := range ends {
		name := called(i)
		if pod := x.u.List[i].Pod; pod != nil && alike[name] > 1 {
			name += " " + labelText(pod.Labels)
		}
		at := standIn{end: x.u.List[i], name: name}
		if at.end.Pod == nil {
			at.host = host
		}
		out.ends = append(out.ends, at)
	}
	if len(ends) == 0 && host != nil {
		// Where its node is, the topology need not say.
		out.ends = []standIn{{connectivity.End{Pod: host}, e.Name, host}}
	}
	if len(out.ends) == 0 {
		return nil, unknownf("no pod and no address is %s", e.Name)
	}
	return out, nil
}

func labelText(set map[string]string) string {
	if len(set) == 0 {
		return "without labels"
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(set)) {
		parts = append(parts, k+"="+set[k])
	}
	return "with " + strings.Join(parts, ",")
}

// resolver returns the DNS of the cluster, whether or not anybody may use it.
func (x *explainer) resolver() *party {
	r, anywhere := x.t.Cluster.Resolver()
	out := &party{kind: isDNS, name: isDNS, ports: map[string]topology.Port{
		"dns":     {First: uint16(r.Port), Last: uint16(r.Port), Protocol: topology.UDP},
		"dns-tcp": {First: uint16(r.Port), Last: uint16(r.Port), Protocol: topology.TCP},
	}}
	if r.Namespace != "" {
		pod := &connectivity.Pod{Namespace: r.Namespace, Name: isDNS, Labels: r.Labels}
		out.ends = append(out.ends, standIn{end: connectivity.End{Pod: pod}, name: "a pod of namespace " + r.Namespace + " " + labelText(r.Labels)})
	}
	for _, c := range r.CIDRs {
		out.ends = append(out.ends, standIn{end: connectivity.End{Addr: c.Addr()}, name: c.Addr().String()})
	}
	if anywhere {
		x.note("DNS profile %s: the resolver is on each node, and is any address", x.t.Cluster.DNS)
		for _, s := range witness.AlwaysAsked {
			if a := netip.MustParseAddr(s); slices.Contains(x.t.Cluster.Families, familyOf(a)) {
				out.ends = append(out.ends, standIn{end: connectivity.End{Addr: a}, name: s})
			}
		}
	}
	return out
}

// holds reports whether an end is part of an endpoint.
func (x *explainer) holds(e *plan.Endpoint, end connectivity.End) bool {
	if e.Anywhere {
		return true
	}
	if end.Pod == nil {
		return slices.ContainsFunc(e.Blocks, func(b plan.Block) bool {
			return b.CIDR.Contains(end.Addr) && !slices.ContainsFunc(b.Except, func(c netip.Prefix) bool { return c.Contains(end.Addr) })
		})
	}
	return slices.ContainsFunc(e.Pods, func(p plan.Pods) bool {
		in := p.Namespaces.Any || p.Namespaces.Name == end.Pod.Namespace
		if p.Namespaces.Name == "" && !p.Namespaces.Any {
			in = labels.SelectorFromSet(p.Namespaces.Labels).Matches(labels.Set(x.u.labelsOf(end.Pod.Namespace)))
		}
		return in && witness.Selects(p.Selector, end.Pod.Labels)
	})
}

// asked returns the ports that a question is about.
func (x *explainer) asked(port string) ([]askedPort, error) {
	if x.dst.kind == isAddress && port == "" {
		if out := x.portsOfPeers(x.dst.ends[0].end.Addr); len(out) > 0 {
			return out, nil
		}
	}
	if x.dst.kind == isAddress && port != "" && !strings.Contains(port, "/") && strings.Trim(port, "0123456789") != "" {
		return x.portOfPeers(x.dst.ends[0].end.Addr, port)
	}
	return x.dst.asked(port)
}

// asked returns the ports of a party that are asked for.
func (p *party) asked(port string) ([]askedPort, error) {
	names := slices.Sorted(maps.Keys(p.ports))
	if port == "" {
		var out []askedPort
		for _, name := range names {
			out = append(out, askedPort{p.ports[name], name})
		}
		if len(out) == 0 {
			return nil, unknownf("%s declares no port: name one, as in %s", p.name, withPort(p.name, "443"))
		}
		return out, nil
	}
	if declared, ok := p.ports[port]; ok {
		return []askedPort{{declared, port}}, nil
	}
	number, protocol, ok := strings.Cut(port, "/")
	if !ok {
		protocol = string(topology.TCP)
	}
	protocol = strings.ToUpper(protocol)
	n, err := strconv.ParseUint(number, 10, 16)
	switch {
	case err != nil && strings.Trim(number, "0123456789") == "", err == nil && n == 0:
		return nil, unknownf("port %s is out of range: ports are from 1 to 65535", number)
	case err != nil && !ok && len(p.ports) > 0:
		hint := "it has " + strings.Join(names, ", ")
		if near := closest(port, names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return nil, unknownf("%s has no port %q: %s", p.name, port, hint)
	case err != nil:
		return nil, unknownf("%q is not a port of %s: give its number, as in 443 or 53/UDP", port, p.name)
	case !slices.Contains(connectivity.Protocols, connectivity.Protocol(protocol)):
		return nil, unknownf("%q is no protocol of NetworkPolicy: it has TCP, UDP and SCTP", protocol)
	}
	out := askedPort{Port: topology.Port{First: uint16(n), Last: uint16(n), Protocol: topology.Protocol(protocol)}}
	out.name = p.nameOf(out.Port)
	return []askedPort{out}, nil
}

// nameOf returns the name of the declared port that a port is in.
func (p *party) nameOf(port topology.Port) string {
	for _, name := range slices.Sorted(maps.Keys(p.ports)) {
		if d := p.ports[name]; d.Protocol == port.Protocol && d.First <= port.First && port.Last <= d.Last {
			return name
		}
	}
	return ""
}

func withPort(name, port string) string {
	if strings.Contains(name, ":") {
		return "[" + name + "]:" + port
	}
	return name + ":" + port
}

// closest returns the candidate that s is most likely a slip of, or "".
func closest(s string, candidates []string) string {
	slices.Sort(candidates)
	best, distance := "", 1+max(1, (len(s)+1)/3)
	for _, c := range candidates {
		if d := levenshtein.Distance(s, c, nil); d < distance {
			best, distance = c, d
		}
	}
	return best
}
