package foreign

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	goyaml "go.yaml.in/yaml/v3"

	"netgen.dev/diag"
)

// hints of what is refused.
const (
	writtenOut = "write it out: yq 'explode(.)' does, and what kubectl, kustomize build and helm template print for a cluster has none"
	oneLevel   = "no object of Kubernetes is that deep"
)

// Plain refuses what a document in YAML, which starts at a line, must not have:
// anchors, aliases and merge keys, with which a few bytes are billions of values;
// tags, with which they are whatever a reader makes of them; keys that are there
// twice, and more depth than any object has. Nothing is decoded for it.
func Plain(data []byte, line int) error {
	if !suspicious(data) {
		return nil
	}
	dec := goyaml.NewDecoder(bytes.NewReader(data))
	for {
		var node goyaml.Node
		err := dec.Decode(&node)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return Malformed(line, err)
		}
		if err := PlainNode(&node, line); err != nil {
			return err
		}
	}
}

// suspicious reports whether a text may have an anchor, an alias, a tag or a merge
// key: whether one of their characters is where a token can start. Most texts have
// none, and need not be parsed twice.
func suspicious(data []byte) bool {
	for i, c := range data {
		if c != '&' && c != '*' && c != '!' && c != '<' {
			continue
		}
		if i > 0 && !strings.ContainsRune(" \t\n\r[{,:?-", rune(data[i-1])) {
			continue
		}
		next := byte(' ')
		if i+1 < len(data) {
			next = data[i+1]
		}
		switch c {
		case '!':
			return true
		case '<':
			after := byte(' ')
			if i+2 < len(data) {
				after = data[i+2]
			}
			if next == '<' && strings.ContainsRune(" \t\n\r:,}]", rune(after)) {
				return true
			}
		default:
			if next == '_' || next == '-' || next >= '0' && next <= '9' || next >= 'A' && next <= 'Z' || next >= 'a' && next <= 'z' {
				return true
			}
		}
	}
	return false
}

// tags are those that say what a value is anyway.
var tags = []string{"!!str", "!!int", "!!bool", "!!float", "!!null", "!!map", "!!seq"}

// PlainNode is Plain of a document that was read into nodes, the first line of
// which is at a line.
func PlainNode(n *goyaml.Node, line int) error { return plainNode(n, line-1, 0) }

func plainNode(n *goyaml.Node, offset, depth int) error {
	at := n.Line + offset
	switch {
	case depth > MaxDepth:
		return tooDeep(at)
	case n.Kind == goyaml.AliasNode:
		return Refuse(at, writtenOut, "has the alias *%s", n.Value)
	case n.Anchor != "":
		return Refuse(at, writtenOut, "has the anchor &%s", n.Anchor)
	case n.Style&goyaml.TaggedStyle != 0 && !slices.Contains(tags, n.ShortTag()):
		return Refuse(at, "", "has the tag %s, which readers take for different things", n.ShortTag())
	case n.Kind == goyaml.MappingNode:
		if err := plainKeys(n, offset); err != nil {
			return err
		}
	}
	for _, c := range n.Content {
		if err := plainNode(c, offset, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func plainKeys(n *goyaml.Node, offset int) error {
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		switch at := key.Line + offset; {
		case key.Kind == goyaml.AliasNode || key.Anchor != "": // said of the node itself
		case key.Tag == "!!merge":
			return Refuse(at, writtenOut, "has a merge key, <<")
		case key.Kind != goyaml.ScalarNode:
			return Refuse(at, "", "has a key that is no text")
		case seen[key.Value]:
			return Refuse(at, "", "has the key %q twice", short(key.Value))
		}
		seen[key.Value] = true
	}
	return nil
}

// short is a name for a message.
func short(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func tooDeep(line int) *Error {
	return newError(diag.TooLarge, line, oneLevel, "is nested more than %d levels deep", MaxDepth)
}

// Shallow refuses JSON that is deeper than any object, before it is decoded. It
// starts at a line.
func Shallow(data []byte, line int) error {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return tooDeep(line + bytes.Count(data[:i], []byte("\n")))
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// complaint finds the line in what parsers of YAML say, and what they say of it.
var complaint = regexp.MustCompile(`(?s)^(?:yaml: )?(?:unmarshal errors:\s*)?(?:line (\d+): )?(.*)$`)

// Malformed returns the error of a document that starts at a line and that a
// parser refuses.
func Malformed(line int, err error) error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	text := err.Error()
	m := complaint.FindStringSubmatch(text)
	at := line
	if n, err := strconv.Atoi(m[1]); err == nil {
		at += max(n-1, 0)
	}
	said, _, _ := strings.Cut(m[2], "\n") // the first of several
	switch {
	case strings.Contains(said, "already set in map"), strings.Contains(said, "already defined"):
		return Refuse(at, "", "%s", said)
	case strings.Contains(said, "exceeded max depth"):
		return tooDeep(at)
	case strings.Contains(said, "excessive aliasing"):
		return Refuse(at, writtenOut, "%s", said)
	}
	return newError(diag.Unreadable, at, "", "is no YAML: %s", said)
}
