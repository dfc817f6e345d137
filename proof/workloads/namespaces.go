package workloads

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
)

// Namespaces holds the labels of namespaces, by name, against the peers that are
// pods of namespaces with labels: the proof takes it that no namespace of the
// topology is one of these. at is where each is listed.
func Namespaces(t *topology.Topology, locate topology.Locator, listed map[string]map[string]string, at map[string]diag.Pos) diag.List {
	var out diag.List
	own := ownNamespaces(t)
	for _, name := range slices.Sorted(maps.Keys(t.Peers)) {
		p := t.Peers[name]
		if len(p.NamespaceLabels) == 0 {
			continue
		}
		want := labels.SelectorFromSet(p.NamespaceLabels)
		for _, ns := range slices.Sorted(maps.Keys(listed)) {
			if !own[ns] || !want.Matches(labels.Set(listed[ns])) || !isolates(t, ns, p) {
				continue
			}
			d := diag.Diagnostic{
				Code: diag.PeerInside, Severity: diag.Error, Pos: at[ns], Path: "peers." + name,
				Message: fmt.Sprintf("peer %s is pods of namespaces with %s, and namespace %s, which this topology isolates, has these labels: its own pods are the peer as well",
					name, strings.ReplaceAll(want.String(), ",", " and "), ns),
				Hint: "take the label from the namespace, or have the peer ask for one that it does not have",
			}
			if pos := topology.Find(locate, t.Environment, []string{"peers", name, "namespaceLabels"}); pos != (diag.Pos{}) {
				d.Related = []diag.Related{{Pos: pos, Message: "peer " + name}}
			}
			out = append(out, d)
		}
	}
	return out
}

// isolates reports whether pods that a peer would be in a namespace of ours are
// isolated: all of them, or those of services alone.
func isolates(t *topology.Topology, ns string, p *topology.Peer) bool {
	if t.Output.DefaultDeny == "namespace" {
		return true
	}
	matches, err := compile(p.Selector)
	if err != nil {
		return false // package topology refuses such a selector
	}
	for _, s := range t.Services {
		set := labels.Merge(s.Labels, s.PodLabels)
		if s.Namespace == ns && !s.HostNetwork && matches.Matches(set) {
			return true
		}
	}
	return false
}
