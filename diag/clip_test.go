package diag

import (
	"strings"
	"testing"
)

// TestClip sees that what is shown of a file is never much, and shows the place.
func TestClip(t *testing.T) {
	long := strings.Repeat("ä", 500_000)
	src := "package x\n" + long + "here: 1" + long + "\n"
	list := List{{
		Code: Syntax, Severity: Error, Pos: Pos{"x.cue", 2, len(long) + 1}, Path: long,
		Message: "no " + long + " end", Hint: long, Related: []Related{{Message: long}},
	}}
	for _, format := range Formats {
		var b strings.Builder
		if err := Render(&b, list, Options{Format: format, Source: func(string) []byte { return []byte(src) }}); err != nil {
			t.Fatal(err)
		}
		out := b.String()
		if len(out) > 6*maxText {
			t.Errorf("%s: it is %d bytes", format, len(out))
		}
		if !strings.Contains(out, "no ää") || !strings.Contains(out, "ää end") || strings.ContainsRune(out, '\uFFFD') || strings.Contains(out, `\x`) {
			t.Errorf("%s: %s", format, out)
		}
		if format == Formats[0] && !strings.Contains(out, "here: 1") {
			t.Errorf("it does not show the place: %s", out)
		}
	}
	if len(list[0].Message) < len(long) {
		t.Error("the list itself was changed")
	}
	for _, at := range []int{0, 1, 99, 250, 299, 300} {
		line := strings.Repeat("x", 300)
		if at < 300 {
			line = line[:at] + "!" + line[at+1:]
		}
		part, in := window(line, at)
		if len(part) > maxExcerpt+10 || in > len(part) || at < 300 && part[in] != '!' {
			t.Errorf("%d: %d in %q", at, in, part)
		}
	}
}
