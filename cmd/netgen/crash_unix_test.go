//go:build unix

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// times returns how often a test does something: few times, or those of make
// crash.
func times(few, many int) int {
	if long() {
		return many
	}
	return few
}

// started is the program in a group of processes of its own, which signals are
// for.
type started struct {
	*exec.Cmd
	stderr bytes.Buffer
	ended  chan struct{}
}

func startProgram(t *testing.T, env []string, args ...string) *started {
	t.Helper()
	s := &started{Cmd: exec.Command("netgen", args...), ended: make(chan struct{})}
	s.Env = append(os.Environ(), env...)
	s.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.Stderr = &s.stderr // a pipe: it is open until all of them have ended
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.Wait() // the state says how it ended
		close(s.ended)
	}()
	return s
}

// waitFor waits until a file is there, or the program has ended.
func (s *started) waitFor(file string) (there bool) {
	for {
		if _, err := os.Lstat(file); err == nil {
			return true
		}
		select {
		case <-s.ended:
			return false
		default:
		}
	}
}

// manyServices is a topology with so many services that writing it takes a while.
func manyServices(number string, from, to int) string {
	var names []string
	for i := from; i < to; i++ {
		names = append(names, fmt.Sprintf("s%d", i))
	}
	return numbered(number, "ns-"+number[:1], append(names, "kept")...)
}

// TestKill kills builds at random instants, half of them while they write. Two
// versions take turns, each over what the last one left.
func TestKill(t *testing.T) {
	sources := []string{manyServices("1.0.0", 0, 60), manyServices("2.0.0", 20, 80)}
	var dirs []string
	var trees []topologyTree
	for _, source := range sources {
		dirs = append(dirs, writeTopology(t, source))
		trees = append(trees, builtTree(t, source))
	}
	s := outputScene{out: filepath.Join(memoryDir(t), "out")}
	s.mine = plant(t, s.out)
	s.settle(t, trees[0])
	begin := time.Now()
	for i := range 2 {
		first := startProgram(t, nil, "build", dirs[1-i], "-o", s.out)
		<-first.ended
	}
	took := time.Since(begin) / 2
	stages := map[string]int{}
	for i := range times(12, 1000) {
		b := startProgram(t, nil, "build", dirs[(i+1)%2], "-o", s.out)
		if i%2 == 0 {
			time.Sleep(rand.N(took))
		} else if b.waitFor(filepath.Join(s.out, []string{stageDir, journalFile}[i/2%2])) {
			time.Sleep(rand.N(took / 200))
		}
		_ = syscall.Kill(-b.Process.Pid, syscall.SIGKILL) // it may have ended
		<-b.ended
		stages[stageOf(s.out)]++
		s.whole(t, trees...)
		if i%3 == 0 { // else the next one begins with what this one left
			s.settle(t, trees[i/3%2])
		}
		if t.Failed() {
			t.Fatalf("after kill %d: %v", i+1, stages)
		}
	}
	t.Logf("killed builds left: %v", stages)
	if long() && (stages["files staged"] == 0 || stages["a journal"] == 0) {
		t.Errorf("no build was killed where it matters: %v", stages)
	}
}

// stageOf says how far a build that was killed had come.
func stageOf(out string) string {
	if _, err := os.Lstat(filepath.Join(out, journalFile)); err == nil {
		return "a journal"
	}
	if _, err := os.Lstat(filepath.Join(out, stageDir)); err == nil {
		return "files staged"
	}
	return "nothing"
}

func (s *outputScene) whole(t *testing.T, trees ...topologyTree) {
	t.Helper()
	whole(t, s.out, s.mine, trees...)
}

// TestStop sends signals to builds while they write: they undo what they did, or
// are through. On a busy machine some write faster than this test sees it: then
// there are more of them. A signal that comes when everything is done, and nothing
// waits for it any more, ends a process as signals do: then all is there.
func TestStop(t *testing.T) {
	one, two := manyServices("1.0.0", 0, 60), manyServices("2.0.0", 20, 80)
	dir := writeTopology(t, two)
	s := outputScene{one: builtTree(t, one), two: builtTree(t, two), out: filepath.Join(memoryDir(t), "out")}
	s.mine = plant(t, s.out)
	stops := 0
	for i := 0; !t.Failed() && (i < times(4, 100) || stops == 0 && i < 100); i++ {
		s.settle(t, s.one)
		before := files(t, s.out)
		b := startProgram(t, nil, "build", dir, "-o", s.out)
		if b.waitFor(filepath.Join(s.out, []string{stageDir, journalFile}[i%2])) {
			_ = syscall.Kill(-b.Process.Pid, []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[i/2%2]) // it may have ended
		}
		<-b.ended
		late := strings.Contains(b.stderr.String(), " files written, ")
		if code := b.ProcessState.ExitCode(); code == exitOK || late {
			s.settled(t, s.two)
			continue
		}
		stops++
		if code := b.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(b.stderr.String(), "nothing was changed") {
			t.Errorf("%v: exit code %d\n%s", b.ProcessState, code, b.stderr.String())
		}
		if diff := cmp.Diff(before, files(t, s.out)); diff != "" {
			t.Errorf("not undone (-before +after):\n%s", diff)
		}
	}
	if t.Logf("%d stopped", stops); stops == 0 {
		t.Error("no build was stopped while it wrote")
	}
}

// TestBuildsAtOnce runs 32 builds of one topology at once into one directory.
func TestBuildsAtOnce(t *testing.T) {
	_, two := versions()
	dir := writeTopology(t, two)
	s := newOutputScene(t)
	for round := range times(2, 100) {
		s.reset(t, round%2 == 0)
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				if code, stderr := build(t, dir, s.out); code != exitOK {
					t.Errorf("exit code %d\n%s", code, stderr)
				}
			})
		}
		wg.Wait()
		s.settled(t, s.two)
	}
}

// TestOneTree builds one topology, its declarations spread over files of other
// names each time, in all sorts of places: what is written is the same.
func TestOneTree(t *testing.T) {
	var want map[string]string
	top := memoryDir(t)
	for i := range times(4, 200) {
		dir := filepath.Join(top, fmt.Sprint(i), "shop")
		parts := []string{"topology: {name: \"shop\", version: \"1.0.0\", namespace: \"shop\"}\n"}
		for n := range 20 {
			parts = append(parts, fmt.Sprintf("topology: services: s%d: {ports: http: 8080, connects: s%d: {}}\n", n, (n+7)%20))
		}
		rand.Shuffle(len(parts), func(a, b int) { parts[a], parts[b] = parts[b], parts[a] })
		for n, part := range parts {
			writeFile(t, filepath.Join(dir, fmt.Sprintf("%c%d.cue", 'a'+n%5, n)), "package shop\n\n"+part)
		}
		out := filepath.Join(top, fmt.Sprint(i), "out")
		b := startProgram(t, []string{
			fmt.Sprintf("GOMAXPROCS=%d", 1+i%16),
			"LC_ALL=" + []string{"C", "tr_TR.UTF-8", "ja_JP.UTF-8"}[i%3],
			"TZ=" + []string{"UTC", "Asia/Kathmandu", "Pacific/Apia"}[i/3%3],
		}, "build", dir, "-o", out)
		<-b.ended
		if code := b.ProcessState.ExitCode(); code != exitOK {
			t.Fatalf("exit code %d\n%s", code, b.stderr.String())
		}
		got := files(t, out)
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("build %d differs (-first +this):\n%s", i+1, diff)
		}
	}
}
