package hostile

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The bounds of every case. The program is given less, and has to stop by itself.
const (
	maxTime   = 12 * time.Second
	timeout   = "10s"
	memory    = "512Mi"
	maxMemory = 600 << 20
	// What a text of CUE asks for at once is had before anybody can look.
	maxGreedyMemory = 2 << 30
	maxGreedy       = 5 // cases
)

// The exit codes of netgen.
const (
	accepted = 0
	findings = 1
	failed   = 2
	refused  = 3
)

// hostile is one case.
type hostile struct {
	name string
	make func(w *world) // the repository; nil is the shop alone
	dir  string         // of the repository, that it works in; "" is its top
	args []string       // nil is vet shop
	in   string         // a file of the repository that is the standard input

	code int
	// says are what standard error has to hold: the file, and the cause. Where
	// several are separated by "|", one of them.
	says []string
	// after looks at what the program has left behind.
	after func(w *world, out result)

	timeout string // that it is given, where less than of others will do
	greedy  bool   // it may have more memory
}

// groups are all cases, by what they try.
var groups = []struct {
	name  string
	cases []hostile
}{
	{"links", links},
	{"cost", cost},
	{"modules", modules},
	{"embedding", embedding},
	{"manifests", manifests},
	{"text", texts},
	{"output", outputs},
}

// program is the built netgen.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "netgen-hostile-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "netgen")
	// Not for the race detector, which takes ten times the memory.
	build := exec.Command("go", "build", "-o", program, "../cmd/netgen")
	build.Stderr = os.Stderr
	code := 1
	if err := build.Run(); err == nil {
		code = m.Run()
	}
	_ = os.RemoveAll(dir) // of a temporary directory
	os.Exit(code)
}

// slots are for two cases at a time: each is given time by the clock.
var slots = make(chan struct{}, 2)

// dependOnSource makes the outcome of a test one of the program that is built here:
// go test would show that of an earlier one, since it knows only what a test itself
// has looked at.
func dependOnSource(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && name != ".." && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestHostile(t *testing.T) {
	dependOnSource(t)
	all, greedy := 0, 0
	for _, group := range groups {
		for _, c := range group.cases {
			all++
			if c.greedy {
				greedy++
			}
			t.Run(group.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				slots <- struct{}{}
				defer func() { <-slots }()
				c.hold(t, start)
			})
		}
	}
	if all < 60 || greedy > maxGreedy {
		t.Errorf("there are %d cases, of which %d may have more memory: at least 60, and at most %d", all, greedy, maxGreedy)
	}
}

// hold runs a case, and sees that everything holds of it.
func (c *hostile) hold(t *testing.T, start starter) {
	w := newWorld(t)
	if c.make != nil {
		c.make(w)
	}
	args := c.args
	if args == nil {
		args = []string{"vet", "shop"}
	}
	args = append([]string{"-C", filepath.Join(w.repo, c.dir), "--timeout", cmp.Or(c.timeout, timeout), "--memory", memory}, args...)
	out := w.run(start, c.in, args...)
	t.Logf("exit code %d after %.1f s with %d MiB: %s", out.code, out.took.Seconds(), out.memory>>20, firstLine(out.stderr))
	if out.code != c.code {
		t.Errorf("exit code %d, and not %d\n%s", out.code, c.code, out.stderr)
	}
	for _, want := range c.says {
		if !containsAny(out.stderr, strings.Split(want, "|")) {
			t.Errorf("it does not say %q, but\n%s", want, out.stderr)
		}
	}
	if out.code >= failed && out.stdout != "" {
		t.Errorf("it failed, and printed\n%.1000s", out.stdout)
	}
	if bad := strings.IndexFunc(out.stdout+out.stderr, actsOnTerminal); bad >= 0 {
		t.Errorf("what it prints acts on a terminal: %q", (out.stdout + out.stderr)[bad:][:1])
	}
	most := int64(maxMemory)
	if c.greedy {
		most = maxGreedyMemory
	}
	if out.took > maxTime || out.memory > most {
		t.Errorf("it took %.1f s and %d MiB, more than %s and %d MiB", out.took.Seconds(), out.memory>>20, maxTime, most>>20)
	}
	w.untouched(out)
	if c.after != nil {
		c.after(w, out)
	}
}

func containsAny(s string, any []string) bool {
	for _, want := range any {
		if strings.Contains(s, want) {
			return true
		}
	}
	return false
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return fmt.Sprintf("%.200s", line)
}

// actsOnTerminal reports whether a terminal does something else with r than to
// show it.
func actsOnTerminal(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < ' ' || r >= 0x7f && r < 0xa0:
		return true
	}
	return r == '\u061c' || r >= '\u200b' && r <= '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// canary is what may be found nowhere.
func canary() string { return "canary" + strings.ToLower(rand.Text()) }
