package connectivity

import (
	"net/netip"
)

// nameLabel is the label that the API server sets on every namespace to its
// name.
const nameLabel = "kubernetes.io/metadata.name"

// Namespace is a namespace and its labels. Its name label need not be among
// them; where it is, and says another name, the namespace stands for that one as
// it would be with these labels: the pods in it are pods of that one.
type Namespace struct {
	Name   string
	Labels map[string]string
}

// Pod is a pod, or one that stands for many alike.
type Pod struct {
	Namespace   string
	Name        string
	Labels      map[string]string
	IPs         []netip.Addr
	Ports       []ContainerPort // for policies that name ports
	HostNetwork bool
	HostIPs     []netip.Addr // of its node
}

// ContainerPort is a port that a container declares.
type ContainerPort struct {
	Name     string
	Port     uint16
	Protocol Protocol
}

// End is one end of a connection: a pod, or else an address outside.
type End struct {
	Pod  *Pod
	Addr netip.Addr
}

// Valid reports whether e is an end at all: the zero End is neither a pod nor an
// address, and nothing passes between it and anybody.
func (e End) Valid() bool { return e.Pod != nil || e.Addr.IsValid() }

// addrs returns the addresses of an end.
func (e End) addrs() []netip.Addr {
	if e.Pod != nil {
		return e.Pod.IPs
	}
	return []netip.Addr{e.Addr}
}

// String names an end: namespace/pod, or the address.
func (e End) String() string {
	if e.Pod != nil {
		return e.Pod.Namespace + "/" + e.Pod.Name
	}
	return e.Addr.String()
}

// Verdict is whether a connection passes. The zero Verdict denies.
type Verdict int8

// The verdicts.
const (
	Denied Verdict = iota
	Allowed
	Undefined // Kubernetes leaves it open
)

// String returns the verdict in lower case.
func (v Verdict) String() string {
	switch v {
	case Allowed:
		return "allowed"
	case Undefined:
		return "undefined"
	case Denied:
	}
	return "denied"
}

// and returns whether a connection passes that needs both: one that is denied
// at one end does not pass, whatever the other end makes of it.
func (v Verdict) and(w Verdict) Verdict {
	switch {
	case v == Denied || w == Denied:
		return Denied
	case v == Undefined || w == Undefined:
		return Undefined
	}
	return Allowed
}
