//go:build unix

package foreign_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"netgen.dev/diag"
	"netgen.dev/internal/foreign"
)

// code returns the code of an error and its place.
func code(err error) (diag.Code, string) {
	own, ok := errors.AsType[*foreign.Error](err)
	if !ok {
		return "", ""
	}
	return own.Code, own.Pos.String()
}

// grown returns how much memory a function has asked for.
func grown(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestSparse: a file of holes, which costs nothing to make, is not read at all.
func TestSparse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sparse.yaml")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(1<<30), f.Close()); err != nil {
		t.Fatal(err)
	}
	used := grown(func() { _, err = (&foreign.Reader{}).File(file, "sparse.yaml") })
	if c, at := code(err); c != diag.TooLarge || at != "sparse.yaml" || used > 1<<20 {
		t.Errorf("%v, and it took %d bytes", err, used)
	}
}

// endless is a stream that does not end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestEndless: of a stream, no more is read than the limit.
func TestEndless(t *testing.T) {
	_, err := (&foreign.Reader{}).Stream(endless{}, foreign.Stdin)
	if c, at := code(err); c != diag.TooLarge || at != foreign.Stdin {
		t.Error(err)
	}
}

// TestTogether: the files of one input are bounded together.
func TestTogether(t *testing.T) {
	r := &foreign.Reader{}
	half := strings.Repeat(" ", foreign.MaxBytes/2+1)
	if _, err := r.Stream(strings.NewReader(half), "a"); err != nil {
		t.Fatal(err)
	}
	_, err := r.Stream(strings.NewReader(half), "b")
	if c, at := code(err); c != diag.TooLarge || at != "b" {
		t.Error(err)
	}
	r = &foreign.Reader{}
	for range foreign.MaxFiles {
		if _, err := r.Stream(strings.NewReader(""), "c"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Stream(strings.NewReader(""), "d"); err == nil {
		t.Error("there is no limit of files")
	}
}

// TestRegular: among other files, what is none is refused, and nobody waits for it.
func TestRegular(t *testing.T) {
	dir := t.TempDir()
	write := func(name string) {
		if err := os.WriteFile(name, []byte("a: b\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "file"))
	outside := filepath.Join(t.TempDir(), "outside")
	write(outside)
	if err := errors.Join(
		syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600), os.Symlink("file", filepath.Join(dir, "inside")),
		os.Symlink("pipe", filepath.Join(dir, "to-pipe")), os.Symlink(outside, filepath.Join(dir, "out")),
		os.Symlink("/dev/zero", filepath.Join(dir, "zero")), os.Mkdir(filepath.Join(dir, "directory"), 0o700),
	); err != nil {
		t.Skip(err)
	}
	if l, err := net.Listen("unix", filepath.Join(dir, "socket")); err == nil {
		defer func() { _ = l.Close() }()
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	for name, want := range map[string]diag.Code{
		"file": "", "inside": "", "pipe": diag.NotRegular, "to-pipe": diag.NotRegular, "socket": diag.NotRegular, "directory": diag.NotRegular,
	} {
		data, err := (&foreign.Reader{}).Regular(root, name, name)
		if c, _ := code(err); c != want || want == "" && string(data) != "a: b\n" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	for _, name := range []string{"out", "zero"} {
		_, err := (&foreign.Reader{}).Regular(root, name, name)
		if c, at := code(err); c != diag.NotRegular || at != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFile reads what a shell makes of <(command).
func TestFile(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if _, err := io.WriteString(w, "a: b\n"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprint("/dev/fd/", r.Fd())
	if _, err := os.Stat(name); err != nil {
		t.Skip(err)
	}
	if data, err := (&foreign.Reader{}).File(name, name); err != nil || string(data) != "a: b\n" {
		t.Errorf("%q, %v", data, err)
	}
}
