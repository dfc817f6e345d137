// Package kustomize lays the policies of all environments out as a Kustomize
// tree: what is identical in every environment once in base, the rest whole in
// the overlay of its environment, never as a patch.
//
//	<topology>/netgen.lock
//	<topology>/base/[<namespace>/]kustomization.yaml
//	<topology>/base/<namespace>/<service>.yaml
//	<topology>/overlays/<environment>/[<namespace>/]kustomization.yaml
//	<topology>/overlays/<environment>/<namespace>/<service>.yaml
//
// A namespace is a kustomization of its own, so that a big topology can be
// handed to Argo CD or Flux namespace by namespace: what Kustomize costs grows
// with the square of the objects of one build. Each stamps the version of the
// topology and the digest of the environment's connectivity on what it renders,
// never on selectors, so that a new version touches no policy file.
//
// The package also renders an environment directly, object for object as
// Kustomize does. It writes nothing to disk.
package kustomize

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/gen/policy"
)

// System is a topology with the policies of its environments.
type System struct {
	Name         string
	Version      string
	Environments []Environment // sorted by name
}

// Environment is the policies of one environment.
type Environment struct {
	Name     string
	Digest   string          // of the connectivity
	Policies []policy.Policy // sorted by namespace and name
}

// Objects returns the policies as objects.
func (e Environment) Objects() []*networkingv1.NetworkPolicy {
	out := make([]*networkingv1.NetworkPolicy, len(e.Policies))
	for i, p := range e.Policies {
		out[i] = p.Object
	}
	return out
}

// File is a file of a tree.
type File struct {
	Path string // below the output directory, slash-separated
	Data []byte
}

// Tree is everything to be written, sorted by path, the lock file among it.
type Tree []File

// The labels and the annotation that rendered objects carry.
const (
	managedByLabel   = "app.kubernetes.io/managed-by"
	partOfLabel      = "app.kubernetes.io/part-of"
	versionLabel     = "app.kubernetes.io/version"
	digestAnnotation = "netgen.dev/digest"
)

func (s System) labels() map[string]string {
	return map[string]string{managedByLabel: "netgen", partOfLabel: s.Name, versionLabel: s.Version}
}

// Layout returns the tree of a system.
func Layout(s System) Tree {
	overlays := make([]map[string][]byte, len(s.Environments))
	for i, env := range s.Environments {
		overlays[i] = s.policyFiles(env)
	}
	base := common(overlays)
	var files []File
	add := func(name string, data []byte) {
		files = append(files, File{path.Join(s.Name, name), data})
	}
	for name, data := range base {
		add(path.Join("base", name), data)
		for _, files := range overlays {
			delete(files, name)
		}
	}
	baseDirs := directories(base)
	for ns, names := range baseDirs {
		add(path.Join("base", ns, "kustomization.yaml"), s.kustomization("", names))
	}
	if len(baseDirs) > 0 {
		add("base/kustomization.yaml", s.kustomization("", slices.Sorted(maps.Keys(baseDirs))))
	}
	for i, env := range s.Environments {
		dir := path.Join("overlays", env.Name)
		for name, data := range overlays[i] {
			add(path.Join(dir, name), data)
		}
		dirs := directories(overlays[i])
		for ns := range baseDirs {
			dirs[ns] = append([]string{path.Join("../../../base", ns)}, dirs[ns]...)
		}
		for ns, names := range dirs {
			add(path.Join(dir, ns, "kustomization.yaml"), s.kustomization(env.Digest, names))
		}
		add(path.Join(dir, "kustomization.yaml"), s.kustomization("", slices.Sorted(maps.Keys(dirs))))
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return append(Tree{s.lock(files)}, files...).sorted()
}

func (t Tree) sorted() Tree {
	slices.SortFunc(t, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return t
}

// policyFiles returns the policies of an environment by namespace/service.yaml.
func (s System) policyFiles(env Environment) map[string][]byte {
	files := map[string][]byte{}
	for _, p := range env.Policies {
		name := path.Join(p.Object.Namespace, p.Owner+".yaml")
		data, ok := files[name]
		if ok {
			data = append(data, "---\n"...)
		} else {
			data = append(make([]byte, 0, 2048), s.header()...)
		}
		files[name] = appendPolicy(data, p.Object)
	}
	return files
}

// common returns the files that are the same in all of many sets.
func common(sets []map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for name, data := range sets[0] {
		same := !slices.ContainsFunc(sets[1:], func(other map[string][]byte) bool {
			theirs, ok := other[name]
			return !ok || !bytes.Equal(theirs, data)
		})
		if same {
			out[name] = data
		}
	}
	return out
}

// directories returns the sorted names of files by directory.
func directories(files map[string][]byte) map[string][]string {
	out := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		dir, file := path.Split(name)
		dir = path.Clean(dir)
		out[dir] = append(out[dir], file)
	}
	return out
}

func (s System) header() string {
	return Mark + s.Name + ". Do not edit: change the topology and run netgen build.\n"
}

// kustomization spells a kustomization.yaml. With a digest it stamps what it
// renders; labels without includeSelectors reach metadata only.
func (s System) kustomization(digest string, resources []string) []byte {
	b := append([]byte(s.header()), "apiVersion: kustomize.config.k8s.io/v1beta1\n"...)
	if digest != "" {
		b = appendMap(b, "commonAnnotations", map[string]string{digestAnnotation: digest})
	}
	b = append(b, "kind: Kustomization\n"...)
	if digest != "" {
		b = append(b, "labels:\n- pairs:\n"...)
		labels := s.labels()
		for _, k := range slices.Sorted(maps.Keys(labels)) {
			b = appendPair(b, "    ", k, labels[k])
		}
	}
	return appendList(b, "", "resources", resources)
}

// Stream renders an environment as Kustomize renders its overlay: one YAML
// document a policy, sorted by namespace and name.
func (s System) Stream(env Environment) []byte {
	var b []byte
	labels := s.labels()
	for i, p := range env.Policies {
		if i > 0 {
			b = append(b, "---\n"...)
		}
		b = appendPolicy(b, s.stamped(p.Object, labels, env.Digest))
	}
	return b
}

// stamped returns a copy of p with what the kustomization adds.
func (s System) stamped(p *networkingv1.NetworkPolicy, labels map[string]string, digest string) *networkingv1.NetworkPolicy {
	out := *p
	out.Labels = labels
	out.Annotations = maps.Clone(p.Annotations)
	out.Annotations[digestAnnotation] = digest
	return &out
}
