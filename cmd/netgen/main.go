// Netgen compiles a topology written in CUE (which services talk to which,
// over which ports, to what outside) into default-deny and explicit-allow
// Kubernetes NetworkPolicies, laid out as Kustomize overlays.
//
// Usage:
//
//	netgen vet [DIR...]             check a topology
//	netgen build [DIR...] -o OUT    write its overlays, or -o - to print one
//	netgen verify [DIR...]          prove that the policies do what is declared
//	netgen explain SRC DST[:PORT]   say why a connection is allowed or denied
//	netgen diff OLD NEW             show what a change opens and closes
//	netgen graph [DIR]              draw who may call whom
//	netgen push oci://… [DIR...]    push the overlays to a registry
//	netgen plugin generate          print policies as a plug-in of Argo CD
//	netgen fn                       render policies as a KRM function
//	netgen schema                   print the language
//	netgen version                  say which netgen this is
//	netgen completion SHELL         print a completion script
//
// What netgen makes goes to standard output, what it says to standard error.
// It exits with 0 when there is nothing to report, 1 when it found something
// (an invalid topology, stale files), 2 when it could not do the work (wrong
// usage, input or output), and 3 when it refused for safety.
package main

import (
	"os"
	"runtime/debug"
	"time"
)

func main() {
	if os.Getenv("GOGC") == "" {
		// Evaluating CUE makes much garbage in a short life.
		debug.SetGCPercent(400)
	}
	os.Exit(runAs(programName(os.Args[0]), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, time.Now))
}
