//go:build unix

package guard_test

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"netgen.dev/internal/guard"
)

// lives are what a child of these tests does, by its argument.
var lives = map[string]func(*guard.Child) int{
	"works": func(c *guard.Child) int {
		_, _ = fmt.Fprintln(c.Stderr, "to people")
		_, _ = fmt.Fprintln(os.Stderr, "remark")
		fmt.Println(strings.Join(os.Environ(), " "))
		return 7
	},
	"hangs": func(c *guard.Child) int {
		c.Phase("hanging\naround")
		for {
			runtime.Gosched()
		}
	},
	"swells": func(c *guard.Child) int {
		c.Phase("swelling")
		for kept := [][]byte{}; ; {
			kept = append(kept, slices.Repeat([]byte{1}, 1<<20))
		}
	},
	"gulps": func(c *guard.Child) int {
		c.Phase("gulping")
		b := make([]byte, 1<<40)
		return int(b[1<<39])
	},
	"panics": func(c *guard.Child) int {
		c.Phase("panicking")
		panic("a mistake")
	},
	"is killed": func(*guard.Child) int {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	},
	"writes": func(c *guard.Child) int {
		c.Unlimited("writing")
		time.Sleep(700 * time.Millisecond)
		kept := slices.Repeat([]byte{1}, 128<<20)
		time.Sleep(50 * time.Millisecond)
		return int(kept[0]) - 1
	},
	"waits": func(*guard.Child) int {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		fmt.Println(os.Getpid())
		<-signals
		return 9
	},
}

func TestMain(m *testing.M) {
	child, err := guard.Enter()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if child == nil {
		os.Exit(m.Run())
	}
	code := lives[os.Args[1]](child)
	child.End()
	os.Exit(code)
}

// run runs a life within limits and returns what came of it.
func run(t *testing.T, life string, l guard.Limits, signals <-chan os.Signal) (result guard.Result, out, err string) {
	t.Helper()
	self, failure := os.Executable()
	if failure != nil {
		t.Fatal(failure)
	}
	files := make([]*os.File, 2)
	for i := range files {
		if files[i], failure = os.Create(filepath.Join(t.TempDir(), strconv.Itoa(i))); failure != nil {
			t.Fatal(failure)
		}
		defer func() { _ = files[i].Close() }()
	}
	result, failure = guard.Run(guard.Command{
		Path: self, Args: []string{"child", life}, Env: []string{"A=b"},
		Stdin: strings.NewReader(""), Stdout: files[0], Stderr: files[1], Signals: signals,
	}, l)
	if failure != nil {
		t.Fatal(failure)
	}
	var texts [2]string
	for i, f := range files {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(data)
	}
	return result, texts[0], texts[1]
}

var plenty = guard.Limits{Timeout: time.Minute, Memory: 1 << 30}

// TestWorks: a child that ends by itself has its exit code, its streams, and of
// the environment what it was given.
func TestWorks(t *testing.T) {
	got, out, err := run(t, "works", plenty, nil)
	if got != (guard.Result{Code: 7, Remarks: "remark\n"}) || out != "A=b\n" || err != "to people\n" {
		t.Errorf("it ended as %+v, printed %q and %q", got, out, err)
	}
}

// TestDeaths: a child that does not is a cause and a phase.
func TestDeaths(t *testing.T) {
	for _, tt := range []struct {
		life, phase, text string
		cause             guard.Cause
		limits            guard.Limits
	}{
		{"hangs", "hanging around", "", guard.Timeout, guard.Limits{Timeout: 200 * time.Millisecond, Memory: 1 << 30}},
		{"swells", "swelling", "", guard.Memory, guard.Limits{Timeout: time.Minute, Memory: 64 << 20}},
		{"gulps", "gulping", "", guard.Memory, plenty},
		{"panics", "panicking", "a mistake", guard.Crash, plenty},
		{"is killed", "", "", guard.Crash, plenty},
	} {
		t.Run(tt.life, func(t *testing.T) {
			if tt.life == "gulps" && raceDetector {
				t.Skip("the race detector reserves terabytes, so that there is no limit of addresses")
			}
			got, _, said := run(t, tt.life, tt.limits, nil)
			death := got.Death
			if death == nil || death.Cause != tt.cause || death.Phase != tt.phase || !strings.Contains(death.Text, tt.text) {
				t.Errorf("died of %+v, want %s while %q with %q", death, tt.cause, tt.phase, tt.text)
			}
			if said != "" {
				t.Errorf("people read %q", said)
			}
		})
	}
}

// TestUnlimited: what writes is neither killed nor does it end for its memory.
func TestUnlimited(t *testing.T) {
	got, _, _ := run(t, "writes", guard.Limits{Timeout: 300 * time.Millisecond, Memory: 96 << 20}, nil)
	if got != (guard.Result{}) {
		t.Errorf("it ended as %+v", got)
	}
}

// TestSignals: a child gets the signals of its parent.
func TestSignals(t *testing.T) {
	signals := make(chan os.Signal, 1)
	time.AfterFunc(500*time.Millisecond, func() { signals <- syscall.SIGTERM })
	if got, _, _ := run(t, "waits", plenty, signals); got != (guard.Result{Code: 9}) {
		t.Errorf("it ended as %+v", got)
	}
}

// TestForged: whoever sets the variable of a child gets no program without limits.
func TestForged(t *testing.T) {
	for _, value := range []string{"", "0", "-1", "much", "99999999999999"} {
		t.Setenv("NETGEN_GUARD", value)
		if child, err := guard.Enter(); child != nil || err == nil {
			t.Errorf("%q makes a child", value)
		}
	}
}

func TestParseMemory(t *testing.T) {
	for text, want := range map[string]int64{"64Mi": 64 << 20, "1Gi": 1 << 30, "1G": 1e9, "1.5Gi": 3 << 29, "63Mi": 0, "much": 0, "": 0, "-1Gi": 0} {
		if got, err := guard.ParseMemory(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}
