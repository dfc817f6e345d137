package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	goyaml "go.yaml.in/yaml/v3"
	sigsjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"netgen.dev/internal/foreign"
)

// document is one document of a stream and the line that its content starts at.
type document struct {
	data []byte
	line int
}

// split cuts a stream into its documents. Line numbers are why this is not the
// reader of apimachinery; what it takes for a document is the same, and those
// without content are left out. Objects in JSON may follow each other without
// anything between them.
func split(data []byte) ([]document, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if err := foreign.Text(data); err != nil {
		return nil, err
	}
	var out []document
	for _, doc := range splitYAML(data) {
		out = append(out, doc.values()...)
		if err := foreign.Documents(len(out), doc.line); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// values returns the objects of a document, more than one where JSON follows
// JSON.
func (d document) values() []document {
	if !bytes.HasPrefix(bytes.TrimSpace(d.data), []byte("{")) {
		return []document{d}
	}
	var out []document
	dec := json.NewDecoder(bytes.NewReader(d.data))
	line, counted := d.line-leading(d.data), 0
	for {
		var value json.RawMessage
		err := dec.Decode(&value)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			return []document{d} // it is YAML
		}
		at := int(dec.InputOffset()) - len(value)
		line += bytes.Count(d.data[counted:at], []byte("\n"))
		counted = at
		out = append(out, document{value, line})
	}
}

// first returns the line that the data of a document starts at.
func (d document) first() int { return d.line - leading(d.data) }

// json returns a document as JSON. A key that is there twice is an error, as it is
// for the API server: which of the two counts would be a guess.
func (d document) json() ([]byte, error) {
	if json.Valid(d.data) { // YAML has all of JSON, but for indentation with tabs
		if err := foreign.Shallow(d.data, d.first()); err != nil {
			return nil, err
		}
		var fields map[string]any
		err := decodeStrictly(d.data, &fields)
		if err != nil && strings.Contains(err.Error(), "duplicate field") {
			err = foreign.Refuse(d.line, "", "%s", err)
		}
		return d.data, err
	}
	if err := foreign.Plain(d.data, d.first()); err != nil {
		return nil, err
	}
	if err := d.alone(); err != nil {
		return nil, err
	}
	data, err := yaml.YAMLToJSONStrict(d.data)
	if err != nil {
		return nil, foreign.Malformed(d.first(), err)
	}
	return data, foreign.Shallow(data, d.line)
}

// alone refuses what follows a value in braces: a reader of one document stops
// there.
func (d document) alone() error {
	if !bytes.HasPrefix(bytes.TrimSpace(d.data), []byte("{")) {
		return nil
	}
	dec := goyaml.NewDecoder(bytes.NewReader(d.data))
	for n := 0; ; n++ {
		var node goyaml.Node
		switch err := dec.Decode(&node); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return foreign.Malformed(d.first(), err)
		case n > 0:
			return foreign.Refuse(d.first()+node.Line-1, "", "something follows the object")
		}
	}
}

func splitYAML(data []byte) []document {
	var out []document
	var doc document
	start := 0 // of the document
	end := func(to int) {
		doc.data = data[start:to]
		if doc.line > 0 {
			out = append(out, doc)
		}
		doc = document{}
	}
	line := 0
	for at := 0; at < len(data); {
		line++
		next := len(data)
		if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		text := strings.TrimSpace(string(data[at:next]))
		marker, rest := text, ""
		if i := strings.IndexAny(text, " \t"); i >= 0 {
			marker, rest = text[:i], strings.TrimSpace(text[i:])
		}
		switch {
		case (marker == "---" || marker == "...") && (data[at] == '-' || data[at] == '.'):
			end(at)
			start = next
			if rest != "" && rest[0] != '#' {
				start, doc.line = at+3, line // content may follow on the line
			}
		case doc.line == 0 && text != "" && text[0] != '#' && text[0] != '%':
			doc.line = line
		}
		at = next
	}
	end(len(data))
	return out
}

// items returns the lines that the n items of a list start at, nil where these
// cannot be told. Without them all that is found in a dump of a cluster would be
// at its first line.
func (d document) items(n int) []int {
	var out []int
	if bytes.HasPrefix(bytes.TrimSpace(d.data), []byte("{")) {
		out = d.itemsJSON()
	} else {
		out = d.itemsYAML()
	}
	if len(out) != n {
		return nil
	}
	return out
}

// itemsYAML finds the items of a list in block style: its dashes are all at one
// indentation, and nothing inside an item is as far to the left.
func (d document) itemsYAML() []int {
	var out []int
	inside, dash := false, ""
	line := d.line - 1 - leading(d.data)
	for text := range strings.Lines(string(d.data)) {
		line++
		trimmed := strings.TrimLeft(text, " ")
		switch {
		case strings.HasPrefix(text, "items:"):
			inside = true
		case !inside || strings.TrimSpace(text) == "" || trimmed[0] == '#':
		case dash == "" && strings.HasPrefix(trimmed, "- "):
			dash = text[:len(text)-len(trimmed)] + "- "
			out = append(out, line)
		case dash != "" && strings.HasPrefix(text, dash):
			out = append(out, line)
		case len(trimmed) == len(text):
			inside = false // the next field of the list
		}
	}
	return out
}

// itemsJSON finds the items of a list in JSON.
func (d document) itemsJSON() []int {
	dec := json.NewDecoder(bytes.NewReader(d.data))
	if _, err := dec.Token(); err != nil {
		return nil
	}
	var out []int
	line, counted := d.line-leading(d.data), 0
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil
		}
		var value json.RawMessage
		if key != "items" {
			if dec.Decode(&value) != nil {
				return nil
			}
			continue
		}
		if _, err := dec.Token(); err != nil {
			return nil
		}
		for dec.More() {
			// More has read up to the value, and perhaps the comma before it.
			at := int(dec.InputOffset())
			at += len(d.data[at:]) - len(bytes.TrimLeft(d.data[at:], ", \t\r\n"))
			line += bytes.Count(d.data[counted:at], []byte("\n"))
			counted = at
			out = append(out, line)
			if dec.Decode(&value) != nil {
				return nil
			}
		}
		return out
	}
	return nil
}

// leading returns how many lines a document has before its content.
func leading(data []byte) int {
	n := 0
	for text := range bytes.Lines(data) {
		text = bytes.TrimSpace(text)
		if len(text) > 0 && text[0] != '#' && text[0] != '%' {
			break
		}
		n++
	}
	return n
}

// decodeStrictly decodes an object and refuses fields that are unknown or there
// twice.
func decodeStrictly(data []byte, into any) error {
	strict, err := sigsjson.UnmarshalStrict(data, into)
	if err != nil {
		return err
	}
	var complaints []string
	for _, e := range strict {
		complaints = append(complaints, e.Error())
	}
	if len(complaints) > 0 {
		return errors.New(strings.Join(complaints, "; "))
	}
	return nil
}

// decode decodes an object, with names of fields told apart by case as the API
// server does.
func decode(data []byte, into any) error {
	return sigsjson.UnmarshalCaseSensitivePreserveInts(data, into)
}
