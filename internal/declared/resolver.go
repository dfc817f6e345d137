package declared

import (
	"fmt"
	"net/netip"

	"netgen.dev/gen/topology"
)

// resolverOf is the cluster's DNS, from the text of the language: the pods or
// the addresses of each profile, and the port that they listen on.
func resolverOf(c topology.Cluster) (End, topology.PortNumber) {
	kubeDNS := podsOf("kube-system", topology.Selector{Labels: map[string]string{"k8s-app": "kube-dns"}})
	port := topology.PortNumber(53)
	var is func(Place) bool
	switch c.DNS {
	case "kube-dns":
		is = kubeDNS
	case "kube-dns+nodelocal":
		is = either(kubeDNS, at("169.254.20.10"))
	case "gke-clouddns":
		is = at("169.254.169.254")
	case "aks-localdns":
		is = either(at("169.254.10.10"), at("169.254.10.11"))
	case "eks-auto":
		is = func(Place) bool { return true }
	case "openshift":
		port = 5353
		is = podsOf("openshift-dns", topology.Selector{Labels: openshiftDNS})
	case "custom":
		port = c.DNSResolver.Port
		is = within(c.DNSResolver.CIDRs)
		if c.DNSResolver.Namespace != "" {
			is = either(is, podsOf(c.DNSResolver.Namespace, topology.Selector{Labels: c.DNSResolver.Labels}))
		}
	default:
		panic(fmt.Sprintf("package declared knows no DNS profile %q", c.DNS))
	}
	return End{resolverRef, is}, port
}

// resolverRef is the end that is the cluster's DNS.
var resolverRef = topology.Ref{Kind: "resolver", Name: "dns"}

// openshiftDNS are the labels that OpenShift's DNS operator gives its pods.
var openshiftDNS = map[string]string{"dns.operator.openshift.io/daemonset-dns": "default"}

// addResolvers adds the resolvers of every profile. The pods of the cluster's
// own profile stand for its DNS.
func (w *World) addResolvers() {
	w.addPod("kube-dns", "kube-system", nil, map[string]string{"k8s-app": "kube-dns"})
	w.addPod("openshift-dns", "openshift-dns", nil, openshiftDNS)
	for _, s := range []string{"169.254.20.10", "169.254.169.254", "169.254.10.10", "169.254.10.11"} {
		w.addAddress("link-local resolver", netip.MustParseAddr(s))
	}
	c := w.model.Cluster
	if r := c.DNSResolver; r != nil {
		w.addRanges("dnsResolver", r.CIDRs, nil)
		if r.Namespace != "" {
			w.addPod("dnsResolver", r.Namespace, nil, r.Labels)
		}
	}
	// Almost a resolver, in one way and the other.
	w.addPod("neighbour of kube-dns", "kube-system", nil, nil)
	w.addPod("impostor of kube-dns", elsewhere, nil, map[string]string{"k8s-app": "kube-dns"})
	if c.DNS == "eks-auto" {
		return // an address of the node, so that no pod stands for it
	}
	resolver, _ := resolverOf(c)
	for i := range w.Places {
		if w.Places[i].Pod != nil && resolver.is(w.Places[i]) {
			w.Places[i].StandsFor = append(w.Places[i].StandsFor, resolverRef)
		}
	}
}
