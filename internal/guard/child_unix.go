//go:build unix

package guard

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"syscall"
	"time"
)

// often is how often a child looks at its memory. It can take a gigabyte in
// a tenth of a second.
const often = 5 * time.Millisecond

// Child is the program in its second life.
type Child struct {
	// Stderr is the standard error of the parent.
	Stderr *os.File

	mu        sync.Mutex
	reports   *os.File
	unlimited bool
}

// Enter makes the process a child, where Run started it, and sets its limits. The
// environment is as it was without Run.
func Enter() (*Child, error) {
	value, ok := os.LookupEnv(variable)
	if !ok {
		return nil, nil
	}
	limits, err := decode(value)
	if err != nil {
		return nil, err
	}
	if err := os.Unsetenv(variable); err != nil {
		return nil, err
	}
	// What this process starts is not to hold them open.
	syscall.CloseOnExec(reportsTo)
	syscall.CloseOnExec(speaksTo)
	c := &Child{Stderr: os.NewFile(speaksTo, "stderr"), reports: os.NewFile(reportsTo, "reports")}
	if err := limitAddressSpace(limits.Memory); err != nil {
		return nil, err
	}
	// Near the limit garbage is collected more often, before the limit is for that.
	debug.SetMemoryLimit(limits.Memory / 4 * 3)
	go c.watch(limits.Memory)
	return c, nil
}

// Phase says what the process is doing from now on.
func (c *Child) Phase(name string) { c.report(phaseMark, name) }

// Unlimited says that from now on the process does what no limit is for, as
// writing files, and is not to be killed.
func (c *Child) Unlimited(name string) { c.report(unlimitedMark, name) }

// End says that the process ends by itself.
func (c *Child) End() { c.report(endMark, "") }

func (c *Child) report(mark, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unlimited = c.unlimited || mark == unlimitedMark
	// A parent that is gone has nobody to tell.
	_, _ = c.reports.WriteString(mark + strings.ReplaceAll(text, "\n", " ") + "\n")
}

// watch ends the process when it has more memory than it may.
func (c *Child) watch(limit int64) {
	used := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	for range time.Tick(often) {
		metrics.Read(used)
		if used[0].Value.Uint64()-used[1].Value.Uint64() > uint64(limit) && !c.isUnlimited() {
			c.report(memoryMark, "")
			os.Exit(2) //nolint:forbidigo // nobody can be told in another way
		}
	}
}

func (c *Child) isUnlimited() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unlimited
}
