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
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"netgen.dev/internal/guard"
)

func main() {
	os.Exit(start())
}

// start runs the program, or what it starts as a child within limits.
func start() int {
	if os.Getenv("GOGC") == "" {
		// Evaluating CUE makes much garbage in a short life.
		debug.SetGCPercent(400)
	}
	// Kustomize logs what files say, and what it logs is nothing that people need.
	log.SetOutput(io.Discard)
	// A reader that went away is an error like any other of writing.
	signal.Ignore(syscall.SIGPIPE)
	a := newApp(os.Stdin, os.Stdout, os.Stderr, time.Now)
	child, err := guard.Enter()
	switch {
	case err != nil:
		a.say("error: %v", err)
		return exitFailed
	case child != nil:
		a.err, a.phase = child.Stderr, child.Phase
		defer child.End()
	case guard.Supported.Memory:
		a.again = again // which hands signals on
		return a.run(programName(os.Args[0]), os.Args[1:])
	default:
		child = &guard.Child{}
	}
	// Never stopped: a signal that comes when the work is done is to end nothing.
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	a.ctx = ctx
	a.stopOn(ctx, child)
	return a.run(programName(os.Args[0]), os.Args[1:])
}

// stopOn ends the program at once when ctx is done. What writes files or talks to
// a registry looks at ctx itself, and ends in its own time: CUE cannot.
func (a *app) stopOn(ctx context.Context, child *guard.Child) {
	var mu sync.Mutex
	unlimited := false
	a.unlimited = func(phase string) {
		mu.Lock()
		defer mu.Unlock()
		unlimited = true
		child.Unlimited(phase)
	}
	go func() {
		<-ctx.Done()
		mu.Lock()
		defer mu.Unlock()
		if !unlimited {
			a.say("stopped: %v; nothing was changed", context.Cause(ctx))
			child.End()
			os.Exit(exitFailed)
		}
	}()
}
