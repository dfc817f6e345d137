// Package workloads holds real workloads against a topology. The proof of the
// policies says what they let through between the pods that the topology has;
// this says whether the cluster has these pods: whether each selector finds
// some, whether each pod belongs to a service and carries the labels that the
// topology thinks it carries, whether the ports are those that it listens on and
// that others send to, and whether who is told to send traffic may: the ingress
// controller, Prometheus, the API server, and the outside of the cluster.
//
// What manifests do not say is not guessed: a finding about it is a warning, and
// names what is missing.
//
// Labels are matched by Kubernetes' own library. Everything is looked up by
// namespace and label, so that the cost grows with the manifests.
package workloads
