package main

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strings"

	goyaml "go.yaml.in/yaml/v3"
)

// steady gives the scalars of a node, before it is written, styles in which they can
// be read as what they are: the encoder adds line ends to folded text, and what it
// ends with line ends that count runs into the comment that follows.
func steady(n *goyaml.Node) {
	if n.Kind == goyaml.ScalarNode {
		if n.Style&goyaml.FoldedStyle != 0 {
			n.Style = n.Style&goyaml.TaggedStyle | goyaml.LiteralStyle
		}
		block := n.Style&goyaml.LiteralStyle != 0
		switch {
		case strings.ContainsAny(n.Value, "\r\u0085\u2028\u2029"):
			quote(n) // line ends to some readers and not to others, if they are not escaped
		case block && (strings.HasSuffix(n.Value, "\n\n") || strings.Trim(n.Value, "\n") == ""):
			quote(n)
		case !block && strings.Contains(n.Value, "\n"):
			quote(n) // the encoder would make a block of it, of a key too
		}
	}
	for _, c := range n.Content {
		steady(c)
	}
}

// quoted is for a node that does not come out as it came in: all that is not a plain
// scalar is quoted. Plain ones stay plain: to some readers yes is a boolean, and "yes"
// is none.
func quoted(n *goyaml.Node) {
	if n.Kind == goyaml.ScalarNode && n.Style&^goyaml.TaggedStyle != 0 {
		quote(n)
	}
	for _, c := range n.Content {
		quoted(c)
	}
}

// uncommented is for a node that still does not: comments are what is left that may
// be written where they are taken for something else.
func uncommented(n *goyaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	for _, c := range n.Content {
		uncommented(c)
	}
}

// quote writes a scalar between double quotes. A tag that is written stays.
func quote(n *goyaml.Node) { n.Style = n.Style&goyaml.TaggedStyle | goyaml.DoubleQuotedStyle }

// value is what a node says, whichever way it is written. Nodes of one value have the
// same, in a few bytes: a list is too large to be kept beside what is made of it.
type value [sha256.Size]byte

func valueOf(n *goyaml.Node) value {
	h := sha256.New()
	sum(h, n)
	return value(h.Sum(nil))
}

func sum(h hash.Hash, n *goyaml.Node) {
	tag := n.ShortTag()
	head := binary.AppendUvarint(nil, uint64(n.Kind))
	for _, size := range []int{len(tag), len(n.Value), len(n.Content)} {
		head = binary.AppendUvarint(head, uint64(size))
	}
	h.Write(append(append(head, tag...), n.Value...))
	for _, c := range n.Content {
		sum(h, c)
	}
}

// values returns those of the fields of the list and of the items.
func (l *resourceList) values() []value {
	var out []value
	for i := 0; i+1 < len(l.root.Content); i += 2 {
		key, field := l.root.Content[i], l.root.Content[i+1]
		out = append(out, valueOf(key))
		if field != l.items {
			out = append(out, valueOf(field))
			continue
		}
		for _, item := range field.Content {
			out = append(out, valueOf(item))
		}
	}
	return out
}
