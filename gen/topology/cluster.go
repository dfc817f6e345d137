package topology

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"netgen.dev/diag"
)

// dataPlane is what a CNI makes of NetworkPolicy. A capability is claimed only
// where its source says so; what is not known is not promised.
type dataPlane struct {
	enforces bool
	whyNot   string
	wayOut   string // what to do where it does not enforce
	endPort  bool   // port ranges
	sctp     bool
}

// dataPlanes are the CNIs of the language.
//
// Sources: endPort is generally available since Kubernetes 1.25 (KEP-2079), yet
// Cilium ignored it silently before 1.17 (cilium/cilium#28684), on which Azure's
// and GKE's data planes build, and Azure NPM has an open request for it
// (Azure/azure-container-networking#2313). SCTP is not promised by Cilium, which
// has it as beta and opt-in, nor by Antrea's Windows nodes. flannel enforces
// nothing itself; its chart can run kube-network-policies (flannel netpol.md).
// weave-net had its last commit in November 2022.
var dataPlanes = map[string]dataPlane{
	"antrea":           {enforces: true, endPort: true},
	"aws-vpc-cni":      {enforces: true},
	"azure-cilium":     {enforces: true},
	"azure-npm":        {enforces: true},
	"calico":           {enforces: true, endPort: true, sctp: true},
	"cilium":           {enforces: true, endPort: true},
	"flannel":          {whyNot: "accepts NetworkPolicies and enforces none", wayOut: `switch on the policies of its chart (netpol.enabled) and say cni: "flannel+netpol"`},
	"flannel+netpol":   {enforces: true, endPort: true},
	"generic":          {enforces: true},
	"gke-dataplane-v2": {enforces: true},
	"kindnet":          {enforces: true, endPort: true},
	"kube-router":      {enforces: true},
	"ovn-kubernetes":   {enforces: true, endPort: true, sctp: true},
	"weave-net":        {whyNot: "is abandoned, and netgen does not promise anything of it", wayOut: "move to a data plane that is maintained"},
}

// maxExpand is the longest port range that is written port by port where the
// data plane does not match ranges.
const maxExpand = 24

// Expanded returns ports as the data plane of the cluster can match them: a
// range that it cannot match is written port by port.
func (t *Topology) Expanded(ports []Port) []Port {
	if dataPlanes[t.Cluster.CNI].endPort {
		return ports
	}
	var out []Port
	for _, p := range ports {
		for n := int(p.First); n <= int(p.Last); n++ {
			out = append(out, Port{uint16(n), uint16(n), p.Protocol})
		}
	}
	slices.SortFunc(out, ComparePorts)
	return slices.Compact(out)
}

// Unmatched says why the data plane of the cluster is not known to match a port,
// "" where it is.
func (t *Topology) Unmatched(p Port) string {
	plane := dataPlanes[t.Cluster.CNI]
	switch n := int(p.Last) - int(p.First) + 1; {
	case !plane.endPort && n > maxExpand:
		return fmt.Sprintf("cni %s is not known to match port ranges, and %s is %d ports", t.Cluster.CNI, p, n)
	case p.Protocol == SCTP && !plane.sctp:
		return fmt.Sprintf("cni %s is not known to match SCTP", t.Cluster.CNI)
	}
	return ""
}

// checkCluster holds the cluster against what the topology needs of it.
func (t *Topology) checkCluster(r *reporter) {
	if r.hole("cluster") {
		return
	}
	c := t.Cluster
	if plane := dataPlanes[c.CNI]; !plane.enforces {
		r.errorf(diag.NotEnforced, []string{"cluster", "cni"}, atValue, "cni %s %s", c.CNI, plane.whyNot).Hint = plane.wayOut
	}
	if len(c.Families) == 0 {
		r.errorf(diag.Choice, []string{"cluster", "families"}, atValue, "families lists no address family").
			Hint = `they are "IPv4" and "IPv6"`
	}
	if c.APIServer != nil && len(c.APIServer.CIDRs) == 0 {
		r.errorf(diag.APIServer, []string{"cluster", "apiServer", "cidrs"}, atValue, "the API server has no address")
	}
	t.checkRanges(r)
	t.checkResolver(r)
	for _, name := range slices.Sorted(maps.Keys(t.Peers)) {
		path := []string{"peers", name, "is"}
		switch p := t.Peers[name]; {
		case p.Is == KubeAPIServer && c.APIServer == nil:
			r.errorf(diag.APIServer, path, atValue, "peer %s needs the addresses of the API server", name).
				Hint = "state cluster: apiServer: cidrs, from: kubectl get endpointslices -n default kubernetes"
		case p.Is == Nodes && len(c.NodeCIDRs) == 0:
			r.errorf(diag.NodeCIDRs, path, atValue, "peer %s needs the addresses of the nodes", name).
				Hint = "state cluster: nodeCIDRs"
		}
	}
}

// Resolver returns where the pods of the cluster resolve names: pods,
// addresses, both, or whatever address there is.
//
// Sources: kubeadm, kind, EKS, AKS and GKE's kube-dns run pods labelled
// k8s-app=kube-dns in kube-system. NodeLocal DNSCache (169.254.20.10), GKE
// Cloud DNS (169.254.169.254) and AKS LocalDNS (169.254.10.10 and .11) listen
// on link-local addresses of the node, which no selector matches. EKS Auto Mode
// runs a resolver on each node. OpenShift's pods listen on 5353.
func (c Cluster) Resolver() (r Resolver, anywhere bool) {
	addresses := func(cidrs ...string) []netip.Prefix {
		var out []netip.Prefix
		for _, s := range cidrs {
			out = append(out, netip.MustParsePrefix(s))
		}
		return out
	}
	kubeDNS := Resolver{Namespace: "kube-system", Labels: map[string]string{"k8s-app": "kube-dns"}, Port: 53}
	switch c.DNS {
	case "kube-dns":
		return kubeDNS, false
	case "kube-dns+nodelocal":
		kubeDNS.CIDRs = addresses("169.254.20.10/32")
		return kubeDNS, false
	case "gke-clouddns":
		return Resolver{CIDRs: addresses("169.254.169.254/32"), Port: 53}, false
	case "aks-localdns":
		return Resolver{CIDRs: addresses("169.254.10.10/32", "169.254.10.11/32"), Port: 53}, false
	case "eks-auto":
		return Resolver{Port: 53}, true
	case "openshift":
		labels := map[string]string{"dns.operator.openshift.io/daemonset-dns": "default"}
		return Resolver{Namespace: "openshift-dns", Labels: labels, Port: 5353}, false
	}
	if c.DNSResolver == nil {
		return Resolver{}, false // checkResolver has reported it
	}
	return *c.DNSResolver, false
}

// checkOwnDNS reports a topology that isolates the cluster's DNS without
// declaring it: nobody in the cluster could resolve a name any more.
func (t *Topology) checkOwnDNS(r *reporter) {
	resolver, _ := t.Cluster.Resolver()
	ref, isolated := t.isolatedNamespaces()[resolver.Namespace]
	if !isolated || resolver.Namespace == "" {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		s := t.Services[name]
		if s.Namespace != resolver.Namespace {
			continue
		}
		switch s.pods().selected(Selector{Labels: resolver.Labels}) {
		case none:
			continue
		case some:
			r.errorf(diag.Resolver, []string{"services", name}, atKey, "some pods of service %s are the cluster's DNS and some are not", name)
		case all:
		}
		t.OwnDNS = append(t.OwnDNS, name)
	}
	if len(t.OwnDNS) == 0 {
		d := r.errorf(diag.Resolver, []string{ref.field(), ref.Name}, atKey,
			"%s %s makes this topology isolate namespace %s, where the cluster's DNS is", ref.Kind, ref.Name, resolver.Namespace)
		d.Hint = `declare the DNS as a service, and a peer is: "cluster" that connects to it; or move out of the namespace`
	}
}

// checkRanges holds the cluster's own ranges against its families. A range of
// every address would leave nothing that is outside.
func (t *Topology) checkRanges(r *reporter) {
	ranges := map[string][]netip.Prefix{
		"podCIDRs": t.Cluster.PodCIDRs, "serviceCIDRs": t.Cluster.ServiceCIDRs, "nodeCIDRs": t.Cluster.NodeCIDRs,
	}
	for _, field := range slices.Sorted(maps.Keys(ranges)) {
		for i, c := range ranges[field] {
			path := []string{"cluster", field, strconv.Itoa(i)}
			if c.Bits() == 0 {
				r.errorf(diag.InCluster, path, atValue, "%s is every address, not the cluster's own", c)
			}
			if family := familyOf(c); len(t.Cluster.Families) > 0 && !slices.Contains(t.Cluster.Families, family) {
				r.errorf(diag.FamilyAbsent, path, atValue, "%s is %s, which the cluster does not have", c, family).
					Hint = "its families are " + strings.Join(t.Cluster.Families, ", ")
			}
		}
	}
}

func (t *Topology) checkResolver(r *reporter) {
	c, path := t.Cluster, []string{"cluster", "dnsResolver"}
	res := c.DNSResolver
	switch {
	case c.DNS == "custom" && res == nil:
		r.errorf(diag.Resolver, []string{"cluster", "dns"}, atValue, "the DNS profile custom needs a dnsResolver").
			Hint = "state cluster: dnsResolver: the namespace and labels of its pods, or its cidrs"
	case c.DNS != "custom" && res != nil:
		r.errorf(diag.Resolver, path, atKey, "the DNS profile %s does not use a dnsResolver", c.DNS).
			Hint = `say cluster: dns: "custom", or remove it`
	case res == nil:
	case (res.Namespace == "") != (len(res.Labels) == 0):
		r.errorf(diag.Resolver, path, atKey, "a dnsResolver of pods needs both their namespace and their labels")
	case res.Namespace == "" && len(res.CIDRs) == 0:
		r.errorf(diag.Resolver, path, atKey, "the dnsResolver says neither which pods nor which cidrs")
	default:
		for i, cidr := range res.CIDRs {
			if slices.ContainsFunc(c.ServiceCIDRs, cidr.Overlaps) {
				r.errorf(diag.Resolver, append(path, "cidrs", strconv.Itoa(i)), atValue,
					"%s is an address of a Service, and a policy sees what is behind it", cidr).
					Hint = "name the pods of the DNS by namespace and labels"
			}
		}
	}
}

// checkHostNetwork reports services that share the network of their node:
// their pods have the addresses of nodes, and no policy selects them.
func (t *Topology) checkHostNetwork(r *reporter) {
	needed := map[string]Edge{}
	for _, e := range t.Edges {
		for _, end := range []Ref{e.Caller, e.Callee} {
			if _, ok := needed[end.Name]; !ok && end.Kind == KindService {
				needed[end.Name] = e
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		s := t.Services[name]
		if !s.HostNetwork {
			continue
		}
		r.warnf(diag.HostNetwork, []string{"services", name, "hostNetwork"}, atKey,
			"no policy isolates service %s: its pods share the network of their node", name).
			Hint = "whoever reaches the node reaches it, and it reaches what the node reaches"
		if e, ok := needed[name]; ok && len(t.Cluster.NodeCIDRs) == 0 {
			d := r.errorf(diag.NodeCIDRs, e.Path, atKey,
				"service %s has the addresses of its node, and the cluster does not say which these are", name)
			d.Hint = "state cluster: nodeCIDRs"
			r.related(d, []string{"services", name, "hostNetwork"}, "declared here")
		}
	}
}

// checkPortsEnforced reports ports that the data plane cannot match, where a
// connection uses them.
func (t *Topology) checkPortsEnforced(r *reporter) {
	if r.hole("cluster") {
		return
	}
	plane := dataPlanes[t.Cluster.CNI]
	used := map[Ref]map[Port]bool{}
	for _, e := range t.Edges {
		for _, p := range e.Ports {
			if used[e.Callee] == nil {
				used[e.Callee] = map[Port]bool{}
			}
			used[e.Callee][p] = true
		}
	}
	for _, ref := range t.refs() {
		ports := t.ports(ref)
		for _, name := range slices.Sorted(maps.Keys(ports)) {
			p := ports[name]
			path := []string{ref.field(), ref.Name, "ports", name}
			if !used[ref][p] {
				continue
			}
			if n := int(p.Last) - int(p.First) + 1; !plane.endPort && n > maxExpand {
				r.errorf(diag.PortRange, path, atValue, "cni %s is not known to match port ranges, and %s is %d ports", t.Cluster.CNI, p, n).
					Hint = fmt.Sprintf("up to %d ports are written one by one; name the cni of the cluster if it is another", maxExpand)
			}
			if p.Protocol == SCTP && !plane.sctp {
				r.errorf(diag.SCTP, path, atValue, "cni %s is not known to match SCTP", t.Cluster.CNI).
					Hint = "name the cni of the cluster if it is another; calico and ovn-kubernetes match it"
			}
		}
	}
}
