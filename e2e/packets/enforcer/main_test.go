package enforcer_test

import (
	"flag"
	"os"
	"testing"

	"netgen.dev/e2e/packets/programs"
	"netgen.dev/e2e/packets/sandbox"
)

func TestMain(m *testing.M) {
	flag.Parse()
	build := func() ([]string, error) {
		if testing.Short() {
			return nil, nil
		}
		return programs.All("..")
	}
	os.Exit(sandbox.Run(build, func() error { return nil }, m.Run))
}
