// Package evaluator holds proof/connectivity, on whose answers the proofs of this
// repository rest, against other people's answers about NetworkPolicies.
//
//   - TestCyclonus: the cases that cyclonus generates, answered by its simulator.
//   - TestUpstream: the cases that Kubernetes holds network plugins against.
//   - TestPackets: the cases of kube-network-policies.
//   - TestDifferential: random clusters, answered by cyclonus and by
//     kube-network-policies, of which no answer is left out.
//   - TestMalformed…: policies that the API server refuses.
//
// The first is made by cyclonus while the test runs. The suite of Kubernetes needs
// a cluster and that of kube-network-policies cannot be imported, so these two are
// transcribed: what each case means, in a notation of our own (notation_test.go).
// Both other evaluators answer them as well, against slips in the transcription.
//
// What Kubernetes leaves open is no cell to compare: a pod and itself, which both
// suites ignore too. There our answer must be Undefined, and those are counted.
package evaluator
