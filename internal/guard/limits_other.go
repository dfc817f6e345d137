//go:build unix && !linux

package guard

import "syscall"

// attributes are those of a child. Only Linux ends it with its parent.
func attributes() *syscall.SysProcAttr { return nil }

// limitAddressSpace does nothing: not every system has that limit, or keeps it.
// What a child has is watched all the same.
func limitAddressSpace(int64) error { return nil }
