package evaluator

import (
	"fmt"
	"maps"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"netgen.dev/proof/connectivity"
)

// The notation of the cases that are transcribed. A policy is
//
//	on("x/a", ingress(from(pods(is("pod", "b"))), tcp(80)))
//
// for pod a of namespace x, or "x/*" for all of x. What must pass is everything
// but for lines like
//
//	"* !> x/a"    nothing reaches x/a
//	"x/b > x/a"   except x/b
//
// of which the last that is about two pods holds for them.

// part adds to a policy.
type part func(*networkingv1.NetworkPolicySpec)

// on returns a policy for the pods of a place.
func on(place string, parts ...part) *networkingv1.NetworkPolicy {
	namespace, pod, _ := strings.Cut(place, "/")
	if pod == "*" {
		return where(namespace, everything, parts...)
	}
	return where(namespace, is("pod", pod), parts...)
}

// where returns a policy for the pods of a namespace that a selector matches.
func where(namespace string, sel metav1.LabelSelector, parts ...part) *networkingv1.NetworkPolicy {
	p := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: namespace}}
	p.Spec.PodSelector = sel
	for _, add := range parts {
		add(&p.Spec)
	}
	return p
}

func isolates(s *networkingv1.NetworkPolicySpec, direction networkingv1.PolicyType) {
	if !slices.Contains(s.PolicyTypes, direction) {
		s.PolicyTypes = append(s.PolicyTypes, direction)
	}
}

func noIngress(s *networkingv1.NetworkPolicySpec) { isolates(s, networkingv1.PolicyTypeIngress) }
func noEgress(s *networkingv1.NetworkPolicySpec)  { isolates(s, networkingv1.PolicyTypeEgress) }

type (
	peers []networkingv1.NetworkPolicyPeer
	port  = networkingv1.NetworkPolicyPort
)

func ingress(from peers, ports ...port) part {
	return func(s *networkingv1.NetworkPolicySpec) {
		noIngress(s)
		s.Ingress = append(s.Ingress, networkingv1.NetworkPolicyIngressRule{From: from, Ports: ports})
	}
}

func egress(to peers, ports ...port) part {
	return func(s *networkingv1.NetworkPolicySpec) {
		noEgress(s)
		s.Egress = append(s.Egress, networkingv1.NetworkPolicyEgressRule{To: to, Ports: ports})
	}
}

// anyone is no restriction to peers.
var anyone peers

func from(list ...networkingv1.NetworkPolicyPeer) peers { return list }
func to(list ...networkingv1.NetworkPolicyPeer) peers   { return list }

func pods(sel metav1.LabelSelector) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{PodSelector: &sel}
}

func namespaces(sel metav1.LabelSelector) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{NamespaceSelector: &sel}
}

func podsIn(namespaces, pods metav1.LabelSelector) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{NamespaceSelector: &namespaces, PodSelector: &pods}
}

func block(cidr string, except ...string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr, Except: except}}
}

var everything metav1.LabelSelector

// is returns a selector of labels, given as key and value in turn.
func is(pairs ...string) metav1.LabelSelector {
	labels := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		labels[pairs[i]] = pairs[i+1]
	}
	return metav1.LabelSelector{MatchLabels: labels}
}

func oneOf(key string, values ...string) metav1.LabelSelector {
	return metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{requirement(key, metav1.LabelSelectorOpIn, values...)}}
}

// otherThan returns a selector of the namespaces with other names.
func otherThan(names ...string) metav1.LabelSelector {
	return metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{requirement(nameLabel, metav1.LabelSelectorOpNotIn, names...)}}
}

func requirement(key string, op metav1.LabelSelectorOperator, values ...string) metav1.LabelSelectorRequirement {
	return metav1.LabelSelectorRequirement{Key: key, Operator: op, Values: values}
}

func tcp(number int32) port  { return numbered(corev1.ProtocolTCP, number) }
func udp(number int32) port  { return numbered(corev1.ProtocolUDP, number) }
func sctp(number int32) port { return numbered(corev1.ProtocolSCTP, number) }

func numbered(protocol corev1.Protocol, number int32) port {
	return port{Protocol: &protocol, Port: new(intstr.FromInt32(number))}
}

func named(protocol corev1.Protocol, name string) port {
	return port{Protocol: &protocol, Port: new(intstr.FromString(name))}
}

func through(first port, last int32) port {
	first.EndPort = &last
	return first
}

// unsaid leaves the protocol of a port to its default.
func unsaid(p port) port {
	p.Protocol = nil
	return p
}

// step is a state of a cluster and what must pass in it.
type step struct {
	policies policies                     // all that there are
	labels   map[string]map[string]string // further labels of a namespace or of a pod
	attempts []attempt
}

// attempt is a port on which everything is tried, and what must pass.
type attempt struct {
	on    string // 80/TCP
	lines []string
}

func given(list ...*networkingv1.NetworkPolicy) step { return step{policies: list} }

func (s step) labelled(what, key, value string) step {
	s.labels = map[string]map[string]string{what: {key: value}}
	return s
}

func (s step) expect(on string, lines ...string) step {
	s.attempts = append(s.attempts, attempt{on, lines})
	return s
}

func (a attempt) port(t testing.TB) (connectivity.Protocol, uint16) {
	t.Helper()
	number, protocol, _ := strings.Cut(a.on, "/")
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || !slices.Contains(connectivity.Protocols, connectivity.Protocol(protocol)) {
		t.Fatalf("%s is not a port", a.on)
	}
	return connectivity.Protocol(protocol), uint16(n)
}

func (a attempt) passes(t testing.TB, src, dst connectivity.End) bool {
	t.Helper()
	out := true
	for _, line := range a.lines {
		who, whom, opens := strings.Cut(line, " > ")
		if !opens {
			var closes bool
			if who, whom, closes = strings.Cut(line, " !> "); !closes {
				t.Fatalf("%q opens nothing and closes nothing", line)
			}
		}
		if covers(t, who, src) && covers(t, whom, dst) {
			out = opens
		}
	}
	return out
}

// covers reports whether a pattern like x/* is about an end.
func covers(t testing.TB, pattern string, e connectivity.End) bool {
	t.Helper()
	if pattern == "*" {
		return true
	}
	ok, err := path.Match(pattern, e.String())
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// podsNamed returns the pods of names like x/a, with a label for the name, an
// address of their own, and ports with names like tcp-80.
func podsNamed(names string, labels map[string]map[string]string) []connectivity.End {
	var out []connectivity.End
	for name := range strings.FieldsSeq(names) {
		namespace, short, _ := strings.Cut(name, "/")
		p := &connectivity.Pod{Namespace: namespace, Name: short, Labels: map[string]string{"pod": short}}
		maps.Copy(p.Labels, labels[name])
		p.IPs = []netip.Addr{netip.AddrFrom4([4]byte{10, 1 + namespace[0] - 'x', 0, 1 + short[0] - 'a'})}
		for _, protocol := range connectivity.Protocols {
			for _, number := range []uint16{80, 81} {
				p.Ports = append(p.Ports, connectivity.ContainerPort{
					Name: fmt.Sprintf("%s-%d", strings.ToLower(string(protocol)), number), Port: number, Protocol: protocol,
				})
			}
		}
		out = append(out, connectivity.End{Pod: p})
	}
	return out
}
