//go:build !linux

package main

import (
	"errors"
	"os"
)

// canSyncAll says that the platform can bring a whole file system to the disk.
const canSyncAll = false

func syncFileSystem(*os.File) error { return errors.ErrUnsupported }
