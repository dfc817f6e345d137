package workloads

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/proof/manifest"
)

// checkUnread warns of what has a template of pods in a namespace of ours and is not
// read, once a kind: these pods are isolated like all others, and nobody has looked at
// them.
func (c *checker) checkUnread() {
	of := map[string][]manifest.Unread{}
	for _, o := range c.found.Unread {
		// Whether a kind has namespaces is not known; those that begin like this do not.
		clusterWide := o.Namespace == "" && strings.HasPrefix(o.Kind, "Cluster")
		if !clusterWide && c.managed[c.in(o.Namespace)] {
			kind := o.Kind
			if o.Group != "" {
				kind += " of " + o.Group
			}
			of[kind] = append(of[kind], o)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(of)) {
		first := of[kind][0].Object
		who, has := c.display(first), "has a template"
		if more := len(of[kind]) - 1; more > 0 {
			who, has = fmt.Sprintf("%s and %d more", who, more), "have templates"
		}
		d := c.finding(diag.UnknownPod, diag.Warning, first, nil, "%s %s of pods, and kind %s is not read: labels and ports of its pods are not checked", who, has, kind)
		d.Hint = "list the pods themselves as well, as kubectl get pods does"
	}
}

// madeInPlace are the classes of Gateways for which the controller makes pods in
// the namespace of the Gateway: those of Istio.
var madeInPlace = []string{"istio", "istio-waypoint"}

// checkGateways warns of a Gateway for which pods are made in a namespace of ours,
// unless these are listed, and checked like all others.
func (c *checker) checkGateways() {
	for _, g := range c.found.Gateways {
		if !slices.Contains(madeInPlace, g.Class) || g.Manual || !c.managed[c.in(g.Namespace)] ||
			len(c.gatewayPods(manifest.Gateway{Namespace: g.Namespace, Name: g.Name})) > 0 {
			continue
		}
		d := c.finding(diag.UnknownPod, diag.Warning, g.Object, nil,
			"for %s, of class %s, pods are made in its namespace that are isolated there, and they are not among the manifests", c.display(g.Object), g.Class)
		d.Hint = fmt.Sprintf("declare a service with labels: \"gateway.networking.k8s.io/gateway-name\": %q, or put the Gateway into a namespace of its own", g.Name)
	}
}
