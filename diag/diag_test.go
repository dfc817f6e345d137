package diag

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ttext":        "plain\ttext",
		"über 日本":            "über 日本",
		"\x1b[31mred":        `\u{1b}[31mred`,
		"a\rb\nc\x00":        `a\u{d}b\u{a}c\u{0}`,
		"\u202eevil":         `\u{202e}evil`,
		"zero\u200bwidth":    `zero\u{200b}width`,
		"\u2028line":         `\u{2028}line`,
		"bad \xff\xfe":       `bad \xff\xfe`,
		"\u009bcsi":          `\u{9b}csi`,
		"replacement \ufffd": `replacement \u{fffd}`,
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSortedAndFolded(t *testing.T) {
	at := func(file string, line int, code Code, message string) Diagnostic {
		return Diagnostic{Code: code, Severity: Error, Pos: Pos{file, line, 1}, Message: message}
	}
	l := List{
		at("b", 1, Callee, "x"), at("a", 2, Callee, "x"), at("a", 1, Port, "x"), at("a", 1, Callee, "e"),
		at("a", 1, Callee, "d"), at("a", 1, Callee, "c"), at("a", 1, Callee, "b"), at("a", 1, Callee, "b"),
	}
	var got []string
	for _, d := range l.Sorted() {
		got = append(got, d.Pos.String()+" "+string(d.Code)+" "+d.Message)
	}
	want := "a:1:1 NG203 x|a:1:1 NG301 b|a:1:1 NG301 c|a:1:1 NG301 d (and 1 more alike)|a:2:1 NG301 x|b:1:1 NG301 x"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if l[0].Message != "x" || l[4].Message != "d" {
		t.Error("sorting changed the list")
	}
}

func TestGitHubEscapes(t *testing.T) {
	var b bytes.Buffer
	l := List{{Code: Callee, Severity: Error, Pos: Pos{"a,b:c\n.cue", 1, 2}, Message: "100% of\n::error::x", Hint: "h"}}
	if err := Render(&b, l, Options{Format: "github"}); err != nil {
		t.Fatal(err)
	}
	want := "::error file=a%2Cb%3Ac\\u{a}.cue,line=1,col=2,title=NG301::100%25 of\\u{a}::error::x%0Ahint: h\n"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
}

// FuzzRender gives the formats that a terminal may show any text: nothing that
// acts on it comes out. (JSON is for programs, and keeps what it is given.)
func FuzzRender(f *testing.F) {
	f.Add("file", "message \x1b[2J", "line\twith \"quotes\"", 1, 3)
	f.Fuzz(func(t *testing.T, file, message, source string, line, column int) {
		var b bytes.Buffer
		l := List{{
			Code: Callee, Severity: Error, Pos: Pos{file, max(line, 0), max(column, 0)}, Message: message, Hint: message,
			Related: []Related{{Pos{file, 1, 1}, message}},
		}}
		for _, format := range []string{"text", "github"} {
			if err := Render(&b, l, Options{Format: format, Source: func(string) []byte { return []byte(source) }}); err != nil {
				t.Fatal(err)
			}
		}
		out := b.String()
		if !utf8.ValidString(out) {
			t.Errorf("not UTF-8: %q", out)
		}
		for _, r := range out {
			if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e {
				t.Errorf("%q has %U", out, r)
			}
		}
	})
}
