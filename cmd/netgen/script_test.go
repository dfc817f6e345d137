package main

import (
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	// With the race detector each process would wait a second before it exits, two of
	// them for each command, which were most of the time of these tests.
	if os.Getenv("GORACE") == "" {
		_ = os.Setenv("GORACE", "atexit_sleep_ms=0") // without it they take longer
	}
	// Under the other names it is a plug-in of kubectl and of Flux.
	testscript.Main(m, map[string]func(){"netgen": main, "kubectl-netgen": main, "flux-netgen": main})
}

// TestScript runs the commands as a user does. With NETGEN_UPDATE=1 the
// expected output in the scripts is rewritten.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("NETGEN_UPDATE") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"registry": registryCommand},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "1")
			env.Setenv("GORACE", os.Getenv("GORACE"))
			return nil
		},
	})
}
