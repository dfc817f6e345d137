package evaluator

import corev1 "k8s.io/api/core/v1"

// The cases of the suite about ports, changes, egress, ranges of addresses and
// protocols, in its order.
var upstreamPorts = []upstreamCase{
	{
		name: "a port is open to one namespace",
		pods: "x/a x/b y/a y/b z/a",
		steps: []step{
			given(on("x/a", ingress(from(namespaces(is(nameLabel, "y"))), tcp(81)))).
				expect("81/TCP", "x/* !> x/a", "z/* !> x/a"),
		},
	},
	{
		name: "policies for the same pod add up",
		pods: "x/a x/b y/a y/b z/a",
		steps: []step{
			given(on("x/a", ingress(from(namespaces(is(nameLabel, "y"))), tcp(81)))).
				expect("81/TCP", "x/* !> x/a", "z/* !> x/a").
				expect("80/TCP", "* !> x/a"),
			given(
				on("x/a", ingress(from(namespaces(is(nameLabel, "y"))), tcp(81))),
				on("x/a", ingress(from(namespaces(is(nameLabel, "y"))), tcp(80))),
			).
				expect("80/TCP", "x/* !> x/a", "z/* !> x/a"),
		},
	},
	{
		name: "a rule that says nothing lets in everything",
		pods: "x/a x/b y/a",
		steps: []step{
			given(on("x/*", ingress(anyone))).
				expect("80/TCP").
				expect("81/TCP"),
		},
	},
	{
		name: "ingress to a port by its name",
		pods: "x/a x/b y/a",
		steps: []step{
			given(on("x/*", ingress(anyone, unsaid(named("TCP", "tcp-81"))))).
				expect("81/TCP").
				expect("80/TCP", "* !> x/*"),
		},
	},
	{
		name: "ingress from one namespace to a port by its name",
		pods: "x/a x/b y/a z/a",
		steps: []step{
			given(on("x/a", ingress(from(namespaces(is(nameLabel, "y"))), named("TCP", "tcp-80")))).
				expect("80/TCP", "x/* !> x/a", "z/* !> x/a").
				expect("81/TCP", "* !> x/a"),
		},
	},
	{
		name: "egress to a port by its name",
		pods: "x/a y/a",
		steps: []step{
			given(on("x/*", egress(anyone, unsaid(named("TCP", "tcp-80"))))).
				expect("80/TCP").
				expect("81/TCP", "x/* !> *"),
		},
	},
	{
		name: "a name that no port has is not every port",
		pods: "x/a y/a",
		steps: []step{
			given(on("x/a", ingress(anyone, named("TCP", "nobodys")))).
				expect("80/TCP", "* !> x/a"),
		},
	},
	{
		name: "a policy that is changed has its new effect",
		pods: "x/a y/a",
		steps: []step{
			given(on("x/*", ingress(anyone))).
				expect("81/TCP"),
			given(on("x/*", noIngress)).
				expect("81/TCP", "* !> x/*"),
		},
	},
	{
		name: "a namespace that gets the label is let in",
		pods: "x/a y/a",
		steps: []step{
			given(on("x/a", ingress(from(namespaces(is("ring", "inner")))))).
				expect("80/TCP", "* !> x/a"),
			given(on("x/a", ingress(from(namespaces(is("ring", "inner")))))).labelled("y", "ring", "inner").
				expect("80/TCP", "* !> x/a", "y/* > *"),
		},
	},
	{
		name: "a pod that gets the label is let in",
		pods: "x/a x/b",
		steps: []step{
			given(on("x/a", ingress(from(pods(is("pod", "b", "ring", "inner")))))).
				expect("80/TCP", "* !> x/a"),
			given(on("x/a", ingress(from(pods(is("pod", "b", "ring", "inner")))))).labelled("x/b", "ring", "inner").
				expect("80/TCP", "* !> x/a", "x/b > x/a"),
		},
	},
	{
		name: "an empty pod selector lets in the own namespace only",
		pods: "x/a x/b y/a z/a",
		steps: []step{
			given(on("x/*", ingress(from(pods(is()))))).
				expect("80/TCP", "y/* !> x/*", "z/* !> x/*"),
		},
	},
	{
		name: "a pod that gets the label is isolated",
		pods: "x/a y/a",
		steps: []step{
			given(where("x", is("quarantine", "yes"), noIngress)).
				expect("80/TCP"),
			given(where("x", is("quarantine", "yes"), noIngress)).labelled("x/a", "quarantine", "yes").
				expect("80/TCP", "* !> x/a"),
		},
	},
	{
		name: "a pod may open nothing",
		pods: "x/a x/b y/a",
		steps: []step{
			given(on("x/a", noEgress)).
				expect("80/TCP", "x/a !> *"),
		},
	},
	{
		name: "a namespace may open nothing",
		pods: "x/a x/b y/a",
		steps: []step{
			given(on("x/*", noEgress)).
				expect("80/TCP", "x/* !> *"),
		},
	},
	{
		name: "one policy for both directions",
		pods: "x/a x/b x/c y/a",
		steps: []step{
			given(on("x/a", egress(anyone, unsaid(tcp(80))), ingress(from(pods(is("pod", "b")))))).
				expect("80/TCP", "* !> x/a", "x/b > x/a").
				expect("81/TCP", "* !> x/a", "x/a !> *", "x/b > x/a"),
		},
	},
	{
		name: "what the client may not open the server cannot allow",
		pods: "x/a y/a y/b",
		steps: []step{
			given(
				on("x/a", egress(to(podsIn(is(nameLabel, "y"), is("pod", "a"))))),
				on("y/a", ingress(from(podsIn(is(nameLabel, "x"), is("pod", "a"))))),
				on("y/b", ingress(from(podsIn(is(nameLabel, "x"), is("pod", "a"))))),
			).
				expect("80/TCP", "* !> *", "x/a > y/a", "y/b > x/a", "y/a > x/a"),
		},
	},
	{
		name: "egress to one pod of another namespace",
		pods: "x/a y/a y/b",
		steps: []step{
			given(on("x/a", egress(to(podsIn(is(nameLabel, "y"), is("pod", "a")))))).
				expect("80/TCP", "x/a !> *", "x/a > y/a"),
		},
	},
	{
		name: "every port of one protocol",
		pods: "x/a y/a",
		steps: []step{
			given(on("x/a", ingress(anyone, port{Protocol: new(corev1.ProtocolTCP)}))).
				expect("80/TCP").
				expect("80/UDP", "* !> x/a"),
		},
	},
	{
		name: "ingress of everything adds to ingress of a port",
		pods: "x/a y/a",
		steps: []step{
			given(on("x/*", ingress(anyone, unsaid(tcp(80))))).
				expect("81/TCP", "* !> x/*"),
			given(on("x/*", ingress(anyone, unsaid(tcp(80)))), on("x/*", ingress(anyone))).
				expect("81/TCP"),
		},
	},
	{
		name: "egress to everything adds to egress to a port",
		pods: "x/a y/a",
		steps: []step{
			given(on("x/*", egress(anyone, unsaid(tcp(80))))).
				expect("81/TCP", "x/* !> *"),
			given(on("x/*", egress(anyone, unsaid(tcp(80)))), on("x/*", egress(anyone))).
				expect("81/TCP"),
		},
	},
	{
		name: "a policy that is deleted has no effect",
		pods: "x/a y/a",
		steps: []step{
			given(on("x/*", noIngress, noEgress)).
				expect("80/TCP", "x/* !> *", "* !> x/*"),
			given().
				expect("80/TCP"),
		},
	},
	{
		name: "egress to a range of addresses",
		pods: "x/a y/a y/b",
		steps: []step{
			given(on("x/a", egress(to(block("10.2.0.2/32"))))).
				expect("80/TCP", "x/a !> *", "x/a > y/b"),
		},
	},
	{
		name: "egress to a range of addresses but for one",
		pods: "x/a x/b x/c",
		steps: []step{
			given(on("x/a", egress(to(block("0.0.0.0/4", "10.1.0.2/32"))))).
				expect("80/TCP", "x/a !> x/b"),
		},
	},
	{
		name: "an address that was an exception is open once it is named",
		pods: "x/a x/b x/c",
		steps: []step{
			given(on("x/a", egress(to(block("0.0.0.0/4", "10.1.0.2/32"))))).
				expect("80/TCP", "x/a !> x/b"),
			given(on("x/a", egress(to(block("10.1.0.2/32"))))).
				expect("80/TCP", "x/a !> *", "x/a > x/b"),
		},
	},
	{
		name: "ingress and egress of a pod are two things",
		pods: "x/a x/b y/a",
		steps: []step{
			given(on("x/a", egress(anyone))).
				expect("80/TCP"),
			given(on("x/a", egress(anyone)), on("x/a", noIngress)).
				expect("80/TCP", "* !> x/a"),
		},
	},
	{
		name: "a rule for SCTP opens nothing of TCP",
		pods: "x/a y/a",
		steps: []step{
			given(on("x/*", noIngress), on("x/a", ingress(anyone, sctp(81)))).
				expect("81/TCP", "* !> x/*"),
		},
	},
	{
		name: "a policy with a rule for SCTP isolates for TCP too",
		pods: "x/a y/a",
		steps: []step{
			given(on("x/a", ingress(anyone, sctp(80)))).
				expect("81/TCP", "* !> x/a"),
		},
	},
	{
		name: "a rule for UDP opens nothing of TCP",
		pods: "x/a y/a",
		steps: []step{
			given(on("x/a", ingress(anyone, udp(81)))).
				expect("81/TCP", "* !> x/a"),
		},
	},
	{
		name: "every namespace has a label with its name",
		pods: "x/a x/b y/a z/a",
		steps: []step{
			given(on("x/a", ingress(from(namespaces(is(nameLabel, "y")))))).
				expect("80/TCP", "x/* !> x/a", "z/* !> x/a"),
		},
	},
	{
		name: "every namespace but one, by the label with its name",
		pods: "x/a x/b y/a z/a",
		steps: []step{
			given(on("x/a", egress(to(namespaces(otherThan("y")))))).
				expect("80/TCP", "x/a !> y/*"),
		},
	},
}
