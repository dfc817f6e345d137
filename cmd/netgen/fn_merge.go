package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	goyaml "go.yaml.in/yaml/v3"
)

// The annotations by which programs know the file that an item is of, the second
// of a pair being from before the first.
const (
	pathAnnotation     = "internal.config.kubernetes.io/path"
	oldPathAnnotation  = "config.kubernetes.io/path"
	indexAnnotation    = "internal.config.kubernetes.io/index"
	oldIndexAnnotation = "config.kubernetes.io/index"
)

// oldPlaces are all from before the annotations that start with internal.
var oldPlaces = []string{oldPathAnnotation, oldIndexAnnotation, "config.k8s.io/id"}

// ownerAnnotation says which function made a policy. Programs run several over one
// list, and two may be of one topology, with other tags or environments.
const ownerAnnotation = "netgen.dev/function"

// object is what tells an item from others, and whose it is.
type object struct {
	group, kind, namespace, name string
}

func (o object) isPolicy() bool { return o.group == "networking.k8s.io" && o.kind == "NetworkPolicy" }

// identify returns the identity of an item.
func identify(n *goyaml.Node) object {
	group, _, _ := strings.Cut(scalar(field(n, "apiVersion")), "/")
	meta := field(n, "metadata")
	o := object{group, scalar(field(n, "kind")), scalar(field(meta, "namespace")), scalar(field(meta, "name"))}
	if o.isPolicy() && o.namespace == "" {
		o.namespace = "default" // where the API server puts it
	}
	return o
}

// madeFor returns the topology that netgen made an item from, "" where netgen did
// not make it.
func madeFor(n *goyaml.Node) string {
	labels := field(field(n, "metadata"), "labels")
	if scalar(field(labels, "app.kubernetes.io/managed-by")) != "netgen" {
		return ""
	}
	return scalar(field(labels, "app.kubernetes.io/part-of"))
}

// annotation returns an annotation of an item, or what it was called before.
func annotation(n *goyaml.Node, names ...string) string {
	annotations := field(field(n, "metadata"), "annotations")
	for _, name := range names {
		if value := scalar(field(annotations, name)); value != "" {
			return value
		}
	}
	return ""
}

// file returns the file that an item is of, as far as that is known. The same file
// may be written as ./a.yaml and as a.yaml.
func file(n *goyaml.Node) string {
	name := annotation(n, pathAnnotation, oldPathAnnotation)
	if name == "" {
		return ""
	}
	return path.Clean(name)
}

// owner is the function that made a policy: the name of its functionConfig, and
// the environment if one was asked for. kpt calls every configuration that is not a
// file of its own the same.
type owner struct{ name, environment string }

// shared are names that tell no function from others: that of none, and what kpt
// calls a configuration that is given on the command line.
var shared = []string{"unnamed", "function-input"}

func (o owner) String() string {
	if o.environment == "" {
		return o.name
	}
	return o.name + "/" + o.environment
}

// is reports whether both are the same function. None asks for an environment but
// where there is only one, before others come or after they went.
func (o owner) is(other owner) bool {
	return o.name == other.name && (o.environment == other.environment || o.environment == "" || other.environment == "")
}

// ownerOf returns the function that made an item, the zero owner where none did.
func ownerOf(n *goyaml.Node) owner {
	name, environment, _ := strings.Cut(annotation(n, ownerAnnotation), "/")
	return owner{name, environment}
}

// owner returns the function that a list is for.
func (l *resourceList) owner(req request) (owner, error) {
	name := scalar(field(field(field(l.root, "functionConfig"), "metadata"), "name"))
	if strings.Contains(name, "/") {
		return owner{}, fmt.Errorf("functionConfig: metadata.name has a slash: %s", clip(name))
	}
	if name == "" {
		name = shared[0]
	}
	return owner{name, req.environment}, visible("functionConfig: metadata.name", name)
}

// merge puts the policies of a stream among the items. Nothing is changed where
// it fails. It returns how many policies of other topologies are left that were
// perhaps made by the function, by topology: those of one that was renamed, or of a
// function that has no name of its own either.
func (l *resourceList) merge(stream []byte, by owner) (left map[string]int, err error) {
	made, order, err := policies(stream, by)
	if err != nil {
		return nil, err
	}
	left = map[string]int{}
	topologies := map[string]bool{}
	for _, n := range made {
		topologies[madeFor(n)] = true
	}
	var items []*goyaml.Node
	placed := map[object]bool{}
	for _, item := range l.existing() {
		node := target(item)
		id := identify(node)
		policy, again := made[id]
		if again {
			if err := replaceable(node, policy, id, by); err != nil {
				return nil, err
			}
		}
		switch {
		case again && !placed[id]:
			keepPlace(policy, node)
			items = append(items, policy)
			placed[id] = true
		case again: // the same policy twice
		case id.isPolicy() && madeFor(node) != "" && ownerOf(node).is(by):
			// Made before, and no longer.
			if !topologies[madeFor(node)] && slices.Contains(shared, by.name) {
				items = append(items, item)
				left[madeFor(node)]++
			}
		default:
			items = append(items, item)
		}
	}
	for _, id := range order {
		if !placed[id] {
			items = append(items, made[id])
		}
	}
	number(items, made)
	if l.items == nil {
		l.items = &goyaml.Node{Kind: goyaml.SequenceNode, Tag: "!!seq"}
		set(l.root, "items", l.items)
	}
	l.items.Content, l.items.Style = items, 0
	return left, nil
}

// replaceable says why a policy cannot take the place of an item. One that netgen
// build made is nobody else's, and has no annotation.
func replaceable(old, policy *goyaml.Node, id object, by owner) error {
	if madeFor(old) != madeFor(policy) {
		return fmt.Errorf("the items have a NetworkPolicy %s/%s that netgen did not make from topology %s: rename or remove it",
			clip(id.namespace), clip(id.name), clip(madeFor(policy)))
	}
	if other := ownerOf(old); other.name != "" && !other.is(by) {
		return fmt.Errorf("function %s makes the NetworkPolicy %s/%s, and so does function %s: give them other namespaces, or, if that is no longer there, remove what it made",
			clip(by.String()), clip(id.namespace), clip(id.name), clip(other.String()))
	}
	return nil
}

func (l *resourceList) existing() []*goyaml.Node {
	if l.items == nil {
		return nil
	}
	return l.items.Content
}

// policies returns the objects of a stream as items, and their order. Each
// topology and environment has a file of its own.
func policies(stream []byte, by owner) (map[object]*goyaml.Node, []object, error) {
	made := map[object]*goyaml.Node{}
	var order []object
	for dec := goyaml.NewDecoder(bytes.NewReader(stream)); ; {
		var doc goyaml.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return made, order, nil
		case err != nil:
			return nil, nil, err
		}
		n := doc.Content[0]
		id, name := identify(n), madeFor(n)
		annotations := field(field(n, "metadata"), "annotations")
		set(annotations, ownerAnnotation, text(by.String()))
		set(annotations, pathAnnotation, text(path.Join("netgen", name, by.environment)+".yaml"))
		made[id], order = n, append(order, id)
	}
}

// keepPlace leaves a policy in the file where it was.
func keepPlace(policy, old *goyaml.Node) {
	annotations := field(field(policy, "metadata"), "annotations")
	remove(annotations, pathAnnotation)
	before := field(field(old, "metadata"), "annotations")
	if before == nil {
		return
	}
	for i := 0; i+1 < len(before.Content); i += 2 {
		key := before.Content[i].Value
		if strings.HasPrefix(key, "internal.config.kubernetes.io/") || slices.Contains(oldPlaces, key) {
			set(annotations, key, text(scalar(target(before.Content[i+1]))))
		}
	}
}

// number gives every policy that was made a place of its own in its file: its
// index there, or the next free one. Programs that write files take two items at
// one index for one, or for a mistake. Items of others are not numbered anew.
func number(items []*goyaml.Node, made map[object]*goyaml.Node) {
	type place struct {
		file  string
		index int
	}
	taken := map[place]bool{}
	next := map[string]int{}
	var ours []*goyaml.Node
	for _, item := range items {
		n := target(item)
		index, err := strconv.Atoi(annotation(n, indexAnnotation, oldIndexAnnotation))
		known := err == nil && index >= 0
		if known {
			next[file(n)] = max(next[file(n)], index+1)
		}
		if made[identify(n)] == n {
			ours = append(ours, n)
		} else if known {
			taken[place{file(n), index}] = true
		}
	}
	for _, n := range ours {
		at := place{file: file(n)}
		if at.file == "" {
			continue // it came without a file, and stays so
		}
		index, err := strconv.Atoi(annotation(n, indexAnnotation, oldIndexAnnotation))
		if at.index = index; err != nil || index < 0 || taken[at] {
			at.index = next[at.file]
			next[at.file]++
			annotations := field(field(n, "metadata"), "annotations")
			if field(annotations, oldIndexAnnotation) != nil {
				set(annotations, oldIndexAnnotation, text(strconv.Itoa(at.index)))
			}
			set(annotations, indexAnnotation, text(strconv.Itoa(at.index)))
		}
		taken[at] = true
	}
}

func text(s string) *goyaml.Node {
	return &goyaml.Node{Kind: goyaml.ScalarNode, Tag: "!!str", Value: s, Style: goyaml.DoubleQuotedStyle}
}
