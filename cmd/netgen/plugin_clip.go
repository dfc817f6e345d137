package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"netgen.dev/diag"
)

// What plugin generate and fn say is shown by a program, in a page of a fixed
// size, and much of it is quoted from what somebody else wrote. Ten findings, each
// part of one cut to maxText, and all of them to maxReport, stay below 8 KiB.
const (
	maxName    = 60   // bytes of a name or value in a message
	maxText    = 300  // bytes of a message, a hint or a path of a finding
	maxError   = 480  // bytes of an error that is no finding, hint included
	maxNames   = 5    // of a list of names
	maxRelated = 3    // places beside that of a finding
	maxShown   = 10   // findings
	maxReport  = 6000 // bytes of all findings
)

// clip shortens a name or value that somebody else wrote for a message.
func clip(s string) string { return shorten(s, maxName) }

// shorten leaves out the middle of what is longer than most bytes: paths and CUE's
// messages say at both ends what they are about. Runes are not cut.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	const dots = "…"
	head := most * 2 / 3
	tail := len(s) - (most - head - len(dots))
	for head > 0 && !utf8.RuneStart(s[head]) {
		head--
	}
	for tail < len(s) && !utf8.RuneStart(s[tail]) {
		tail++
	}
	return s[:head] + dots + s[tail:]
}

// clipNames is a list of names for a message.
func clipNames(names []string) string {
	var shown []string
	for _, name := range names[:min(len(names), maxNames)] {
		shown = append(shown, clip(name))
	}
	text := strings.Join(shown, ", ")
	if more := len(names) - maxNames; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// clippedError is an error whose message is short. It is still what it was.
type clippedError struct{ error }

func (e clippedError) Error() string { return shorten(diag.Clean(e.error.Error()), maxError) }

func (e clippedError) Unwrap() error { return e.error }

// clipError sees that an error of a command fits where it is shown, whatever it
// quotes.
func clipError(err error) error {
	if err == nil || len(diag.Clean(err.Error())) <= maxError {
		return err
	}
	return clippedError{err}
}

// first returns the findings worth showing where there is a page for them, and
// how many it leaves out: errors alone where there are any, each one short.
func first(list diag.List) (shown diag.List, more int) {
	size := 0
	for _, d := range list.Sorted() {
		if d.Severity != diag.Error && list.Failed() {
			continue
		}
		d = clipFinding(d)
		size += sizeOf(d)
		if len(shown) > 0 && (more > 0 || len(shown) == maxShown || size > maxReport) {
			more++
			continue
		}
		shown = append(shown, d)
	}
	return shown, more
}

func clipFinding(d diag.Diagnostic) diag.Diagnostic {
	short := func(s string) string { return shorten(diag.Clean(s), maxText) }
	d.Pos.File, d.Message, d.Hint = short(d.Pos.File), short(d.Message), short(d.Hint)
	related := d.Related
	d.Related = nil
	for _, r := range related[:min(len(related), maxRelated)] {
		r.Pos.File, r.Message = short(r.Pos.File), short(r.Message)
		d.Related = append(d.Related, r)
	}
	if more := len(related) - maxRelated; more > 0 {
		d.Related[maxRelated-1].Message += fmt.Sprintf(" (and %d places more)", more)
	}
	return d
}

// sizeOf is about what a finding takes as text.
func sizeOf(d diag.Diagnostic) int {
	const around = 40 // line, column, severity, code, and what is between
	size := around + len(d.Pos.File) + len(d.Message) + len(d.Hint)
	for _, r := range d.Related {
		size += around + len(r.Pos.File) + len(r.Message)
	}
	return size
}
