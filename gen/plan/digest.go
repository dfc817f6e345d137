package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"netgen.dev/gen/topology"
)

// Digest identifies the connectivity that p amounts to: two plans with one
// digest isolate the same pods and allow the same flows, however the topology
// words it and however the policies are cut. It is "sha256:" and 64 digits.
func (p *Plan) Digest() string {
	keys := map[*Endpoint]string{}
	key := func(e *Endpoint) string {
		if k, ok := keys[e]; ok {
			return k
		}
		k := e.key()
		keys[e] = k
		return k
	}
	lines := make([]string, 0, len(p.Isolations)+len(p.Halves))
	for _, i := range p.Isolations {
		for _, d := range []Direction{Ingress, Egress} {
			if has(i.Directions, d) {
				pods := Pods{Namespaces{Name: i.Namespace}, i.Selector}
				lines = append(lines, "isolate "+string(d)+" "+pods.key())
			}
		}
	}
	for _, h := range p.Halves {
		ports := "any"
		if !h.Allow.AnyPort {
			ports = portsKey(h.Allow.Ports)
		}
		lines = append(lines, "allow "+string(h.Direction)+" "+key(h.Subject)+" "+key(h.Other())+" "+ports)
	}
	slices.Sort(lines)
	sum := sha256.New()
	for _, line := range slices.Compact(lines) {
		// hash.Hash never returns an error.
		_, _ = sum.Write([]byte(line))
		_, _ = sum.Write([]byte{'\n'})
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}

// The keys below spell selectors unambiguously: names, labels and values can
// hold none of the separators.

func (e *Endpoint) key() string {
	if e.Anywhere {
		return "anywhere"
	}
	var parts []string
	for _, p := range e.Pods {
		parts = append(parts, p.key())
	}
	for _, b := range e.Blocks {
		parts = append(parts, b.key())
	}
	return strings.Join(parts, "+")
}

func (p Pods) key() string {
	namespaces := "name=" + p.Namespaces.Name
	switch {
	case p.Namespaces.Any:
		namespaces = "any"
	case p.Namespaces.Name == "":
		namespaces = "labels={" + labelsKey(p.Namespaces.Labels) + "}"
	}
	return "pods{" + namespaces + ";" + selectorKey(p.Selector) + "}"
}

func (b Block) key() string {
	var s strings.Builder
	s.WriteString("block{" + b.CIDR.String())
	for _, e := range b.Except {
		s.WriteString("-" + e.String())
	}
	s.WriteString("}")
	return s.String()
}

func selectorKey(sel topology.Selector) string {
	parts := []string{labelsKey(sel.Labels)}
	for _, e := range sel.Expressions {
		parts = append(parts, e.Key+" "+e.Operator+" ("+strings.Join(slices.Sorted(slices.Values(e.Values)), ",")+")")
	}
	slices.Sort(parts[1:])
	return strings.Join(parts, ";")
}

func labelsKey(labels map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, k+"="+labels[k])
	}
	return strings.Join(parts, ",")
}

func portsKey(ports []topology.Port) string {
	parts := make([]string, len(ports))
	for i, p := range ports {
		parts[i] = p.String()
	}
	return strings.Join(parts, ",")
}
