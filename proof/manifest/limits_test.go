package manifest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"netgen.dev/diag"
	"netgen.dev/internal/foreign"
	"netgen.dev/proof/manifest"
)

// laughs is the billion laughs: 9 bytes to the power of 9.
var laughs = func() string {
	var b strings.Builder
	b.WriteString("a: &a [x,x,x,x,x,x,x,x,x]\n")
	for c := 'b'; c <= 'i'; c++ {
		fmt.Fprintf(&b, "%c: &%[1]c [*%c", c, c-1)
		b.WriteString(strings.Repeat(fmt.Sprintf(",*%c", c-1), 8) + "]\n")
	}
	return b.String()
}()

// TestRefusals: what is large, or what readers differ about, is refused at its
// line, by both readers alike, and at once.
func TestRefusals(t *testing.T) {
	const object = "apiVersion: v1\nkind: Pod\n"
	for title, tt := range map[string]struct {
		text string
		code diag.Code
		line int
		want string
	}{
		"billion laughs":         {laughs, diag.Ambiguous, 1, "the anchor &a"},
		"an anchor":              {object + "metadata: &m {name: a}\n", diag.Ambiguous, 3, "the anchor &m"},
		"an alias to nothing":    {object + "metadata: *m\n", diag.Unreadable, 1, "unknown anchor"},
		"a ring":                 {object + "---\n# b\na: &a [*a]\n", diag.Ambiguous, 5, "the anchor &a"},
		"a merge key":            {object + "metadata:\n  <<: {name: a}\n", diag.Ambiguous, 4, "merge key"},
		"a merge key in a flow":  {object + "metadata: {a: b, <<: {name: a}}\n", diag.Ambiguous, 3, "merge key"},
		"binary":                 {object + "metadata:\n  name: !!binary YQ==\n", diag.Ambiguous, 4, "the tag !!binary"},
		"python":                 {object + "metadata: !!python/object/apply:os.system [x]\n", diag.Ambiguous, 3, "the tag !!python/object"},
		"a key twice":            {object + "metadata: {name: a, name: b}\n", diag.Ambiguous, 3, `key "name" already set`},
		"a key twice in JSON":    {"\n{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"kind\": \"Pod\"}", diag.Ambiguous, 2, `duplicate field "kind"`},
		"NUL":                    {object + "metadata:\n  name: \"a\x00\"\n", diag.Ambiguous, 4, "a NUL byte"},
		"not UTF-8":              {object + "metadata:\n  name: \"\xff\"\n", diag.Ambiguous, 4, "not UTF-8: byte 0xff"},
		"a carriage return":      {"apiVersion: v1\nkind: Pod\rx: y\n", diag.Ambiguous, 2, "a carriage return alone"},
		"deep brackets":          {object + "x: " + strings.Repeat("[", 100_000) + "\n", diag.TooLarge, 3, "nested more than 100"},
		"deep dashes":            {strings.Repeat("- ", 100_000) + "x\n", diag.TooLarge, 1, "nested more than 100"},
		"deep but for parsers":   {object + "x: " + strings.Repeat("[", 500) + strings.Repeat("]", 500) + "\n", diag.TooLarge, 1, "nested more than 100"},
		"deep JSON":              {`{"apiVersion": "v1", "kind": "Pod", "x":` + "\n" + strings.Repeat("[", 500) + strings.Repeat("]", 500) + "}", diag.TooLarge, 2, "nested more than 100"},
		"very deep JSON":         {`{"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}", diag.TooLarge, 1, "nested more than 100"},
		"documents":              {strings.Repeat("---\na: b\n", 200_000), diag.TooLarge, 200_002, "100000 documents"},
		"tiny values":            {"x: [" + strings.Repeat("[],", foreign.MaxValues/2) + "]", diag.TooLarge, 0, "16000000 values"},
		"more than there may be": {strings.Repeat("#", foreign.MaxBytes+1), diag.TooLarge, 0, "more than the 128 MiB"},
		"a list in a list":       {"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n- {apiVersion: v1, kind: List, items: []}\n", diag.Ambiguous, 5, "a list inside of a list"},
	} {
		t.Run(title, func(t *testing.T) {
			start := time.Now()
			_, parsed := manifest.Parse([]byte(tt.text))
			if took := time.Since(start); title == "billion laughs" && took > 100*time.Millisecond {
				t.Errorf("it took %s", took)
			}
			_, read := manifest.ReadCluster([]manifest.File{{Name: "m.yaml", Data: []byte(tt.text)}})
			for reader, err := range map[string]error{"Parse": parsed, "ReadCluster": read} {
				own, ok := err.(*foreign.Error) //nolint:errorlint // it is handed on as it is
				if !ok {
					t.Fatalf("%s: %v", reader, err)
				}
				if own.Code != tt.code || own.Pos.Line != tt.line || !strings.Contains(own.Message, tt.want) {
					t.Errorf("%s: %v (line %d), not %s in line %d: %s", reader, own, own.Pos.Line, tt.code, tt.line, tt.want)
				}
				if reader == "ReadCluster" && own.Pos.File != "m.yaml" {
					t.Errorf("it is in %q", own.Pos.File)
				}
			}
		})
	}
}

// TestHonest: what looks like an anchor, an alias or a tag inside of a text is
// none, and none that says what a value is anyway is refused.
func TestHonest(t *testing.T) {
	for _, text := range []string{
		"x: |\n  a && b\n  &anchor *alias !tag <<EOF\n  <<: x\n",
		"x: \"&a *a !!binary\"\ny: '*b'\n",
		"x: a &b *c !d << e\ny: 2>&1\n",
		"# &a *a !b\nx: y # &c\n",
		"x: !!str 1\ny: !!int \"2\"\n",
		"schedule: \"*/5 * * * *\"\nb: [\"*\"]\n",
		"x:\n  \"<<\": y\n",
		"x: " + strings.Repeat("[", foreign.MaxDepth-2) + strings.Repeat("]", foreign.MaxDepth-2) + "\n",
	} {
		text = "apiVersion: v1\nkind: ConfigMap\n" + text
		if _, err := manifest.Parse([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
