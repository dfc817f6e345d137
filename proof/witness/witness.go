// Package witness makes the ends that a proof asks about: the pods of what is
// declared, and witnesses, which nobody declares: pods of other namespaces with
// the same labels, pods that fail one requirement of a selector, addresses at
// the edges of every range, the metadata services, and whatever the policies
// themselves name.
//
// The ends of several sides, as the old and the new topology of a diff, are made
// together: a pod that both sides know is one end.
package witness

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
)

// The names that witnesses have. No topology can have them: the namespace and
// the value are too unlikely to be anybody's.
const (
	Namespace = "netgen-witness" // stands, alone or as a prefix, for any namespace
	Value     = "netgen-witness" // stands, alone or as a prefix, for any value of a label
)

// AlwaysAsked are addresses that every proof asks for: the metadata services,
// hosts of the internet, and private addresses.
var AlwaysAsked = []string{
	"8.8.8.8", "2001:4860:4860::8888",
	"169.254.169.254", "fd00:ec2::254",
	"10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "fe80::1",
}

// Side is what is declared, and the policies that ought to say so.
type Side struct {
	Topology *topology.Topology // nil, with Plan, where only policies are known
	Plan     *plan.Plan
	Policies []*networkingv1.NetworkPolicy
}

// Why is why an end is among those that are asked about.
type Why int

// The reasons.
const (
	Named      Why = iota // something speaks of it: a policy, a range, or every proof
	Declared              // it is what Path declares
	Elsewhere             // it is like what Path declares, in a namespace that nobody knows
	Almost                // it fails one expression of what Path declares
	Unlabelled            // it has no labels, in a namespace that something declared is in
	Other                 // its labels are nobody's, in a namespace that holds something declared
)

// Origin is where an end comes from.
type Origin struct {
	Why      Why
	Path     []string          // of the declaration, below topology; a resolver's ends with its name alike
	Selector topology.Selector // of that declaration
}

// Universe is the ends of a proof.
type Universe struct {
	List    []connectivity.End
	Origins []Origin // of each end
	Ends    *connectivity.Ends
	// Named are the ports that stand for names of which policies speak.
	Named map[connectivity.Range]string
	// Declared are, for each side, the pods that stand for what is declared, by its
	// path, as in services.web. Managed are the namespaces that hold any service or
	// group of a side.
	Declared []map[string][]int
	Managed  []map[string]bool

	namespaces map[string]map[string]string // labels by name
	values     map[string][]string          // of labels, that expressions of the policies name
	value      string                       // that stands for any
	unused     connectivity.Ports           // what no policy and no flow speaks of
	spoken     map[string]map[string]bool   // values of labels of which selectors of pods speak
	negative   [2]map[string][]string       // values that selectors of pods and of namespaces exclude, "" for every value
	pods       map[string]int               // by namespace and labels
	seen       map[netip.Addr]bool
	carrying   []map[string][]*topology.Service // of a side, services with podLabels by namespace
	worlds     []*world                         // of each side
	side       int                              // that is being added
}

// New makes the ends of some sides.
func New(sides ...Side) *Universe {
	u := &Universe{
		namespaces: map[string]map[string]string{}, values: map[string][]string{},
		pods: map[string]int{}, seen: map[netip.Addr]bool{}, value: Value,
		unused:   connectivity.PortsOf(connectivity.Range{Protocol: connectivity.TCP, First: 1, Last: 65535}),
		negative: [2]map[string][]string{{}, {}}, spoken: map[string]map[string]bool{},
	}
	for _, s := range sides {
		u.valuesIn(s)
		carrying := map[string][]*topology.Service{}
		if s.Topology != nil {
			for _, service := range s.Topology.Services {
				if len(service.PodLabels) > 0 {
					carrying[service.Namespace] = append(carrying[service.Namespace], service)
				}
			}
		}
		u.carrying = append(u.carrying, carrying)
		u.worlds = append(u.worlds, newWorld(s))
	}
	// What is declared comes first, for an end to have the name that says most.
	for _, s := range sides {
		declared, managed := map[string][]int{}, map[string]bool{}
		if s.Topology != nil {
			for _, name := range slices.Sorted(maps.Keys(s.Topology.Services)) {
				managed[s.Topology.Services[name].Namespace] = true
				declared["services."+name] = u.service(name, s.Topology.Services[name])
			}
		}
		u.Declared, u.Managed = append(u.Declared, declared), append(u.Managed, managed)
	}
	for i, s := range sides {
		if s.Topology != nil {
			u.side = i
			u.declared(s, u.Managed[i])
		}
	}
	for _, s := range AlwaysAsked {
		u.address(netip.MustParseAddr(s))
	}
	for _, s := range sides {
		u.named(s.Policies)
	}
	u.corners()
	u.namePorts(sides)
	u.Ends = connectivity.NewEnds(u.List)
	return u
}

// Namespaces returns the namespaces of all ends, sorted by name.
func (u *Universe) Namespaces() []connectivity.Namespace {
	var out []connectivity.Namespace
	for _, name := range slices.Sorted(maps.Keys(u.namespaces)) {
		out = append(out, connectivity.Namespace{Name: name, Labels: u.namespaces[name]})
	}
	return out
}

// NamespaceLabels returns the labels of a namespace beside its name, and whether
// any end is in it.
func (u *Universe) NamespaceLabels(name string) (map[string]string, bool) {
	labels, ok := u.namespaces[name]
	return labels, ok
}

// declared adds what surrounds the services of a side: pods beside them, and
// what the other endpoints of its plan are.
func (u *Universe) declared(s Side, managed map[string]bool) {
	t := s.Topology
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		if service := t.Services[name]; !service.HostNetwork {
			path := []string{"services", name}
			u.addPods(service.Namespace, service.Selector, service.PodLabels, Declared, path)
			u.addPods(Namespace, service.Selector, service.PodLabels, Elsewhere, path)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Groups)) {
		g := t.Groups[name]
		managed[g.Namespace] = true
		u.addPods(g.Namespace, g.Selector, nil, Declared, []string{"groups", name})
	}
	for _, ns := range slices.Sorted(maps.Keys(managed)) {
		u.pod(ns, nil, Origin{Why: Unlabelled})
		u.pod(ns, map[string]string{t.LabelKey: u.value}, Origin{Why: Other})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Plan.Endpoints)) {
		u.endpoint(s.Plan.Endpoints[name])
	}
	resolvers := map[*plan.Endpoint]bool{}
	for _, a := range s.Plan.Allows {
		if a.Dst.Kind == plan.Resolver && !resolvers[a.Dst] {
			resolvers[a.Dst] = true
			u.endpoint(a.Dst)
		}
	}
	for _, c := range slices.Concat(t.Cluster.PodCIDRs, t.Cluster.ServiceCIDRs, t.Cluster.NodeCIDRs) {
		u.around(c)
	}
}

// service adds the pods of a service and returns them.
func (u *Universe) service(name string, s *topology.Service) []int {
	if s.HostNetwork {
		return nil // its pods have the addresses of nodes
	}
	sets, _ := u.variants(s.Selector, s.PodLabels)
	var out []int
	for _, set := range sets {
		i := u.pod(s.Namespace, set, Origin{Declared, []string{"services", name}, s.Selector})
		out = append(out, i)
		for _, port := range slices.Sorted(maps.Keys(s.Ports)) {
			p := s.Ports[port]
			declared := connectivity.ContainerPort{Name: port, Port: p.First, Protocol: connectivity.Protocol(p.Protocol)}
			if pod := u.List[i].Pod; !slices.Contains(pod.Ports, declared) {
				pod.Ports = append(pod.Ports, declared)
			}
		}
	}
	return out
}

// endpoint adds what a peer or resolver is, and what is beside it.
func (u *Universe) endpoint(e *plan.Endpoint) {
	for _, p := range e.Pods {
		ns := p.Namespaces.Name
		switch {
		case e.Kind == plan.Service || e.Kind == plan.Group:
			continue // there already
		case p.Namespaces.Any:
			ns = Namespace
		case ns == "":
			ns = Namespace + "-" + podKey(e.Name, p.Namespaces.Labels)
			u.namespaces[ns] = p.Namespaces.Labels
		}
		path := []string{string(e.Kind) + "s", e.Name}
		u.addPods(ns, p.Selector, nil, Declared, path)
		u.pod(ns, nil, Origin{Why: Unlabelled})
		u.addPods(Namespace, p.Selector, nil, Elsewhere, path)
	}
	for _, b := range e.Blocks {
		u.around(b.CIDR)
		for _, except := range b.Except {
			u.around(except)
		}
	}
}

// addPods adds pods that a selector selects, one for each way that its
// expressions leave open, and pods that it just leaves out.
func (u *Universe) addPods(namespace string, sel topology.Selector, more map[string]string, why Why, path []string) {
	sets, _ := u.variants(sel, more)
	_, misses := u.variants(sel, nil) // nobody declares that they carry more
	for _, set := range sets {
		i := u.pod(namespace, set, Origin{why, path, sel})
		if key := strings.Join(path, "."); why == Declared && path[0] != "services" {
			u.Declared[u.side][key] = append(u.Declared[u.side][key], i)
		}
	}
	for _, set := range misses {
		for _, pod := range u.completed(namespace, set) {
			u.pod(namespace, pod, Origin{Almost, path, sel})
		}
	}
}

// pod adds a pod, unless there is one alike, and returns its index.
func (u *Universe) pod(namespace string, set map[string]string, origin Origin) int {
	key := podKey(namespace, set)
	if i, ok := u.pods[key]; ok {
		if u.Origins[i].Why == Almost && origin.Why != Named {
			u.Origins[i] = origin // what it is says more than what it is not
		}
		return i
	}
	if _, ok := u.namespaces[namespace]; !ok {
		u.namespaces[namespace] = nil
	}
	i := len(u.List)
	u.pods[key] = i
	u.List = append(u.List, connectivity.End{Pod: &connectivity.Pod{Namespace: namespace, Name: fmt.Sprint(i), Labels: set}})
	u.Origins = append(u.Origins, origin)
	return i
}

// around adds addresses at the edges of a range: the first and last inside,
// and those before and after.
func (u *Universe) around(c netip.Prefix) {
	first, last := c.Addr(), lastOf(c)
	u.address(first)
	u.address(last)
	u.address(first.Prev())
	u.address(last.Next())
}

func (u *Universe) address(a netip.Addr) {
	if !a.IsValid() || u.seen[a] {
		return
	}
	u.seen[a] = true
	u.List = append(u.List, connectivity.End{Addr: a})
	u.Origins = append(u.Origins, Origin{})
}

// lastOf returns the last address of a range.
func lastOf(c netip.Prefix) netip.Addr {
	bytes := c.Addr().AsSlice()
	for bit := c.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}
