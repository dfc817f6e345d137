package scene

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Watched is what was seen of the wire while something changed.
type Watched struct {
	Probes int
	// Cut are paths to be kept that did not answer, and Leaked those to be closed
	// that did.
	Cut, Leaked []string
}

// Watch tries, without a pause and until the context ends, what ought to be open
// all the time and what ought to be closed all the time. It calls ready when all of
// it was tried once. What was open before is forgotten: a datagram from a port that
// is used again would belong to it.
func (t *Table) Watch(ctx context.Context, kept, closed []int, ready func()) (Watched, error) {
	var out Watched
	if err := t.Network.Forget(); err != nil {
		return out, err
	}
	var mu sync.Mutex
	var errs [2]error
	var first sync.WaitGroup
	first.Add(2)
	watch := func(indexes []int, timeout time.Duration, want bool, wrong *[]string) error {
		tried := sync.OnceFunc(first.Done)
		defer tried()
		for ctx.Err() == nil && len(indexes) > 0 {
			answers, err := t.probe(indexes, timeout)
			if err != nil {
				return err
			}
			mu.Lock()
			out.Probes += len(answers)
			for n, answered := range answers {
				if answered != want {
					*wrong = append(*wrong, t.Name(indexes[n]))
				}
			}
			mu.Unlock()
			tried()
		}
		return nil
	}
	var group sync.WaitGroup
	group.Go(func() { errs[0] = watch(kept, patience, true, &out.Cut) })
	group.Go(func() { errs[1] = watch(closed, silence, false, &out.Leaked) })
	first.Wait()
	ready()
	group.Wait()
	return out, errors.Join(errs[:]...)
}
