package topology

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"netgen.dev/diag"
)

// everyService is the callee that stands for every service that declares one
// of the listed ports.
const everyService = "*"

// resolveEdges finds both ends and the ports of every connection. off is what
// the environment has switched off.
func (t *Topology) resolveEdges(r *reporter, off map[string]Ref) {
	for _, caller := range t.refs() {
		connects := t.connects(caller)
		for _, callee := range slices.Sorted(maps.Keys(connects)) {
			c := connects[callee]
			if c == nil {
				continue
			}
			path := []string{caller.field(), caller.Name, "connects", callee}
			switch _, known := t.lookup(callee); {
			case !c.Enabled && (known || callee == everyService || off[callee] != (Ref{})):
				continue
			case callee == everyService:
				t.resolveEvery(r, caller, c, path)
				continue
			}
			// One that is switched off names its callee all the same: a slip
			// would leave open what was meant to be closed.
			if ref, ok := t.resolveCallee(r, caller, callee, path, off); ok {
				t.addEdge(r, caller, ref, c, path)
			}
		}
	}
	slices.SortStableFunc(t.Edges, func(a, b Edge) int {
		return cmp.Or(compareRefs(a.Caller, b.Caller), compareRefs(a.Callee, b.Callee))
	})
}

func compareRefs(a, b Ref) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind))
}

func (t *Topology) connects(ref Ref) map[string]*Connection {
	switch ref.Kind {
	case KindService:
		return t.Services[ref.Name].Connects
	case KindGroup:
		return t.Groups[ref.Name].Connects
	default:
		return t.Peers[ref.Name].Connects
	}
}

func (t *Topology) ports(ref Ref) map[string]Port {
	switch ref.Kind {
	case KindService:
		return t.Services[ref.Name].Ports
	case KindGroup:
		return t.Groups[ref.Name].Ports
	default:
		return t.Peers[ref.Name].Ports
	}
}

func (t *Topology) resolveCallee(r *reporter, caller Ref, callee string, path []string, off map[string]Ref) (Ref, bool) {
	ref, ok := t.lookup(callee)
	switch {
	case !ok && off[callee] != (Ref{}):
		d := r.errorf(diag.Disabled, path, atKey, "%s %s connects to %s %s, which is switched off%s",
			caller.Kind, caller.Name, off[callee].Kind, callee, r.inEnvironment())
		where := ""
		if _, full := r.find([]string{off[callee].field(), callee, "enabled"}, atKey); full[0] == "environments" {
			where = "environments: " + t.Environment + ": "
		}
		d.Hint = "switch the connection off as well: " + where + strings.Join(path, ": ") + ": enabled: false"
		r.related(d, []string{off[callee].field(), callee, "enabled"}, "switched off here")
		return ref, false
	case !ok:
		d := r.errorf(diag.Callee, path, atKey, "%s %s connects to %q, which is not declared", caller.Kind, caller.Name, callee)
		if near := nearest(callee, t.names()); near != "" {
			d.Hint = didYouMean(near)
			if other, ok := t.lookup(near); ok {
				r.related(d, []string{other.field(), near}, "declared here")
			}
		}
		return ref, false
	case ref == caller && ref.Kind == KindService:
		r.errorf(diag.SelfCall, path, atKey, "service %s connects to itself", callee).Hint =
			"a pod always reaches itself; for replicas that talk to each other, declare a group with the labels of " + callee + " that connects to " + callee
		return ref, false
	case ref.Kind == KindPeer && caller.Kind == KindPeer:
		r.errorf(diag.NotOurs, path, atKey, "peer %s connects to peer %s: neither end is ours to isolate", caller.Name, callee)
		return ref, false
	}
	return ref, true
}

func (r *reporter) inEnvironment() string {
	if r.env == "" {
		return ""
	}
	return " in environment " + r.env
}

// addEdge resolves the ports of a connection to one callee.
func (t *Topology) addEdge(r *reporter, caller, callee Ref, c *Connection, path []string) {
	e := Edge{Caller: caller, Callee: callee, AnyPort: c.AnyPort, Connection: c, Path: path}
	declared := t.ports(callee)
	if r.hole(callee.field(), callee.Name) {
		return // its ports may not be what was written
	}
	switch {
	case c.AnyPort && c.Ports != nil:
		r.errorf(diag.NoPorts, append(path, "anyPort"), atKey, "the connection lists ports and says anyPort").
			Hint = "remove the one that is not meant"
		return
	case c.AnyPort:
	case c.Ports == nil:
		if callee.Kind == KindPeer && t.Peers[callee.Name].Is == KubeAPIServer && t.Cluster.APIServer == nil {
			return // checkCluster has reported what is missing
		}
		if len(declared) == 0 {
			d := r.errorf(diag.NoPorts, path, atKey, "%s %s declares no ports, so this connection would open none", callee.Kind, callee.Name)
			d.Hint = "declare them, or say anyPort: true on the connection"
			r.related(d, []string{callee.field(), callee.Name}, "declared here")
			return
		}
		for _, p := range declared {
			e.Ports = append(e.Ports, p)
		}
	case len(c.Ports) == 0:
		r.errorf(diag.NoPorts, append(path, "ports"), atKey, "the connection lists no port").
			Hint = "list the ports as true, or leave ports out for all that the callee declares"
		return
	default:
		for _, name := range slices.Sorted(maps.Keys(c.Ports)) {
			p, ok := declared[name]
			if !ok {
				d := r.errorf(diag.CalleePort, append(path, "ports", name), atKey, "%s %s has no port %q", callee.Kind, callee.Name, name)
				if near := nearest(name, slices.Collect(maps.Keys(declared))); near != "" {
					d.Hint = didYouMean(near)
				} else if len(declared) > 0 {
					d.Hint = "it has " + quoted(slices.Sorted(maps.Keys(declared)))
				}
				r.related(d, []string{callee.field(), callee.Name}, "declared here")
				return
			}
			if c.Ports[name] {
				e.Ports = append(e.Ports, p)
			}
		}
		if len(e.Ports) == 0 {
			r.errorf(diag.NoPorts, append(path, "ports"), atKey, "the connection opens no port: every port it lists is false").
				Hint = "list the ports that stay open as true, or say enabled: false"
			return
		}
	}
	slices.SortFunc(e.Ports, ComparePorts)
	e.Ports = slices.Compact(e.Ports)
	t.Edges = append(t.Edges, e)
}

// resolveEvery resolves the callee "*": each service that declares one of the
// listed ports, without the caller and those to which the caller has switched
// a connection off.
func (t *Topology) resolveEvery(r *reporter, caller Ref, c *Connection, path []string) {
	var wanted []string
	for _, name := range slices.Sorted(maps.Keys(c.Ports)) {
		if c.Ports[name] {
			wanted = append(wanted, name)
		}
	}
	if len(wanted) == 0 {
		r.errorf(diag.NoPorts, path, atKey, `a connection to "*" must list the ports that it opens`).
			Hint = `for example connects: "*": ports: metrics: true`
		return
	}
	found := map[string]bool{}
	connects := t.connects(caller)
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		e := Edge{Caller: caller, Callee: Ref{KindService, name}, Connection: c, Path: path}
		if e.Callee == caller {
			continue
		}
		for _, port := range wanted {
			if p, ok := t.Services[name].Ports[port]; ok {
				found[port] = true
				e.Ports = append(e.Ports, p)
			}
		}
		// A connection that is switched off is an exception.
		if own := connects[name]; len(e.Ports) > 0 && (own == nil || own.Enabled) {
			slices.SortFunc(e.Ports, ComparePorts)
			e.Ports = slices.Compact(e.Ports)
			t.Edges = append(t.Edges, e)
		}
	}
	for _, port := range wanted {
		if !found[port] {
			r.errorf(diag.CalleePort, append(path, "ports", port), atKey, "no service has a port %q", port)
		}
	}
}

// checkUsed warns of peers that take part in nothing.
func (t *Topology) checkUsed(r *reporter) {
	if len(r.holes) > 0 {
		return // who uses it may be what could not be read
	}
	named := t.mentioned()
	for _, name := range slices.Sorted(maps.Keys(t.Peers)) {
		if !named[name] && len(t.Peers[name].Connects) == 0 {
			r.warnf(diag.UnusedPeer, []string{"peers", name}, atKey, "nothing connects to peer %s, and it connects to nothing", name).
				Hint = "remove it, or connect it"
		}
	}
}

// mentioned returns every name that a connection or an invariant has, be it in
// error or switched off: to call that unused would only mislead.
func (t *Topology) mentioned() map[string]bool {
	named := map[string]bool{}
	for _, ref := range t.refs() {
		for callee := range t.connects(ref) {
			named[callee] = true
		}
	}
	for _, inv := range t.Invariants {
		if inv.Deny != nil {
			named[inv.Deny.From], named[inv.Deny.To] = true, true
		}
		if inv.Only != nil {
			named[inv.Only.To] = true
			for _, from := range inv.Only.From {
				named[from] = true
			}
		}
		if inv.Require != nil {
			named[inv.Require.From], named[inv.Require.To] = true, true
		}
	}
	return named
}
