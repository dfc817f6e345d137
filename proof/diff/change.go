package diff

import (
	"netgen.dev/diag"
	"netgen.dev/proof/connectivity"
)

// Class says what a change does to what the policies let through.
type Class string

// The classes. What cannot be decided is widened.
const (
	Widened  Class = "widened"  // something passes that did not
	Narrowed Class = "narrowed" // something no longer passes, and nothing more does
	Neutral  Class = "neutral"  // all passes as before
)

// Kind is what changed.
type Kind string

// The kinds of changes.
const (
	Opened          Kind = "opened"           // a connection that was not there
	Closed          Kind = "closed"           // a connection that is no longer there
	Changed         Kind = "changed"          // a connection on other ports
	IsolationLost   Kind = "isolation-lost"   // pods that anybody now reaches, or that reach anybody
	IsolationGained Kind = "isolation-gained" // pods that are isolated now
	InvariantBroken Kind = "invariant-broken" // an invariant that held, or that is new
	InvariantMet    Kind = "invariant-met"    // an invariant that was broken
	Added           Kind = "added"            // a service, group, peer, invariant or environment
	Removed         Kind = "removed"
	Renamed         Kind = "renamed"   // the same pods or addresses by another name
	Redefined       Kind = "redefined" // other pods or addresses by the same name, or another invariant
	Restated        Kind = "restated"  // a connection with another why, owner, ticket or date
	Undecided       Kind = "undecided" // a policy that the proof cannot read
)

// EndKind is what an end of a connection is.
type EndKind string

// The kinds of ends: those of a topology, and what no topology names.
const (
	ServiceEnd EndKind = "service"
	GroupEnd   EndKind = "group"
	PeerEnd    EndKind = "peer"
	DNSEnd     EndKind = "dns"     // the resolver of the cluster
	PodsEnd    EndKind = "pods"    // pods that nobody declares
	AddressEnd EndKind = "address" // an address that nobody declares
	AnybodyEnd EndKind = "anybody" // whoever is not named elsewhere
	SeveralEnd EndKind = "several" // services alike, as all that resolve names
)

// End is one end of a connection.
type End struct {
	Kind      EndKind  `json:"kind"`
	Name      string   `json:"name"`
	Namespace string   `json:"namespace,omitempty"` // of pods, where it is one
	Members   []string `json:"members,omitempty"`   // of several
}

// Change is one row of a diff: a connection, or something else with a subject.
type Change struct {
	Kind  Kind  `json:"kind"`
	Class Class `json:"class"`

	Source      *End `json:"source,omitempty"`
	Destination *End `json:"destination,omitempty"`
	// Opened and Closed are the ports that pass now and did not, and that passed
	// and do not now.
	Opened connectivity.Ports `json:"opened,omitempty"`
	Closed connectivity.Ports `json:"closed,omitempty"`
	// Directions are the sides of the connection whose policies changed, or of an
	// isolation what was lost or gained.
	Directions []connectivity.Direction `json:"directions,omitempty"`

	Subject string `json:"subject,omitempty"` // as in "service backend", "namespace shop"
	// Members are the services that the isolation of a namespace was lost or gained
	// with; its other services have policies of their own.
	Members []string `json:"members,omitempty"`

	// Closes: something that passed no longer does, whatever else opens.
	Closes bool `json:"closes,omitempty"`
	// Internet: an end of the connection is, or may be, a public address.
	Internet bool `json:"internet,omitempty"`

	// Pos is where the change is declared, Before: where it was, in OLD.
	Pos    *diag.Pos `json:"pos,omitempty"`
	Before bool      `json:"before,omitempty"`
	Path   string    `json:"path,omitempty"` // below topology
	Why    string    `json:"why,omitempty"`
	Owner  string    `json:"owner,omitempty"`
	Ticket string    `json:"ticket,omitempty"`
	// Expires is the day past which the connection is reported, "" where it is for
	// good.
	Expires string   `json:"expires,omitempty"`
	Rules   []string `json:"rules,omitempty"` // that open or opened it, where nobody declares it
	Note    string   `json:"note,omitempty"`
}

// Section is what changed in environments that changed alike.
type Section struct {
	Environments []string `json:"environments"`
	Changes      []Change `json:"changes"` // by kind, most dangerous first, then by name
}

// Topology is what changed in one topology.
type Topology struct {
	Name       string    `json:"name"`
	OldVersion string    `json:"oldVersion,omitempty"`
	NewVersion string    `json:"newVersion,omitempty"`
	Unchanged  []string  `json:"unchanged,omitempty"` // environments
	Sections   []Section `json:"sections"`
}

// Diff is what changed in all topologies of a call.
type Diff struct {
	Old        string     `json:"old"` // what was compared, as the user named it
	New        string     `json:"new"`
	Topologies []Topology `json:"topologies"`
}

// Count is how many changes a diff has, each once however many environments
// share it.
type Count struct {
	Widened  int `json:"widened"`
	Narrowed int `json:"narrowed"`
	Neutral  int `json:"neutral"`
	// Closing is how many let something no longer pass: those that are narrowed, and
	// those that are widened in one way and closed in another.
	Closing int `json:"closing"`
}

// Count counts the changes by class.
func (d *Diff) Count() Count {
	var out Count
	for _, t := range d.Topologies {
		for _, s := range t.Sections {
			for _, c := range s.Changes {
				if c.Closes || c.Class == Narrowed || c.Class != Neutral && len(c.Closed) > 0 {
					out.Closing++
				}
				switch c.Class {
				case Narrowed:
					out.Narrowed++
				case Neutral:
					out.Neutral++
				case Widened:
					out.Widened++
				}
			}
		}
	}
	return out
}

// Empty reports whether nothing changed.
func (d *Diff) Empty() bool { return d.Count() == Count{} }
