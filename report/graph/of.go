package graph

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/policy"
	"netgen.dev/gen/topology"
)

// Of returns the graph of an environment: its model, what was planned for it and
// the policies that spell the plan. locate says where things are declared, nil
// where nobody knows.
func Of(t *topology.Topology, p *plan.Plan, policies []policy.Policy, locate topology.Locator) *Graph {
	m := &maker{t: t, locate: locate, out: empty(t.Name, t.Environment)}
	m.services()
	m.groups()
	m.peers()
	carried := map[*plan.Allow][]string{}
	for _, pol := range policies {
		for _, c := range pol.Carried {
			carried[c.Allow] = append(carried[c.Allow],
				fmt.Sprintf("%s/%s, %s[%d]", pol.Object.Namespace, pol.Object.Name, c.Direction, c.Rule))
		}
	}
	connections := map[[2]string]*topology.Connection{}
	for _, e := range t.Edges {
		connections[[2]string{e.Caller.Name, e.Callee.Name}] = e.Connection
	}
	for _, a := range p.Allows {
		e := Edge{
			From: m.end(a.Src), To: m.end(a.Dst), Ports: portsOf(a), Why: a.Reason.Why,
			Pos: m.place(a.Reason.Path), Policies: carried[a], Implied: a.Reason.Cause == plan.ImpliedDNS,
		}
		if c := connections[[2]string{a.Src.Name, a.Dst.Name}]; c != nil && a.Reason.Cause == plan.Declared {
			e.Owner, e.Ticket = c.Owner, c.Ticket
			if !c.Expires.IsZero() {
				e.Expires = c.Expires.Format("2006-01-02")
			}
		}
		m.out.Edges = append(m.out.Edges, e)
	}
	m.out.sort(nil)
	return m.out
}

type maker struct {
	t      *topology.Topology
	locate topology.Locator
	out    *Graph
}

func (m *maker) place(path []string) string {
	if m.locate == nil || len(path) == 0 {
		return ""
	}
	return topology.Find(m.locate, m.t.Environment, path).String()
}

func (m *maker) services() {
	for name, s := range m.t.Services {
		n := Node{
			ID: name, Name: name, Kind: Service, Namespace: s.Namespace, Owner: cmp.Or(s.Owner, m.t.Owner),
			Description: s.Description, Ports: declaredPorts(s.Ports), Pos: m.place([]string{"services", name}),
		}
		switch {
		case s.HostNetwork:
			n.About = append(n.About, "on the host network: no policy applies to it")
		case !s.Enforce.Ingress && !s.Enforce.Egress:
			n.About = append(n.About, "not isolated: enforce leaves both directions open")
		case !s.Enforce.Ingress:
			n.About = append(n.About, "not isolated for ingress: enforce leaves it open")
		case !s.Enforce.Egress:
			n.About = append(n.About, "not isolated for egress: enforce leaves it open")
		}
		m.out.Nodes = append(m.out.Nodes, n)
	}
}

func (m *maker) groups() {
	for name, g := range m.t.Groups {
		n := Node{
			ID: name, Name: name, Kind: Group, Namespace: g.Namespace, Owner: cmp.Or(g.Owner, m.t.Owner),
			Description: g.Description, Ports: declaredPorts(g.Ports), Pos: m.place([]string{"groups", name}),
		}
		if len(g.Members) > 0 {
			n.About = append(n.About, "members: "+strings.Join(g.Members, ", "))
		}
		m.out.Nodes = append(m.out.Nodes, n)
	}
}

func (m *maker) peers() {
	for name, p := range m.t.Peers {
		m.out.Nodes = append(m.out.Nodes, Node{
			ID: name, Name: name, Kind: Peer, Owner: p.Owner, Description: p.Description,
			Ports: declaredPorts(p.Ports), About: aboutPeer(p), Pos: m.place([]string{"peers", name}),
		})
	}
}

// aboutPeer says what a peer stands for.
func aboutPeer(p *topology.Peer) []string {
	if p.Is != "" {
		return []string{"is " + string(p.Is)}
	}
	var out []string
	for _, c := range p.CIDRs {
		out = append(out, c.String())
	}
	for _, c := range p.Except {
		out = append(out, "except "+c.String())
	}
	switch {
	case p.AnyNamespace:
		out = append(out, "any namespace")
	case len(p.NamespaceLabels) > 0:
		out = append(out, "namespaces with "+labels(p.NamespaceLabels))
	case p.Namespace != "":
		out = append(out, "namespace "+p.Namespace)
	}
	if p.AnyPod {
		out = append(out, "any pod")
	}
	if len(p.Labels) > 0 {
		out = append(out, "pods with "+labels(p.Labels))
	}
	for _, x := range p.Expressions {
		out = append(out, strings.TrimSpace(fmt.Sprintf("pods where %s %s %s", x.Key, x.Operator, strings.Join(x.Values, ", "))))
	}
	return out
}

func labels(m map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k+"="+m[k])
	}
	return strings.Join(out, ", ")
}

// end returns the ID of an end of a flow, which becomes a node where it is none
// of the topology.
func (m *maker) end(e *plan.Endpoint) string {
	n := Node{}
	switch e.Kind {
	case plan.Resolver:
		n = Node{ID: resolverID, Name: "dns", Kind: Resolver, Description: "the DNS of the cluster", About: []string{"profile " + m.t.Cluster.DNS}}
	case plan.Anything:
		n = Node{ID: anythingID, Name: "anything", Kind: Anything, Description: "any pod and any address"}
	default:
		return e.Name
	}
	if m.out.node(n.ID) == nil {
		m.out.Nodes = append(m.out.Nodes, n)
	}
	return n.ID
}

// anyPort is how a flow on whatever port is shown.
const anyPort = "every port"

func portsOf(a *plan.Allow) []string {
	if a.AnyPort {
		return []string{anyPort}
	}
	out := make([]string, len(a.Ports))
	for i, p := range a.Ports {
		out[i] = p.String()
	}
	return out
}

func declaredPorts(ports map[string]topology.Port) []string {
	names := slices.SortedFunc(maps.Keys(ports), func(a, b string) int {
		return cmp.Or(topology.ComparePorts(ports[a], ports[b]), cmp.Compare(a, b))
	})
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = name + " " + ports[name].String()
	}
	return out
}

// sort brings nodes and edges into their order. The edges may be between nodes
// that are only in nodes.
func (g *Graph) sort(nodes []Node) {
	compare := func(a, b Node) int {
		return cmp.Or(
			cmp.Compare(outside(a), outside(b)), cmp.Compare(a.Namespace, b.Namespace),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID),
		)
	}
	slices.SortStableFunc(g.Nodes, compare)
	names := map[string]string{}
	for _, n := range slices.Concat(nodes, g.Nodes) {
		names[n.ID] = n.Name
	}
	slices.SortStableFunc(g.Edges, func(a, b Edge) int {
		return cmp.Or(
			cmp.Compare(names[a.From], names[b.From]), cmp.Compare(a.From, b.From),
			cmp.Compare(names[a.To], names[b.To]), cmp.Compare(a.To, b.To),
			cmp.Compare(strings.Join(a.Ports, ","), strings.Join(b.Ports, ",")), cmp.Compare(a.Pos, b.Pos),
		)
	})
}

// outside is 1 for the nodes that no namespace holds.
func outside(n Node) int {
	if n.Namespace == "" {
		return 1
	}
	return 0
}
