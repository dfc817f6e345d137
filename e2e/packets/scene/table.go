package scene

import (
	"context"
	"fmt"
	"strings"
	"time"

	"netgen.dev/e2e/packets/wire"
)

// silence is how long an attempt waits for an answer that is not expected.
// Whoever expects one waits longer, since a packet can be late.
const (
	silence  = 150 * time.Millisecond
	patience = time.Second
)

// maxShown is how many attempts an error lists.
const maxShown = 12

// Table is attempts on a network, of which somebody knows what ought to come.
type Table struct {
	Network  *wire.Network
	Attempts []wire.Attempt
	Name     func(i int) string // of an attempt, for people
}

// Pass tries everything once, with new sockets, and returns what was answered.
// What ought to be answered and is not is tried a second time, since packets of
// a busy machine are lost or late; what ought not to be is never given a second
// chance to be silent.
func (t *Table) Pass(want []bool) ([]bool, error) {
	if err := t.Network.Forget(); err != nil {
		return nil, err
	}
	got, err := t.Network.Probe(t.Attempts, silence)
	if err != nil {
		return nil, err
	}
	var again []int
	for i := range got {
		if want[i] && !got[i] {
			again = append(again, i)
		}
	}
	answers, err := t.probe(again, patience)
	for n, i := range again {
		got[i] = answers[n]
	}
	return got, err
}

// probe makes some of the attempts.
func (t *Table) probe(indexes []int, timeout time.Duration) ([]bool, error) {
	attempts := make([]wire.Attempt, len(indexes))
	for n, i := range indexes {
		attempts[n] = t.Attempts[i]
	}
	return t.Network.Probe(attempts, timeout)
}

// Settled is how the wire came to be as it ought to.
type Settled struct {
	Probes, Passes int
	Took           time.Duration // until the first right pass was over
}

// Settle tries everything again and again until one whole pass is as wanted. An
// enforcer is given some time until the last pass begins, since it learns of
// policies after they are stored; what is wrong then is an error.
func (t *Table) Settle(ctx context.Context, want []bool, within time.Duration) (Settled, error) {
	began := time.Now()
	for out := (Settled{Passes: 1}); ; out.Passes++ {
		last := time.Since(began) > within || ctx.Err() != nil
		got, err := t.Pass(want)
		if err != nil {
			return out, err
		}
		out.Probes += len(got)
		out.Took = time.Since(began)
		wrong := Differences(got, want)
		switch {
		case len(wrong) == 0:
			return out, nil
		case last:
			return out, fmt.Errorf("%d of %d attempts are not as they ought to be:\n%s", len(wrong), len(want), t.list(wrong, want))
		}
	}
}

// Await tries some attempts again and again until they are as wanted, and returns
// how long that took since a moment.
func (t *Table) Await(ctx context.Context, since time.Time, indexes []int, want []bool, within time.Duration) (time.Duration, error) {
	for {
		answers, err := t.probe(indexes, silence)
		if err != nil {
			return 0, err
		}
		took := time.Since(since)
		var wrong []int
		for n, i := range indexes {
			if answers[n] != want[i] {
				wrong = append(wrong, i)
			}
		}
		if len(wrong) == 0 {
			return took, nil
		}
		if took > within || ctx.Err() != nil {
			return took, fmt.Errorf("%d of %d attempts do not change as they ought to:\n%s", len(wrong), len(indexes), t.list(wrong, want))
		}
	}
}

// Differences returns the attempts in which two tables differ.
func Differences(got, want []bool) []int {
	var out []int
	for i := range got {
		if got[i] != want[i] {
			out = append(out, i)
		}
	}
	return out
}

// list spells attempts that went wrong.
func (t *Table) list(wrong []int, want []bool) string {
	var b strings.Builder
	for _, i := range wrong[:min(len(wrong), maxShown)] {
		what := "is open"
		if want[i] {
			what = "is closed"
		}
		fmt.Fprintf(&b, "  %s %s\n", t.Name(i), what)
	}
	if more := len(wrong) - maxShown; more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	return b.String()
}
