//go:build unix

package main

import (
	"os"
	"syscall"
)

// lockDir waits until no other netgen writes to a directory, and keeps others
// waiting until unlock is called or the process ends.
func lockDir(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close() // the error of the lock matters
		return nil, err
	}
	return func() { _ = f.Close() }, nil // closing gives the lock up
}
