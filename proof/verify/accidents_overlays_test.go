package verify_test

import "slices"

// onAll makes an accident happen to one tree of each shape: one namespace that
// differs in each environment, one that does not, and two.
func onAll(a accident, want map[string][]string) []accident {
	var out []accident
	for _, system := range []string{"shop/prod", "online-boutique/staging", "sock-shop/default"} {
		one := a
		one.system, one.want = system, want[system]
		out = append(out, one)
	}
	return out
}

// Accident 1, commonLabels, and accident 2, labels with includeSelectors, write
// the label into each matchLabels of a podSelector that is there: those of the
// services, and those of their peers, DNS among them. The policies then select
// pods that carry the label, which the declared pods do not, and what remains
// for these is default-deny, whose podSelector {} has no matchLabels to write
// into. Nothing leaks, and nothing works.
//
// Accident 3, labels with includeTemplates alone, does nothing: a NetworkPolicy
// has no template.
var labelAccidents = slices.Concat(
	onAll(accident{
		name: "commonLabels", overlay: "commonLabels: {team: storefront}\n",
		cause: "every selector demands team=storefront, which the topology does not",
	}, allClosed),
	onAll(accident{
		name:    "labels with includeSelectors",
		overlay: "labels: [{pairs: {team: storefront}, includeSelectors: true}]\n",
		cause:   "every selector demands team=storefront, which the topology does not",
	}, allClosed),
	// A label that the selectors have is replaced, and all are for the same pods.
	[]accident{{
		name: "commonLabels with a key of the topology", system: "shop/prod",
		overlay: "commonLabels: {app.kubernetes.io/name: system, app: system}\n",
		want: []string{
			"missing: ingress of frontend: ingress-nginx on 8080/TCP",
			"excess: egress of a pod labelled app=system, app.kubernetes.io/name=system in namespace shop (of no service): address 203.0.113.0 on 443/TCP",
		},
		blames: []string{"shop/shop.backend", "shop/shop.database", "shop/shop.frontend"},
		cause:  "every selector demands app=system and app.kubernetes.io/name=system, which the topology does not",
	}},
	onAll(accident{
		name:    "labels with includeTemplates",
		overlay: "labels: [{pairs: {team: storefront}, includeTemplates: true}]\n",
	}, nil),
)

var allClosed = map[string][]string{
	"shop/prod": {
		"missing: ingress of frontend: ingress-nginx on 8080/TCP",
		"missing: ingress of backend: frontend on 8080/TCP",
		"missing: egress of frontend: backend on 8080/TCP",
		"missing: egress of backend: address 203.0.113.0 on 443/TCP",
		"missing: egress of database: dns on 53/TCP, 53/UDP",
	},
	"online-boutique/staging": {
		"missing: ingress of frontend: anybody on 8080/TCP",
		"missing: egress of loadgenerator: frontend on 8080/TCP",
		"missing: ingress of redis-cart: cartservice on 6379/TCP",
	},
	"sock-shop/default": {
		"missing: ingress of front-end: anybody on 8079/TCP",
		"missing: egress of load-test: front-end on 8079/TCP",
		"missing: ingress of rabbitmq: queue-master on 5672/TCP",
	},
}

// Accident 4, namespace, moves every policy. Where the pods are, nothing is left
// and everything leaks; where the policies go, they isolate whoever is there, which is
// the business of whoever owns these pods.
// Only if the pods moved as well would they be closed, and then with peers that
// still name the old namespace. Two namespaces of one topology cannot be moved
// into one: the policies of both are named default-deny.
//
// Accidents 5 and 6, namePrefix and nameSuffix, do nothing: names mean nothing.
var nameAccidents = slices.Concat(
	[]accident{
		{
			name: "namespace", system: "shop/prod", overlay: "namespace: production\n",
			want: []string{
				"not isolated: ingress of database", "not isolated: egress of database",
				"not isolated: ingress of frontend", "not isolated: egress of backend",
				"not isolated: ingress of a pod without labels in namespace shop (of no service)",
			},
			cause: "all 4 policies stand in namespace production, and the topology declares them for shop",
		},
		{
			name: "namespace and namePrefix", system: "shop/prod", overlay: "namespace: production\nnamePrefix: eu-\n",
			want:  []string{"not isolated: ingress of database"},
			cause: "all 4 policies stand in namespace production, and the topology declares them for shop",
		},
		{name: "namespace", system: "sock-shop/default", overlay: "namespace: staging\n", fails: "ID conflict"},
		{name: "namespace that it is in", system: "shop/prod", overlay: "namespace: shop\n"},
	},
	onAll(accident{name: "namePrefix", overlay: "namePrefix: eu-\n"}, nil),
	onAll(accident{name: "nameSuffix", overlay: "nameSuffix: -v2\n"}, nil),
)

// Accident 7, a strategic-merge patch: the lists of a NetworkPolicy have no key
// to merge by, so that a patch that means to add a rule puts it in the place of
// all. What was declared stops, and what the patch says leaks.
//
// Accident 8, a JSON6902 patch. To remove a rule closes. To add a peer leaks,
// and so does to remove the peers of a rule, which then has every peer, or the
// labels of a podSelector, which then selects every pod.
//
// Accident 9, $patch: delete. Without default-deny the pods that nobody declared
// are open. The declared ones stay closed: the policy of each service isolates
// by itself. A patch whose target names no namespace deletes the default-deny of
// each. Without the policy of a service its pods have default-deny alone: they
// are closed, and nothing leaks.
var patchAccidents = []accident{
	{
		name: "strategic merge of egress", system: "shop/prod",
		overlay: patch("shop.frontend", `
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: shop.frontend, namespace: shop}
    spec: {egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}
`),
		want: []string{
			"missing: egress of frontend: backend on 8080/TCP",
			"missing: egress of frontend: dns on 53/TCP, 53/UDP",
			"excess: egress of frontend: address 10.0.0.1 on every port",
		},
		blames: []string{"shop/shop.frontend"},
	},
	{
		name: "strategic merge of ingress", system: "sock-shop/default",
		overlay: patch("sock-shop.catalogue", `
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: sock-shop.catalogue, namespace: sock-shop}
    spec: {ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}], ports: [{port: 9090}]}]}
`),
		want: []string{
			"missing: ingress of catalogue: front-end on 80/TCP",
			"excess: ingress of catalogue: * on 9090/TCP",
		},
		blames: []string{"sock-shop/sock-shop.catalogue"},
	},
	{
		name: "removed rule", system: "shop/prod", overlay: patch("shop.frontend", `[{"op": "remove", "path": "/spec/ingress/0"}]`),
		want: []string{"missing: ingress of frontend: ingress-nginx on 8080/TCP"},
	},
	{
		name: "added label", system: "shop/prod",
		overlay: patch("shop.frontend", `[{"op": "add", "path": "/spec/podSelector/matchLabels/team", "value": "storefront"}]`),
		want:    []string{"missing: ingress of frontend: ingress-nginx on 8080/TCP"},
	},
	{
		name: "added peer", system: "shop/prod",
		overlay: patch("shop.database", `[{"op": "add", "path": "/spec/ingress/0/from/-", "value": {"namespaceSelector": {}}}]`),
		want:    []string{"excess: ingress of database: every pod of the cluster on 5432/TCP"},
		blames:  []string{"shop/shop.database"},
	},
	{
		name: "removed peers", system: "online-boutique/staging",
		overlay: patch("online-boutique.redis-cart", `[{"op": "remove", "path": "/spec/ingress/0/from"}]`),
		want:    []string{"excess: ingress of redis-cart: anybody on 6379/TCP"},
		blames:  []string{"online-boutique/online-boutique.redis-cart"},
	},
	{
		name: "removed labels", system: "shop/prod", overlay: patch("shop.frontend", `[{"op": "remove", "path": "/spec/podSelector/matchLabels"}]`),
		want: []string{
			"excess: ingress of database: ingress-nginx on 8080/TCP",
			"excess: egress of database: backend on 8080/TCP",
			"excess: ingress of a pod without labels in namespace shop (of no service): ingress-nginx on 8080/TCP",
		},
		blames: []string{"shop/shop.frontend"},
	},
	{
		name: "deleted default-deny", system: "shop/prod", overlay: patch("shop.default-deny", deleted("shop.default-deny", "shop")),
		want: []string{
			"not isolated: ingress of a pod without labels in namespace shop (of no service)",
			"not isolated: egress of a pod without labels in namespace shop (of no service)",
			"not isolated: egress of a pod of no service in namespace shop",
		},
		never: []string{"* of frontend*", "* of backend*", "* of database*"},
		cause: "1 of 4 policies is not in the stream: shop/shop.default-deny",
	},
	{
		name: "deleted default-deny without a namespace", system: "sock-shop/default",
		overlay: patch("sock-shop.default-deny", deleted("sock-shop.default-deny", "loadtest")),
		want: []string{
			"not isolated: ingress of a pod without labels in namespace loadtest (of no service)",
			"not isolated: ingress of a pod without labels in namespace sock-shop (of no service)",
		},
		never: []string{"* of front-end*", "* of load-test*"},
		cause: "2 of 17 policies are not in the stream: loadtest/sock-shop.default-deny, sock-shop/sock-shop.default-deny",
	},
	{
		name: "deleted default-deny of one namespace", system: "sock-shop/default",
		overlay: patch("sock-shop.default-deny, namespace: loadtest", deleted("sock-shop.default-deny", "loadtest")),
		want:    []string{"not isolated: ingress of a pod without labels in namespace loadtest (of no service)"},
		never:   []string{"* of a pod * in namespace sock-shop*", "* of load-test*"},
		cause:   "1 of 17 policies is not in the stream: loadtest/sock-shop.default-deny",
	},
	{
		name: "deleted policy of a service", system: "shop/prod", overlay: patch("shop.backend", deleted("shop.backend", "shop")),
		want: []string{
			"missing: ingress of backend: frontend on 8080/TCP",
			"missing: egress of backend: database on 5432/TCP",
			"missing: egress of backend: dns on 53/TCP, 53/UDP",
		},
		cause: "1 of 4 policies is not in the stream: shop/shop.backend",
	},
}

// patch writes a patch of one policy into an overlay.
func patch(policy, text string) string {
	return "patches:\n- target: {kind: NetworkPolicy, name: " + policy + "}\n  patch: |\n    " + text + "\n"
}

func deleted(policy, namespace string) string {
	return "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: " + policy + ", namespace: " + namespace + "}, $patch: delete}"
}
