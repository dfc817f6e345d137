// Launch runs a command and says what it cost:
//
//	launch LIMIT STDOUT STDERR COMMAND...
//
// It is a program of its own because it is small. Linux counts to the peak memory of
// a process what the process that started it had at that moment, and the harness has
// more than some of the commands.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"netgen.dev/bench/cost"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "launch:", err)
		os.Exit(2)
	}
}

func run(args []string) error {
	if len(args) < 4 {
		return errors.New("launch LIMIT STDOUT STDERR COMMAND")
	}
	limit, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	cmd := exec.Command(args[3], args[4:]...)
	// For writing only, as a shell does it: to netgen /dev/null is otherwise what Go
	// opens in place of a standard output that is closed.
	stdout, err := os.OpenFile(args[1], os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	stderr, err := os.Create(args[2])
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	// What the command starts ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	over := false
	timer := time.AfterFunc(limit, func() {
		over = true
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended just now
	})
	err = cmd.Wait()
	wall := time.Since(start)
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return err
	}
	stopped := !timer.Stop() && over
	used := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return json.NewEncoder(os.Stdout).Encode(cost.Cost{
		User: time.Duration(used.Utime.Nano()), System: time.Duration(used.Stime.Nano()), Wall: wall,
		Memory: used.Maxrss << 10, Exit: cmd.ProcessState.ExitCode(), Stopped: stopped,
	})
}
