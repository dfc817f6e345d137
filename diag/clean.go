package diag

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Clean returns s with everything that could move a terminal's cursor, change
// its colours or hide text written as \u{…}: control characters but the tab,
// direction marks, characters without width, and bytes that are not UTF-8. So is
// what the logs of CI systems take for a command of theirs.
func Clean(s string) string {
	if strings.ContainsFunc(s, hostile) {
		s = spelled(s)
	}
	return inert(s)
}

func spelled(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && s[i] != 0xEF:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case hostile(r):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func hostile(r rune) bool {
	if r == '\t' || r >= ' ' && r <= '~' {
		return false
	}
	return r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) ||
		unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r)
}

// Azure Pipelines, TeamCity and older runners of GitHub look for commands anywhere
// in a line of a log; GitHub Actions does at the start of one, where a text may
// come to stand.
var (
	anywhere = regexp.MustCompile(`##(\w*\[)`)
	leading  = regexp.MustCompile(`^(\s*):(:[A-Za-z])`)
	command  = regexp.MustCompile(`##\w*\[|(^|\s)::[A-Za-z][\w-]*( [^:]*)?::`)
)

// Commands reports whether a CI system would take a part of s for a command, where
// its log has s as it is and the part at the start of a line.
func Commands(s string) bool { return command.MatchString(s) }

func inert(s string) string {
	if strings.Contains(s, "##") {
		s = anywhere.ReplaceAllString(s, `#\u{23}$1`)
	}
	if leading.MatchString(s) && !isAddress(s) {
		s = leading.ReplaceAllString(s, `$1\u{3a}$2`)
	}
	return s
}

// isAddress reports whether s is a range or address of IPv6, some of which start
// with two colons as well.
func isAddress(s string) bool {
	_, notPrefix := netip.ParsePrefix(s)
	_, notAddress := netip.ParseAddr(s)
	return notPrefix == nil || notAddress == nil && !strings.Contains(s, "%")
}

// WriteJSON writes JSON that may be shown on a terminal, and put into a page, as it
// is. The encoder escapes characters below the space, and those of HTML; what else
// Clean would spell out can only be inside of a string, where the escape is the
// same value.
func WriteJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	var out strings.Builder
	for _, r := range anywhere.ReplaceAllString(b.String(), `#\u0023$1`) {
		switch {
		case r == '\n' || !hostile(r) && (r <= unicode.MaxLatin1 || !unicode.Is(unicode.Zs, r)):
			out.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}
