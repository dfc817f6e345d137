package evaluator

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"netgen.dev/conformance/internal/apiserver"
	"netgen.dev/proof/connectivity"
)

// malformation is a way to spoil a policy.
type malformation struct {
	name  string
	field string // that is wrong, as a Problem and the API server name it
	spoil func(*networkingv1.NetworkPolicy)
}

// sound is the policy that is spoiled: a pod with both directions open.
func sound() *networkingv1.NetworkPolicy {
	p := where("x", is("pod", "a"),
		ingress(from(podsIn(is(nameLabel, "y"), oneOf("pod", "a", "b"))), through(tcp(80), 81)),
		egress(to(block("10.2.0.0/16", "10.2.0.9/32")), unsaid(tcp(80)), named("UDP", "udp-81")),
	)
	p.Name = "spoiled"
	return p
}

const (
	inPodSelector = "spec.podSelector"
	inPeer        = "spec.ingress[0].from[0]"
	inPort        = "spec.ingress[0].ports[0]"
	inBlock       = "spec.egress[0].to[0].ipBlock"
)

// malformedSelectors are wrong wherever a selector is. Some would select more
// than is meant if they were taken by the word.
func malformedSelectors(at string, of func(*networkingv1.NetworkPolicy) *metav1.LabelSelector) []malformation {
	labels := func(key, value string) func(*networkingv1.NetworkPolicy) {
		return func(p *networkingv1.NetworkPolicy) { of(p).MatchLabels = map[string]string{key: value} }
	}
	expression := func(op metav1.LabelSelectorOperator, key string, values ...string) func(*networkingv1.NetworkPolicy) {
		return func(p *networkingv1.NetworkPolicy) {
			of(p).MatchExpressions = []metav1.LabelSelectorRequirement{requirement(key, op, values...)}
		}
	}
	first := at + ".matchExpressions[0]"
	return []malformation{
		{"a label with a space in its key", at + ".matchLabels", labels("the pod", "a")},
		{"a label with a space in its value", at + ".matchLabels", labels("pod", "a or b")},
		{"In without values", first, expression(metav1.LabelSelectorOpIn, "pod")},
		{"NotIn without values", first, expression(metav1.LabelSelectorOpNotIn, "pod")},
		{"In with a value that no label has", first, expression(metav1.LabelSelectorOpIn, "pod", "a", "a or b")},
		{"NotIn with a value that no label has", first, expression(metav1.LabelSelectorOpNotIn, "pod", "a or b")},
		{"Exists with values", first, expression(metav1.LabelSelectorOpExists, "pod", "a")},
		{"DoesNotExist with values", first, expression(metav1.LabelSelectorOpDoesNotExist, "nobodys", "a")},
		{"an operator in lower case", first, expression("in", "pod", "a")},
		{"an operator of nodes", first, expression("Gt", "pod", "1")},
		{"no operator", first, expression("", "pod", "a")},
		{"no key", first, expression(metav1.LabelSelectorOpDoesNotExist, "")},
	}
}

var malformedPolicies = []malformation{
	{"no namespace", "metadata.namespace", func(p *networkingv1.NetworkPolicy) { p.Namespace = "" }},
	{"a namespace with a capital", "metadata.namespace", func(p *networkingv1.NetworkPolicy) { p.Namespace = "X" }},
	{"a namespace with a dot", "metadata.namespace", func(p *networkingv1.NetworkPolicy) { p.Namespace = "x.y" }},
	{"no name", "metadata.name", func(p *networkingv1.NetworkPolicy) { p.Name = "" }},
	{"a name with a capital", "metadata.name", func(p *networkingv1.NetworkPolicy) { p.Name = "Spoiled" }},
	{"an unknown type", "spec.policyTypes[1]", func(p *networkingv1.NetworkPolicy) { p.Spec.PolicyTypes[1] = "Outward" }},
	{"a type in lower case", "spec.policyTypes[0]", func(p *networkingv1.NetworkPolicy) { p.Spec.PolicyTypes[0] = "ingress" }},
	{"three types", "spec.policyTypes", func(p *networkingv1.NetworkPolicy) {
		p.Spec.PolicyTypes = []networkingv1.PolicyType{"Ingress", "Egress", "Ingress"}
	}},
}

func ofPeer(spoil func(*networkingv1.NetworkPolicyPeer)) func(*networkingv1.NetworkPolicy) {
	return func(p *networkingv1.NetworkPolicy) { spoil(&p.Spec.Ingress[0].From[0]) }
}

func ofBlock(cidr string, except ...string) func(*networkingv1.NetworkPolicy) {
	return func(p *networkingv1.NetworkPolicy) {
		p.Spec.Egress[0].To[0].IPBlock = &networkingv1.IPBlock{CIDR: cidr, Except: except}
	}
}

func ofPort(spoil func(*networkingv1.NetworkPolicyPort)) func(*networkingv1.NetworkPolicy) {
	return func(p *networkingv1.NetworkPolicy) { spoil(&p.Spec.Ingress[0].Ports[0]) }
}

var malformedPeers = []malformation{
	{"no peer", inPeer, ofPeer(func(p *networkingv1.NetworkPolicyPeer) { *p = networkingv1.NetworkPolicyPeer{} })},
	{"a block and pods", inPeer, ofPeer(func(p *networkingv1.NetworkPolicyPeer) {
		p.NamespaceSelector, p.IPBlock = nil, &networkingv1.IPBlock{CIDR: "0.0.0.0/0"}
	})},
	{"a block and namespaces", inPeer, ofPeer(func(p *networkingv1.NetworkPolicyPeer) {
		p.PodSelector, p.IPBlock = nil, &networkingv1.IPBlock{CIDR: "0.0.0.0/0"}
	})},

	{"a block that is empty", inBlock + ".cidr", ofBlock("")},
	{"an address without a length", inBlock + ".cidr", ofBlock("10.2.0.0")},
	{"a length beyond 32", inBlock + ".cidr", ofBlock("10.2.0.0/33")},
	{"a length below 0", inBlock + ".cidr", ofBlock("10.2.0.0/-1")},
	{"a zero before a number", inBlock + ".cidr", ofBlock("010.2.0.0/16")},
	{"a zero before the length", inBlock + ".cidr", ofBlock("10.2.0.0/016")},
	{"a space", inBlock + ".cidr", ofBlock(" 10.2.0.0/16")},
	{"a zone", inBlock + ".cidr", ofBlock("fe80::%eth0/64")},
	{"IPv4 as IPv6", inBlock + ".cidr", ofBlock("::ffff:10.2.0.0/112")},
	{"all of IPv4 as IPv6", inBlock + ".cidr", ofBlock("::ffff:0:0/96")},
	{"an exception that is empty", inBlock + ".except[0]", ofBlock("10.2.0.0/16", "")},
	{"an exception without a length", inBlock + ".except[1]", ofBlock("10.2.0.0/16", "10.2.0.9/32", "10.2.0.8")},
	{"an exception elsewhere", inBlock + ".except[0]", ofBlock("10.2.0.0/16", "10.3.0.0/24")},
	{"an exception of everything", inBlock + ".except[0]", ofBlock("10.2.0.0/16", "10.2.0.0/16")},
	{"an exception of more than everything", inBlock + ".except[0]", ofBlock("10.2.0.0/16", "10.0.0.0/8")},
	{"an exception of another family", inBlock + ".except[0]", ofBlock("10.2.0.0/16", "2001:db8::/32")},
	{"an exception of IPv4 as IPv6", inBlock + ".except[0]", ofBlock("10.2.0.0/16", "::ffff:10.2.0.9/128")},
}

var malformedPorts = []malformation{
	{"port 0", inPort + ".port", ofPort(func(p *port) { *p = tcp(0) })},
	{"port 0 to 81", inPort + ".port", ofPort(func(p *port) { *p = through(tcp(0), 81) })},
	{"port -80", inPort + ".port", ofPort(func(p *port) { *p = tcp(-80) })},
	{"port 65536", inPort + ".port", ofPort(func(p *port) { *p = tcp(65536) })},
	{"port 65616, which is 80 in 16 bits", inPort + ".port", ofPort(func(p *port) { *p = tcp(65616) })},
	{"a range that ends before it starts", inPort + ".endPort", ofPort(func(p *port) { *p = through(tcp(81), 80) })},
	{"a range that ends at 0", inPort + ".endPort", ofPort(func(p *port) { *p = through(tcp(80), 0) })},
	{"a range that ends beyond 65535", inPort + ".endPort", ofPort(func(p *port) { *p = through(tcp(80), 65536) })},
	{"an end without a start", inPort + ".endPort", ofPort(func(p *port) { p.Port = nil })},
	{"an end after a name", inPort + ".endPort", ofPort(func(p *port) { p.Port = new(intstr.FromString("tcp-80")) })},
	{"a name that is empty", inPort + ".port", ofPort(func(p *port) { *p = named("TCP", "") })},
	{"a name that is a number", inPort + ".port", ofPort(func(p *port) { *p = named("TCP", "80") })},
	{"a name with a capital", inPort + ".port", ofPort(func(p *port) { *p = named("TCP", "TCP-80") })},
	{"a name of 16 letters", inPort + ".port", ofPort(func(p *port) { *p = named("TCP", "sixteen-letters-") })},
	{"a protocol in lower case", inPort + ".protocol", ofPort(func(p *port) { p.Protocol = new(corev1.Protocol("tcp")) })},
	{"another protocol", inPort + ".protocol", ofPort(func(p *port) { p.Protocol = new(corev1.Protocol("ICMP")) })},
	{"a protocol that is empty", inPort + ".protocol", ofPort(func(p *port) { p.Protocol = new(corev1.Protocol("")) })},
}

// mirrored returns what a malformation is with the directions swapped.
func (m malformation) mirrored() malformation {
	swap := strings.NewReplacer("ingress", "egress", "egress", "ingress", ".from[", ".to[", ".to[", ".from[")
	return malformation{m.name, swap.Replace(m.field), func(p *networkingv1.NetworkPolicy) {
		m.spoil(p)
		in, out := p.Spec.Ingress, p.Spec.Egress
		p.Spec.Ingress, p.Spec.Egress = nil, nil
		for _, r := range in {
			p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: r.From, Ports: r.Ports})
		}
		for _, r := range out {
			p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: r.To, Ports: r.Ports})
		}
	}}
}

// TestMalformedRules: a rule that the API refuses is reported and lets nothing
// through, and the policy isolates all the same.
func TestMalformedRules(t *testing.T) {
	spoiled := slices.Concat(malformedPeers, malformedPorts,
		malformedSelectors(inPeer+".podSelector", func(p *networkingv1.NetworkPolicy) *metav1.LabelSelector {
			return p.Spec.Ingress[0].From[0].PodSelector
		}),
		malformedSelectors(inPeer+".namespaceSelector", func(p *networkingv1.NetworkPolicy) *metav1.LabelSelector {
			return p.Spec.Ingress[0].From[0].NamespaceSelector
		}))
	for _, m := range slices.Clone(spoiled) {
		spoiled = append(spoiled, m.mirrored())
	}
	for _, m := range spoiled {
		direction := connectivity.Ingress
		if strings.HasPrefix(m.field, "spec.egress") {
			direction = connectivity.Egress
		}
		t.Run(m.field+"/"+m.name, func(t *testing.T) {
			p := sound()
			if open := opened(policies{p}, direction, "x/a"); open == 0 {
				t.Fatal("the policy opens nothing as it is")
			}
			m.spoil(p)
			m.refused(t, p)
			if open := opened(policies{p}, direction, "x/a"); open > 0 {
				t.Errorf("%d cells are open, or the pod is not isolated", open)
			}
		})
	}
}

// TestMalformedPolicies: a policy that the API refuses for what is no rule of it
// is reported and, where another policy isolates, lets nothing through. One that
// does not say well which pods it is for isolates its namespace.
func TestMalformedPolicies(t *testing.T) {
	spoiled := slices.Concat(malformedPolicies,
		malformedSelectors(inPodSelector, func(p *networkingv1.NetworkPolicy) *metav1.LabelSelector { return &p.Spec.PodSelector }))
	for _, m := range spoiled {
		t.Run(m.field+"/"+m.name, func(t *testing.T) {
			p, others := sound(), on("x/*", noIngress, noEgress)
			others.Name = "others"
			m.spoil(p)
			m.refused(t, p)
			for _, direction := range directions {
				if open := opened(policies{p, others}, direction, "x/a", "x/b"); open > 0 {
					t.Errorf("%d cells of %s are open", open, direction)
				}
				if !strings.HasPrefix(m.field, inPodSelector) {
					continue
				}
				if open := opened(policies{p}, direction, "x/a", "x/b"); open > 0 {
					t.Errorf("%d cells of %s are open, or a pod that may be meant is not isolated", open, direction)
				}
			}
		})
	}
}

// refused checks that a policy is reported, and for what the API server refuses
// it for.
func (m malformation) refused(t *testing.T, p *networkingv1.NetworkPolicy) {
	t.Helper()
	_, problems := connectivity.New(policies{p}, nil)
	if !slices.ContainsFunc(problems, func(problem connectivity.Problem) bool { return problem.Field == m.field }) {
		t.Errorf("problems %v, want one of %s", problems, m.field)
	}
	if err := admit(t, p); err == nil {
		t.Error("the API server accepts it")
	} else if !strings.Contains(err.Error(), m.field) {
		t.Errorf("the API server refuses it for another field than %s: %v", m.field, err)
	}
}

// admit hands a policy to the API server.
func admit(t testing.TB, p *networkingv1.NetworkPolicy) error {
	t.Helper()
	written := p.DeepCopy()
	written.TypeMeta = metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"}
	doc, err := yaml.Marshal(written)
	if err != nil {
		t.Fatal(err)
	}
	_, err = apiserver.Admit(doc)
	return err
}

// TestSoundPolicies: the API server accepts the random policies of TestDifferential
// in which we find no fault. Only blocks with host bits it refuses, since 1.36,
// unless they are stored already: those we read as data planes do.
func TestSoundPolicies(t *testing.T) {
	accepted := 0
	for seed := range uint64(200) {
		for _, p := range newRoll(seed).cluster().policies {
			err := admit(t, p)
			if err != nil && !strings.Contains(err.Error(), "must not have bits set beyond the prefix length") {
				t.Errorf("seed %d: %v", seed, err)
			}
			if _, problems := connectivity.New(policies{p}, nil); len(problems) > 0 {
				t.Errorf("seed %d: %v", seed, problems)
			}
			if err == nil {
				accepted++
			}
		}
	}
	t.Logf("%d policies", accepted)
	if accepted < 500 {
		t.Error("too few to say anything")
	}
}

// opened counts what pods of namespace x may do in a direction, as single answers
// or as Reach has it.
func opened(list policies, d connectivity.Direction, pods ...string) int {
	c := &cluster{ends: podsNamed("x/a x/b y/a y/b z/a", nil)}
	for _, addr := range []string{"10.2.0.7", "10.3.0.1", "203.0.113.1", "2001:db8::1"} {
		c.ends = append(c.ends, connectivity.End{Addr: netip.MustParseAddr(addr)})
	}
	set, _ := connectivity.New(list, nil)
	ends := connectivity.NewEnds(c.ends)
	open := 0
	for _, name := range pods {
		subject := connectivity.End{Pod: c.pod(name)}
		reach := set.Reach(d, subject.Pod, ends)
		for i, other := range c.ends {
			for _, protocol := range connectivity.Protocols {
				for _, port := range []uint16{1, 79, 80, 81, 82, 65535} {
					q := question{subject, other, protocol, port}
					if d == connectivity.Ingress {
						q.src, q.dst = q.dst, q.src
					}
					if ask(set, d, q).Verdict == connectivity.Allowed || reach.On(i, other).Has(protocol, port) {
						open++
					}
				}
			}
		}
	}
	return open
}
