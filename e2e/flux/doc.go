// Package flux holds what netgen writes and pushes against Flux's own code: its
// Kustomize generator and build, its OCI client and its types, against the
// programs that render Kustomize overlays, and against a registry that others
// run. It is a module of its own for what they bring along.
//
// What is not on the machine is skipped, unless NETGEN_DELIVERY=required.
package flux
