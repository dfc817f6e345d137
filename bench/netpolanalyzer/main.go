// Netpolanalyzer counts what np-guard's netpol-analyzer finds in directories of
// manifests:
//
//	netpolanalyzer connlist DIR   the pairs of pods that may connect
//	netpolanalyzer diff OLD NEW   those that may and could not, or could and may not
//
// It is a module of its own: netpol-analyzer needs network-policy-api v0.1.5, whose
// API is not that of the version kube-network-policies needs.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/np-guard/netpol-analyzer/pkg/netpol/connlist"
	"github.com/np-guard/netpol-analyzer/pkg/netpol/diff"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil { //nolint:forbidigo // this is a command
		fmt.Fprintln(os.Stderr, "netpolanalyzer:", err) //nolint:forbidigo // this is a command
		os.Exit(2)                                      //nolint:forbidigo // this is a command
	}
}

func run(args []string, out io.Writer) error {
	count := 0
	switch {
	case len(args) == 2 && args[0] == "connlist":
		list, _, err := connlist.NewConnlistAnalyzer(connlist.WithMuteErrsAndWarns()).ConnlistFromDirPath(args[1])
		if err != nil {
			return err
		}
		for _, c := range list {
			if !c.Src().IsPeerIPType() && !c.Dst().IsPeerIPType() && open(c) {
				count++
			}
		}
	case len(args) == 3 && args[0] == "diff":
		d, err := diff.NewDiffAnalyzer().ConnDiffFromDirPaths(args[1], args[2])
		if err != nil {
			return err
		}
		count = len(d.AddedConnections()) + len(d.RemovedConnections()) + len(d.ChangedConnections())
	default:
		return errors.New("netpolanalyzer connlist DIR, or diff OLD NEW")
	}
	_, err := fmt.Fprintln(out, count)
	return err
}

// open reports whether a connection has a port: ranges that it has not are listed as
// well.
func open(c connlist.Peer2PeerConnection) bool {
	if c.AllProtocolsAndPorts() {
		return true
	}
	for _, ranges := range c.ProtocolsAndPorts() {
		for _, r := range ranges {
			if in, ok := r.(interface{ InSet() bool }); !ok || in.InSet() {
				return true
			}
		}
	}
	return false
}
