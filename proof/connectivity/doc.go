// Package connectivity computes who can reach whom from NetworkPolicies alone:
// anybody's policies, from the text of the Kubernetes documentation and API,
// not from what netgen means to emit. It imports nothing of the compiler.
//
// The rules, as Kubernetes has them:
//
//   - A pod is isolated in a direction when a policy of its namespace selects it
//     and has that direction among its policyTypes. A pod that is not isolated
//     in a direction may do anything in it.
//   - An isolated pod may do what any rule of any such policy allows: policies
//     are a union, and none can subtract from another.
//   - A connection passes when the egress of its source and the ingress of its
//     destination both let it. Replies are part of the connection.
//   - What the documentation leaves open is Undefined here: pods on the host
//     network, a pod and its own node, a pod and itself.
//
// Connectivity fails closed. The zero Verdict denies, and what the API would
// refuse is reported and allows nothing: a malformed rule, or all rules of a
// policy that is malformed as a whole.
package connectivity
