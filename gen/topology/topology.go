package topology

import (
	"net/netip"
)

// Topology is one system in one environment: the topology as it is written,
// with the environment's differences applied, names of namespaces translated
// and defaults filled in. What an environment switches off is not in it.
type Topology struct {
	APIVersion  string                `cue:"apiVersion" oneOf:"netgen.dev/v1"`
	Name        string                `cue:"name,required" rule:"name"`
	Version     string                `cue:"version,required" rule:"version"`
	Description string                `cue:"description" rule:"text"`
	Owner       string                `cue:"owner" rule:"text"`
	Namespace   string                `cue:"namespace" rule:"name"`
	LabelKey    string                `cue:"labelKey" rule:"labelKey"`
	Cluster     Cluster               `cue:"cluster"`
	Services    map[string]*Service   `cue:"services" key:"name"`
	Groups      map[string]*Group     `cue:"groups" key:"name"`
	Peers       map[string]*Peer      `cue:"peers" key:"name"`
	Invariants  map[string]*Invariant `cue:"invariants" key:"name"`
	Enforce     Directions            `cue:"enforce"`
	Output      Output                `cue:"output"`

	// Environment is the name of the environment, "default" where the topology
	// declares none.
	Environment string
	// Edges are the connections with both ends resolved, sorted by caller and
	// callee.
	Edges []Edge
	// Renamed are the names that the environment gives to namespaces, by those
	// that the topology has for them. Services, groups, peers and the resolver have
	// the environment's; Namespace is as it is written.
	Renamed map[string]string
	// OwnDNS are the services that are the cluster's DNS, sorted; mostly none.
	OwnDNS []string
}

// Holds reports whether a service or group is in a namespace, by the name that it
// has in the environment.
func (t *Topology) Holds(namespace string) bool {
	for _, s := range t.Services {
		if s.Namespace == namespace {
			return true
		}
	}
	for _, g := range t.Groups {
		if g.Namespace == namespace {
			return true
		}
	}
	return false
}

// Selector says which pods of a namespace.
type Selector struct {
	Labels      map[string]string `cue:"labels" key:"labelKey" rule:"labelValue" example:"labels: app: \"backend\""`
	Expressions []Expression      `cue:"expressions"`
	AnyPod      bool              `cue:"anyPod"`
}

// Expression is a requirement on a label, as in a Kubernetes selector.
type Expression struct {
	Key      string   `cue:"key,required" rule:"labelKey"`
	Operator string   `cue:"operator,required" oneOf:"In|NotIn|Exists|DoesNotExist"`
	Values   []string `cue:"values" rule:"labelValue"`
}

// Service is the set of pods that Selector selects in Namespace.
type Service struct {
	Selector
	Namespace   string                 `cue:"namespace" rule:"name"`
	PodLabels   map[string]string      `cue:"podLabels" key:"labelKey" rule:"labelValue" example:"labels: app: \"backend\""`
	Ports       map[string]Port        `cue:"ports" key:"portName" example:"ports: http: 8080"`
	Connects    map[string]*Connection `cue:"connects" key:"callee" example:"connects: backend: {}"`
	DNS         bool                   `cue:"dns"`
	Enabled     bool                   `cue:"enabled"`
	Enforce     *Directions            `cue:"enforce"` // nil: the environment's
	HostNetwork bool                   `cue:"hostNetwork"`
	Owner       string                 `cue:"owner" rule:"text"`
	Description string                 `cue:"description" rule:"text"`
}

// Group is a set of our own pods that cuts across services.
type Group struct {
	Selector
	Namespace   string                 `cue:"namespace" rule:"name"`
	Ports       map[string]Port        `cue:"ports" key:"portName" example:"ports: http: 8080"`
	Connects    map[string]*Connection `cue:"connects" key:"callee" example:"connects: backend: {}"`
	DNS         bool                   `cue:"dns"`
	Enabled     bool                   `cue:"enabled"`
	Owner       string                 `cue:"owner" rule:"text"`
	Description string                 `cue:"description" rule:"text"`

	// Members are the services inside the group, sorted, but for those on the
	// host network.
	Members []string
	// HostNetwork: a service on the host network is inside the group too.
	HostNetwork bool
}

// Peer is something we do not own, of exactly one kind.
type Peer struct {
	Selector
	Namespace       string                 `cue:"namespace" rule:"name"`
	NamespaceLabels map[string]string      `cue:"namespaceLabels" key:"labelKey" rule:"labelValue" example:"labels: app: \"backend\""`
	AnyNamespace    bool                   `cue:"anyNamespace"`
	CIDRs           []netip.Prefix         `cue:"cidrs"`
	Except          []netip.Prefix         `cue:"except"`
	FQDNs           []string               `cue:"fqdns" rule:"fqdn"`
	Is              WellKnown              `cue:"is" oneOf:"internet|kube-apiserver|nodes|cluster|anywhere"`
	Ports           map[string]Port        `cue:"ports" key:"portName" example:"ports: http: 8080"`
	Connects        map[string]*Connection `cue:"connects" key:"callee" example:"connects: backend: {}"`
	Enabled         bool                   `cue:"enabled"`
	Owner           string                 `cue:"owner" rule:"text"`
	Description     string                 `cue:"description" rule:"text"`
}

// WellKnown is a peer that the cluster's facts expand.
type WellKnown string

// The well-known peers.
const (
	Internet      WellKnown = "internet"
	KubeAPIServer WellKnown = "kube-apiserver"
	Nodes         WellKnown = "nodes"
	InCluster     WellKnown = "cluster"
	Anywhere      WellKnown = "anywhere"
)

// Connection lets a caller reach the callee that it is keyed by.
type Connection struct {
	Ports   map[string]bool `cue:"ports" key:"portName" example:"ports: http: true"`
	AnyPort bool            `cue:"anyPort"`
	Why     string          `cue:"why" rule:"text"`
	Owner   string          `cue:"owner" rule:"text"`
	Ticket  string          `cue:"ticket" rule:"text"`
	Expires Date            `cue:"expires"`
	Enabled bool            `cue:"enabled"`
}

// Cluster is what the policies run on.
type Cluster struct {
	CNI          string         `cue:"cni" oneOf:"antrea|aws-vpc-cni|azure-cilium|azure-npm|calico|cilium|flannel|flannel+netpol|generic|gke-dataplane-v2|kindnet|kube-router|ovn-kubernetes|weave-net"`
	DNS          string         `cue:"dns" oneOf:"kube-dns|kube-dns+nodelocal|gke-clouddns|aks-localdns|eks-auto|openshift|custom"`
	DNSResolver  *Resolver      `cue:"dnsResolver"`
	Families     []string       `cue:"families" oneOf:"IPv4|IPv6"`
	PodCIDRs     []netip.Prefix `cue:"podCIDRs"`
	ServiceCIDRs []netip.Prefix `cue:"serviceCIDRs"`
	NodeCIDRs    []netip.Prefix `cue:"nodeCIDRs"`
	APIServer    *APIServer     `cue:"apiServer"`
}

// Resolver is a DNS server of the user's own: pods, addresses, or both.
type Resolver struct {
	Namespace string            `cue:"namespace" rule:"name"`
	Labels    map[string]string `cue:"labels" key:"labelKey" rule:"labelValue" example:"labels: app: \"backend\""`
	CIDRs     []netip.Prefix    `cue:"cidrs"`
	Port      PortNumber        `cue:"port"`
}

// APIServer is where the Kubernetes API server listens.
type APIServer struct {
	CIDRs []netip.Prefix  `cue:"cidrs,required"`
	Ports map[string]Port `cue:"ports" key:"portName"`
}

// Environment is a difference to a topology, as it is written.
type Environment struct {
	Description string              `cue:"description" rule:"text"`
	Cluster     Cluster             `cue:"cluster"`
	Namespaces  map[string]string   `cue:"namespaces" key:"name" rule:"name"`
	Services    map[string]*Service `cue:"services" key:"name"`
	Groups      map[string]*Group   `cue:"groups" key:"name"`
	Peers       map[string]*Peer    `cue:"peers" key:"name"`
	Enforce     Directions          `cue:"enforce"`
	Output      Output              `cue:"output"`
}

// Invariant is one of three statements about the connectivity.
type Invariant struct {
	Deny    *Deny    `cue:"deny"`
	Only    *Only    `cue:"only"`
	Require *Require `cue:"require"`
	Why     string   `cue:"why" rule:"text"`
}

// Deny says that there is no path.
type Deny struct {
	From  string          `cue:"from,required" rule:"name"`
	To    string          `cue:"to,required" rule:"name"`
	Ports map[string]bool `cue:"ports" key:"portName" example:"ports: http: true"`
	Hops  Hops            `cue:"hops"`
}

// Only says that nobody else reaches it.
type Only struct {
	To    string          `cue:"to,required" rule:"name"`
	From  []string        `cue:"from,required" rule:"name"`
	Ports map[string]bool `cue:"ports" key:"portName" example:"ports: http: true"`
}

// Require says that the path must stay possible.
type Require struct {
	From  string          `cue:"from,required" rule:"name"`
	To    string          `cue:"to,required" rule:"name"`
	Ports map[string]bool `cue:"ports" key:"portName" example:"ports: http: true"`
}

// Output is the shape of the emitted policies.
type Output struct {
	PolicyPer   string `cue:"policyPer" oneOf:"service|connection"`
	DefaultDeny string `cue:"defaultDeny" oneOf:"namespace|service"`
	SyncWaves   bool   `cue:"syncWaves"`
}

// Kind is what a name of the topology stands for.
type Kind string

// The kinds of the ends of a connection.
const (
	KindService Kind = "service"
	KindGroup   Kind = "group"
	KindPeer    Kind = "peer"
)

// Ref names one end of a connection. Services, groups and peers share one name
// space.
type Ref struct {
	Kind Kind
	Name string
}

// field returns the field of the topology that holds what r names.
func (r Ref) field() string { return string(r.Kind) + "s" }

// Edge is a connection with both ends resolved. The "*" connection is one edge
// for each service that it reaches.
type Edge struct {
	Caller, Callee Ref
	Ports          []Port // sorted, none where AnyPort
	AnyPort        bool
	Connection     *Connection
	Path           []string // where it is written, below topology
}
