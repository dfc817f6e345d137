// Package sandbox runs tests in namespaces of their own: users, network, mounts
// and processes. There is no way out of them, nothing outside changes, and the
// kernel ends whatever was started there when the tests end, however they end.
package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// inside says that the process is in the sandbox.
const inside = "NETGEN_SANDBOX"

// variable says, by being "optional", that tests pass where they cannot run.
const variable = "NETGEN_PACKETS"

// unable is the exit code that says that the tests cannot run on this machine.
const unable = 42

// Run runs tests in a sandbox, and returns their exit code. The program starts
// itself again: outside, before runs, and what it returns is added to the
// environment of the tests. Inside, check says what is missing, and then tests
// run.
func Run(before func() ([]string, error), check func() error, tests func() int) int {
	if os.Getenv(inside) != "" {
		if err := errors.Join(furnish(), check()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return unable
		}
		return tests()
	}
	env, err := before()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code, err := again(append(os.Environ(), append(env, inside+"=1")...))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = unable
	}
	if code != unable {
		return code
	}
	if os.Getenv(variable) == "optional" {
		return 0
	}
	fmt.Fprintln(os.Stderr, "the tests did not run; "+variable+"=optional lets them pass without")
	return 1
}

// again runs the program once more, in new namespaces.
func again(env []string) (int, error) {
	// The signal below comes when the thread ends that started the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const alone = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID
	user := &syscall.SysProcAttr{
		Cloneflags:  alone | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	attrs := []*syscall.SysProcAttr{user}
	if os.Getuid() == 0 {
		// Where namespaces of users are switched off, root needs none.
		attrs = append(attrs, &syscall.SysProcAttr{Cloneflags: alone, Pdeathsig: syscall.SIGKILL})
	}
	var refused error
	for _, attr := range attrs {
		// A pipe and no file: what the tests start and leave cannot hold it open.
		cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
		cmd.Env, cmd.SysProcAttr = env, attr
		cmd.Stdout, cmd.Stderr = plain{os.Stdout}, plain{os.Stderr}
		if err := cmd.Start(); err != nil {
			refused = err
			continue
		}
		if err := cmd.Wait(); err != nil && cmd.ProcessState == nil {
			return 0, err
		}
		if code := cmd.ProcessState.ExitCode(); code >= 0 {
			return code, nil
		}
		return 1, nil
	}
	return 0, fmt.Errorf("the kernel makes no namespaces for this user (%w): allow unprivileged user namespaces, as by sysctl kernel.unprivileged_userns_clone=1 or kernel.apparmor_restrict_unprivileged_userns=0, or run as root", refused)
}

// plain hides that a writer is a file.
type plain struct{ io.Writer }

// furnish gives the tests a loopback that is up, for programs that talk to each
// other, and a /run of their own, where programs leave locks, and where temporary
// files are, which are gone with it.
func furnish() error {
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		return fmt.Errorf("set up loopback: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts to ourselves: %w", err)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount a /run: %w", err)
	}
	const temporary = "/run/tmp"
	if err := os.Mkdir(temporary, 0o700); err != nil {
		return err
	}
	return os.Setenv("TMPDIR", temporary)
}
