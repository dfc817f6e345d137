// Package guard runs a program a second time, as a child that is given so much
// time and so much memory, and an environment of nothing but what it needs.
//
// CUE has no limits of its own: a hundred bytes can keep it busy for hours, or
// make it ask for more memory than there is, which ends a Go program at once and
// cannot be recovered from. The parent does nothing but wait, and says which
// limit it was, and what the child was doing.
//
//	parent ──── start, limits ───▶ child: sets its limits, watches its own memory
//	       ◀─── phases, end ─────         works, with the parent's streams
//	       ──── kill ───────────▶         (unless it writes files)
package guard

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Limits is what a child may use.
type Limits struct {
	Timeout time.Duration
	Memory  int64 // bytes
}

// leastMemory is what Go itself needs to do anything.
const leastMemory = 64 << 20

// ParseMemory reads an amount of memory as Kubernetes spells quantities: 512Mi, 2Gi.
func ParseMemory(s string) (int64, error) {
	q, err := resource.ParseQuantity(s)
	if err != nil {
		return 0, fmt.Errorf("is a quantity as 512Mi or 2Gi, not %q", s)
	}
	if q.Value() < leastMemory {
		return 0, fmt.Errorf("is at least 64Mi, not %s", s)
	}
	return q.Value(), nil
}

// Cause is why a child did not end by itself.
type Cause string

// The causes.
const (
	Timeout Cause = "timeout"
	Memory  Cause = "memory"
	Crash   Cause = "crash" // of its own, or killed by somebody else
)

// Result is what came of a child that ended by itself, or how it died.
type Result struct {
	Code  int
	Death *Death
	// Remarks is what stood on the child's own standard error, as logs of libraries. It
	// may hold anything.
	Remarks string
}

// Death is the end of a child that did not end by itself.
type Death struct {
	Cause Cause
	Phase string // what it was doing, "" where it had not begun
	Text  string // what Go's runtime said
}

// Support says which limits hold on this platform.
type Support struct {
	Timeout bool `json:"timeout"`
	Memory  bool `json:"memory"`
}

// Command is a program to run as a child.
type Command struct {
	Path           string
	Args           []string // with the name that it is called by
	Env            []string
	Stdin          io.Reader
	Stdout, Stderr *os.File
	Signals        <-chan os.Signal // handed on to the child
}

// variable holds the limit of memory in the environment of a child.
const variable = "NETGEN_GUARD"

// The messages of a child, one a line: the name of a phase behind a letter, or
// one of these.
const (
	phaseMark     = "p"
	unlimitedMark = "u" // likewise, and it is not to be killed any more
	memoryMark    = "m" // it ends, since it has too much memory
	endMark       = "e" // it ends by itself
)

// parse reads the value of variable: bytes of memory. Time is the parent's to take.
func parse(value string) (memory int64, err error) {
	memory, err = strconv.ParseInt(value, 10, 64)
	if err != nil || memory <= 0 {
		return 0, fmt.Errorf("%s=%q is not set by netgen", variable, value)
	}
	return memory, nil
}

// outOfMemory tells what Go's runtime says where it gets no memory from what it
// says of a mistake in the program.
func outOfMemory(text string) bool {
	for _, words := range []string{"out of memory", "cannot allocate memory", "makeslice: len out of range", "makeslice: cap out of range", "stack exceeds", "Repeat output length overflow", "failed to create new OS thread"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}
