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

// The files of a child beside its streams: where it reports to, and the
// standard error of the parent. Its own standard error is Go's runtime's alone.
const (
	reportsTo = 3
	speaksTo  = 4
)

// maxText is how much is kept of what Go's runtime says.
const maxText = 64 << 10

// Run runs a command within limits and returns its exit code, or how it died. It
// waits for a child that writes files, however long that takes.
func Run(c Command, l Limits) (code int, death *Death, err error) {
	// What ends the child with its parent goes by the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	reports, report, err := os.Pipe()
	if err != nil {
		return 0, nil, err
	}
	defer reports.Close() //nolint:errcheck // it is read to its end
	var runtimeText bytes.Buffer
	cmd := &exec.Cmd{
		Path: c.Path, Args: c.Args, Env: append(c.Env, l.encode()),
		Stdin: c.Stdin, Stdout: c.Stdout, Stderr: &capped{w: &runtimeText, left: maxText},
		ExtraFiles:  []*os.File{report, c.Stderr},
		SysProcAttr: attributes(),
	}
	err = cmd.Start()
	if err := errors.Join(err, report.Close()); err != nil {
		return 0, nil, fmt.Errorf("start netgen again, for limits on time and memory: %w", err)
	}
	w := watch{cmd: cmd}
	timer := time.AfterFunc(l.Timeout, w.timeout)
	defer timer.Stop()
	done := make(chan struct{})
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
	err = cmd.Wait()
	close(done)
	if w.ended {
		// What is no death is somebody's remark.
		if _, err := c.Stderr.Write(runtimeText.Bytes()); err != nil {
			return 0, nil, err
		}
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() >= 0 {
			return exit.ExitCode(), nil, nil
		}
		if err == nil {
			return 0, nil, nil
		}
	}
	text := runtimeText.String()
	death = &Death{Cause: w.cause, Phase: w.phase, Text: text}
	if death.Cause == "" {
		death.Cause = Crash
		if outOfMemory(text) {
			death.Cause = Memory
		}
	}
	return 0, death, nil
}

// watch is what the parent knows of its child.
type watch struct {
	cmd *exec.Cmd

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
		case memoryMark:
			w.cause = Memory
		case endMark:
			w.ended = true
		}
		w.mu.Unlock()
	}
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
