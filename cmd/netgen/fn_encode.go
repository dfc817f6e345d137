package main

import (
	"bytes"
	"errors"
	"strings"

	goyaml "go.yaml.in/yaml/v3"
)

// encode writes the list with results. What cannot be read again is not written.
// The list is gone afterwards: it is large, and so is what is read again.
func (l *resourceList) encode(results []fnResult) ([]byte, error) {
	remove(l.root, "results")
	if len(results) > 0 {
		var node goyaml.Node
		if err := node.Encode(results); err != nil {
			return nil, err
		}
		set(l.root, "results", &node)
	}
	var out bytes.Buffer
	if err := l.write(&out); err != nil {
		return nil, errors.New("cannot be written again")
	}
	*l = resourceList{}
	if _, err := readResourceList(out.Bytes()); err != nil {
		return nil, errors.New("cannot be written again")
	}
	return out.Bytes(), nil
}

// write writes the list field by field, and the items one by one: an encoder keeps
// a thousand bytes for every value until its document ends.
func (l *resourceList) write(out *bytes.Buffer) error {
	last := len(l.root.Content) - 2
	for i := 0; i <= last; i += 2 {
		key, value := l.root.Content[i], l.root.Content[i+1]
		part := document(key, value)
		if i == 0 {
			part.HeadComment, part.Content[0].HeadComment = l.document.HeadComment, l.root.HeadComment
		}
		if i == last {
			part.FootComment, part.Content[0].FootComment = l.document.FootComment, l.root.FootComment
		}
		if value != l.items || len(value.Content) < 2 {
			if err := writePart(out, part, false); err != nil {
				return err
			}
			continue
		}
		for j, item := range value.Content {
			one := *value
			one.Style, one.Content = 0, []*goyaml.Node{item}
			if part.Content[0].Content[1] = &one; j > 0 {
				part = document(&goyaml.Node{Kind: goyaml.ScalarNode, Tag: "!!str", Value: key.Value}, &one)
				one.HeadComment, one.LineComment = "", ""
			}
			if j < len(value.Content)-1 {
				one.FootComment = ""
			}
			if err := writePart(out, part, j > 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// document returns a document of one field.
func document(key, value *goyaml.Node) *goyaml.Node {
	return &goyaml.Node{Kind: goyaml.DocumentNode, Content: []*goyaml.Node{
		{Kind: goyaml.MappingNode, Tag: "!!map", Content: []*goyaml.Node{key, value}},
	}}
}

// writePart writes a document of one field, or what is below its key.
func writePart(out *bytes.Buffer, part *goyaml.Node, below bool) error {
	var text strings.Builder
	enc := goyaml.NewEncoder(&text)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(part), enc.Close()); err != nil {
		return err
	}
	shown := text.String()
	if below {
		_, shown, _ = strings.Cut(shown, "\n")
	}
	out.WriteString(shown)
	return nil
}
