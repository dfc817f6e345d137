// Package topology is the typed model of what a user declared, and its rules:
// names fit, references resolve, ports exist, selectors do not overlap, the
// cluster can enforce it.
//
// It checks everything itself, from plain data, however much or little the CUE
// schema was applied before: a topology that passes here can be compiled. It
// knows nothing of CUE and nothing of Kubernetes objects.
package topology
