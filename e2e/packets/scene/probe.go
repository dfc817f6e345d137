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

// Pass tries everything once, with new sockets, and returns what was answered.
// What ought to be answered and is not is tried a second time, since packets of
// a busy machine are lost or late; what ought not to be is never given a second
// chance to be silent.
func (s *Scene) Pass(want []bool) ([]bool, error) {
	if err := s.network.Forget(); err != nil {
		return nil, err
	}
	got, err := s.probe(s.all(), silence)
	if err != nil {
		return nil, err
	}
	var again []int
	for i := range got {
		if want[i] && !got[i] {
			again = append(again, i)
		}
	}
	answers, err := s.probe(again, patience)
	for n, i := range again {
		got[i] = answers[n]
	}
	return got, err
}

func (s *Scene) all() []int {
	out := make([]int, len(s.attempts))
	for i := range out {
		out[i] = i
	}
	return out
}

func (s *Scene) probe(indexes []int, timeout time.Duration) ([]bool, error) {
	attempts := make([]wire.Attempt, len(indexes))
	for n, i := range indexes {
		a := s.attempts[i]
		attempts[n] = wire.Attempt{
			From: s.places[a.src].Addr, To: s.places[a.dst].Addr,
			Port: wire.Port{Number: a.Port, Protocol: wire.Protocol(a.Protocol)},
		}
	}
	return s.network.Probe(attempts, timeout)
}

// Settled is how the wire came to be as it ought to.
type Settled struct {
	Probes, Passes int
	Took           time.Duration
}

// Settle tries everything again and again until one whole pass is as wanted. An
// enforcer is given some time, since it learns of policies after they are
// stored; when that is over, what is still wrong is an error.
func (s *Scene) Settle(ctx context.Context, want []bool, within time.Duration) (Settled, error) {
	began := time.Now()
	for out := (Settled{Passes: 1}); ; out.Passes++ {
		got, err := s.Pass(want)
		if err != nil {
			return out, err
		}
		out.Probes += len(got)
		out.Took = time.Since(began)
		wrong := Differences(got, want)
		if len(wrong) == 0 {
			return out, nil
		}
		if out.Took > within || ctx.Err() != nil {
			return out, fmt.Errorf("%d of %d attempts are not as they ought to be:\n%s", len(wrong), len(want), s.list(wrong, want))
		}
	}
}

// Await tries some attempts again and again until they are as wanted, and returns
// how long that took.
func (s *Scene) Await(ctx context.Context, indexes []int, want []bool, within time.Duration) (time.Duration, error) {
	began := time.Now()
	for {
		answers, err := s.probe(indexes, silence)
		if err != nil {
			return 0, err
		}
		took := time.Since(began)
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
			return took, fmt.Errorf("%d of %d attempts do not change as they ought to:\n%s", len(wrong), len(indexes), s.list(wrong, want))
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
func (s *Scene) list(wrong []int, want []bool) string {
	var b strings.Builder
	for _, i := range wrong[:min(len(wrong), maxShown)] {
		what := "is open"
		if want[i] {
			what = "is closed"
		}
		fmt.Fprintf(&b, "  %s %s\n", s.name(i), what)
	}
	if more := len(wrong) - maxShown; more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	return b.String()
}
