// Package diag is how netgen tells a person what it found in what they wrote:
// a Diagnostic has a stable code, a place in the user's own files, a message
// in the user's words and, where one is known, a hint.
//
// It renders diagnostics as text with the source line, as JSON, and as GitHub
// annotations. It does not find anything itself, and it reads no files.
package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity says what a diagnostic means for the run.
type Severity string

const (
	// Error makes the run fail: nothing is emitted.
	Error Severity = "error"
	// Warning is shown and does not fail the run.
	Warning Severity = "warning"
)

// Pos is a place in a user's file. Lines and columns count from 1, columns in
// bytes as CUE and compilers count them. The zero Pos is "no place".
type Pos struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String returns the place as file:line:column, leaving out what is not known.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Related is a second place that a diagnostic is about.
type Related struct {
	Pos     Pos    `json:"pos"`
	Message string `json:"message"`
}

// Diagnostic is one finding.
type Diagnostic struct {
	Code     Code      `json:"code"`
	Severity Severity  `json:"severity"`
	Pos      Pos       `json:"pos"`
	Path     string    `json:"path,omitempty"` // of the CUE value, as in services.backend.ports
	Message  string    `json:"message"`        // lower case, no full stop
	Hint     string    `json:"hint,omitempty"` // what to do about it
	Related  []Related `json:"related,omitempty"`
}

// List is a set of findings.
type List []Diagnostic

// Errors returns how many findings of l are errors.
func (l List) Errors() int {
	n := 0
	for _, d := range l {
		if d.Severity == Error {
			n++
		}
	}
	return n
}

// Failed reports whether l holds an error.
func (l List) Failed() bool { return l.Errors() > 0 }

// Refused reports whether an error of l is a refusal for safety.
func (l List) Refused() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool {
		return d.Severity == Error && d.Code.refusal()
	})
}

// Sorted returns the findings of l by file, line, column, code and message,
// each once: the same mistake is often met again in every environment. What sums
// up others is before them all, and of what is alike at one place a part is only
// counted.
func (l List) Sorted() List { return l.sorted().folded() }

func (l List) sorted() List {
	out := slices.Clone(l)
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		if a.Code.headline() != b.Code.headline() {
			if a.Code.headline() {
				return -1
			}
			return 1
		}
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Message, b.Message),
		)
	})
	out = slices.CompactFunc(out, func(a, b Diagnostic) bool {
		return a.Pos == b.Pos && a.Code == b.Code && a.Message == b.Message
	})
	return out
}

// maxAlike is how many findings of one code are shown at one place. A line in a
// loop can be wrong for every service alike.
const maxAlike = 3

// folded counts findings that one place has too many of, instead of showing
// them.
func (l List) folded() List {
	var out List
	for i := 0; i < len(l); {
		j := i
		for j < len(l) && l[j].Pos == l[i].Pos && l[j].Code == l[i].Code {
			j++
		}
		shown := l[i:j]
		if rest := len(shown) - maxAlike; rest > 0 {
			shown = slices.Clone(shown[:maxAlike])
			shown[maxAlike-1].Message += fmt.Sprintf(" (and %d more alike)", rest)
		}
		out = append(out, shown...)
		i = j
	}
	return out
}
