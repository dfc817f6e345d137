package hostile

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// start starts the program in a network of its own, which has no way out, where the
// kernel lets anybody make one.
func start(_ *world, cmd *exec.Cmd) error {
	if namespaces() {
		alone(cmd)
	}
	return cmd.Start()
}

// alone gives a command a network without a way out.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
}

// namespaces reports whether commands can be given a network of their own.
var namespaces = sync.OnceValue(func() bool {
	cmd := exec.Command(program, "version")
	alone(cmd)
	return cmd.Run() == nil
})

// mostMemory is the most memory that a process had, or one of its children.
func mostMemory(p *os.ProcessState) int64 {
	return p.SysUsage().(*syscall.Rusage).Maxrss << 10
}

// TestTraced runs the cases that end soon under strace: no program is started but
// netgen itself, and nothing is connected to.
func TestTraced(t *testing.T) {
	dependOnSource(t)
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed: which programs are run is not looked at")
	}
	probe := exec.Command(strace, "-f", "-qq", "-e", "trace=execve", program, "version")
	if out, err := probe.CombinedOutput(); err != nil {
		t.Skipf("strace cannot trace here, so which programs are run is not looked at: %s", firstLine(string(out)))
	}
	for _, group := range groups {
		if group.name == "cost" {
			continue // what takes its time takes many times that here
		}
		for _, c := range group.cases {
			t.Run(group.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				slots <- struct{}{}
				defer func() { <-slots }()
				trace := filepath.Join(t.TempDir(), "trace")
				c.hold(t, func(_ *world, cmd *exec.Cmd) error {
					cmd.Path = strace
					cmd.Args = append([]string{strace, "-f", "-qq", "-o", trace, "-e", "trace=execve,execveat,socket,connect,sendto", program}, cmd.Args[1:]...)
					return cmd.Start()
				})
				seen, err := os.ReadFile(trace)
				if err != nil || !calls.Match(seen) {
					t.Fatalf("there is no trace: %v", err)
				}
				if foreign := foreignCalls(string(seen)); len(foreign) > 0 {
					t.Errorf("it does what it should not:\n%s", strings.Join(foreign, "\n"))
				}
			})
		}
	}
}

// calls are what a trace shows of starting programs and of networks. What else is in
// it is strace's own.
var calls = regexp.MustCompile(`^\d+ +(?:execveat|socket|connect|sendto|execve\("([^"]*)")`)

// foreignCalls returns the lines of a trace that are not an execution of netgen.
func foreignCalls(trace string) (foreign []string) {
	for line := range strings.Lines(trace) {
		if m := calls.FindStringSubmatch(line); m != nil && m[1] != program {
			foreign = append(foreign, strings.TrimSpace(line))
		}
	}
	return foreign
}

// TestForeignCalls sees that the trace tells netgen from others.
func TestForeignCalls(t *testing.T) {
	trace := "12  execve(\"" + program + "\", [\"netgen\"]) = 0\n12 --- SIGCHLD {} ---\n13  execve(\"/bin/sh\", [\"sh\"]) = 0\n13  socket(AF_INET, SOCK_STREAM, 0) = 3\n13 +++ exited with 0 +++\n12 ???( <detached ...>\n"
	if got := foreignCalls(trace); len(got) != 2 {
		t.Errorf("%q", got)
	}
}

// TestAlone sees that what runs in a network of its own reaches nothing.
func TestAlone(t *testing.T) {
	if !namespaces() {
		t.Skip("the kernel lets nobody make a network here")
	}
	w := newWorld(t)
	_, port, _ := strings.Cut(w.registry.Addr().String(), ":")
	cmd := exec.Command("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/"+port)
	alone(cmd)
	if err := cmd.Run(); err == nil {
		t.Error("it reaches the registry")
	}
}

// special makes a pipe, a socket or a device.
func (w *world) special(name string, kind uint32) {
	w.Helper()
	full := filepath.Join(w.repo, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		w.Fatal(err)
	}
	zero := 1<<8 | 5 // where it is a device, /dev/zero
	switch err := syscall.Mknod(full, kind|0o644, zero); {
	case errors.Is(err, syscall.EPERM) && kind == syscall.S_IFCHR:
		w.Skip("only root makes devices: ", err)
	case err != nil:
		w.Fatal(err)
	}
}

// The kinds of what special makes.
const (
	pipe   = syscall.S_IFIFO
	socket = syscall.S_IFSOCK
	device = syscall.S_IFCHR
)
