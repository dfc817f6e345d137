package changes

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"netgen.dev/proof/diff"
	"netgen.dev/report/changes/changestest"
)

// assertInert checks what every format promises: valid UTF-8, and no character
// that acts on a terminal or that nobody sees.
func assertInert(t *testing.T, format, out string) {
	t.Helper()
	if !utf8.ValidString(out) {
		t.Fatalf("%s is not UTF-8:\n%q", format, out)
	}
	for _, r := range out {
		switch {
		case r == '\n':
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r),
			unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), unicode.Is(unicode.Variation_Selector, r):
			t.Fatalf("%s has the character %U:\n%q", format, r, out)
		}
	}
}

func TestHostileStringsAreInert(t *testing.T) {
	for _, s := range changestest.Hostile {
		for format := range formats {
			for _, d := range []*diff.Diff{changestest.Poisoned(s), changestest.Ruined(s)} {
				if format == "color" {
					continue
				}
				out := render(t, format, d)
				assertInert(t, format, out)
				switch format {
				case "md", "link.md":
					assertComment(t, out)
				case "json", "sarif":
					// It may be put into a page as it is.
					if strings.ContainsAny(out, "<>") {
						t.Errorf("%s has HTML with %.40q", format, s)
					}
				}
			}
		}
	}
}

// With colour, the only escapes are the package's own.
func TestHostileColor(t *testing.T) {
	for _, s := range changestest.Hostile {
		out := render(t, "color", changestest.Poisoned(s))
		for _, own := range []string{bold, dim, alarm, red, green, yellow, reset} {
			out = strings.ReplaceAll(out, own, "")
		}
		assertInert(t, "color", out)
	}
}

// What anybody writes adds no line: a line is where a format starts anew.
func TestHostileStringsAddNoLine(t *testing.T) {
	for _, format := range []string{"txt", "github"} {
		want := strings.Count(render(t, format, changestest.Poisoned("abc")), "\n")
		for _, s := range changestest.Hostile {
			if got := strings.Count(render(t, format, changestest.Poisoned(s)), "\n"); got != want {
				t.Errorf("%s has %d lines with %.40q, want %d", format, got, s, want)
			}
		}
	}
	for _, s := range changestest.Hostile {
		for line := range strings.Lines(render(t, "github", changestest.Ruined(s))) {
			if level, _, _ := strings.Cut(strings.TrimPrefix(line, "::"), " "); level != "error" && level != "warning" && level != "notice" {
				t.Errorf("a line is no annotation: %q", line)
			}
			if strings.Count(line, "::") < 2 {
				t.Errorf("an annotation is cut off: %q", line)
			}
		}
	}
}

// assertComment checks by the letter what a comment on a pull request must be;
// conformance/formats has a parser look at it.
func assertComment(t testing.TB, out string) {
	t.Helper()
	if len(out) > MarkdownLimit {
		t.Fatalf("the comment has %d bytes", len(out))
	}
	if !strings.HasPrefix(out, Marker+"\n") {
		t.Fatalf("the comment starts otherwise than with the marker: %.80q", out)
	}
	opened, fence := 0, ""
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case fence != "":
			if line == fence {
				fence = ""
			}
		case strings.HasPrefix(line, "```"):
			fence = strings.TrimSuffix(line, "mermaid")
		case strings.HasPrefix(line, "<details><summary>"):
			opened++
		case line == "</details>":
			opened--
		case strings.HasPrefix(line, "|"):
			if n := strings.Count(line, "|"); n != 8 || !strings.HasSuffix(line, "|") {
				t.Fatalf("a row of the table has %d bars: %q", n, line)
			}
		}
	}
	if opened != 0 || fence != "" {
		t.Fatalf("the comment ends within a block: %d details, fence %q", opened, fence)
	}
}

func TestSpan(t *testing.T) {
	for in, want := range map[string]string{
		"a": "`a`", "": "", "a`b": "``a`b``", "`a": "`` `a ``", "a|b": "`a`&#124;`b`", "|": "&#124;", " ": "` `", " a ": "`  a  `", "\\": "`\\`",
	} {
		if got := code(in, nameLimit); got != want {
			t.Errorf("code(%q) is %q, want %q", in, got, want)
		}
	}
}

// However long names are, a row stays short enough for there to be others.
func TestPhrasesAreShort(t *testing.T) {
	for _, s := range changestest.Hostile {
		for _, r := range allRows(changestest.Poisoned(s)) {
			if _, text := title(r.Change); len(text.mark()) > phraseLimit {
				t.Errorf("%.40q: there are %d bytes", s, len(text.mark()))
			}
		}
	}
}

var mermaidLine = regexp.MustCompile(`^(flowchart LR|  n\d+\["[^"#;<>&\x60]*"\]|  n\d+ (-->|==>|-\.->)\|"(danger|opened|closed|changed) [^"#;<>&\x60|]*"\| n\d+|  linkStyle \d+ stroke:#[0-9a-f]{6})$`)

func TestMermaidIsInert(t *testing.T) {
	for _, s := range changestest.Hostile {
		drawn := mermaid(changestest.Poisoned(s))
		for line := range strings.Lines(drawn) {
			if !mermaidLine.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Errorf("%.40q is drawn as %q", s, line)
			}
		}
		if strings.Count(drawn, "\n") < 5 {
			t.Errorf("%.40q: there is nothing to see", s)
		}
	}
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"https://github.com/a/b/blob/main/x.cue#L3": "https://github.com/a/b/blob/main/x.cue#L3",
		"https://github.com/a/b c)[x](y|`z":         "https://github.com/a/b%20c%29%5Bx%5D%28y%7C%60z",
		"javascript:alert(1)":                       "",
		"//evil.example":                            "",
		"../x":                                      "",
		"https:///x":                                "",
		"https://a/" + strings.Repeat("x", 2000):    "",
		"https://a/\u202ex":                         "https://a/%E2%80%AEx",
		"https://a/\x1b":                            "",
	} {
		if got := address(in); got != want {
			t.Errorf("address(%q) is %q, want %q", in, got, want)
		}
	}
}

func FuzzFormats(f *testing.F) {
	for _, s := range changestest.Hostile {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, s string, copies int) {
		d := changestest.Poisoned(s)
		if copies%2 == 0 {
			d = changestest.Ruined(s)
		}
		for _, format := range []string{"json", "sarif", "github"} {
			assertInert(t, format, render(t, format, d))
		}
		if len(s) > 10_000 {
			copies = 1 // a fuzzer takes what is slow for what hangs
		}
		for range min(max(copies, 0), 20) {
			d.Topologies = append(d.Topologies, changestest.Poisoned(s).Topologies...)
		}
		for _, format := range []string{"txt", "md"} {
			out := render(t, format, d)
			assertInert(t, format, out)
			if format == "md" {
				assertComment(t, out)
			}
		}
	})
}
