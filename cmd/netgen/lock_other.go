//go:build !unix

package main

import (
	"context"
	"os"
)

// lockDir does nothing where directories cannot be locked: two runs at once on
// one output directory are then up to the user.
func lockDir(context.Context, *os.File) error { return nil }
