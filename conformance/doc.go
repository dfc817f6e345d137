// Package conformance holds what netgen emits against other people's code: a
// test here passes only where somebody who has never seen netgen agrees.
//
//   - validation: the API server's own decoder, defaults and validation accept
//     every policy.
//   - reachability: cyclonus, an independent evaluator of NetworkPolicies, finds
//     open exactly what the topology declares.
//   - evaluator: netgen's own evaluator answers as the suites of cyclonus,
//     Kubernetes and kube-network-policies do, and as they do on random policies.
//   - cuecommand: the ordinary cue command vets and formats the topologies, and
//     its language server completes the fields of the schema.
//
// go test ./... runs everything and needs nothing but Go and the module proxy;
// with -v it says how many cells were compared. Each test has controls: mistakes
// that are made on purpose and must be noticed.
//
// It is a module of its own so that these projects stay out of netgen's go.mod.
package conformance
