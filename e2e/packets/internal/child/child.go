// Package child runs programs that must not outlive this one: they end with
// their standard input, which the kernel closes even where this one is killed.
package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// grace is how long a program may take to end.
const grace = 10 * time.Second

// Process is a program that was started.
type Process struct {
	name, log string
	cmd       *exec.Cmd
	stdin     io.Closer
	ended     chan struct{}
	err       error // how it ended; to be read when ended is closed
	stop      func() error
}

// Start starts a program. What it prints is added to a log.
func Start(cmd *exec.Cmd, log string) (*Process, error) {
	p := &Process{name: filepath.Base(cmd.Path), log: log, cmd: cmd, ended: make(chan struct{})}
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", p.name, err)
	}
	defer func() { _ = out.Close() }() // the program has its own
	cmd.Stdout, cmd.Stderr = out, out
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("connect to %s: %w", p.name, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	p.stop = sync.OnceValue(p.end)
	return p, nil
}

// Await asks ready again and again until it returns nil. The error says what it
// returned last, and what is at the end of the log.
func (p *Process) Await(ctx context.Context, ready func(context.Context) error) error {
	const pause = 20 * time.Millisecond
	var last error
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			last = err // and not that there was no time left to ask
		}
		select {
		case <-p.ended:
			return p.fails(fmt.Errorf("ended before it was ready: %w", p.how()))
		case <-ctx.Done():
			return p.fails(fmt.Errorf("is not ready: %w: %w", ctx.Err(), last))
		case <-time.After(pause):
		}
	}
}

// Stop ends the program and waits until it has gone.
func (p *Process) Stop() error { return p.stop() }

func (p *Process) end() error {
	select {
	case <-p.ended:
		return p.fails(fmt.Errorf("ended before it was told to: %w", p.how()))
	default:
	}
	if err := p.stdin.Close(); err != nil {
		return p.fails(errors.Join(fmt.Errorf("cannot be told to end: %w", err), p.kill()))
	}
	select {
	case <-p.ended:
	case <-time.After(grace):
		return p.fails(errors.Join(fmt.Errorf("goes on %v after its input ended", grace), p.kill()))
	}
	if p.err != nil {
		return p.fails(fmt.Errorf("ended badly: %w", p.err))
	}
	return nil
}

func (p *Process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.ended
	return nil
}

// how says how a program ended that should not have.
func (p *Process) how() error {
	if p.err != nil {
		return p.err
	}
	return errors.New("exit status 0")
}

func (p *Process) fails(err error) error {
	return fmt.Errorf("%s %w\n%s", p.name, err, tail(p.log))
}

// tail returns the last lines of a log, headed by its name.
func tail(name string) string {
	const lines = 20
	data, err := os.ReadFile(name)
	if err != nil {
		return fmt.Sprintf("and its log cannot be read: %v", err)
	}
	all := bytes.Split(bytes.TrimRight(data, "\n"), []byte("\n"))
	return fmt.Sprintf("the end of %s:\n%s", name, bytes.Join(all[max(0, len(all)-lines):], []byte("\n")))
}
