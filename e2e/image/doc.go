// Package image builds netgen as a release does, puts the container image
// together from the Dockerfile without a Docker daemon, and runs what is in it:
// for nobody, from a read-only root, with nothing in the environment. It is a
// module of its own for what that brings along.
//
// What is not possible on the machine is skipped, unless NETGEN_DELIVERY=required.
package image
