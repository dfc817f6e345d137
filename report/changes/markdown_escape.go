package changes

import (
	"net/url"
	"strings"

	"netgen.dev/diag"
)

// code returns data as a code span, the one place where neither Markdown nor
// GitHub looks for links, HTML, mentions and references.
//
// A pipe ends a cell of a table even there, and parsers differ in what escapes
// it, so it goes outside, as an entity.
func code(s string, limit int) string {
	parts := strings.Split(short(s, limit), "|")
	for i, part := range parts {
		parts[i] = span(part)
	}
	return strings.Join(parts, "&#124;")
}

// span delimits s by one backtick more than it has in a row. A space beside the
// delimiters keeps backticks of s apart from them, and is not shown.
func span(s string) string {
	if s == "" {
		return ""
	}
	longest, run := 0, 0
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	if s[0] == '`' || s[len(s)-1] == '`' || s[0] == ' ' && s[len(s)-1] == ' ' && strings.Trim(s, " ") != "" {
		s = " " + s + " "
	}
	return fence + s + fence
}

// The lengths of names and of texts, and what a phrase of many long names is cut
// down to, so that a row always has room.
const (
	nameLimit   = 100
	textLimit   = 300
	phraseLimit = 2000 // bytes
	crampedName = 12
)

// mark writes a phrase as Markdown.
func (p phrase) mark() string {
	out := p.render(func(s string) string { return code(s, nameLimit) })
	if len(out) > phraseLimit {
		out = p.render(func(s string) string { return code(s, crampedName) })
	}
	return out
}

// link makes a link of code, where there is an address that is one.
func (o Options) link(text string, pos diag.Pos, before bool) string {
	if o.Link == nil || text == "" {
		return text
	}
	target := address(o.Link(pos, before))
	if target == "" {
		return text
	}
	return "[" + text + "](" + target + ")"
}

// maxAddress is more than any browser needs.
const maxAddress = 1000

// address returns a web address in which nothing is Markdown, "" for what is
// none: names of files get into it.
func address(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(u.String()) {
		if c > ' ' && c < 0x7F && !strings.ContainsRune("<>()[]\\`|\"'*_~!@{}^$", rune(c)) {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + string(hex[c>>4]) + string(hex[c&15]))
		}
	}
	if b.Len() > maxAddress {
		return ""
	}
	return b.String()
}
