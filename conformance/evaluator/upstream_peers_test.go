package evaluator

// The cases of the suite about whom policies select and whom they let in, in its
// order.
var upstreamPeers = []upstreamCase{
	{
		name: "a namespace that denies ingress is closed to itself and to others",
		pods: "x/a x/b y/a y/b",
		steps: []step{
			given(on("x/*", noIngress)).
				expect("80/TCP", "* !> x/*"),
		},
	},
	{
		name: "a namespace that denies both directions is cut off",
		pods: "x/a x/b y/a",
		steps: []step{
			given(on("x/*", noIngress, noEgress)).
				expect("80/TCP", "* !> x/*", "x/* !> *"),
		},
	},
	{
		name: "a pod selector selects in the namespace of the policy",
		pods: "x/a x/b x/c y/a",
		steps: []step{
			given(on("x/a", ingress(from(pods(is("pod", "b")))))).
				expect("80/TCP", "* !> x/a", "x/b > x/a"),
		},
	},
	{
		name: "one pod is opened to all pods where its namespace denies ingress",
		pods: "x/a x/b y/a",
		steps: []step{
			given(
				on("x/*", noIngress),
				on("x/a", ingress(from(podsIn(everything, everything)))),
			).
				expect("80/TCP", "* !> x/b"),
		},
	},
	{
		name: "an empty namespace selector lets in every namespace",
		pods: "x/a x/b y/a z/a",
		steps: []step{
			given(on("x/a", ingress(from(namespaces(is()))))).
				expect("80/TCP"),
		},
	},
	{
		name: "a namespace selector lets in another namespace only",
		pods: "x/a x/b y/a z/a",
		steps: []step{
			given(on("x/a", ingress(from(namespaces(is(nameLabel, "y")))))).
				expect("80/TCP", "x/* !> x/a", "z/* !> x/a"),
		},
	},
	{
		name: "a pod selector may be an expression",
		pods: "x/a x/b y/a",
		steps: []step{
			given(on("x/a", ingress(from(pods(oneOf("pod", "b")))))).
				expect("80/TCP", "* !> x/a", "x/b > x/a"),
		},
	},
	{
		name: "a namespace selector may be an expression",
		pods: "x/a x/b y/a z/a",
		steps: []step{
			given(on("x/a", ingress(from(namespaces(oneOf(nameLabel, "y")))))).
				expect("80/TCP", "x/* !> x/a", "z/* !> x/a"),
		},
	},
	{
		name: "two peers are one or the other",
		pods: "x/a x/b x/c y/a",
		steps: []step{
			given(on("x/a", ingress(from(namespaces(otherThan("x")), pods(is("pod", "b")))))).
				expect("80/TCP", "x/c !> x/a"),
		},
	},
	{
		name: "one peer with two selectors is both",
		pods: "x/a x/b y/a y/b z/b",
		steps: []step{
			given(on("x/a", ingress(from(podsIn(otherThan("x"), is("pod", "b")))))).
				expect("80/TCP", "* !> x/a", "y/b > x/a", "z/b > x/a"),
		},
	},
	{
		name: "one peer with two expressions is both",
		pods: "x/a x/b y/a y/b y/c",
		steps: []step{
			given(on("x/a", ingress(from(podsIn(otherThan("x"), oneOf("pod", "b", "c")))))).
				expect("80/TCP", "* !> x/a", "y/b > x/a", "y/c > x/a"),
		},
	},
	{
		name: "two pod selectors are one or the other",
		pods: "x/a x/b x/c",
		steps: []step{
			given(on("x/a", ingress(from(pods(is("pod", "b")), pods(is("pod", "c")))))).
				expect("80/TCP", "* !> x/a", "x/b > x/a", "x/c > x/a"),
		},
	},
	{
		name: "one pod of another namespace is let in",
		pods: "x/a x/b y/a y/b z/a",
		steps: []step{
			given(on("x/a", ingress(from(podsIn(is(nameLabel, "y"), is("pod", "a")))))).
				expect("80/TCP", "* !> x/a", "y/a > x/a"),
		},
	},
}

// The cases that the suite has for UDP and for SCTP too.
func upstreamProtocol(protocol string, open func(int32) port) []upstreamCase {
	return []upstreamCase{
		{
			name: protocol + ": a namespace that denies ingress is closed to itself and to others",
			pods: "x/a x/b y/a y/b",
			steps: []step{
				given(on("x/*", noIngress)).
					expect("80/"+protocol, "* !> x/*"),
			},
		},
		{
			name: protocol + ": a port is open to one namespace",
			pods: "x/a x/b y/a z/a",
			steps: []step{
				given(on("x/a", ingress(from(namespaces(is(nameLabel, "y"))), open(81)))).
					expect("81/"+protocol, "x/* !> x/a", "z/* !> x/a"),
			},
		},
		{
			name: protocol + ": one pod of another namespace is let in",
			pods: "x/a x/b y/a",
			steps: []step{
				given(on("x/a", ingress(from(podsIn(is(nameLabel, "y"), is("pod", "a")))))).
					expect("80/"+protocol, "* !> x/a", "y/a > x/a"),
			},
		},
	}
}
