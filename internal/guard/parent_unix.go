//go:build unix

package guard

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// Supported are the limits of this platform.
var Supported = Support{Timeout: true, Memory: true}

// The files of a child beside its streams: where it reports to, where it is
// answered, and the standard error of the parent. Its own standard error is for
// Go's runtime, and for libraries that log.
const (
	reportsTo = 3
	answered  = 4
	speaksTo  = 5
)

// maxText is how much is kept of a child's own standard error.
const maxText = 64 << 10

// Run runs a command within limits. It waits for a child that writes files,
// however long that takes.
func Run(c Command, l Limits) (_ Result, err error) {
	// What ends the child with its parent goes by the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	reports, report, err := os.Pipe()
	if err != nil {
		return Result{}, err
	}
	answer, answers, err := os.Pipe()
	if err != nil {
		return Result{}, errors.Join(err, reports.Close(), report.Close())
	}
	defer func() { err = errors.Join(err, reports.Close(), answers.Close()) }()
	var text bytes.Buffer
	cmd := &exec.Cmd{
		Path: c.Path, Args: c.Args, Env: append(c.Env, fmt.Sprintf("%s=%d", variable, l.Memory)),
		Stdin: c.Stdin, Stdout: c.Stdout, Stderr: &capped{w: &text, left: maxText},
		ExtraFiles:  []*os.File{report, answer, c.Stderr},
		SysProcAttr: attributes(),
	}
	err = cmd.Start()
	if err := errors.Join(err, report.Close(), answer.Close()); err != nil {
		return Result{}, fmt.Errorf("start netgen again, for limits on time and memory: %w", err)
	}
	w := watch{cmd: cmd, answers: answers}
	timer := time.AfterFunc(l.Timeout, w.timeout)
	defer timer.Stop()
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case s := <-c.Signals:
				_ = cmd.Process.Signal(s) // it may have ended meanwhile
			case <-done:
				return
			}
		}
	}()
	w.read(reports)
	_ = cmd.Wait() // how it ended is looked at below
	return w.result(text.String()), nil
}

// watch is what the parent knows of its child.
type watch struct {
	cmd     *exec.Cmd
	answers io.Writer

	mu        sync.Mutex
	phase     string
	cause     Cause
	unlimited bool
	ended     bool
}

// read takes the child's reports until there are no more.
func (w *watch) read(reports io.Reader) {
	lines := bufio.NewScanner(reports)
	for lines.Scan() {
		mark, rest := lines.Text(), ""
		if len(mark) > 1 {
			mark, rest = mark[:1], mark[1:]
		}
		w.mu.Lock()
		switch mark {
		case phaseMark:
			w.phase = rest
		case unlimitedMark:
			w.phase, w.unlimited = rest, true
			if w.cause == "" {
				_, _ = w.answers.Write([]byte{'\n'}) // a child that is gone waits for none
			}
		case memoryMark:
			w.cause = Memory
		case endMark:
			w.ended = true
		}
		w.mu.Unlock()
	}
}

// result says what came of the child, which has ended.
func (w *watch) result(text string) Result {
	code := w.cmd.ProcessState.ExitCode()
	if w.ended && code >= 0 {
		return Result{Code: code, Remarks: text}
	}
	death := &Death{Cause: w.cause, Phase: w.phase, Text: text}
	if death.Cause == "" {
		death.Cause = Crash
		if outOfMemory(text) {
			death.Cause = Memory
		}
	}
	return Result{Death: death}
}

// timeout ends the child, unless no limit is for what it does, or it has ended.
func (w *watch) timeout() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unlimited || w.ended || w.cause != "" {
		return
	}
	w.cause = Timeout
	_ = w.cmd.Process.Kill() // where it is gone already, that is what was wanted
}

// capped keeps the first bytes of what is written.
type capped struct {
	w    io.Writer
	left int
}

func (c *capped) Write(p []byte) (int, error) {
	if n := min(len(p), c.left); n > 0 {
		c.left -= n
		if _, err := c.w.Write(p[:n]); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
