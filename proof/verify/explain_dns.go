package verify

import (
	"fmt"
	"maps"
	"slices"
)

// dnsPort says on which port the DNS of the cluster is.
func (x *explainer) dnsPort() string {
	r, _ := x.t.Cluster.Resolver()
	return fmt.Sprintf("DNS is port %d, TCP and UDP", r.Port)
}

// missingDNS says how one of ours may resolve names. What dns: true opens is the
// port of DNS alone; of others it knows nothing, and returns nil.
func (x *explainer) missingDNS(src suggestion, to standIn, port askedPort) *Lack {
	if x.dst.nameOf(port.Port) == "" {
		if _, anywhere := x.t.Cluster.Resolver(); anywhere && to.end.Pod == nil {
			return &Lack{What: fmt.Sprintf("%s, and the resolver is on each node: ask about the address that is meant, as in 192.0.2.1:%d", x.dnsPort(), port.First)}
		}
		return nil
	}
	if x.src.kind == isPod {
		// A service may resolve names, unless it says otherwise.
		return &Lack{What: "nobody declares the pod", Add: src.lines}
	}
	if x.src.kind != "service" && x.src.kind != "group" {
		return nil
	}
	out := &Lack{What: "its dns is not switched on", Add: []string{cueLine(x.src.field(), x.src.name, "dns") + ": true"}}
	path := []string{x.src.field(), x.src.name, "dns"}
	for _, full := range [][]string{path, append([]string{"environments", x.t.Environment}, path...)} {
		if _, _, ok := x.locate(full); ok {
			out.What, out.Pos, out.Add = "its dns is switched off: remove dns: false", x.place(path), nil
			if x.src.kind == "group" { // which has none by default
				out.What = "its dns is switched off: make that dns: true"
			}
		}
	}
	return out
}

// suggestResolver finds or makes up the declaration of the DNS of the cluster.
func (x *explainer) suggestResolver(end standIn) suggestion {
	if len(x.t.OwnDNS) > 0 {
		return suggestion{field: "services", name: x.t.OwnDNS[0]}
	}
	if end.end.Pod == nil {
		return x.peerWith(end.end.Addr)
	}
	r, _ := x.t.Cluster.Resolver()
	for _, name := range slices.Sorted(maps.Keys(x.t.Peers)) {
		p := x.t.Peers[name]
		if p.Namespace == r.Namespace && len(r.Labels) > 0 && maps.Equal(p.Labels, r.Labels) && len(p.Expressions) == 0 {
			return suggestion{field: "peers", name: name}
		}
	}
	s := suggestion{field: "peers", name: x.free("cluster-dns")}
	s.lines = []string{fmt.Sprintf("%s: %q", cueLine(s.field, s.name, "namespace"), x.ownName(r.Namespace))}
	for _, k := range slices.Sorted(maps.Keys(r.Labels)) {
		s.lines = append(s.lines, fmt.Sprintf("%s: %q", cueLine(s.field, s.name, "labels", k), r.Labels[k]))
	}
	return s
}
