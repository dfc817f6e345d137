// Package foreign reads YAML and JSON that others wrote: streams of clusters and
// of overlays, lists of functions, manifests in directories. What it hands on is
// bounded in size, is text that all readers take for the same, and says where
// each of its mistakes is.
//
// Everything of the kind goes through here, so that there is one set of limits,
// and none that one reader has and another lacks.
package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"unicode/utf8"

	"netgen.dev/diag"
)

// The limits. 10,000 services are 20,000 documents and 20 MiB, and all objects of
// a large cluster are about 100 MiB.
const (
	MaxBytes     = 128 << 20 // of all files of an input
	MaxFiles     = 20_000
	MaxDocuments = 100_000
	MaxDepth     = 100 // the schemas of custom resources, which are the deepest, have about 40
	// MaxValues is about how many values there are in all. What one takes in memory
	// does not depend on what it takes in the file.
	MaxValues = 16_000_000

	// Those of a list that is read and written again, of which all is in memory at
	// once, and many times as large as it is written.
	MaxListBytes  = 16 << 20
	MaxListValues = 2_000_000
)

// Stdin is how messages call standard input.
const Stdin = "<stdin>"

// Error is why an input is not read, as a finding. Its place has no file where
// whoever reads has not been told one: In adds it.
type Error struct{ diag.Diagnostic }

func (e *Error) Error() string {
	text := e.Message
	if place := e.Pos.String(); e.Pos.File != "" {
		text = place + ": " + text
	} else if e.Pos.Line > 0 {
		text = fmt.Sprintf("line %d: %s", e.Pos.Line, text)
	}
	return fmt.Sprintf("%s [%s]", text, e.Code)
}

// newError returns an error at a line, 0 for the whole of an input.
func newError(code diag.Code, line int, hint, format string, args ...any) *Error {
	return &Error{diag.Diagnostic{
		Code: code, Severity: diag.Error, Pos: diag.Pos{Line: line}, Message: fmt.Sprintf(format, args...), Hint: hint,
	}}
}

// Unreadable returns the error of an object at a line that is not what it should
// be. One that has a place, or that refuses, stays what it is.
func Unreadable(line int, err error) error {
	if own, ok := errors.AsType[*Error](err); ok {
		if own.Pos.Line == 0 {
			own.Pos.Line = line
		}
		return own
	}
	return newError(diag.Unreadable, line, "", "%s", err)
}

// Refuse returns the refusal of what is at a line and that readers differ about.
func Refuse(line int, hint, format string, args ...any) error {
	return newError(diag.Ambiguous, line, hint, format, args...)
}

// In returns an error with the file that it is in.
func In(file string, err error) error {
	own, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	if own.Pos.File == "" {
		own.Pos.File = file
	}
	return own
}

// Reader reads the files of one input, which are bounded together.
type Reader struct {
	bytes int64
	files int
}

// Stream reads a stream to its end, or to more than is read of any.
func (r *Reader) Stream(in io.Reader, name string) ([]byte, error) {
	if r.files++; r.files > MaxFiles {
		return nil, In(name, newError(diag.TooLarge, 0, "", "there are more than the %d files that netgen reads", MaxFiles))
	}
	left := MaxBytes - r.bytes
	data, err := io.ReadAll(io.LimitReader(in, left+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > left {
		return nil, In(name, tooLarge())
	}
	r.bytes += int64(len(data))
	return data, nil
}

func tooLarge() *Error {
	return newError(diag.TooLarge, 0, "name fewer files, or ask the cluster for fewer kinds", "has more than the %d MiB that netgen reads", MaxBytes>>20)
}

// File reads a file that a person named: a link is followed, and a pipe read, as
// a shell makes one of <(command).
func (r *Reader) File(file, name string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	return r.opened(f, name, false)
}

// Regular reads a file that is among others. Of a pipe or a device nobody knows
// whether it ends, and one that is no longer what it was a moment ago is refused
// like one that never was.
func (r *Reader) Regular(root *os.Root, file, name string) ([]byte, error) {
	// Opening a pipe would wait for somebody to write.
	switch fi, err := root.Stat(file); {
	case err != nil && isLink(root, file):
		return nil, NotRegular(name, fs.ModeSymlink) // it leads out, or nowhere
	case err != nil:
		return nil, err
	case !fi.Mode().IsRegular():
		return nil, NotRegular(name, fi.Mode())
	}
	f, err := root.Open(file)
	if err != nil {
		return nil, err
	}
	return r.opened(f, name, true)
}

func (r *Reader) opened(f *os.File, name string, regular bool) ([]byte, error) {
	defer func() { _ = f.Close() }() // opened for reading only
	switch fi, err := f.Stat(); {
	case err != nil:
		return nil, err
	case regular && !fi.Mode().IsRegular():
		return nil, NotRegular(name, fi.Mode())
	case fi.Mode().IsRegular() && fi.Size() > MaxBytes-r.bytes:
		return nil, In(name, tooLarge()) // a file with holes costs who made it nothing
	}
	return r.Stream(f, name)
}

func isLink(root *os.Root, file string) bool {
	fi, err := root.Lstat(file)
	return err == nil && fi.Mode()&fs.ModeSymlink != 0
}

// NotRegular returns the refusal of a file that is among others and is none.
func NotRegular(name string, mode fs.FileMode) error {
	what := "something else"
	switch {
	case mode&fs.ModeNamedPipe != 0:
		what = "a pipe"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	case mode&fs.ModeDevice != 0:
		what = "a device"
	case mode&fs.ModeSymlink != 0:
		what = "a symbolic link"
	}
	return In(name, newError(diag.NotRegular, 0, "", "is %s; netgen reads regular files only", what))
}

// Documents refuses a stream with more than n documents, the last of which starts
// at a line, where that are too many.
func Documents(n, line int) error {
	if n > MaxDocuments {
		return newError(diag.TooLarge, line, "", "has more than the %d documents that netgen reads", MaxDocuments)
	}
	return nil
}

// List is Text of a list that is read and written again.
func List(data []byte) error {
	const hint = "run the function over fewer objects, as those of one directory"
	if len(data) > MaxListBytes {
		return newError(diag.TooLarge, 0, hint, "has more than the %d MiB that netgen reads of a ResourceList", MaxListBytes>>20)
	}
	if Values(data) > MaxListValues {
		return newError(diag.TooLarge, 0, hint, "has more than the %d values that netgen reads of a ResourceList", MaxListValues)
	}
	return Text(data)
}

// Text refuses what is not text that every reader takes for the same lines: what
// one of them takes for the end of a document, and leaves out the rest, is none
// for another.
func Text(data []byte) error {
	if len(data) > MaxBytes {
		return tooLarge()
	}
	if n := Values(data); n > MaxValues {
		return newError(diag.TooLarge, 0, "name fewer files, or ask the cluster for fewer kinds", "has more than the %d values that netgen reads", MaxValues)
	}
	if !utf8.Valid(data) {
		at := 0
		for at < len(data) {
			r, size := utf8.DecodeRune(data[at:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			at += size
		}
		return Refuse(lineAt(data, at), "", "is not UTF-8: byte %#02x", data[at])
	}
	if at := bytes.IndexByte(data, 0); at >= 0 {
		return Refuse(lineAt(data, at), "", "has a NUL byte")
	}
	for _, end := range []string{"\u0085", "\u2028", "\u2029"} {
		if at := bytes.Index(data, []byte(end)); at >= 0 {
			return Refuse(lineAt(data, at), "", "has the line end %+q, which readers take for different things", end)
		}
	}
	for at := range data {
		if data[at] == '\r' && (at+1 == len(data) || data[at+1] != '\n') {
			return Refuse(lineAt(data, at), "", "has a carriage return alone, which readers take for different things")
		}
	}
	return nil
}

func lineAt(data []byte, at int) int { return 1 + bytes.Count(data[:at], []byte("\n")) }

// Values returns about how many values a text has, and not fewer by much.
func Values(data []byte) int {
	n := 0
	for i, c := range data {
		switch c {
		case '\n', ',', '[', '{':
			n++
		case ':', '-', '?':
			if i+1 < len(data) && data[i+1] == ' ' {
				n++
			}
		}
	}
	return n
}
