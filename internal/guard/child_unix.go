//go:build unix

package guard

import (
	"fmt"
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

// maxPhase is how long the name of a phase is at most, in bytes.
const maxPhase = 200

// Child is the program in its second life.
type Child struct {
	// Stderr is the standard error of the parent.
	Stderr *os.File

	mu        sync.Mutex
	reports   *os.File
	answers   *os.File
	unlimited bool
}

// Enter makes the process a child, where Run started it, and sets its limits. What
// Run adds to the environment is taken out of it.
func Enter() (*Child, error) {
	value, ok := os.LookupEnv(variable)
	if !ok {
		return nil, nil
	}
	memory, err := parse(value)
	if err != nil {
		return nil, err
	}
	var stat syscall.Stat_t
	if err := syscall.Fstat(reportsTo, &stat); err != nil || stat.Mode&syscall.S_IFMT != syscall.S_IFIFO {
		return nil, fmt.Errorf("%s is set, and not by netgen: nobody takes reports", variable)
	}
	if err := os.Unsetenv(variable); err != nil {
		return nil, err
	}
	// What this process starts is not to hold them open.
	for fd := reportsTo; fd <= speaksTo; fd++ {
		syscall.CloseOnExec(fd)
	}
	c := &Child{
		Stderr: os.NewFile(speaksTo, "stderr"), reports: os.NewFile(reportsTo, "reports"), answers: os.NewFile(answered, "answers"),
	}
	if err := limitAddressSpace(memory); err != nil {
		return nil, err
	}
	// Near the limit garbage is collected more often, before the limit is for that.
	debug.SetMemoryLimit(memory / 8 * 7)
	go c.watch(memory)
	return c, nil
}

// Phase says what the process is doing from now on.
func (c *Child) Phase(name string) { c.report(phaseMark, name) }

// Unlimited says that from now on the process does what no limit is for, as
// writing files, and is not to be killed. It returns when the parent has heard.
func (c *Child) Unlimited(name string) {
	c.report(unlimitedMark, name)
	// Without an answer the parent is about to kill, or gone.
	_, _ = c.answers.Read(make([]byte, 1))
}

// End says that the process ends by itself.
func (c *Child) End() { c.report(endMark, "") }

func (c *Child) report(mark, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unlimited = c.unlimited || mark == unlimitedMark
	// A parent that is gone has nobody to tell.
	_, _ = c.reports.WriteString(mark + strings.ReplaceAll(text[:min(len(text), maxPhase)], "\n", " ") + "\n")
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
