package verify_test

// Accident 10, a component that brings a policy which allows everything: rules
// are a union, so it opens every pod of its namespace, whatever the others say.
//
// Accident 11, replacements. A port or the namespace of a peer that is
// overwritten stops what was declared and opens something else instead. If it is
// the namespace of the policies, they are gone from where the pods are, and
// isolate those that are there: here kube-system, so that nobody in the cluster
// resolves a name any more.
var additionAccidents = []accident{
	{
		name: "component with allow-all", system: "shop/prod", overlay: "components: [../open]\n",
		files: map[string]string{
			"/open/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [allow-all.yaml]\n",
			"/open/allow-all.yaml":     foreignPolicy("shop", "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}"),
		},
		want: []string{
			"excess: ingress of database: anybody on every port",
			"excess: egress of database: anybody on every port",
			"excess: ingress of a pod without labels in namespace shop (of no service): anybody on every port",
		},
		blames: []string{"shop/foreign"},
		cause:  "policy shop/foreign, which no topology made",
	},
	// That a policy is missing too explains next to nothing, and does not show.
	{
		name: "component with allow-all and without a service", system: "shop/prod",
		overlay: "components: [../open]\n" + patch("shop.database", deleted("shop.database", "shop")),
		files: map[string]string{
			"/open/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [allow-all.yaml]\n",
			"/open/allow-all.yaml":     foreignPolicy("shop", "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}"),
		},
		want:   []string{"excess: ingress of database: anybody on every port"},
		blames: []string{"shop/foreign"},
		cause:  "policy shop/foreign, which no topology made",
	},
	{
		name: "replaced port", system: "shop/prod",
		overlay: replacement("spec.ingress.0.ports.0.port", "shop.database", "spec.ingress.0.ports.0.port"),
		want: []string{
			"missing: ingress of database: backend on 5432/TCP",
			"excess: ingress of database: backend on 8080/TCP",
		},
		blames: []string{"shop/shop.database"},
	},
	{
		name: "replaced namespace of a peer", system: "shop/prod",
		overlay: replacement("spec.ingress.0.from.0.namespaceSelector.matchLabels.[kubernetes.io/metadata.name]",
			"shop.database", "spec.ingress.0.from.0.namespaceSelector.matchLabels.[kubernetes.io/metadata.name]"),
		want: []string{
			"missing: ingress of database: backend on 5432/TCP",
			"excess: ingress of database: * on 5432/TCP",
		},
		blames: []string{"shop/shop.database"},
	},
	{
		name: "replaced namespace", system: "shop/prod",
		overlay: replacement("spec.egress.0.to.0.namespaceSelector.matchLabels.[kubernetes.io/metadata.name]", "", "metadata.namespace"),
		want: []string{
			"not isolated: ingress of database", "not isolated: egress of backend",
			"not isolated: ingress of a pod without labels in namespace shop (of no service)",
			"missing: ingress of dns: backend on 53/TCP, 53/UDP",
		},
		blames: []string{"kube-system/shop.default-deny"},
		cause:  "all 4 policies stand in namespace kube-system, and the topology declares them for shop",
	},
}

// replacement overwrites a field of a policy, of all where target is "", with
// one of the policy of frontend.
func replacement(from, target, to string) string {
	if target != "" {
		target = ", name: " + target
	}
	return "replacements:\n- source: {kind: NetworkPolicy, name: shop.frontend, fieldPath: '" + from + "'}\n" +
		"  targets: [{select: {kind: NetworkPolicy" + target + "}, fieldPaths: ['" + to + "']}]\n"
}

func foreignPolicy(namespace, spec string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: foreign, namespace: " + namespace + "}\nspec: " + spec + "\n"
}

// Accident 12, resources. What is left out is not there: a namespace is open, a
// service closed, as when they are deleted by a patch. The order of resources
// means nothing. A policy that somebody else has in the namespace widens it: it
// lets a scraper in, or opens pods that nobody declared.
var omissionAccidents = []accident{
	{
		name: "one of two namespaces", system: "sock-shop/default", resources: []string{"../sock-shop/overlays/default/sock-shop"},
		want: []string{
			"not isolated: ingress of load-test", "not isolated: egress of load-test",
			"not isolated: ingress of a pod without labels in namespace loadtest (of no service)",
		},
		never: []string{"* of front-end*", "* of a pod * in namespace sock-shop*"},
		cause: "2 of 17 policies are not in the stream: loadtest/sock-shop.default-deny, loadtest/sock-shop.load-test",
	},
	{
		name: "without default-deny", system: "shop/prod", files: shopWithout("default-deny.yaml"),
		want: []string{
			"not isolated: ingress of a pod without labels in namespace shop (of no service)",
			"not isolated: egress of a pod of no service in namespace shop",
		},
		never: []string{"* of frontend*", "* of backend*", "* of database*"},
		cause: "1 of 4 policies is not in the stream: shop/shop.default-deny",
	},
	{
		name: "without a service", system: "shop/prod", files: shopWithout("database.yaml"),
		want: []string{
			"missing: ingress of database: backend on 5432/TCP",
			"missing: egress of database: dns on 53/TCP, 53/UDP",
		},
		cause: "1 of 4 policies is not in the stream: shop/shop.database",
	},
	{
		name: "the other way round", system: "sock-shop/default",
		resources: []string{"../sock-shop/overlays/default/sock-shop", "../sock-shop/overlays/default/loadtest"},
	},
	{
		name: "foreign scraper", system: "shop/prod",
		resources: []string{"foreign.yaml", "../shop/overlays/prod"},
		files: map[string]string{"/parent/foreign.yaml": foreignPolicy("shop",
			"{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: sre}}, podSelector: {matchLabels: {app: prometheus}}}], ports: [{port: 9090}]}]}")},
		want:   []string{"excess: ingress of database: * on 9090/TCP", "excess: ingress of a pod without labels in namespace shop (of no service): * on 9090/TCP"},
		blames: []string{"shop/foreign"},
		cause:  "policy shop/foreign, which no topology made",
	},
	{
		name: "foreign debug pod", system: "shop/prod",
		resources: []string{"../shop/overlays/prod", "foreign.yaml"},
		files: map[string]string{"/parent/foreign.yaml": foreignPolicy("shop",
			"{podSelector: {matchLabels: {app: debug}}, policyTypes: [Egress], egress: [{}]}")},
		want:   []string{"excess: egress of *: anybody on every port"},
		blames: []string{"shop/foreign"},
	},
	{
		name: "foreign address", system: "online-boutique/staging",
		resources: []string{"../online-boutique/overlays/staging", "foreign.yaml"},
		files: map[string]string{"/parent/foreign.yaml": foreignPolicy("online-boutique",
			"{podSelector: {matchLabels: {app: paymentservice}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 198.18.7.7/32}}]}]}")},
		want:   []string{"excess: egress of paymentservice: address 198.18.7.7 on every port"},
		blames: []string{"online-boutique/foreign"},
	},
}

// shopWithout edits the kustomization of a generated tree.
func shopWithout(file string) map[string]string {
	resources := ""
	for _, f := range []string{"backend.yaml", "database.yaml", "default-deny.yaml", "frontend.yaml"} {
		if f != file {
			resources += "- " + f + "\n"
		}
	}
	return map[string]string{
		"/shop/overlays/prod/shop/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n" + resources,
	}
}
