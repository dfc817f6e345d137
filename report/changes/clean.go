package changes

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"netgen.dev/diag"
)

// clean returns s as one line on which every character can be seen. Beyond what
// acts on a terminal, which is diag's to know, it spells out characters that take
// no room: two names that differ only in these would read the same.
func clean(s string) string {
	s = diag.Clean(strings.ReplaceAll(s, "\t", " "))
	if !strings.ContainsFunc(s, unseen) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unseen(r) {
			fmt.Fprintf(&b, `\u{%x}`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unseen(r rune) bool {
	return r > unicode.MaxASCII && (unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r) ||
		r > unicode.MaxLatin1 && unicode.Is(unicode.Zs, r))
}

// short is clean within a number of characters.
func short(s string, limit int) string {
	s = clean(s)
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}

// plural returns "1 change" or "2 changes".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
