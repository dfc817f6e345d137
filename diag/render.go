package diag

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Formats are the ways of Render, the first being the default.
var Formats = []string{"text", "json", "github"}

// Options say how to render.
type Options struct {
	Format string // one of Formats
	Color  bool   // of the text
	// Source returns the bytes of a file that a diagnostic names, to excerpt
	// the line; nil where there is none.
	Source func(file string) []byte
}

// Render writes the findings of l, sorted. Programs get all of them.
func Render(w io.Writer, l List, o Options) error {
	l = l.clipped()
	switch o.Format {
	case "json":
		return renderJSON(w, l.sorted())
	case "github":
		return renderGitHub(w, l.Sorted())
	}
	return renderText(w, l.Sorted(), o)
}

// renderJSON writes {"diagnostics": [...]}, the list empty and never null.
func renderJSON(w io.Writer, l List) error {
	if l == nil {
		l = List{}
	}
	return WriteJSON(w, struct {
		Diagnostics List `json:"diagnostics"`
	}{l})
}

// renderGitHub writes workflow commands, which GitHub shows beside the lines
// of a pull request. A command ends at a line end, and "%", "\r" and "\n" (in
// properties also ":" and ",") are escaped as the runner expects.
func renderGitHub(w io.Writer, l List) error {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, d := range l {
		message := Clean(d.Message)
		if d.Hint != "" {
			message += "\nhint: " + Clean(d.Hint)
		}
		place := fmt.Sprintf("file=%s", property.Replace(Clean(d.Pos.File)))
		if d.Pos.Line > 0 {
			place += fmt.Sprintf(",line=%d,col=%d", d.Pos.Line, d.Pos.Column)
		}
		if _, err := fmt.Fprintf(w, "::%s %s,title=%s::%s\n", d.Severity, place, d.Code, data.Replace(message)); err != nil {
			return err
		}
	}
	return nil
}

// The escape sequences of the text format.
const (
	bold   = "\x1b[1m"
	red    = "\x1b[1;31m"
	yellow = "\x1b[1;33m"
	blue   = "\x1b[1;34m"
	reset  = "\x1b[0m"
)

// renderText writes each finding as a compiler does: place, severity, message
// and code; the source line with a marker; the related places; the hint.
func renderText(w io.Writer, l List, o Options) error {
	paint := func(color, s string) string {
		if !o.Color {
			return s
		}
		return color + s + reset
	}
	var b strings.Builder
	for _, d := range l {
		color := red
		if d.Severity == Warning {
			color = yellow
		}
		if place := Clean(d.Pos.String()); place != "" {
			b.WriteString(paint(bold, place) + ": ")
		}
		fmt.Fprintf(&b, "%s: %s [%s]\n", paint(color, string(d.Severity)), Clean(d.Message), d.Code)
		if o.Source != nil {
			excerpt(&b, o.Source(d.Pos.File), d.Pos, func(s string) string { return paint(color, s) })
		}
		for _, r := range d.Related {
			fmt.Fprintf(&b, "  %s: %s\n", Clean(r.Pos.String()), Clean(r.Message))
		}
		if d.Hint != "" {
			fmt.Fprintf(&b, "  %s %s\n", paint(blue, "hint:"), Clean(d.Hint))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// excerpt writes the line of pos with a marker below what starts there.
func excerpt(b *strings.Builder, src []byte, pos Pos, paint func(string) string) {
	if pos.Line == 0 || pos.Column == 0 {
		return
	}
	lines := strings.Split(string(src), "\n")
	if pos.Line > len(lines) {
		return
	}
	line := strings.TrimRight(lines[pos.Line-1], "\r")
	start := pos.Column - 1
	if start > len(line) {
		return
	}
	line, start = window(line, start)
	marked := tokenLength(line[start:])
	// Tabs are kept before the marker, so that it lines up in any tab width.
	indent := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, Clean(line[:start]))
	gutter := fmt.Sprintf("%5d | ", pos.Line)
	fmt.Fprintf(b, "%s%s\n", gutter, Clean(line))
	fmt.Fprintf(b, "%s| %s%s\n", strings.Repeat(" ", len(gutter)-2), indent, paint(strings.Repeat("^", marked)))
}

// tokenLength returns how many columns the token at the start of s takes.
func tokenLength(s string) int {
	if len(s) > 1 && s[0] == '"' {
		if end := strings.IndexByte(s[1:], '"'); end >= 0 {
			return utf8.RuneCountInString(s[:end+2])
		}
	}
	end := strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(":,{}[]()\"", r) })
	if end < 0 {
		end = len(s)
	}
	return max(utf8.RuneCountInString(s[:end]), 1)
}
