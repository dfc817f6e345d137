package workloads

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
)

// elsewhere reports manifests of which no workload is in any namespace of the
// environment: most likely they are of another one. Each service would be found
// without workloads, and nothing be wrong with any.
func (c *checker) elsewhere(others []*topology.Topology) {
	listed := map[string]bool{}
	for i := range c.pods {
		listed[c.pods[i].Namespace] = true
	}
	var fitting []string
	shared := map[string]bool{}
	for _, other := range others {
		fits := false
		for ns := range ownNamespaces(other) {
			if listed[ns] {
				fits, shared[ns] = true, true
			}
		}
		if fits {
			fitting = append(fitting, other.Environment)
		}
	}
	have := shorten(slices.Sorted(maps.Keys(c.managed)))
	// A topology without environments has one that nobody named.
	here := "environment " + c.t.Environment
	if len(others) == 0 && c.t.Environment == "default" {
		here = "the topology"
	}
	d := c.finding(diag.OtherManifests, diag.Error, c.pods[0].Object, nil, "")
	if len(fitting) == 0 {
		d.Message = fmt.Sprintf("no workload of these manifests is in a namespace of %s, which has %s: they are of %s %s",
			here, have, plural(len(listed), "namespace"), shorten(slices.Sorted(maps.Keys(listed))))
		d.Hint = "pass the manifests of these namespaces, or correct the namespaces that the topology states"
		return
	}
	has := "has"
	if len(fitting) > 1 {
		has = "have"
	}
	d.Message = fmt.Sprintf("these manifests are of %s %s, as %s %s %s %s; %s has %s", plural(len(shared), "namespace"),
		shorten(slices.Sorted(maps.Keys(shared))), plural(len(fitting), "environment"), and(fitting), has, pronoun(len(shared)), here, have)
	d.Hint = fmt.Sprintf("say --env %s, or pass the manifests of %s", strings.Join(fitting, " or --env "), c.t.Environment)
}

// noneHeld reports that no service has any workload, though workloads of the
// namespaces are listed: what is checked of services has then been checked of
// none, and their policies isolate nothing of what runs.
func (c *checker) noneHeld(held int) {
	if len(c.t.Services) == 0 || len(c.podsOf) > 0 {
		return
	}
	who := "the only service has no workload"
	if n := len(c.t.Services); n > 1 {
		who = fmt.Sprintf("none of the %d services has a workload", n)
	}
	d := c.finding(diag.OtherManifests, diag.Error, c.pods[0].Object, nil, "%s among the manifests, which have %d in the namespaces of the topology", who, held)
	d.Hint = fmt.Sprintf("state labels as the pod templates have them: labelKey is %q, the key of services that state none", c.t.LabelKey)
}

// ownNamespaces returns the namespaces in which a topology has something of its
// own.
func ownNamespaces(t *topology.Topology) map[string]bool {
	out := map[string]bool{}
	for _, s := range t.Services {
		out[s.Namespace] = true
	}
	for _, g := range t.Groups {
		out[g.Namespace] = true
	}
	return out
}

func and(names []string) string {
	if n := len(names) - 1; n > 0 {
		return list(names[:n]) + " and " + names[n]
	}
	return list(names)
}
