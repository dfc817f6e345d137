package changestest

import (
	"reflect"
	"strings"

	"netgen.dev/proof/diff"
)

// Hostile are strings that somebody may have written into a topology, or into a
// policy that netgen did not make.
var Hostile = []string{
	"\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\u009b2J", "\r\x1b[K+ nothing", "a\nb", "tab\tbed", "a\r\n::error::fake", "\x00\x7f\x08",
	"\u202egnp.exe\u2066", "zero\u200bwidth\ufeff", "soft\u00adhyphen", "\u3164filler\u115f", "tag\U000e0041", "line\u2028par\u2029", "not\xffutf8\xc3",
	"[click](https://evil.example)", "![x](https://evil.example/x.png)", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
	"--> <!-- netgen-diff -->", "</details></summary>", "https://evil.example/?a=b", "www.evil.example", "mail@evil.example",
	"@acme/security @octocat", "#1 GH-2 acme/net#3", "``` `` ` code", "`@octocat`", "a | b \\| c \\\\| d", "| | |\n|---|", "**bold** _it_ ~~no~~ $x$ :smile:",
	`"]; click n0 "javascript:alert(1)"`, "%0A::error file=x::fake %25 ,:", "&lt;b&gt; &#124; &amp;", `\`, "`", "|", " ", "[x]: https://evil.example", "{0} [x](1)",
	strings.Repeat("`", 3000), strings.Repeat("|", 3000), strings.Repeat("long ", 2000),
}

// Poisoned returns the rich diff with s in every field that is free text.
func Poisoned(s string) *diff.Diff { return poisoned(s, false) }

// Ruined returns the rich diff with s in every field that is any text: the kinds
// and classes too, which decide how a change is told.
func Ruined(s string) *diff.Diff { return poisoned(s, true) }

func poisoned(s string, all bool) *diff.Diff {
	d := Rich()
	poison(reflect.ValueOf(d).Elem(), s, all)
	return d
}

func poison(v reflect.Value, s string, all bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), s, all)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				poison(v.Field(i), s, all)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), s, all)
		}
	case reflect.String:
		if all || v.Type() == reflect.TypeFor[string]() {
			v.SetString(s)
		}
	default:
	}
}
