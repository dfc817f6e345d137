package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// canSyncAll says that the platform can bring a whole file system to the disk.
const canSyncAll = true

// syncFileSystem brings everything to the disk that is on the file system of an
// open file.
func syncFileSystem(f *os.File) error {
	return unix.Syncfs(int(f.Fd()))
}
