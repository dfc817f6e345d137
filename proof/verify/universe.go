package verify

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
)

// The names that witnesses have. No topology can have them: the namespace and
// the value are too unlikely to be anybody's.
const (
	witnessNamespace = "netgen-witness"
	witnessValue     = "netgen-witness"
)

// alwaysAsked are addresses that every proof asks for: the metadata services,
// hosts of the internet, and private addresses.
var alwaysAsked = []string{
	"8.8.8.8", "2001:4860:4860::8888",
	"169.254.169.254", "fd00:ec2::254",
	"10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "fe80::1",
}

// universe is the ends of a proof.
type universe struct {
	namespaces map[string]map[string]string // labels by name
	list       []connectivity.End
	names      []string // what a person calls each end
	services   map[string][]int
	managed    map[string]bool                // namespaces that hold something of ours
	values     map[string][]string            // of labels, that expressions of the policies name
	known      map[string]bool                // pods by namespace and labels
	carrying   map[string][]*topology.Service // services with podLabels, by namespace
	ends       *connectivity.Ends
	seen       map[netip.Addr]bool
}

func newUniverse(t *topology.Topology, p *plan.Plan, policies []*networkingv1.NetworkPolicy) *universe {
	u := &universe{
		namespaces: map[string]map[string]string{}, services: map[string][]int{},
		managed: map[string]bool{}, seen: map[netip.Addr]bool{}, known: map[string]bool{}, carrying: map[string][]*topology.Service{}, values: valuesIn(policies),
	}
	for _, s := range t.Services {
		if len(s.PodLabels) > 0 {
			u.carrying[s.Namespace] = append(u.carrying[s.Namespace], s)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		u.service(name, t.Services[name])
	}
	for _, name := range slices.Sorted(maps.Keys(t.Groups)) {
		g := t.Groups[name]
		u.managed[g.Namespace] = true
		u.pods(g.Namespace, g.Selector, nil, "an undeclared pod of group "+name)
	}
	for _, ns := range slices.Sorted(maps.Keys(u.managed)) {
		u.pod(ns, nil, "a pod of namespace "+ns+" without labels")
		u.pod(ns, map[string]string{t.LabelKey: witnessValue}, "an undeclared pod of namespace "+ns)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Endpoints)) {
		u.endpoint(p.Endpoints[name])
	}
	resolvers := map[*plan.Endpoint]bool{}
	for _, a := range p.Allows {
		if a.Dst.Kind == plan.Resolver && !resolvers[a.Dst] {
			resolvers[a.Dst] = true
			u.endpoint(a.Dst)
		}
	}
	for _, c := range slices.Concat(t.Cluster.PodCIDRs, t.Cluster.ServiceCIDRs, t.Cluster.NodeCIDRs) {
		u.around(c)
	}
	for _, s := range alwaysAsked {
		u.address(netip.MustParseAddr(s))
	}
	u.named(policies)
	u.ends = connectivity.NewEnds(u.list)
	return u
}

// service adds the pods of a service, and pods elsewhere with its labels.
func (u *universe) service(name string, s *topology.Service) {
	u.managed[s.Namespace] = true
	if s.HostNetwork {
		return // its pods have the addresses of nodes
	}
	before := len(u.list)
	u.pods(s.Namespace, s.Selector, s.PodLabels, name)
	for i := before; i < len(u.list); i++ {
		u.services[name] = append(u.services[name], i)
		for port, p := range s.Ports {
			u.list[i].Pod.Ports = append(u.list[i].Pod.Ports, connectivity.ContainerPort{
				Name: port, Port: p.First, Protocol: connectivity.Protocol(p.Protocol),
			})
		}
	}
	u.pods(witnessNamespace, s.Selector, s.PodLabels, "a pod of another namespace with the labels of "+name)
}

// endpoint adds what a peer or resolver is, and what is beside it.
func (u *universe) endpoint(e *plan.Endpoint) {
	for _, p := range e.Pods {
		ns := p.Namespaces.Name
		switch {
		case e.Kind == plan.Service || e.Kind == plan.Group:
			continue // there already
		case p.Namespaces.Any:
			ns = witnessNamespace
		case ns == "":
			ns = witnessNamespace + "-" + e.Name
			u.namespaces[ns] = p.Namespaces.Labels
		}
		u.pods(ns, p.Selector, nil, e.Name)
		u.pod(ns, nil, "a pod of namespace "+ns+" without labels")
		u.pods(witnessNamespace, p.Selector, nil, "a pod of another namespace with the labels of "+e.Name)
	}
	for _, b := range e.Blocks {
		u.around(b.CIDR)
		for _, except := range b.Except {
			u.around(except)
		}
	}
}

// pods adds pods that a selector selects: one for each way that its
// expressions leave open.
func (u *universe) pods(namespace string, sel topology.Selector, more map[string]string, name string) {
	sets, _ := u.variants(sel, more)
	_, misses := u.variants(sel, nil) // nobody declares that they carry more
	for _, set := range sets {
		u.pod(namespace, set, name)
	}
	for _, set := range misses {
		if !u.known[podKey(namespace, set)] && !u.contradicts(namespace, set) {
			u.pod(namespace, set, "a pod almost like "+name)
		}
	}
}

func (u *universe) pod(namespace string, set map[string]string, name string) {
	if _, ok := u.namespaces[namespace]; !ok {
		u.namespaces[namespace] = nil
	}
	u.known[podKey(namespace, set)] = true
	pod := &connectivity.Pod{Namespace: namespace, Name: fmt.Sprintf("%d", len(u.list)), Labels: set}
	u.list = append(u.list, connectivity.End{Pod: pod})
	u.names = append(u.names, name)
}

// around adds addresses at the edges of a range: the first and last inside,
// and those before and after.
func (u *universe) around(c netip.Prefix) {
	first, last := c.Addr(), lastOf(c)
	u.address(first)
	u.address(last)
	u.address(first.Prev())
	u.address(last.Next())
}

func (u *universe) address(a netip.Addr) {
	if !a.IsValid() || u.seen[a] {
		return
	}
	u.seen[a] = true
	u.list = append(u.list, connectivity.End{Addr: a})
	u.names = append(u.names, "address "+a.String())
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

// maxVariants is how many pods stand for a selector with expressions, and how
// many for what it just leaves out.
const maxVariants = 16

// variants returns sets of labels that a selector selects, with further labels
// that its pods carry: for each label of an expression each value that is
// named, in it or in an expression of a policy, one that is not, and none. misses are those that fail one expression
// alone: what a slip in the expression would let in.
func (u *universe) variants(sel topology.Selector, more map[string]string) (sets, misses []map[string]string) {
	base := map[string]string{}
	maps.Copy(base, sel.Labels)
	maps.Copy(base, more)
	all := []map[string]string{base}
	for _, e := range sel.Expressions {
		if _, fixed := base[e.Key]; fixed {
			continue
		}
		var next []map[string]string
		for _, set := range all {
			next = append(next, set)
			for _, value := range append(u.valuesOf(e), witnessValue) {
				with := maps.Clone(set)
				with[e.Key] = value
				next = append(next, with)
			}
		}
		all = next[:min(len(next), 4096)]
	}
	for _, set := range all {
		switch failed := failing(sel, set); {
		case failed == 0 && len(sets) < maxVariants:
			sets = append(sets, set)
		case failed == 1 && len(misses) < maxVariants:
			misses = append(misses, set)
		}
	}
	return sets, misses
}

// failing returns how many expressions of a selector a set of labels fails.
func failing(sel topology.Selector, set map[string]string) int {
	n := 0
	for _, e := range sel.Expressions {
		one := labelSelector(topology.Selector{Expressions: []topology.Expression{e}})
		matches, err := metav1.LabelSelectorAsSelector(one)
		if err != nil || !matches.Matches(labels.Set(set)) {
			n++
		}
	}
	return n
}

func labelSelector(sel topology.Selector) *metav1.LabelSelector {
	out := &metav1.LabelSelector{MatchLabels: sel.Labels}
	for _, e := range sel.Expressions {
		out.MatchExpressions = append(out.MatchExpressions, metav1.LabelSelectorRequirement{
			Key: e.Key, Operator: metav1.LabelSelectorOperator(e.Operator), Values: e.Values,
		})
	}
	return out
}
