package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/load"
)

// FuzzQuestion asks about any two ends: names, addresses, ranges and ports. There
// is an answer or an error, and both can be shown.
func FuzzQuestion(f *testing.F) {
	dir := writeTopology(f, smallTopology)
	c, list := gen.Check(load.Request{Dir: dir, Base: dir})
	if list.Failed() {
		f.Fatal(list)
	}
	for _, seed := range [][2]string{
		{"frontend", "backend:8080"},
		{"a/b", "10.0.0.1:443"},
		{"[::1]:80", "[fe80::1%eth0]:x"},
		{"10.0.0.0/8", "0.0.0.0/0:1-2"},
		{"::/0", "::ffff:1.2.3.4"},
		{"frontend:80/UDP", "backend:70000"},
		{"", ":"},
		{"a/b/c", "[a]b"},
		{"\x1b[2J", "\u202e:\xff"},
		{"anything", "dns:53/SCTP"},
		{"/", "a:-1"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, from, to string) {
		q, err := question([]string{from, to})
		if err == nil {
			var out *explained
			if out, err = answer(c, q, ""); err == nil {
				var b strings.Builder
				if err := writeAnswer(&b, out); err != nil {
					t.Fatal(err)
				}
				inert(t, "the answer", b.String())
			}
		}
		if err != nil && (err.Error() == "" || !utf8.ValidString(diag.Clean(err.Error()))) {
			t.Errorf("%q", err)
		}
	})
}
