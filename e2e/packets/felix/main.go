// Program felix is Calico's agent as Calico ships it, but for its end: it ends
// when its standard input does, so that it never outlives whoever started it. It
// is configured by its environment (FELIX_…), and logs to its standard output.
package main

import (
	"io"
	"os"

	"github.com/projectcalico/calico/felix/daemon"
)

func main() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	daemon.Run("", "", "", "") // no file of configuration, no version of its own
}
