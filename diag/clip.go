package diag

import (
	"slices"
	"strings"
)

// How much of what a file says is shown. A line of it can have 32 MiB, and so can a
// name that CUE quotes: nobody reads that, and the logs of CI systems cut off what
// comes after it.
const (
	maxText    = 1000 // bytes of a message, a hint or the path of a value
	maxExcerpt = 200  // bytes of a line, of which
	maxBefore  = 80   // are before the place
)

// clipped returns l with no text longer than is shown.
func (l List) clipped() List {
	out := slices.Clone(l)
	for i := range out {
		d := &out[i]
		d.Message, d.Hint, d.Path = clip(d.Message), clip(d.Hint), clip(d.Path)
		d.Related = slices.Clone(d.Related)
		for j := range d.Related {
			d.Related[j].Message = clip(d.Related[j].Message)
		}
	}
	return out
}

// clip cuts a text that is too long in its middle: what is wrong is mostly said at
// one of its ends.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	head, tail := s[:maxText/2], s[len(s)-maxText/2:]
	for len(head) > 0 && !boundary(s, len(head)) {
		head = head[:len(head)-1]
	}
	for len(tail) > 0 && !boundary(s, len(s)-len(tail)) {
		tail = tail[1:]
	}
	return head + " … " + tail
}

// window returns the part of a line around a column that is shown, and the column in
// it.
func window(line string, at int) (string, int) {
	if len(line) <= maxExcerpt {
		return line, at
	}
	from := max(0, at-maxBefore)
	to := min(len(line), from+maxExcerpt)
	for from > 0 && !boundary(line, from) {
		from--
	}
	for to < len(line) && !boundary(line, to) {
		to++
	}
	part, before := line[from:to], ""
	if from > 0 {
		before = "… "
	}
	if to < len(line) {
		part += " …"
	}
	// A tab would stand for another width there.
	return before + strings.ReplaceAll(part, "\t", " "), at - from + len(before)
}

// boundary reports whether a character may begin at i, so that none is cut in two.
// Bytes that are no text are no part of one.
func boundary(s string, i int) bool { return i >= len(s) || s[i]&0xC0 != 0x80 }
