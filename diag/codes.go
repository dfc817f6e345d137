package diag

import "strings"

// Code names a kind of finding. Codes are stable: a retired one is never used
// again.
type Code string

// The hundreds of a code are its subject: 1 the CUE package and its shape,
// 2 names and values, 3 connections, 4 selectors and peers, 5 the cluster,
// 6 environments, 7 the output tree, 8 the proof, 9 refusals for safety.
const (
	Syntax      Code = "NG101"
	Package     Code = "NG102"
	Evaluation  Code = "NG103"
	NotConcrete Code = "NG104"
	Unknown     Code = "NG105"
	Type        Code = "NG106"
	Missing     Code = "NG107"
	Choice      Code = "NG108"
	Empty       Code = "NG109"
	Schema      Code = "NG110"

	Name      Code = "NG201"
	Label     Code = "NG202"
	Port      Code = "NG203"
	PortName  Code = "NG204"
	CIDR      Code = "NG205"
	Except    Code = "NG206"
	Text      Code = "NG207"
	Version   Code = "NG208"
	Collision Code = "NG209"
	Date      Code = "NG210"

	Callee       Code = "NG301"
	CalleePort   Code = "NG302"
	SelfCall     Code = "NG303"
	NoPorts      Code = "NG304"
	Disabled     Code = "NG305"
	NotOurs      Code = "NG306"
	Expired      Code = "NG307"
	ExpiresSoon  Code = "NG308"
	UnusedPeer   Code = "NG309"
	InvariantRef Code = "NG310"

	Overlap     Code = "NG401"
	PartMember  Code = "NG402"
	PeerKind    Code = "NG403"
	PeerPods    Code = "NG404"
	TwoOwners   Code = "NG405"
	NoNamespace Code = "NG406"
	Selector    Code = "NG407"
	NoMember    Code = "NG408"
	PeerInside  Code = "NG409"

	NotEnforced  Code = "NG501"
	FQDN         Code = "NG502"
	PortRange    Code = "NG503"
	SCTP         Code = "NG504"
	NodeCIDRs    Code = "NG505"
	APIServer    Code = "NG506"
	InCluster    Code = "NG507"
	Resolver     Code = "NG508"
	HostNetwork  Code = "NG509"
	FamilyAbsent Code = "NG510"

	NoBase     Code = "NG601"
	NoEffect   Code = "NG602"
	NoSuchName Code = "NG603"

	Stale       Code = "NG701"
	MissingFile Code = "NG702"
	Extra       Code = "NG703"
	Edited      Code = "NG704"
	Foreign     Code = "NG705"
	SameName    Code = "NG706"

	Excess      Code = "NG801"
	MissingFlow Code = "NG802"
	Open        Code = "NG803"
	Closed      Code = "NG804"
	Malformed   Code = "NG805"
	Invariant   Code = "NG806"
	NoPolicies  Code = "NG807"
	NotRead     Code = "NG808"
	Cause       Code = "NG809"
	NoPods      Code = "NG811"
	UnknownPod  Code = "NG812"
	PortDiffers Code = "NG813"
	TargetPort  Code = "NG814"
	Backend     Code = "NG815"
	Astray      Code = "NG816"
	Exposed     Code = "NG817"
	NoPeer      Code = "NG818"

	OtherManifests Code = "NG819"
	Unreadable     Code = "NG820"

	NotRegular Code = "NG901"
	TooLarge   Code = "NG902"
	Embed      Code = "NG903"
	Network    Code = "NG904"
	OutputLink Code = "NG905"
	Time       Code = "NG906"
	Memory     Code = "NG907"
	Ambiguous  Code = "NG908"
)

// Titles says in a few words what each code is about.
var Titles = map[Code]string{
	Syntax:      "the CUE cannot be parsed",
	Package:     "the CUE package cannot be loaded",
	Evaluation:  "the CUE contradicts itself or refers to nothing",
	NotConcrete: "a value is still open",
	Unknown:     "a field that the language does not have",
	Type:        "a value of the wrong type",
	Missing:     "a required field is missing",
	Choice:      "a value that is none of the allowed ones",
	Empty:       "there is no topology, or nothing in it",
	Schema:      "the schema refuses a value",

	Name:      "a name that Kubernetes does not allow",
	Label:     "a label that Kubernetes does not allow",
	Port:      "not a port",
	PortName:  "a port name that Kubernetes does not allow",
	CIDR:      "not a canonical range of addresses",
	Except:    "an exception outside its range",
	Text:      "text that does not fit on one printable line",
	Version:   "not a semantic version",
	Collision: "two things would have one name in the output",
	Date:      "not a date",

	Callee:       "a callee that is not declared",
	CalleePort:   "a port that the callee does not declare",
	SelfCall:     "a service that connects to itself",
	NoPorts:      "a connection without ports",
	Disabled:     "a connection to something that is switched off",
	NotOurs:      "a connection of which neither end is ours",
	Expired:      "a connection past its date",
	ExpiresSoon:  "a connection close to its date",
	UnusedPeer:   "a peer that nothing uses",
	InvariantRef: "an invariant that names nothing",

	Overlap:     "two services that select the same pods",
	PartMember:  "a service partly inside a group",
	PeerKind:    "a peer of no kind, or of several",
	PeerPods:    "a peer that does not say which pods",
	TwoOwners:   "pods that two topologies select",
	NoNamespace: "a service without a namespace",
	Selector:    "a selector that says nothing, or contradicts itself",
	NoMember:    "a group without members",
	PeerInside:  "a peer in a namespace that the topology isolates",

	NotEnforced:  "the data plane enforces nothing",
	FQDN:         "the data plane cannot match names",
	PortRange:    "the data plane cannot match port ranges",
	SCTP:         "the data plane cannot match SCTP",
	NodeCIDRs:    "the addresses of the nodes are needed",
	APIServer:    "the addresses of the API server are needed",
	InCluster:    "an address range that overlaps the cluster's own",
	Resolver:     "the DNS profile and the resolver do not fit",
	HostNetwork:  "pods that no policy can isolate",
	FamilyAbsent: "an address family that the cluster does not have",

	NoBase:     "an environment changes what the topology does not have",
	NoEffect:   "an environment states what the topology says already",
	NoSuchName: "an environment renames a namespace that nothing uses",

	Stale:       "a generated file is out of date",
	MissingFile: "a generated file is missing",
	Extra:       "a file that no longer belongs to the tree",
	Edited:      "a generated file was edited by hand",
	Foreign:     "a file that netgen did not write is in the way",
	SameName:    "two topologies of one name",

	Excess:      "the policies let through what nobody declares",
	MissingFlow: "the policies stop what is declared",
	Open:        "no policy isolates what should be",
	Closed:      "a policy isolates what nobody declares to be",
	Malformed:   "a policy that the API server refuses",
	Invariant:   "an invariant does not hold",
	NoPolicies:  "there is no policy to prove anything of",
	NotRead:     "a policy of a kind that the proof does not understand",
	Cause:       "one cause of many differences",

	NoPods:      "a service that no workload belongs to",
	UnknownPod:  "a workload that belongs to no service",
	PortDiffers: "ports of containers that are not as declared",
	TargetPort:  "a Service that leads to a port that is not declared",
	Backend:     "traffic that is routed to a service without a connection",
	Astray:      "traffic that is routed to what is not among the manifests",
	Exposed:     "a port exposed outside that nobody outside may reach",
	NoPeer:      "a peer that no workload is",

	OtherManifests: "manifests that are not of this environment",
	Unreadable:     "a manifest or stream that cannot be read",

	NotRegular: "not a regular file",
	TooLarge:   "more than netgen reads",
	Embed:      "a file wants to read other files",
	Network:    "a dependency that is not in the repository",
	OutputLink: "the output goes through a link",
	Time:       "more time than it may take",
	Memory:     "more memory than it may have",
	Ambiguous:  "YAML that readers take for different things",
}

// headline reports whether c sums up other findings, and is shown before them.
func (c Code) headline() bool { return c == Cause || c == OtherManifests }

// refusal reports whether c is a refusal for safety rather than a finding.
func (c Code) refusal() bool { return strings.HasPrefix(string(c), "NG9") }
