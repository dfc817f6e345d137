package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	goyaml "go.yaml.in/yaml/v3"
)

// The objects that were written as others, and as others still with every run.
const folded = emptyHead + `items:
  - kind: ConfigMap
    data:
      folded: >
        one

        two
          three

        four
      kept: >+
        one

        two

      "a\u2028b": c
      "two\nlines": "\u0085 \r \t"
      on: yes
      t: |+
        text


  # of the second
  - kind: Secret # beside
    data: |+

  # of the third
  - kind: X
    t: >2

       indented

      less
`

const emptyHead = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"

// stays encodes a list as often as it is asked to, and sees that what it says, and
// from the first time on how it is written, stays.
func stays(t *testing.T, in string) {
	t.Helper()
	first, err := readResourceList([]byte(in))
	if err != nil {
		t.Fatalf("%v\n%s", err, in)
	}
	want := first.values()
	last := in
	for run := range 3 {
		l, err := parseResourceList([]byte(last))
		if err != nil {
			t.Fatalf("%v\n%s", err, last)
		}
		if !slices.Equal(l.values(), want) {
			t.Fatalf("run %d: what is in the list is no longer what it was:\n%s\nof\n%s", run, last, in)
		}
		out, err := l.encode(nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, in)
		}
		if run > 0 && string(out) != last && !strings.Contains(in, "#") {
			t.Fatalf("run %d changes how it is written:\n%s\nwas\n%s", run, out, last)
		}
		last = string(out)
	}
}

// TestEncodeExact sees that what others wrote stays what it is, run after run.
func TestEncodeExact(t *testing.T) { stays(t, folded) }

// TestEncodeExactRandom does so with random scalars in random styles, as keys and
// as values, some with comments around.
func TestEncodeExactRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "word", " ", "  ", "\n", "\n\n", "\t", ":", ": ", "#", " #", "- ", "-", "'", `"`, `\`, "\u2028", "\u0085", "\r", "ü", "\ufeff", "😀", "yes", "1", "{", "|", ">", "%", "\x07", "---\n", "..."}
	styles := []goyaml.Style{0, goyaml.DoubleQuotedStyle, goyaml.SingleQuotedStyle, goyaml.LiteralStyle, goyaml.FoldedStyle}
	text := func() *goyaml.Node {
		var b strings.Builder
		for range r.IntN(7) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		return &goyaml.Node{Kind: goyaml.ScalarNode, Tag: "!!str", Value: b.String(), Style: styles[r.IntN(len(styles))]}
	}
	rounds := 300
	if long() {
		rounds = 3000
	}
	for round := range rounds {
		items := &goyaml.Node{Kind: goyaml.SequenceNode, Tag: "!!seq"}
		for range 1 + r.IntN(3) {
			item := &goyaml.Node{Kind: goyaml.MappingNode, Tag: "!!map"}
			if round%2 == 1 && r.IntN(2) == 0 {
				item.HeadComment = "# above"
			}
			for i := range 1 + r.IntN(3) {
				key := text()
				key.Value = fmt.Sprint(i) + key.Value
				if value := text(); r.IntN(3) > 0 {
					item.Content = append(item.Content, key, value)
				} else {
					item.Content = append(item.Content, key, &goyaml.Node{Kind: goyaml.SequenceNode, Tag: "!!seq", Content: []*goyaml.Node{value, text()}})
				}
			}
			items.Content = append(items.Content, item)
		}
		l, err := parseResourceList([]byte(emptyList))
		if err != nil {
			t.Fatal(err)
		}
		l.items.Content, l.items.Style = items.Content, 0
		want := l.values()
		out, err := l.encode(nil)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		made, err := parseResourceList(out)
		if err != nil || !slices.Equal(made.values(), want) {
			t.Fatalf("round %d: %v\n%s", round, err, out)
		}
		stays(t, string(out))
	}
}

// FuzzEncode gives it what is read, whichever way it is written.
func FuzzEncode(f *testing.F) {
	f.Add(strings.TrimPrefix(folded, emptyHead))
	f.Add("items: [>+\n a\n\n b\n, {? |\n x\n : y}]\n")
	f.Fuzz(func(t *testing.T, rest string) {
		in := emptyHead + rest
		l, err := parseResourceList([]byte(in))
		if err != nil {
			t.Skip()
		}
		want := l.values()
		out, err := l.encode(nil)
		if err != nil {
			t.Skip() // refused
		}
		if l, err = parseResourceList(out); err != nil || !slices.Equal(l.values(), want) || bytes.Contains(out, []byte("\u2028")) {
			t.Errorf("%v\n%s\nof\n%s", err, out, in)
		}
	})
}
