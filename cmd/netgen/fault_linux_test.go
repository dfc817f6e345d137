package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// faultChild says that a test is the process for which it started itself again.
const faultChild = "NETGEN_TEST_FAULT"

// inChild runs a test in a process of its own, which has the attributes; test is
// called there.
func inChild(t *testing.T, attr *syscall.SysProcAttr, test func()) {
	t.Helper()
	if os.Getenv(faultChild) != "" {
		test()
		return
	}
	// Whoever it runs as has to reach the program, and a directory for files.
	dir, err := os.MkdirTemp("", "netgen-") //nolint:usetesting // that one is of this user only
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // best effort, it is a temporary directory
	temp := filepath.Join(dir, "tmp")
	for name, mode := range map[string]os.FileMode{dir: 0o755, temp: 0o1777} {
		_ = os.Mkdir(name, mode) // the first is there
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	self := filepath.Join(dir, "test")
	data, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(self, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Dir, cmd.SysProcAttr = temp, attr
	cmd.Env = append(os.Environ(), faultChild+"=1", "TMPDIR="+temp)
	out, err := cmd.CombinedOutput()
	switch {
	case cmd.ProcessState == nil:
		t.Skipf("not run: the kernel does not start a process like that: %v", err)
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	case bytes.Contains(out, []byte("--- SKIP")):
		t.Skipf("%s", out)
	default:
		t.Logf("%s", out)
	}
}

// ownMounts are the attributes of a process that may mount.
func ownMounts() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
}

// faults is an output directory with a version of a tree, and the next one.
type faults struct {
	outputScene
	oneDir, twoDir string
}

func newFaults(t *testing.T, out string) *faults {
	t.Helper()
	one, two := versions()
	f := &faults{
		outputScene: outputScene{one: builtTree(t, one), two: builtTree(t, two), out: out},
		oneDir:      writeTopology(t, one), twoDir: writeTopology(t, two),
	}
	f.mine = plant(t, out)
	f.settle(t, f.one)
	return f
}

// fails builds the next version, sees that it fails for a reason and that
// nothing changes, or that it is all there, and reports which.
func (f *faults) fails(t *testing.T, want string) bool {
	t.Helper()
	before := files(t, f.out)
	code, stderr := build(t, f.twoDir, f.out)
	if code == exitOK {
		f.settled(t, f.two)
		return false
	}
	if code != exitFailed || !strings.HasPrefix(stderr, "netgen: error: ") || !strings.Contains(stderr, want) {
		t.Errorf("exit code %d and %q, want %d and %q", code, stderr, exitFailed, want)
	}
	if diff := cmp.Diff(before, files(t, f.out)); diff != "" {
		t.Errorf("%s: not as it was (-before +after):\n%s", stderr, diff)
	}
	return true
}

// mount mounts a small file system.
func mount(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("not run: the kernel does not let this user mount a file system: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestDiskFull leaves a build more and more room until it has enough, in bytes
// and in files: as long as it has not, nothing changes.
func TestDiskFull(t *testing.T) {
	inChild(t, ownMounts(), func() {
		for _, options := range []string{"size=512k,nr_inodes=10000", "size=64m,nr_inodes=150"} {
			dir := mount(t, options)
			f := newFaults(t, filepath.Join(dir, "out"))
			room := func(free int) {
				for i := 0; ; i++ {
					name := filepath.Join(dir, fmt.Sprintf("room-%d", i))
					if err := os.WriteFile(name, make([]byte, 4096), 0o644); err != nil {
						_ = os.Remove(name) // it may be there without contents
						for ; free > 0; free-- {
							i--
							if err := os.Remove(filepath.Join(dir, fmt.Sprintf("room-%d", i))); err != nil {
								t.Fatal(err)
							}
						}
						return
					}
				}
			}
			failures := 0
			for free := 0; ; free++ {
				room(free)
				if !f.fails(t, "no space left on device") || t.Failed() {
					break
				}
				failures++
			}
			if t.Logf("%s: %d builds failed", options, failures); failures < 5 {
				t.Errorf("%d builds found the disk full", failures)
			}
		}
	})
}

// TestReadOnly builds into what is mounted read-only.
func TestReadOnly(t *testing.T) {
	inChild(t, ownMounts(), func() {
		dir := mount(t, "size=16m")
		f := newFaults(t, filepath.Join(dir, "out"))
		if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		if !f.fails(t, "create "+f.out+"/.netgen-stage: read-only file system") {
			t.Error("it was written to")
		}
		if code, stderr := build(t, f.oneDir, f.out); code != exitOK {
			t.Errorf("where there is nothing to do: exit code %d\n%s", code, stderr)
		}
	})
}

// TestNoPermission builds as a user who may not write.
func TestNoPermission(t *testing.T) {
	attr := &syscall.SysProcAttr{}
	if os.Getuid() == 0 {
		attr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	inChild(t, attr, func() {
		f := newFaults(t, filepath.Join(t.TempDir(), "out"))
		for _, tt := range []struct{ dir, want string }{
			{"", "create " + f.out + "/.netgen-stage: permission denied"},
			{"shop", "/netgen.lock: permission denied"},
			{"shop/base/shop", "permission denied"},
			{"shop/overlays/default", "permission denied"},
		} {
			dir := filepath.Join(f.out, tt.dir)
			if err := os.Chmod(dir, 0o555); err != nil {
				t.Fatal(err)
			}
			if !f.fails(t, tt.want) {
				t.Errorf("%s was written to", dir)
			}
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestTooManyFiles lets a build open more and more files until these are enough.
func TestTooManyFiles(t *testing.T) {
	inChild(t, nil, func() {
		f := newFaults(t, filepath.Join(t.TempDir(), "out"))
		var old unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
			t.Fatal(err)
		}
		failures, written := 0, false
		for limit := uint64(3); !written && limit < 100; limit++ {
			before := files(t, f.out)
			if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit, Max: old.Max}); err != nil {
				t.Fatal(err)
			}
			o := &outputDir{path: f.out, shown: "out"}
			_, list, err := o.write(t.Context(), []topologyTree{f.two})
			if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
				t.Fatal(err)
			}
			if written = err == nil; written {
				f.settled(t, f.two)
				break
			}
			failures++
			if list.Failed() || !errors.Is(err, unix.EMFILE) {
				t.Errorf("with %d files: %v, %v", limit, list, err)
			}
			// With so few that what was begun cannot be undone, the next build does.
			if !strings.Contains(err.Error(), "the next build") {
				if diff := cmp.Diff(before, without(files(t, f.out), stageDir)); diff != "" {
					t.Errorf("with %d files: not as it was (-before +after):\n%s", limit, diff)
				}
			}
			f.whole(t, f.one, f.two)
		}
		if t.Logf("%d writes failed", failures); failures < 3 || !written {
			t.Errorf("%d writes failed, and one succeeded: %t", failures, written)
		}
	})
}

// TestClosedPipe prints to somebody who has gone away.
func TestClosedPipe(t *testing.T) {
	one, _ := versions()
	dir := writeTopology(t, one)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }() // nobody reads it
	var stderr bytes.Buffer
	code := run([]string{"build", dir, "-o", "-"}, strings.NewReader(""), w, &stderr, time.Now)
	if code != exitFailed || !strings.Contains(stderr.String(), "broken pipe") {
		t.Errorf("exit code %d and %q", code, stderr.String())
	}
	// What is written to files does not depend on who listens.
	s := outputScene{one: builtTree(t, one), out: filepath.Join(t.TempDir(), "out")}
	if code := run([]string{"build", dir, "-o", s.out}, strings.NewReader(""), w, w, time.Now); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	s.settled(t, s.one)
}
