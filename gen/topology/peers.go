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

// namespaceName is the label that the API server sets on every namespace to
// its name.
const namespaceName = "kubernetes.io/metadata.name"

// Pods reports whether p is pods in the cluster.
func (p *Peer) Pods() bool {
	return p.Namespace != "" || len(p.NamespaceLabels) > 0 || p.AnyNamespace
}

// checkPeers holds each peer against the rules for itself: it is of exactly
// one kind, and says all that the kind needs.
func (t *Topology) checkPeers(r *reporter) {
	isolated := t.isolatedNamespaces()
	for _, name := range slices.Sorted(maps.Keys(t.Peers)) {
		p := t.Peers[name]
		path := []string{"peers", name}
		pods := p.Pods() || p.AnyPod || len(p.Labels) > 0 || len(p.Expressions) > 0
		var kinds []string
		for _, k := range []struct {
			is   bool
			name string
		}{
			{pods, "pods"},
			{len(p.CIDRs) > 0 || len(p.Except) > 0, "addresses"},
			{len(p.FQDNs) > 0, "names"},
			{p.Is != "", `"` + string(p.Is) + `"`},
		} {
			if k.is {
				kinds = append(kinds, k.name)
			}
		}
		switch len(kinds) {
		case 0:
			r.errorf(diag.PeerKind, path, atKey, "peer %s does not say what it is", name).
				Hint = "give it a namespace with labels, or cidrs, or is: a well-known peer"
			continue
		case 1:
		default:
			r.errorf(diag.PeerKind, path, atKey, "peer %s is of several kinds: %s", name, strings.Join(kinds, " and ")).
				Hint = "a peer is one of pods, addresses, names and a well-known peer; declare one for each"
			continue
		}
		if pods {
			checkPodPeer(r, path, name, p)
			t.checkOutside(r, path, name, p, isolated)
		}
		t.checkAddresses(r, path, name, p)
		if len(p.FQDNs) > 0 {
			r.errorf(diag.FQDN, append(path, "fqdns"), atKey, "peer %s is a DNS name, which no NetworkPolicy can match", name).
				Hint = "give the cidrs of the name, or call it through a proxy of your own that is a service"
		}
	}
}

// checkOutside reports a peer in a namespace of ours: its pods are isolated
// with all others there, and no policy of a peer would let them do anything.
func (t *Topology) checkOutside(r *reporter, path []string, name string, p *Peer, isolated map[string]Ref) {
	if ref, ok := isolated[p.Namespace]; ok {
		d := r.errorf(diag.PeerInside, append(path, "namespace"), atValue,
			"peer %s is in namespace %s, where this topology isolates every pod", name, p.Namespace)
		d.Hint = "declare it as a service or a group"
		r.related(d, []string{ref.field(), ref.Name}, string(ref.Kind)+" "+ref.Name+" is in this namespace")
		return
	}
	if p.Namespace == "" || t.Output.DefaultDeny == "namespace" {
		return
	}
	for _, service := range slices.Sorted(maps.Keys(t.Services)) {
		s := t.Services[service]
		if s.Namespace == p.Namespace && !s.HostNetwork && s.pods().selected(p.Selector) != none {
			d := r.errorf(diag.PeerInside, path, atKey, "peer %s has pods of service %s, which this topology isolates", name, service)
			d.Hint = "connect the service itself"
			r.related(d, []string{"services", service}, "the service")
			return
		}
	}
}

// isolatedNamespaces returns the namespaces in which every pod is isolated,
// each with something of ours that is there.
func (t *Topology) isolatedNamespaces() map[string]Ref {
	out := map[string]Ref{}
	if t.Output.DefaultDeny != "namespace" {
		return out
	}
	for _, ref := range t.refs() {
		namespace := ""
		switch ref.Kind {
		case KindService:
			namespace = t.Services[ref.Name].Namespace
		case KindGroup:
			namespace = t.Groups[ref.Name].Namespace
		default:
			continue
		}
		if _, ok := out[namespace]; !ok && namespace != "" {
			out[namespace] = ref
		}
	}
	return out
}

func checkPodPeer(r *reporter, path []string, name string, p *Peer) {
	forms := 0
	for _, form := range []bool{p.Namespace != "", len(p.NamespaceLabels) > 0, p.AnyNamespace} {
		if form {
			forms++
		}
	}
	const howToSay = "say exactly one of namespace, namespaceLabels and anyNamespace: true"
	switch {
	case forms == 0:
		r.errorf(diag.PeerPods, path, atKey, "peer %s does not say in which namespace its pods are", name).Hint = howToSay
	case forms > 1:
		r.errorf(diag.PeerPods, path, atKey, "peer %s says in several ways in which namespace its pods are", name).Hint = howToSay
	}
	if ns, ok := p.NamespaceLabels[namespaceName]; ok {
		r.errorf(diag.PeerPods, append(path, "namespaceLabels"), atKey, "peer %s names a namespace by its label", name).
			Hint = fmt.Sprintf("say namespace: %q", ns)
	}
	if len(p.Labels) == 0 && len(p.Expressions) == 0 && !p.AnyPod {
		r.errorf(diag.PeerPods, path, atKey, "peer %s does not say which pods", name).
			Hint = "give their labels, or say anyPod: true for every pod there"
	}
	checkSelector(r, path, p.Selector)
}

// checkAddresses holds the ranges of a peer against each other and against the
// cluster's own. What an ipBlock means for pods, Services and nodes differs
// between data planes, since it depends on where addresses are rewritten.
func (t *Topology) checkAddresses(r *reporter, path []string, name string, p *Peer) {
	if len(p.Except) > 0 && len(p.CIDRs) == 0 {
		r.errorf(diag.Except, append(path, "except"), atKey, "peer %s has exceptions of no range", name).Hint = "give the cidrs"
		return
	}
	for i, except := range p.Except {
		inside := slices.ContainsFunc(p.CIDRs, func(c netip.Prefix) bool {
			return c.Bits() < except.Bits() && c.Contains(except.Addr())
		})
		if !inside {
			r.errorf(diag.Except, append(path, "except", strconv.Itoa(i)), atValue,
				"exception %s is not strictly inside any of the cidrs", except)
		}
	}
	for i, c := range p.CIDRs {
		at := append(path, "cidrs", strconv.Itoa(i))
		if p.excepts(c) {
			r.errorf(diag.Except, at, atValue, "an exception of peer %s leaves nothing of %s", name, c).
				Hint = "remove the range, or declare a peer of its own for it"
		}
		if family := familyOf(c); !slices.Contains(t.Cluster.Families, family) {
			r.errorf(diag.FamilyAbsent, at, atValue, "%s is %s, which the cluster does not have", c, family).
				Hint = "its families are " + strings.Join(t.Cluster.Families, ", ")
		}
		for _, own := range []struct {
			ranges []netip.Prefix
			what   string
			hint   string
		}{
			{t.Cluster.PodCIDRs, "pods", "name the pods by namespace and labels"},
			{t.Cluster.ServiceCIDRs, "Services", "name the pods behind the Service by namespace and labels"},
			{t.Cluster.NodeCIDRs, "nodes", `declare the peer as is: "nodes"`},
		} {
			for _, o := range own.ranges {
				if o.Overlaps(c) && !p.excepts(o) {
					hint := own.hint + ", or leave the range out with except"
					if c.Bits() == 0 {
						hint = `declare the peer as is: "internet", or as is: "anywhere" if it is meant to be all`
					}
					r.errorf(diag.InCluster, at, atValue, "%s overlaps %s, where the cluster's %s are", c, o, own.what).Hint = hint
				}
			}
		}
	}
}

// excepts reports whether the exceptions of p cover all of c.
func (p *Peer) excepts(c netip.Prefix) bool {
	return slices.ContainsFunc(p.Except, func(e netip.Prefix) bool {
		return e.Bits() <= c.Bits() && e.Contains(c.Addr())
	})
}

func familyOf(p netip.Prefix) string {
	if p.Addr().Is4() {
		return "IPv4"
	}
	return "IPv6"
}
