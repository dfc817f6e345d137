package connectivity

import (
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Direction is a direction of traffic, as seen from the pod that is isolated.
type Direction string

// The directions.
const (
	Ingress Direction = "ingress"
	Egress  Direction = "egress"
)

// Problem is a policy that the API would refuse.
type Problem struct {
	Policy  string // namespace/name
	Field   string // as in spec.ingress[0].from[1]
	Message string
	Index   int // of the policy in the list that New was given

	// Duplicate: the trouble is that the policy at index First has its name.
	Duplicate bool
	First     int
}

// Error makes a Problem an error.
func (p Problem) Error() string { return p.Policy + ": " + p.Field + ": " + p.Message }

// Rule is a rule of a policy.
type Rule struct {
	Policy    *Policy
	Direction Direction
	Index     int // in the list of the policy

	peers []peer      // nil: any
	ports []portMatch // nil: every port
}

// String names a rule as a reader finds it: namespace/name, ingress[2].
func (r *Rule) String() string {
	return fmt.Sprintf("%s, %s[%d]", r.Policy, r.Direction, r.Index)
}

// Policy is a NetworkPolicy, defaulted and validated as the API server does.
type Policy struct {
	Namespace, Name string

	selector selector
	isolates map[Direction]bool
	rules    map[Direction][]*Rule
}

// String names a policy as namespace/name.
func (p *Policy) String() string { return p.Namespace + "/" + p.Name }

// Isolates reports whether p isolates the pods that it selects in a direction.
func (p *Policy) Isolates(d Direction) bool { return p.isolates[d] }

// Rules returns the rules of a direction that have effect.
func (p *Policy) Rules(d Direction) []*Rule { return p.rules[d] }

// peer matches ends: pods by selectors, or addresses.
type peer struct {
	namespaces *selector // nil: the policy's own namespace
	pods       *selector // nil: every pod
	block      *block
}

// everyPod reports whether a peer is every pod of every namespace.
func (p peer) everyPod() bool {
	return p.namespaces != nil && p.namespaces.everything() && (p.pods == nil || p.pods.everything())
}

type block struct {
	cidr   netip.Prefix
	except []netip.Prefix
}

func (b block) has(a netip.Addr) bool {
	return b.cidr.Contains(a) && !slices.ContainsFunc(b.except, func(e netip.Prefix) bool { return e.Contains(a) })
}

// portMatch matches ports: a range, or a name that each destination resolves.
type portMatch struct {
	protocol    Protocol
	name        string
	first, last uint16
}

// parser turns an API object into a Policy and collects what is wrong with it.
type parser struct {
	policy   *Policy
	problems []Problem
}

func (p *parser) problem(field, format string, args ...any) {
	p.problems = append(p.problems, Problem{Policy: p.policy.String(), Field: field, Message: fmt.Sprintf(format, args...)})
}

// parse defaults and validates a policy. A rule that is malformed allows
// nothing, but the policy isolates what it selects all the same; one that is
// malformed as a whole allows nothing either, and where it cannot be said whom it
// selects or in which direction, it isolates its namespace, or in both.
func parse(in *networkingv1.NetworkPolicy) (*Policy, []Problem) {
	p := &parser{policy: &Policy{
		Namespace: in.Namespace, Name: in.Name,
		isolates: map[Direction]bool{}, rules: map[Direction][]*Rule{},
	}}
	if in.Namespace == "" {
		// Without a namespace it would go to whatever is the default of whoever
		// applies it.
		p.problem("metadata.namespace", "is missing")
	} else if msgs := validation.IsDNS1123Label(in.Namespace); len(msgs) > 0 {
		p.problem("metadata.namespace", "%s", msgs[0])
	}
	for _, msg := range validation.IsDNS1123Subdomain(in.Name) {
		p.problem("metadata.name", "%s", msg)
	}
	before := len(p.problems)
	p.policy.selector = p.selector("spec.podSelector", &in.Spec.PodSelector)
	p.types(in)
	if len(p.problems) > before {
		// Whom it is meant for cannot be said, so it is for all.
		p.policy.selector = selector{}
	}
	if len(p.problems) > 0 {
		return p.policy, p.problems
	}
	for i, r := range in.Spec.Ingress {
		p.rule(Ingress, i, "from", r.From, r.Ports)
	}
	for i, r := range in.Spec.Egress {
		p.rule(Egress, i, "to", r.To, r.Ports)
	}
	return p.policy, p.problems
}

// types settles which directions a policy isolates: those it lists; if it
// lists none, ingress always, and egress if it has a rule for it.
func (p *parser) types(in *networkingv1.NetworkPolicy) {
	if len(in.Spec.PolicyTypes) == 0 {
		p.policy.isolates[Ingress] = true
		p.policy.isolates[Egress] = len(in.Spec.Egress) > 0
		return
	}
	if len(in.Spec.PolicyTypes) > 2 {
		p.problem("spec.policyTypes", "there are but two")
	}
	for i, t := range in.Spec.PolicyTypes {
		switch t {
		case networkingv1.PolicyTypeIngress:
			p.policy.isolates[Ingress] = true
		case networkingv1.PolicyTypeEgress:
			p.policy.isolates[Egress] = true
		default:
			p.problem(fmt.Sprintf("spec.policyTypes[%d]", i), "%q is neither Ingress nor Egress", t)
			// Which direction is meant cannot be said, so it is both.
			p.policy.isolates[Ingress], p.policy.isolates[Egress] = true, true
		}
	}
}

// rule adds a rule. Rules of a direction that the policy does not isolate have
// no effect, and are kept only for what is wrong with them.
func (p *parser) rule(d Direction, index int, field string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) {
	at := fmt.Sprintf("spec.%s[%d]", d, index)
	r := &Rule{Policy: p.policy, Direction: d, Index: index}
	before := len(p.problems)
	for i, in := range peers {
		r.peers = append(r.peers, p.peer(fmt.Sprintf("%s.%s[%d]", at, field, i), in))
	}
	for i, in := range ports {
		r.ports = append(r.ports, p.port(fmt.Sprintf("%s.ports[%d]", at, i), in))
	}
	if len(p.problems) == before && p.policy.isolates[d] {
		p.policy.rules[d] = append(p.policy.rules[d], r)
	}
}

func (p *parser) peer(at string, in networkingv1.NetworkPolicyPeer) peer {
	switch {
	case in.IPBlock != nil && (in.PodSelector != nil || in.NamespaceSelector != nil):
		p.problem(at, "a peer is a block or has selectors, not both")
	case in.IPBlock != nil:
		return peer{block: p.block(at+".ipBlock", in.IPBlock)}
	case in.PodSelector == nil && in.NamespaceSelector == nil:
		p.problem(at, "must specify a peer")
	}
	var out peer
	if in.NamespaceSelector != nil {
		s := p.selector(at+".namespaceSelector", in.NamespaceSelector)
		out.namespaces = &s
	}
	if in.PodSelector != nil {
		s := p.selector(at+".podSelector", in.PodSelector)
		out.pods = &s
	}
	return out
}

func (p *parser) block(at string, in *networkingv1.IPBlock) *block {
	cidr, err := netip.ParsePrefix(in.CIDR)
	if err != nil {
		p.problem(at+".cidr", "%q is not a range of addresses", in.CIDR)
		return &block{}
	}
	if cidr.Addr().Is4In6() {
		p.problem(at+".cidr", "%s is IPv4 in the form of IPv6, which data planes read in different ways", in.CIDR)
		return &block{}
	}
	// The API refuses host bits since 1.36; policies that are stored may have them,
	// and data planes leave them out.
	out := &block{cidr: cidr.Masked()}
	for i, s := range in.Except {
		except, err := netip.ParsePrefix(s)
		switch {
		case err != nil:
			p.problem(fmt.Sprintf("%s.except[%d]", at, i), "%q is not a range of addresses", s)
		case except.Bits() <= cidr.Bits() || !cidr.Contains(except.Addr()):
			p.problem(fmt.Sprintf("%s.except[%d]", at, i), "%s is not strictly inside %s", s, in.CIDR)
		default:
			out.except = append(out.except, except.Masked())
		}
	}
	return out
}

// port defaults the protocol to TCP; it is never any.
func (p *parser) port(at string, in networkingv1.NetworkPolicyPort) portMatch {
	out := portMatch{protocol: TCP, first: 1, last: maxPort}
	if in.Protocol != nil {
		switch *in.Protocol {
		case corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP:
			out.protocol = Protocol(*in.Protocol)
		default:
			p.problem(at+".protocol", "%q is none of TCP, UDP and SCTP", *in.Protocol)
		}
	}
	switch {
	case in.Port == nil:
		if in.EndPort != nil {
			p.problem(at+".endPort", "needs a port")
		}
	case in.Port.Type == intstr.String:
		out.name = in.Port.StrVal
		for _, msg := range validation.IsValidPortName(out.name) {
			p.problem(at+".port", "%s", msg)
		}
		if in.EndPort != nil {
			p.problem(at+".endPort", "needs a port that is a number")
		}
	default:
		n := in.Port.IntVal
		end := n
		if in.EndPort != nil {
			end = *in.EndPort
		}
		if n < 1 || n > maxPort {
			p.problem(at+".port", "%d is not a port from 1 to %d", n, maxPort)
			break
		}
		if end > maxPort || end < n {
			p.problem(at+".endPort", "%d is not a port from %d to %d", end, n, maxPort)
			break
		}
		out.first, out.last = uint16(n), uint16(end)
	}
	return out
}

func (p *parser) selector(at string, in *metav1.LabelSelector) selector {
	out := selector{labels: in.MatchLabels}
	for k, v := range in.MatchLabels {
		if len(validation.IsQualifiedName(k)) > 0 || len(validation.IsValidLabelValue(v)) > 0 {
			p.problem(at+".matchLabels", "%s=%s is not a label", k, v)
		}
	}
	for i, e := range in.MatchExpressions {
		at := fmt.Sprintf("%s.matchExpressions[%d]", at, i)
		switch e.Operator {
		case metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn:
			if len(e.Values) == 0 {
				p.problem(at, "operator %s needs values", e.Operator)
			}
		case metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist:
			if len(e.Values) > 0 {
				p.problem(at, "operator %s takes no values", e.Operator)
			}
		default:
			p.problem(at, "%q is no operator", e.Operator)
		}
		for _, v := range e.Values {
			if len(validation.IsValidLabelValue(v)) > 0 {
				p.problem(at, "no label has the value %q", v)
			}
		}
		if len(validation.IsQualifiedName(e.Key)) > 0 {
			p.problem(at, "%q is not a label key", e.Key)
		}
		out.expressions = append(out.expressions, e)
	}
	return out
}

// selector matches labels: all of its labels and all of its expressions. One
// that says nothing matches everything.
type selector struct {
	labels      map[string]string
	expressions []metav1.LabelSelectorRequirement
}

func (s selector) everything() bool { return len(s.labels) == 0 && len(s.expressions) == 0 }

func (s selector) matches(labels map[string]string) bool {
	for k, want := range s.labels {
		if have, ok := labels[k]; !ok || have != want {
			return false
		}
	}
	for _, e := range s.expressions {
		value, ok := labels[e.Key]
		var holds bool
		switch e.Operator {
		case metav1.LabelSelectorOpIn:
			holds = ok && slices.Contains(e.Values, value)
		case metav1.LabelSelectorOpNotIn: // also true of who lacks the label
			holds = !ok || !slices.Contains(e.Values, value)
		case metav1.LabelSelectorOpExists:
			holds = ok
		case metav1.LabelSelectorOpDoesNotExist:
			holds = !ok
		}
		if !holds {
			return false
		}
	}
	return true
}
