package evaluator

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"netgen.dev/proof/connectivity"
)

// packet is a case of the tests of kube-network-policies: the first packet of a
// connection, and whether it passes.
type packet struct {
	name     string
	policies policies
	src, dst string // a pod, or an address
	on       string
	passes   bool
}

// The pods of the cases: a and b are of us, in namespaces of us; d is not but is
// in a namespace of us; c is neither.
const packetPods = "x/a x/d y/b y/d z/c"

var packetLabels = map[string]map[string]string{
	"x": {"of": "us"}, "y": {"of": "us"},
	"x/a": {"of": "us"}, "y/b": {"of": "us"},
}

var (
	ofUs   = is("of", "us")
	denied = on("y/*", noIngress)
	silent = on("y/*", noEgress)
	// What a may open in the cases about egress, beside what each is about.
	highPorts = where("x", ofUs, egress(anyone, through(tcp(30000), 65535)))
)

// packets are the cases that ask the whole engine.
var packets = []packet{
	{"no policy", nil, "x/a", "y/b", "80/TCP", true},
	{"ingress is denied", policies{denied}, "x/a", "y/b", "80/TCP", false},
	{"egress is denied", policies{silent}, "y/b", "x/a", "80/TCP", false},
	{"the egress of the destination does not matter", policies{silent}, "x/a", "y/b", "80/TCP", true},
	{"a rule that says nothing allows", policies{denied, on("y/*", ingress(anyone))}, "x/a", "y/b", "80/TCP", true},
	{"a block allows", policies{denied, on("y/*", ingress(from(block("10.0.0.0/8"))))}, "x/a", "y/b", "80/TCP", true},
	{"a block does not allow what is outside", policies{on("y/*", ingress(from(block("10.0.0.0/8"))))}, "192.0.2.1", "y/b", "80/TCP", false},
	{"below a range of ports", policies{silent, highPorts}, "x/a", "y/b", "80/TCP", false},
	{"in a range of ports", policies{silent, highPorts}, "x/a", "y/b", "30080/TCP", true},
	{"a block adds to ports", policies{silent, highPorts, where("x", ofUs, egress(to(block("10.0.0.0/8"))))}, "x/a", "y/b", "80/TCP", true},
	{"a pod selector is of the own namespace", policies{silent, highPorts, where("x", ofUs, egress(to(pods(ofUs))))}, "x/a", "y/b", "80/TCP", false},
	{"a pod selector, another pod", policies{silent, highPorts, where("x", ofUs, egress(to(pods(ofUs))))}, "x/a", "z/c", "80/TCP", false},
	{"a namespace selector", policies{silent, highPorts, where("x", ofUs, egress(to(namespaces(ofUs))))}, "x/a", "y/b", "80/TCP", true},
	{"a namespace selector, another namespace", policies{silent, highPorts, where("x", ofUs, egress(to(namespaces(ofUs))))}, "x/a", "z/c", "80/TCP", false},
	{"both selectors", policies{silent, highPorts, where("x", ofUs, egress(to(podsIn(ofUs, ofUs))))}, "x/a", "y/b", "80/TCP", true},
	{"both selectors, neither holds", policies{silent, highPorts, where("x", ofUs, egress(to(podsIn(ofUs, ofUs))))}, "x/a", "z/c", "80/TCP", false},
	{"both selectors, ingress", policies{denied, where("y", ofUs, ingress(from(podsIn(ofUs, ofUs))))}, "x/a", "y/b", "80/TCP", true},
	{"both selectors, ingress of another pod", policies{denied, where("y", ofUs, ingress(from(podsIn(ofUs, ofUs))))}, "x/a", "y/d", "80/TCP", false},
	{"a port by its name", policies{where("x", ofUs, egress(anyone, named("TCP", "tcp-80")))}, "x/a", "y/b", "80/TCP", true},
	{"a port by another name", policies{where("x", ofUs, egress(anyone, named("TCP", "tcp-443")))}, "x/a", "y/b", "80/TCP", false},
}

// matches are the cases that ask one part of the engine: here, whether a policy
// for x/d with one rule lets a source in.
var matches = []struct {
	name   string
	rule   part
	src    string
	on     string
	passes bool
}{
	{"no peers", ingress(anyone), "x/a", "80/TCP", true},
	{"the pods", ingress(from(pods(is("pod", "a")))), "x/a", "80/TCP", true},
	{"other pods", ingress(from(pods(is("pod", "b")))), "x/a", "80/TCP", false},
	{"the namespace", ingress(from(namespaces(is(nameLabel, "x")))), "x/a", "80/TCP", true},
	{"another namespace", ingress(from(namespaces(is(nameLabel, "y")))), "x/a", "80/TCP", false},
	{"the pods of the namespace", ingress(from(podsIn(is(nameLabel, "x"), is("pod", "a")))), "x/a", "80/TCP", true},
	{"the pods of another namespace", ingress(from(podsIn(is(nameLabel, "y"), is("pod", "a")))), "x/a", "80/TCP", false},
	{"other pods of the namespace", ingress(from(podsIn(is(nameLabel, "x"), is("pod", "b")))), "x/a", "80/TCP", false},
	{"an empty pod selector", ingress(from(pods(everything))), "x/a", "80/TCP", true},
	{"an empty pod selector, a pod of another namespace", ingress(from(pods(everything))), "y/b", "80/TCP", false},
	{"an empty namespace selector", ingress(from(namespaces(everything))), "y/b", "80/TCP", true},

	{"no block", ingress(anyone), "192.168.0.1", "80/TCP", true},
	{"in the block", ingress(from(block("192.168.0.0/24"))), "192.168.0.1", "80/TCP", true},
	{"outside the block", ingress(from(block("192.168.0.0/24"))), "10.9.9.9", "80/TCP", false},
	{"in the block, outside the exception", ingress(from(block("192.168.0.0/16", "192.168.1.0/24"))), "192.168.0.1", "80/TCP", true},
	{"in the exception", ingress(from(block("192.168.0.0/16", "192.168.1.0/24"))), "192.168.1.1", "80/TCP", false},

	{"no ports", ingress(anyone), "x/a", "80/TCP", true},
	{"the port of TCP", ingress(anyone, tcp(30000)), "x/a", "30000/TCP", true},
	{"the port of UDP", ingress(anyone, udp(30000)), "x/a", "30000/UDP", true},
	{"another port of TCP", ingress(anyone, tcp(30000)), "x/a", "138/TCP", false},
	{"another port of UDP", ingress(anyone, udp(30000)), "x/a", "138/UDP", false},
	{"the range of TCP", ingress(anyone, through(tcp(30000), 65535)), "x/a", "30138/TCP", true},
	{"the range of UDP", ingress(anyone, through(udp(30000), 65535)), "x/a", "30138/UDP", true},
	{"below the range of TCP", ingress(anyone, through(tcp(30000), 65535)), "x/a", "138/TCP", false},
	{"below the range of UDP", ingress(anyone, through(udp(30000), 65535)), "x/a", "138/UDP", false},
	{"the name of a port", ingress(anyone, named("TCP", "tcp-80")), "x/a", "80/TCP", true},
	{"the name of a port, of another protocol", ingress(anyone, named("UDP", "tcp-80")), "x/a", "80/TCP", false},
}

// TestPackets holds our answers against the table tests of
// kube-network-policies. Some of its cases are of objects that no API server
// hands out: it allows everything for an empty list of rules that is not nil, for
// a peer without selectors and for a block that is nil, it has a range that ends
// at port 65537 and an exception outside its block. Those are said here as the
// API can store what they mean.
func TestPackets(t *testing.T) {
	all := slices.Clone(packets)
	for _, m := range matches {
		all = append(all, packet{m.name, policies{on("x/d", m.rule)}, m.src, "x/d", m.on, m.passes})
	}
	if len(all) != 47 {
		t.Errorf("%d cases, the tests have 47", len(all))
	}
	for _, p := range all {
		t.Run(p.name, func(t *testing.T) {
			s := step{policies: p.policies, labels: packetLabels}.expect(p.on)
			c := s.cluster(packetPods)
			src, dst := c.end(t, p.src), c.end(t, p.dst)
			set, problems := connectivity.New(c.policies, c.namespaces)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			protocol, port := s.attempts[0].port(t)
			if got := set.Connects(src, dst, protocol, port); got != verdict(p.passes) {
				t.Errorf("%s, want %t", got, p.passes)
			}
			q := question{src, dst, protocol, port}
			for _, j := range judgesOf(c, c.stored()) {
				if got := j.connects(q); got != p.passes {
					t.Errorf("%s says %t, want %t", j.name, got, p.passes)
				}
			}
		})
	}
}

// end returns the end of a name like x/a or an address. An address is added.
func (c *cluster) end(t testing.TB, name string) connectivity.End {
	t.Helper()
	if p := c.pod(name); p != nil {
		return connectivity.End{Pod: p}
	}
	addr, err := netip.ParseAddr(name)
	if err != nil {
		t.Fatal(fmt.Errorf("%s is neither a pod of the cluster nor an address: %w", name, err))
	}
	e := connectivity.End{Addr: addr}
	c.ends = append(c.ends, e)
	return e
}
