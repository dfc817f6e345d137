//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// lockDir waits until no other netgen has the lock of a directory. It is given
// up when dir is closed, or the process ends.
func lockDir(ctx context.Context, dir *os.File) error {
	for {
		// A call that waits could not be stopped.
		err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		select {
		case <-ctx.Done():
			return errStop
		case <-time.After(10 * time.Millisecond):
		}
	}
}
