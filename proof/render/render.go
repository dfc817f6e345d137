// Package render renders an overlay with Kustomize itself, so that a proof is
// of what a cluster gets and not of what netgen believes Kustomize to make.
package render

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"netgen.dev/internal/foreign"
	"netgen.dev/proof/manifest"
)

// chunk is how many files one build of Kustomize is given. What Kustomize costs
// grows with the square of the objects of a build.
const chunk = 50

// Overlay renders the kustomization in a directory of a tree of files, by their
// slash-separated paths. Nothing outside the tree is read.
//
// Where a kustomization does nothing but list resources and put labels and
// annotations on each, as netgen's do, its resources are rendered in chunks,
// each by Kustomize with the same labels and annotations; any other is rendered
// as it is.
//
// The tree is anybody's. What is wrong with a file of it is a [foreign.Error].
func Overlay(tree map[string][]byte, dir string) ([]byte, error) {
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		if err := manifest.Check(tree[name]); err != nil {
			return nil, foreign.In(name, err)
		}
	}
	if err := confined(tree, dir); err != nil {
		return nil, err
	}
	parts, err := split(tree, dir)
	if err != nil {
		return nil, err
	}
	if parts == nil {
		return build(tree, dir)
	}
	var out [][]byte
	for _, p := range parts {
		data, err := build(p, "part")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		out = append(out, data)
	}
	return bytes.Join(out, []byte("---\n")), nil
}

func build(tree map[string][]byte, dir string) ([]byte, error) {
	fs := filesys.MakeFsInMemory()
	for name, data := range tree {
		if err := fs.WriteFile("/"+name, data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, path.Join("/", dir))
	if err != nil {
		return nil, fmt.Errorf("kustomize build %s: %w", dir, err)
	}
	return resources.AsYaml()
}

// split returns small trees, each with the kustomization "part", that together
// render what the kustomization in dir does; nil where that cannot be said.
func split(tree map[string][]byte, dir string) ([]map[string][]byte, error) {
	k, err := read(tree, dir)
	if err != nil || !k.plain {
		return nil, err
	}
	var out []map[string][]byte
	var files []string
	for _, r := range k.resources {
		name := path.Join(dir, r)
		if _, ok := tree[name]; ok {
			files = append(files, name)
			continue
		}
		below, err := read(tree, name)
		switch {
		case err != nil:
			return nil, err
		case len(below.stamps) == 0 && below.onlyFiles(tree, name):
			for _, f := range below.resources {
				files = append(files, path.Join(name, f))
			}
		case len(k.stamps) == 0:
			parts, err := split(tree, name)
			if err != nil || parts == nil {
				return nil, err
			}
			out = append(out, parts...)
		default:
			return nil, nil
		}
	}
	for len(files) > 0 {
		n := min(chunk, len(files))
		part, err := k.part(tree, files[:n])
		if err != nil {
			return nil, err
		}
		out, files = append(out, part), files[n:]
	}
	return out, nil
}

// kustomization is a kustomization.yaml as far as it can be split.
type kustomization struct {
	resources []string
	stamps    map[string]any // labels and commonAnnotations, which act on each object alone
	plain     bool           // there is nothing else
}

func read(tree map[string][]byte, dir string) (kustomization, error) {
	data, ok := tree[path.Join(dir, "kustomization.yaml")]
	if !ok {
		return kustomization{}, nil // by another name it is not netgen's, and rendered as it is
	}
	var fields map[string]any
	if err := yaml.Unmarshal(data, &fields); err != nil {
		return kustomization{}, fmt.Errorf("%s: %w", dir, err)
	}
	out := kustomization{stamps: map[string]any{}, plain: true}
	for name, v := range fields {
		switch name {
		case "apiVersion", "kind":
		case "resources":
			list, _ := v.([]any)
			for _, r := range list {
				out.resources = append(out.resources, fmt.Sprint(r))
			}
		case "labels", "commonAnnotations":
			out.stamps[name] = v
		default:
			out.plain = false
		}
	}
	return out, nil
}

func (k kustomization) onlyFiles(tree map[string][]byte, dir string) bool {
	for _, r := range k.resources {
		if _, ok := tree[path.Join(dir, r)]; !ok {
			return false
		}
	}
	return k.plain && len(k.resources) > 0
}

// part returns a tree with a kustomization that lists some files and puts on
// them what k does.
func (k kustomization) part(tree map[string][]byte, files []string) (map[string][]byte, error) {
	out := map[string][]byte{}
	fields := map[string]any{"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
	maps.Copy(fields, k.stamps)
	var names []string
	for i, f := range files {
		name := strconv.Itoa(i) + ".yaml"
		names = append(names, name)
		out["part/"+name] = tree[f]
	}
	fields["resources"] = names
	data, err := yaml.Marshal(fields)
	if err != nil {
		return nil, err
	}
	out["part/kustomization.yaml"] = data
	return out, nil
}
