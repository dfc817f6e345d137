package main

import (
	"errors"
	"io"
	"os"
)

// watched is standard output. It keeps the first error of a write, so that no
// command can lose output and exit with 0.
type watched struct {
	io.Writer
	failure error
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil && w.failure == nil {
		w.failure = err
	}
	return n, err
}

// printObjects prints objects for a cluster, whole, and not to nowhere: whoever
// reads none of them and sees success may prune all there are.
func (a *app) printObjects(data []byte) error {
	if out, ok := a.out.(*watched); ok && nowhere(out.Writer) {
		return errors.New("standard output is closed: nobody would get the objects; to throw them away, write >/dev/null")
	}
	// A limit that is reached now would leave half of them, for which the rest would be
	// pruned as well.
	a.unlimited("printing")
	done := make(chan error, 1)
	go func() {
		_, err := a.out.Write(data)
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-a.ctx.Done(): // nobody else looks at it now, and the reader may wait for ever
		return errors.New("stopped: what was printed is not whole")
	}
}

// nowhere reports whether a stream was closed when the program was started. Go's
// runtime has by then opened the null device in its place, so that no file comes
// to be written to by accident, and writing succeeds. It opens it for reading,
// too, which > /dev/null does not. Some programs do, to throw the output of others
// away: other commands than those that print objects let them.
func nowhere(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false // writing says why
	}
	null, err := os.Stat(os.DevNull)
	if err != nil || !os.SameFile(info, null) {
		return false
	}
	_, err = f.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}
