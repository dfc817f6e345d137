package declared

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"netgen.dev/gen/topology"
)

// Place is where a flow starts or ends: a pod, or an address outside of pods.
type Place struct {
	// Name is for messages: what the place was made for, and what policies see of
	// it. It need not be unique.
	Name string
	// Addr is the address of the place. Each pod of a world has one of its own, in
	// no range of a peer where that can be: to many data planes it would be the peer.
	// A place that is an address only may have the address of a pod, at the edge of
	// a range of pods. Real networks hold one of the two.
	Addr netip.Addr
	// Pod is nil where the place is an address only.
	Pod *Pod
	// StandsFor is what a pod was made to represent. A witness represents nothing:
	// it is there to be shut out, or to profit from a wide rule.
	StandsFor []topology.Ref
}

// Pod is what NetworkPolicies see of a pod besides its address.
type Pod struct {
	Namespace       string
	Labels          map[string]string
	NamespaceLabels map[string]string // with the one that the API server sets
}

// Represents reports whether the place was made as a pod of what ref names.
func (p Place) Represents(ref topology.Ref) bool { return slices.Contains(p.StandsFor, ref) }

// namespaceName is the label that the API server sets on every namespace.
const namespaceName = "kubernetes.io/metadata.name"

// elsewhere is a namespace that no topology names.
const elsewhere = "netgen-elsewhere"

// World is every place that the flows of one environment are tried between.
type World struct {
	// Places look different to policies, each from every other.
	Places []Place
	// Managed are the namespaces with a service or a group of ours.
	Managed map[string]bool

	model   *topology.Topology
	nextPod netip.Addr
	byKey   map[string]int // index of a place by what policies see of it
}

// NewWorld makes the pods that a topology names, the addresses that it names,
// and witnesses that it does not name but that a sloppy rule would let in. The
// same model always gives the same places, in the same order.
func NewWorld(model *topology.Topology) *World {
	w := &World{model: model, Managed: map[string]bool{}, byKey: map[string]int{}, nextPod: podRange(model).Next()}
	for _, s := range model.Services {
		w.Managed[s.Namespace] = true
	}
	for _, g := range model.Groups {
		w.Managed[g.Namespace] = true
	}
	w.addServices()
	w.addPodPeers()
	w.addResolvers()
	w.addWitnesses()
	w.addAddresses()
	return w
}

// Manages reports whether a place is a pod in a namespace of ours. Policies of
// ours say nothing of what passes between two places that are not.
func (w *World) Manages(p Place) bool { return p.Pod != nil && w.Managed[p.Pod.Namespace] }

// addPod adds a pod, or adds what it stands for to the pod that looks the same.
func (w *World) addPod(name, namespace string, namespaceLabels, labels map[string]string, standsFor ...topology.Ref) {
	all := map[string]string{namespaceName: namespace}
	maps.Copy(all, namespaceLabels)
	key := "pod " + spell(all) + " " + spell(labels)
	if i, ok := w.byKey[key]; ok {
		w.Places[i].StandsFor = append(w.Places[i].StandsFor, standsFor...)
		return
	}
	w.byKey[key] = len(w.Places)
	w.Places = append(w.Places, Place{
		Name:      fmt.Sprintf("%s (pod in %s {%s})", name, all[namespaceName], spell(labels)),
		Addr:      w.nextPod,
		Pod:       &Pod{Namespace: all[namespaceName], Labels: labels, NamespaceLabels: all},
		StandsFor: standsFor,
	})
	w.nextPod = w.nextPod.Next()
}

// addAddress adds an address outside of pods, once.
func (w *World) addAddress(name string, addr netip.Addr) {
	key := "address " + addr.String()
	if _, ok := w.byKey[key]; ok {
		return
	}
	w.byKey[key] = len(w.Places)
	w.Places = append(w.Places, Place{Name: fmt.Sprintf("%s (%s)", name, addr), Addr: addr})
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
