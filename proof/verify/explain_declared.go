package verify

import (
	"strings"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// declared returns the declarations that let a connection through in one
// direction of a subject.
func (x *explainer) declared(d connectivity.Direction, self, other connectivity.End, port askedPort) []Declaration {
	var out []Declaration
	for _, a := range x.plan.Allows {
		subject, end := a.Src, a.Dst
		if d == connectivity.Ingress {
			subject, end = a.Dst, a.Src
		}
		if subject.Kind != plan.Service && subject.Kind != plan.Group || !x.holds(subject, self) || !x.holds(end, other) ||
			!witness.PortsOf(a).Has(connectivity.Protocol(port.Protocol), port.First) {
			continue
		}
		decl := Declaration{Cause: string(a.Reason.Cause), Why: a.Reason.Why, Path: strings.Join(a.Reason.Path, ".")}
		if len(a.Reason.Path) > 0 {
			decl.Pos = x.place(a.Reason.Path)
		}
		if c := x.connection(a.Reason.Path); c != nil {
			decl.Owner, decl.Ticket = c.Owner, c.Ticket
		}
		if end.Anywhere && a.Reason.Cause == plan.Declared {
			x.note("peer %s is anywhere: its rule names no peer, and lets every end through, inside and outside", end.Name)
		}
		if signature(decl) != lastSignature(out) {
			out = append(out, decl)
		}
	}
	return out
}

func lastSignature(list []Declaration) string {
	if len(list) == 0 {
		return ""
	}
	return signature(list[len(list)-1])
}

// connection returns the connection at the path of a declaration, if it is one.
func (x *explainer) connection(path []string) *topology.Connection {
	if len(path) != 4 || path[2] != "connects" {
		return nil
	}
	return x.connects(path[0], path[1])[path[3]]
}

func (x *explainer) connects(field, name string) map[string]*topology.Connection {
	switch {
	case field == "services" && x.t.Services[name] != nil:
		return x.t.Services[name].Connects
	case field == "groups" && x.t.Groups[name] != nil:
		return x.t.Groups[name].Connects
	case field == "peers" && x.t.Peers[name] != nil:
		return x.t.Peers[name].Connects
	}
	return nil
}
