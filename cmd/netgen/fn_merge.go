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
// being from before the first.
const (
	pathAnnotation    = "internal.config.kubernetes.io/path"
	indexAnnotation   = "internal.config.kubernetes.io/index"
	oldPathAnnotation = "config.kubernetes.io/path"
)

// oldPlaces are all from before the annotations that start with internal.
var oldPlaces = []string{oldPathAnnotation, "config.kubernetes.io/index", "config.k8s.io/id"}

// object is what tells an item from others, and whose it is.
type object struct {
	group, kind, namespace, name string
}

// identify returns the identity of an item.
func identify(n *goyaml.Node) object {
	group, _, _ := strings.Cut(scalar(field(n, "apiVersion")), "/")
	meta := field(n, "metadata")
	return object{group, scalar(field(n, "kind")), scalar(field(meta, "namespace")), scalar(field(meta, "name"))}
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

// file returns the file that an item is of, as far as that is known.
func file(n *goyaml.Node) string {
	annotations := field(field(n, "metadata"), "annotations")
	if p := scalar(field(annotations, pathAnnotation)); p != "" {
		return p
	}
	return scalar(field(annotations, oldPathAnnotation))
}

// merge puts the policies of a stream among the items. Nothing is changed where
// it fails.
func (l *resourceList) merge(stream []byte, environment string) error {
	made, order, err := policies(stream, environment)
	if err != nil {
		return err
	}
	ours := map[string]string{} // files by the topology that they are of
	for _, n := range made {
		ours[file(n)] = madeFor(n)
	}
	var items []*goyaml.Node
	placed := map[object]bool{}
	for _, item := range l.existing() {
		node := target(item)
		id, owner := identify(node), madeFor(node)
		policy, again := made[id]
		switch {
		case again && owner != madeFor(policy):
			return fmt.Errorf("the items have a NetworkPolicy %s/%s that netgen did not make from topology %s: rename or remove it",
				clip(id.namespace), clip(id.name), madeFor(policy))
		case again && !placed[id]:
			keepPlace(policy, node)
			items = append(items, policy)
			placed[id] = true
		case again: // the same policy twice
		case owner != "" && owner == ours[file(node)] && id.kind == "NetworkPolicy" && id.group == "networking.k8s.io": // made before, and no longer
		default:
			items = append(items, item)
		}
	}
	for _, id := range order {
		if !placed[id] {
			items = append(items, made[id])
		}
	}
	if l.items == nil {
		l.items = &goyaml.Node{Kind: goyaml.SequenceNode, Tag: "!!seq"}
		set(l.root, "items", l.items)
	}
	l.items.Content, l.items.Style = items, 0
	return nil
}

func (l *resourceList) existing() []*goyaml.Node {
	if l.items == nil {
		return nil
	}
	return l.items.Content
}

// policies returns the objects of a stream as items, and their order. Each
// topology and environment has a file of its own, by which those that were made
// before can be told.
func policies(stream []byte, environment string) (map[object]*goyaml.Node, []object, error) {
	made := map[object]*goyaml.Node{}
	var order []object
	next := map[string]int{}
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
		where := path.Join("netgen", name, environment) + ".yaml"
		annotations := field(field(n, "metadata"), "annotations")
		set(annotations, pathAnnotation, text(where))
		set(annotations, indexAnnotation, text(strconv.Itoa(next[where])))
		next[where]++
		made[id], order = n, append(order, id)
	}
}

// keepPlace leaves a policy in the file where it was.
func keepPlace(policy, old *goyaml.Node) {
	annotations := field(field(policy, "metadata"), "annotations")
	remove(annotations, pathAnnotation)
	remove(annotations, indexAnnotation)
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

func text(s string) *goyaml.Node {
	return &goyaml.Node{Kind: goyaml.ScalarNode, Tag: "!!str", Value: s, Style: goyaml.DoubleQuotedStyle}
}
