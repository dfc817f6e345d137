package diff

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"netgen.dev/gen/plan"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// key tells ends apart: names of parties are what their rows go by.
func (e End) key() string {
	switch e.Kind {
	case ServiceEnd, GroupEnd, PeerEnd, DNSEnd:
		return e.Name
	default:
		return string(e.Kind) + " " + e.Namespace + " " + e.Name
	}
}

// end says what an end is: a party that is declared, or else the pods or
// addresses themselves, as one of the rules words them.
func (c *comparison) end(side, i int, rules []*connectivity.Rule) End {
	switch i {
	case connectivity.AnyEnd:
		return End{Kind: AnybodyEnd, Name: "anybody"}
	case connectivity.AnyPodEnd:
		return End{Kind: AnybodyEnd, Name: "every pod of the cluster"}
	}
	end := c.u.List[i]
	if end.Pod == nil {
		block := end.Addr.String()
		for _, r := range rules {
			if b := c.block(r, end.Addr); b != "" {
				block = b
				break
			}
		}
		if name, ok := c.ranges()[block]; ok {
			return c.partyEnd(name)
		}
		return End{Kind: AddressEnd, Name: block}
	}
	if name := c.partyOf(side, i); name != "" {
		return c.partyEnd(name)
	}
	for _, r := range rules {
		if e, ok := c.peer(side, r, end.Pod); ok {
			return e
		}
	}
	return c.podEnd(end.Pod)
}

// partyOf returns the name of the party that a pod is of, on one side or else on
// the other, "" where it is of none.
func (c *comparison) partyOf(side, i int) string {
	if c.pods[before] == nil {
		for s := range c.sides {
			c.pods[s] = c.podNames(s)
		}
	}
	for _, s := range []int{side, 1 - side} {
		if name, ok := c.pods[s][i]; ok {
			return name
		}
	}
	return ""
}

// podNames returns the services and peers that pods of a side are of.
func (c *comparison) podNames(side int) map[int]string {
	out := map[int]string{}
	if c.sides[side].Plan == nil {
		return out
	}
	for _, own := range slices.Sorted(maps.Keys(c.sides[side].Plan.Endpoints)) {
		e, name := c.sides[side].Plan.Endpoints[own], own
		if side == before {
			name = c.canonical(name)
		}
		if e.Kind == plan.Group || len(e.Pods) != 1 || e.Pods[0].Namespaces.Any {
			continue
		}
		for _, i := range c.ends(side, e) {
			// A peer that is all pods of a namespace says less than one that is some.
			if was, ok := out[i]; c.u.List[i].Pod != nil && (!ok || e.Kind == plan.Service || !c.isService(was) && name < was) {
				out[i] = name
			}
		}
	}
	return out
}

func (c *comparison) isService(name string) bool { return c.partyEnd(name).Kind == ServiceEnd }

// ranges returns the peers by each range of addresses that they are, as block
// words it.
func (c *comparison) ranges() map[string]string {
	if c.blocks == nil {
		c.blocks = map[string]string{}
		for _, side := range []int{before, after} {
			if c.sides[side].Plan == nil {
				continue
			}
			for name, e := range c.sides[side].Plan.Endpoints {
				if side == before {
					name = c.canonical(name)
				}
				for _, b := range e.Blocks {
					text := blockText(b)
					if was, ok := c.blocks[text]; e.Kind == plan.Peer && (!ok || name < was) {
						c.blocks[text] = name
					}
				}
			}
		}
	}
	return c.blocks
}

// partyEnd returns the end that a party is.
func (c *comparison) partyEnd(name string) End {
	if name == resolverName {
		return End{Kind: DNSEnd, Name: name}
	}
	e, side := c.endpoint(name)
	if e == nil {
		return End{Kind: AnybodyEnd, Name: name}
	}
	out := End{Kind: EndKind(e.Kind), Name: name}
	if e.Kind == plan.Service || e.Kind == plan.Group {
		out.Namespace = c.ownName(side, namespaceOf(e))
	}
	return out
}

// endpoint returns what a party is now, or was before it went, and on which side
// that is; nil where no side declares it.
func (c *comparison) endpoint(name string) (*plan.Endpoint, int) {
	for _, side := range []int{after, before} {
		if p := c.sides[side].Plan; p != nil && p.Endpoints[name] != nil {
			return p.Endpoints[name], side
		}
	}
	return nil, after
}

// selected says what the pod is whose policies are at work: a party, or else what
// the policy of the rules selects.
func (c *comparison) selected(side, i int, rules []*connectivity.Rule) End {
	if name := c.partyOf(side, i); name != "" || len(rules) == 0 {
		return c.end(side, i, nil)
	}
	policy := c.objects(side)[rules[0].Policy.String()][0]
	return End{Kind: PodsEnd, Name: selectorWords(&policy.Spec.PodSelector), Namespace: policy.Namespace}
}

// block returns the narrowest range around an address of which a rule speaks, on
// either side: as a range of its own, or as an exception of one. It is "" where
// there is none.
func (c *comparison) block(r *connectivity.Rule, addr netip.Addr) string {
	best, text := -1, ""
	consider := func(s string, except []string) {
		cidr, err := netip.ParsePrefix(s)
		if err == nil && cidr.Contains(addr) && cidr.Bits() > best {
			best, text = cidr.Bits(), rangeText(s, except)
		}
	}
	for side := range c.sides {
		for _, peer := range c.peers(side, r) {
			if peer.IPBlock == nil {
				continue
			}
			consider(peer.IPBlock.CIDR, peer.IPBlock.Except)
			for _, except := range peer.IPBlock.Except {
				consider(except, nil)
			}
		}
	}
	return text
}

// peers returns the peers of the rule that a side has in the place of one.
func (c *comparison) peers(side int, r *connectivity.Rule) []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	for _, p := range c.objects(side)[r.Policy.String()] {
		switch {
		case r.Direction == connectivity.Egress && r.Index < len(p.Spec.Egress):
			out = append(out, p.Spec.Egress[r.Index].To...)
		case r.Direction == connectivity.Ingress && r.Index < len(p.Spec.Ingress):
			out = append(out, p.Spec.Ingress[r.Index].From...)
		}
	}
	return out
}

// peer words a pod as the rule does that lets it: a pod of no party stands for all
// that a selector selects.
func (c *comparison) peer(side int, r *connectivity.Rule, pod *connectivity.Pod) (End, bool) {
	for _, p := range c.peers(side, r) {
		if p.IPBlock != nil || !c.selects(r, p, pod) {
			continue
		}
		out := End{Kind: PodsEnd, Name: selectorWords(p.PodSelector), Namespace: r.Policy.Namespace}
		if p.NamespaceSelector != nil {
			out.Namespace = ""
			if name, ok := onlyName(p.NamespaceSelector); ok {
				out.Namespace = name
			} else {
				out.Name = "pods " + out.Name + " of namespaces " + selectorWords(p.NamespaceSelector)
			}
		}
		return out, true
	}
	return End{}, false
}

// selects reports whether a peer of a rule is a pod.
func (c *comparison) selects(r *connectivity.Rule, p networkingv1.NetworkPolicyPeer, pod *connectivity.Pod) bool {
	of := map[string]string{corev1.LabelMetadataName: pod.Namespace}
	have, _ := c.u.NamespaceLabels(pod.Namespace)
	maps.Copy(of, have)
	if p.NamespaceSelector == nil && of[corev1.LabelMetadataName] != r.Policy.Namespace {
		return false
	}
	return matches(p.NamespaceSelector, of) && matches(p.PodSelector, pod.Labels)
}

func matches(sel *metav1.LabelSelector, set map[string]string) bool {
	if sel == nil {
		return true
	}
	s, err := metav1.LabelSelectorAsSelector(sel)
	return err == nil && s.Matches(labels.Set(set))
}

// onlyName returns the namespace that a selector names and says nothing else of.
func onlyName(sel *metav1.LabelSelector) (string, bool) {
	name, ok := sel.MatchLabels[corev1.LabelMetadataName]
	return name, ok && len(sel.MatchLabels) == 1 && len(sel.MatchExpressions) == 0
}

// selectorWords words a selector.
func selectorWords(sel *metav1.LabelSelector) string {
	if sel == nil || len(sel.MatchLabels)+len(sel.MatchExpressions) == 0 {
		return "of any labels"
	}
	var parts []string
	if len(sel.MatchLabels) > 0 {
		parts = append(parts, labelText(sel.MatchLabels))
	}
	for _, e := range sel.MatchExpressions {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Key, e.Operator, strings.Join(e.Values, ","))))
	}
	return strings.Join(parts, ", ")
}

// podEnd words a pod that no rule words.
func (c *comparison) podEnd(pod *connectivity.Pod) End {
	text := labelText(pod.Labels)
	if text == "" {
		text = "without labels"
	}
	out := End{Kind: PodsEnd, Name: stands(text), Namespace: pod.Namespace}
	if strings.HasPrefix(pod.Namespace, witness.Namespace) {
		out.Namespace = ""
		of := "any other namespace"
		if have, _ := c.u.NamespaceLabels(pod.Namespace); len(have) > 0 {
			of = "namespaces " + stands(labelText(have))
		}
		out.Name = "pods " + out.Name + " of " + of
	}
	return out
}

// stands words the value that stands for any.
func stands(text string) string { return strings.ReplaceAll(text, witness.Value, "(another value)") }

// objects returns the policies of a side by namespace/name. Of a name there may be
// several, though the API keeps one.
func (c *comparison) objects(side int) map[string][]*networkingv1.NetworkPolicy {
	if c.byName[side] == nil {
		c.byName[side] = map[string][]*networkingv1.NetworkPolicy{}
		for _, p := range c.sides[side].Policies {
			name := p.Namespace + "/" + p.Name
			c.byName[side][name] = append(c.byName[side][name], p)
		}
	}
	return c.byName[side]
}

func rangeText(cidr string, except []string) string {
	if len(except) > 0 {
		cidr += " except " + strings.Join(except, ", ")
	}
	return cidr
}

func blockText(b plan.Block) string {
	var except []string
	for _, e := range b.Except {
		except = append(except, e.String())
	}
	return rangeText(b.CIDR.String(), except)
}

// notPublic are the ranges of addresses that no host of the internet has: those
// that the public internet leaves out, and those of a host itself.
var notPublic = slices.Concat(plan.NotInternet, []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
})

// internet reports whether an end is, or may be, a public address.
func (c *comparison) internet(e End) bool {
	switch e.Kind {
	case AnybodyEnd:
		return e.Name == "anybody"
	case AddressEnd:
		cidr, _, _ := strings.Cut(e.Name, " ")
		return public(cidr)
	case PeerEnd:
		for _, side := range []int{after, before} {
			p := c.sides[side].Plan
			if p == nil || p.Endpoints[e.Name] == nil {
				continue
			}
			peer := p.Endpoints[e.Name]
			if peer.Anywhere || slices.ContainsFunc(peer.Blocks, func(b plan.Block) bool { return public(b.CIDR.String()) }) {
				return true
			}
		}
	default: // pods, whatever they are called
	}
	return false
}

// public reports whether a range, or an address, is not wholly private.
func public(s string) bool {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		addr, err := netip.ParseAddr(s)
		if err != nil {
			return true // what it is cannot be said
		}
		p = netip.PrefixFrom(addr, addr.BitLen())
	}
	return !slices.ContainsFunc(notPublic, func(private netip.Prefix) bool {
		return private.Bits() <= p.Bits() && private.Contains(p.Addr())
	})
}
