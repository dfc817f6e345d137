package main

import (
	"bytes"
	"errors"
	"slices"

	goyaml "go.yaml.in/yaml/v3"
)

// encode writes the list with results. What cannot be read again as what it was is
// not written: most items are others', and netgen changes none of them. The list is
// gone afterwards: it is large, and so is what is read again.
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
	want := l.values()
	if err := l.write(&out); err != nil {
		return nil, err
	}
	*l = resourceList{}
	again, err := parseResourceList(out.Bytes())
	if err != nil || !slices.Equal(again.values(), want) {
		return nil, errChanged
	}
	return out.Bytes(), nil
}

// errChanged says that the encoder writes something else than what it was given.
var errChanged = errors.New("cannot be written again without changing what is in it: quote texts of several lines")

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

// writePart writes a document of one field, or what is below its key, in the first
// way in which it is read again as what it is.
func writePart(out *bytes.Buffer, part *goyaml.Node, below bool) error {
	for _, prepare := range []func(*goyaml.Node){steady, quoted, uncommented} {
		prepare(part)
		var text bytes.Buffer
		enc := goyaml.NewEncoder(&text)
		enc.SetIndent(2)
		if err := errors.Join(enc.Encode(part), enc.Close()); err != nil {
			return errChanged
		}
		var again goyaml.Node
		if err := goyaml.Unmarshal(text.Bytes(), &again); err != nil || valueOf(&again) != valueOf(part) {
			continue
		}
		shown := text.Bytes()
		if below {
			_, shown, _ = bytes.Cut(shown, []byte("\n"))
		}
		out.Write(shown)
		return nil
	}
	return errChanged
}
