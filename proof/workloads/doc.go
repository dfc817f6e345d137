// Package workloads holds real workloads against a topology. The proof of the
// policies says what they let through between the pods that the topology has;
// this says whether the cluster has these pods: whether each selector finds
// some, whether each pod belongs to a service and carries the labels that the
// topology thinks it carries, and whether the ports are those that it listens
// on and that others send to.
//
// Labels are matched by Kubernetes' own library. Everything is looked up by
// namespace and label, so that the cost grows with the manifests.
package workloads
