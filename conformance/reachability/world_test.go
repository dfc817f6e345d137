package reachability

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"netgen.dev/gen/topology"
)

// place is where a flow starts or ends: a pod, or an address outside of pods.
type place struct {
	name string
	addr netip.Addr
	pod  *pod // nil where it is an address only
	// standsFor is what a pod was made to represent. A witness represents
	// nothing: it is there to be shut out, or to profit from a wide rule.
	standsFor []topology.Ref
}

// pod is what NetworkPolicies see of a pod besides its address.
type pod struct {
	namespace       string
	labels          map[string]string
	namespaceLabels map[string]string
}

func (p place) represents(ref topology.Ref) bool { return slices.Contains(p.standsFor, ref) }

// namespaceName is the label that the API server sets on every namespace.
const namespaceName = "kubernetes.io/metadata.name"

// elsewhere is a namespace that no topology names.
const elsewhere = "netgen-elsewhere"

// world is every place that the flows of one environment are tried between.
type world struct {
	model   *topology.Topology
	places  []place
	managed map[string]bool // namespaces with a service or a group of ours

	nextPod netip.Addr
	byKey   map[string]int // index of a place by what policies see of it
}

// newWorld makes the pods that a topology names, the addresses that it names,
// and witnesses that it does not name but that a sloppy rule would let in.
func newWorld(model *topology.Topology) *world {
	w := &world{model: model, managed: map[string]bool{}, byKey: map[string]int{}, nextPod: podRange(model).Next()}
	for _, s := range model.Services {
		w.managed[s.Namespace] = true
	}
	for _, g := range model.Groups {
		w.managed[g.Namespace] = true
	}
	w.addServices()
	w.addPodPeers()
	w.addResolvers()
	w.addWitnesses()
	w.addAddresses()
	return w
}

// addPod adds a pod, or adds what it stands for to the pod that looks the same.
func (w *world) addPod(name, namespace string, namespaceLabels, labels map[string]string, standsFor ...topology.Ref) {
	all := map[string]string{namespaceName: namespace}
	maps.Copy(all, namespaceLabels)
	key := "pod " + spell(all) + " " + spell(labels)
	if i, ok := w.byKey[key]; ok {
		w.places[i].standsFor = append(w.places[i].standsFor, standsFor...)
		return
	}
	w.byKey[key] = len(w.places)
	w.places = append(w.places, place{
		name:      fmt.Sprintf("%s (pod in %s {%s})", name, all[namespaceName], spell(labels)),
		addr:      w.nextPod,
		pod:       &pod{namespace: all[namespaceName], labels: labels, namespaceLabels: all},
		standsFor: standsFor,
	})
	w.nextPod = w.nextPod.Next()
}

// addAddress adds an address outside of pods, once.
func (w *world) addAddress(name string, addr netip.Addr) {
	key := "address " + addr.String()
	if _, ok := w.byKey[key]; ok {
		return
	}
	w.byKey[key] = len(w.places)
	w.places = append(w.places, place{name: fmt.Sprintf("%s (%s)", name, addr), addr: addr})
}

// spell writes labels so that equal ones are equal.
func spell(labels map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, k+"="+labels[k])
	}
	return strings.Join(parts, ",")
}

// variants returns the labels of pods that a selector selects: one with its
// labels and, for each key of an expression, one with each value that the
// expressions name, one with another value and one without the key.
func variants(sel topology.Selector, further map[string]string) []map[string]string {
	out := []map[string]string{maps.Clone(sel.Labels)}
	if out[0] == nil {
		out[0] = map[string]string{}
	}
	mentioned := map[string][]string{}
	for _, e := range sel.Expressions {
		if _, fixed := sel.Labels[e.Key]; !fixed {
			mentioned[e.Key] = append(append(mentioned[e.Key], e.Values...), "netgen-other")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(mentioned)) {
		values := slices.Compact(slices.Sorted(slices.Values(mentioned[key])))
		for _, labels := range slices.Clone(out) {
			for _, value := range values {
				with := maps.Clone(labels)
				with[key] = value
				out = append(out, with)
			}
		}
	}
	if sel.AnyPod {
		out = append(out, map[string]string{"netgen-other": "label"})
	}
	for _, labels := range out {
		maps.Copy(labels, further)
	}
	selects := selector(sel)
	return slices.DeleteFunc(out, func(labels map[string]string) bool { return !selects(labels) })
}
