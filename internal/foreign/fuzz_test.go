package foreign_test

import (
	"bytes"
	"strings"
	"testing"

	goyaml "go.yaml.in/yaml/v3"

	"netgen.dev/internal/foreign"
)

// FuzzPlain holds what is taken against a parser: there is nothing in it that was
// to be refused, though most texts are not parsed for it.
func FuzzPlain(f *testing.F) {
	for _, seed := range []string{
		"a: &a b\nc: *a\n", "a: b # &a\n", "- - &a\n", "{a:&b c}", "[*a,&b]", "\"a\":&b c\n", "? &a b\n: !x c\n", "a: |\n  &b *c !d\n",
		"<<: {a: b}\n", "{<<: {}}", "? <<\n: {a: b}\n", "a: !!binary YQ==\n", "!<tag:x> a\n", "%TAG ! !x\n--- !y z\n", "a: a &b\n", "'a':&b c\n",
		"\t&a", "[a,\n*b]", "[[[", "--- &a b\n", "a: ! b\n", "{\"a\":*b}", "{? &a}", "-\n&a b",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if foreign.Text(data) != nil || foreign.Plain(data, 1) != nil {
			return
		}
		dec := goyaml.NewDecoder(bytes.NewReader(data))
		for {
			var n goyaml.Node
			if err := dec.Decode(&n); err != nil {
				return
			}
			if bad := entangled(&n); bad != nil {
				t.Fatalf("%q has %+v", data, bad)
			}
		}
	})
}

// entangled returns a node that is an alias, an anchor, a merge key or of a tag
// that says something.
func entangled(n *goyaml.Node) *goyaml.Node {
	if n.Kind == goyaml.AliasNode || n.Anchor != "" || n.Tag == "!!binary" || strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return n
	}
	for i, c := range n.Content {
		if n.Kind == goyaml.MappingNode && i%2 == 0 && c.Tag == "!!merge" {
			return c
		}
		if bad := entangled(c); bad != nil {
			return bad
		}
	}
	return nil
}
