// Package plan takes every decision about one environment: who is isolated in
// which direction, which flow is allowed, on which end it has to be written,
// and why. It knows no Kubernetes objects; package policy only spells what is
// decided here, and the proof compares what the emitted policies let through
// with it.
package plan

import (
	"net/netip"

	"netgen.dev/gen/topology"
)

// Plan is what the policies of one environment must amount to.
type Plan struct {
	Topology    string
	Environment string
	Output      topology.Output
	Isolations  []Isolation
	Allows      []*Allow
	Halves      []Half
	Endpoints   map[string]*Endpoint // of each service, group and peer
}

// Direction is a direction of traffic, as seen from the pod that is isolated.
type Direction string

// The directions.
const (
	Ingress Direction = "ingress"
	Egress  Direction = "egress"
)

// Isolation says that pods accept or send nothing but what an Allow allows.
type Isolation struct {
	Namespace string
	Service   string // the service, "" for every pod of the namespace
	Selector  topology.Selector
	topology.Directions
}

// Kind is what an endpoint is.
type Kind string

// The kinds of endpoints: those of the topology, the cluster's DNS, and
// everything.
const (
	Service  Kind = "service"
	Group    Kind = "group"
	Peer     Kind = "peer"
	Resolver Kind = "resolver"
	Anything Kind = "anything"
)

// Endpoint is one end of a flow. It is pods, addresses, both (a resolver), or
// anywhere.
type Endpoint struct {
	Kind     Kind
	Name     string
	Pods     []Pods
	Blocks   []Block
	Anywhere bool

	// isolable: a service or group whose pods a policy can select, which are
	// Pods[0] in one namespace.
	isolable bool
}

// Pods selects pods in namespaces.
type Pods struct {
	Namespaces Namespaces
	Selector   topology.Selector
}

// Namespaces selects namespaces: the one of a name, those with labels, or any.
type Namespaces struct {
	Name   string
	Labels map[string]string
	Any    bool
}

// Block is a range of addresses without parts of it.
type Block struct {
	CIDR   netip.Prefix
	Except []netip.Prefix // each strictly inside CIDR, sorted
}

// Allow is a flow that is allowed: Src opens connections to Dst on Ports.
type Allow struct {
	Src, Dst *Endpoint
	Ports    []topology.Port // sorted, none where AnyPort
	AnyPort  bool
	Reason   Reason
}

// Reason is why a flow is allowed.
type Reason struct {
	Cause Cause
	Why   string   // the words of whoever declared it, or what implies it
	Path  []string // of the declaration, below topology
}

// Cause is what allows a flow.
type Cause string

// The causes.
const (
	Declared    Cause = "declared"     // a connection
	ImpliedDNS  Cause = "dns"          // the DNS profile of the cluster
	NotEnforced Cause = "not enforced" // enforce leaves the direction open
)

// Half is the part of an Allow that is written at one end: a flow passes only
// where the egress half of its source and the ingress half of its destination
// both let it, or where the pods are not isolated in that direction.
type Half struct {
	Subject   *Endpoint // whose policy carries it
	Direction Direction
	Allow     *Allow
}

// Other returns the end of the flow that is not the subject's.
func (h Half) Other() *Endpoint {
	if h.Direction == Ingress {
		return h.Allow.Src
	}
	return h.Allow.Dst
}

// Namespace returns the namespace of an isolable endpoint.
func (e *Endpoint) Namespace() string { return e.Pods[0].Namespaces.Name }
