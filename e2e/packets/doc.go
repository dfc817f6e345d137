// Package packets holds what netgen emits against packets: its policies, stored
// by a real API server, are enforced on real network namespaces, and every path
// that a topology declares or does not declare is tried.
//
//	sandbox    namespaces in which everything runs, with no way out
//	programs   builds the API server and Calico's Felix, modules of their own
//	cluster    the API: namespaces, pods, policies
//	wire       hosts, and whether a packet arrives
//	enforcer   kube-network-policies, or Felix, on the node
//	scene      a topology's world on the wire: what is tried, what is meant
//
// With -short the API is a fake and nothing is built: a minute instead of many.
package packets
