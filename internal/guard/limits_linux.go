package guard

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes are those of a child: it ends with its parent.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// reserved is what Go's runtime reserves of addresses, and does not use.
const reserved = 4 << 30

// limitAddressSpace makes the kernel refuse what would be far too much at once:
// it would be had before anybody can look.
func limitAddressSpace(memory int64) error {
	if raceDetector {
		return nil // it reserves terabytes
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &limit); err != nil {
		return fmt.Errorf("look at the limit of memory: %w", err)
	}
	most := min(2*uint64(memory)+reserved, limit.Max) // which only root may raise
	if err := unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: most, Max: most}); err != nil {
		return fmt.Errorf("limit memory: %w", err)
	}
	return nil
}
