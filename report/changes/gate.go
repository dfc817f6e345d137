package changes

import (
	"fmt"
	"slices"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/proof/diff"
)

// The gates: what a change can be refused for.
const (
	GateWidened       = "widened"
	GateNarrowed      = "narrowed"       // something no longer passes, whatever else does
	GateAny           = "any"            // widened or narrowed, or an invariant that is broken
	GateInternet      = "internet"       // widened towards the internet
	GateIsolationLost = "isolation-lost" // pods that nothing isolates any longer
)

// Gates are all of them.
var Gates = []string{GateWidened, GateNarrowed, GateAny, GateInternet, GateIsolationLost}

// Stopped is a change that a gate does not let pass.
type Stopped struct {
	Gates        []string // that stop it, in the order of Gates
	Topology     string
	Environments []string
	Change       diff.Change
}

// String names the change in one line.
func (s Stopped) String() string {
	r := row{&s.Change, &diff.Topology{Name: s.Topology}, s.Environments}
	return sentences(r)[0]
}

// Place is where the change can be mended, nil where it is no longer written.
func (s Stopped) Place() *diag.Pos {
	if s.Change.Before {
		return nil
	}
	return s.Change.Pos
}

// Gate returns the changes of d that some gates stop, the most dangerous first. A
// gate that there is not is an error: it would let everything pass.
func Gate(d *diff.Diff, on []string) ([]Stopped, error) {
	for _, gate := range on {
		if !slices.Contains(Gates, gate) {
			return nil, fmt.Errorf(`"%s" is no gate: there are %s`, clean(gate), strings.Join(Gates, ", "))
		}
	}
	var out []Stopped
	for _, r := range allRows(d) {
		var gates []string
		for _, gate := range Gates {
			if slices.Contains(on, gate) && stops(gate, r.Change) {
				gates = append(gates, gate)
			}
		}
		if len(gates) > 0 {
			out = append(out, Stopped{gates, r.topology.Name, r.environments, *r.Change})
		}
	}
	return out, nil
}

func stops(gate string, c *diff.Change) bool {
	// A class that is not known here is as good as widened.
	widened := c.Class != diff.Narrowed && c.Class != diff.Neutral
	switch gate {
	case GateWidened:
		return widened
	case GateNarrowed:
		return closes(c)
	case GateAny:
		return c.Class != diff.Neutral || isolationLost(c) || c.Kind == diff.InvariantBroken
	case GateInternet:
		return widened && c.Internet
	case GateIsolationLost:
		return isolationLost(c)
	}
	return true
}
