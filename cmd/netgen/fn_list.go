package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	goyaml "go.yaml.in/yaml/v3"
	sigsjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"netgen.dev/internal/foreign"
)

// resourceList is a ResourceList as it was read. It is kept as nodes, so that
// what netgen has no business with comes out as it came in, comments included.
type resourceList struct {
	document *goyaml.Node
	root     *goyaml.Node // the mapping of the list
	items    *goyaml.Node // nil where there are none
}

// parseResourceList reads a list, and only one.
func parseResourceList(data []byte) (*resourceList, error) {
	if err := foreign.List(data); err != nil {
		return nil, err
	}
	return readResourceList(data)
}

func readResourceList(data []byte) (*resourceList, error) {
	dec := goyaml.NewDecoder(bytes.NewReader(data))
	var doc, more goyaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, errors.New("is empty: a ResourceList is expected")
	} else if err != nil {
		return nil, foreign.Malformed(1, err)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("has more than one document: a ResourceList is expected")
	}
	// What is put in or taken out would change what the rest means.
	if err := foreign.PlainNode(&doc, 1); err != nil {
		return nil, err
	}
	l := &resourceList{document: &doc, root: doc.Content[0]}
	if l.root.Kind != goyaml.MappingNode {
		return nil, errors.New("is no ResourceList")
	}
	kind, version := scalar(field(l.root, "kind")), scalar(field(l.root, "apiVersion"))
	if kind != "ResourceList" || version != "config.kubernetes.io/v1" && version != "config.kubernetes.io/v1beta1" {
		return nil, fmt.Errorf("is no ResourceList of config.kubernetes.io/v1 or v1beta1, but %q of %q", clip(kind), clip(version))
	}
	if l.items = field(l.root, "items"); l.items != nil && l.items.Kind != goyaml.SequenceNode {
		if l.items.Tag != "!!null" {
			return nil, errors.New("has items that are no list")
		}
		*l.items = goyaml.Node{Kind: goyaml.SequenceNode, Tag: "!!seq"}
	}
	return l, nil
}

// request reads the functionConfig. Without one everything has its default.
func (l *resourceList) request() (request, error) {
	req := request{directory: ".", tags: map[string]string{}}
	node := field(l.root, "functionConfig")
	if node == nil || node.Tag == "!!null" {
		return req, nil
	}
	data, err := goyaml.Marshal(node)
	if err == nil {
		// Decoding YAML into strings would make one of a number: 1.10 would be 1.1.
		data, err = yaml.YAMLToJSONStrict(data)
	}
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err != nil || sigsjson.UnmarshalCaseSensitivePreserveInts(data, &head) != nil {
		return req, errors.New("functionConfig cannot be read")
	}
	switch head.APIVersion + " " + head.Kind {
	case "v1 ConfigMap":
		err = req.fromConfigMap(data)
	case "fn.netgen.dev/v1alpha1 BuildPolicies":
		err = req.fromSpec(data)
	default:
		return req, fmt.Errorf("functionConfig is %q of %q: netgen knows BuildPolicies of fn.netgen.dev/v1alpha1, and ConfigMap of v1",
			clip(head.Kind), clip(head.APIVersion))
	}
	if err != nil {
		return req, fmt.Errorf("functionConfig: %w", err)
	}
	return req, nil
}

func (r *request) fromSpec(data []byte) error {
	var config struct {
		APIVersion string         `json:"apiVersion"`
		Kind       string         `json:"kind"`
		Metadata   map[string]any `json:"metadata"`
		Spec       struct {
			Directory   string            `json:"directory"`
			Environment string            `json:"environment"`
			Tags        map[string]string `json:"tags"`
		} `json:"spec"`
	}
	if strict, err := sigsjson.UnmarshalStrict(data, &config); err != nil {
		return errors.New("a value of its spec is no string: put numbers in quotes")
	} else if len(strict) > 0 {
		return fmt.Errorf("its spec has directory, environment and tags: %s", clip(strict[0].Error()))
	}
	for _, key := range slices.Sorted(maps.Keys(config.Spec.Tags)) {
		if err := r.setTag("spec.tags", key, config.Spec.Tags[key]); err != nil {
			return err
		}
	}
	if err := r.setEnvironment("spec.environment", config.Spec.Environment); err != nil {
		return err
	}
	return r.setRelative("spec.directory", config.Spec.Directory)
}

func (r *request) fromConfigMap(data []byte) error {
	var config struct {
		Data map[string]string `json:"data"`
	}
	if err := sigsjson.UnmarshalCaseSensitivePreserveInts(data, &config); err != nil {
		return errors.New("a value of its data is no string: put numbers in quotes")
	}
	for _, key := range slices.Sorted(maps.Keys(config.Data)) {
		var err error
		tag, isTag := strings.CutPrefix(key, "tag.")
		switch value := config.Data[key]; {
		case key == "directory":
			err = r.setRelative("data.directory", value)
		case key == "environment":
			err = r.setEnvironment("data.environment", value)
		case isTag:
			err = r.setTag("data", tag, value)
		default:
			err = fmt.Errorf("its data has %q: netgen knows directory, environment and tag.KEY", clip(key))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// setRelative takes a directory that may be anywhere, but not at another place
// on another machine.
func (r *request) setRelative(what, value string) error {
	if value == "" {
		return nil
	}
	if strings.HasPrefix(value, "/") || filepath.IsAbs(value) {
		return fmt.Errorf("%s is absolute: %s: name it from the working directory", what, clip(value))
	}
	r.directory = path.Clean(value)
	return visible(what, value)
}

// field returns the value of a key of a mapping, nil where there is none. What an
// alias stands for is its value.
func field(n *goyaml.Node, key string) *goyaml.Node {
	if n = target(n); n == nil || n.Kind != goyaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return target(n.Content[i+1])
		}
	}
	return nil
}

func target(n *goyaml.Node) *goyaml.Node {
	for n != nil && n.Kind == goyaml.AliasNode {
		n = n.Alias
	}
	return n
}

// scalar returns the text of a node, "" where it is none.
func scalar(n *goyaml.Node) string {
	if n == nil || n.Kind != goyaml.ScalarNode {
		return ""
	}
	return n.Value
}

func set(n *goyaml.Node, key string, value *goyaml.Node) {
	remove(n, key)
	n.Content = append(n.Content, &goyaml.Node{Kind: goyaml.ScalarNode, Tag: "!!str", Value: key}, value)
}

func remove(n *goyaml.Node, key string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = append(n.Content[:i], n.Content[i+2:]...)
			return
		}
	}
}
