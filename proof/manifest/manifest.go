// Package manifest reads streams of Kubernetes objects, as kubectl, Kustomize
// and Helm print them, for what a proof needs of them. NetworkPolicies are read
// strictly: a field that the API does not have would be dropped there without a
// word, and a policy that says something else than it seems to is no proof of
// anything.
package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// Limits of a stream.
const (
	maxBytes     = 256 << 20
	maxDocuments = 200_000
)

// Objects is what a stream holds.
type Objects struct {
	Policies []*networkingv1.NetworkPolicy
	// Lines are those that the policies start at, in the same order.
	Lines []int
	// Unknown are objects that let through or stop traffic too and that are not
	// understood, as kind namespace/name.
	Unknown []string
	// Digests identify the contents of each of Unknown.
	Digests map[string]string
}

// header is what all objects have.
type header struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
	Items []runtime.RawExtension `json:"items"`
}

// Parse reads a stream. Documents that are empty are left out, lists are taken
// apart; anything that is no Kubernetes object is an error that names the
// document by its number, from 1, and where it starts.
func Parse(data []byte) (*Objects, error) {
	if len(data) > maxBytes {
		return nil, fmt.Errorf("the stream has more than %d MiB", maxBytes>>20)
	}
	docs := split(data)
	if len(docs) > maxDocuments {
		return nil, fmt.Errorf("the stream has more than %d documents", maxDocuments)
	}
	out := &Objects{}
	for i, doc := range docs {
		if err := out.add(doc.data, doc.line, doc.items); err != nil {
			return nil, fmt.Errorf("document %d, from line %d: %w", i+1, doc.line, err)
		}
	}
	return out, nil
}

// add reads an object that starts at a line, or those of a list, which start at
// the lines that items says.
func (o *Objects) add(doc []byte, line int, items func(int) []int) error {
	var h header
	if err := yaml.Unmarshal(doc, &h); err != nil {
		return err
	}
	group, _, _ := strings.Cut(h.APIVersion, "/")
	switch {
	case h.Kind == "" && h.APIVersion == "":
		var any map[string]any
		if err := yaml.Unmarshal(doc, &any); err != nil || len(any) > 0 {
			return errors.New("is not a Kubernetes object")
		}
	case strings.HasSuffix(h.Kind, "List") && h.Items != nil:
		if _, err := yaml.YAMLToJSONStrict(doc); err != nil {
			return err // the items are read from what is left of it
		}
		lines := items(len(h.Items))
		for i, item := range h.Items {
			if lines != nil {
				line = lines[i]
			}
			if err := o.add(item.Raw, line, func(int) []int { return nil }); err != nil {
				return fmt.Errorf("item %d: %w", i+1, err)
			}
		}
	case h.Kind == "NetworkPolicy" && h.APIVersion == "networking.k8s.io/v1":
		p := &networkingv1.NetworkPolicy{}
		if err := yaml.UnmarshalStrict(doc, p); err != nil {
			return fmt.Errorf("NetworkPolicy %s/%s: %w", h.Metadata.Namespace, h.Metadata.Name, err)
		}
		o.Policies, o.Lines = append(o.Policies, p), append(o.Lines, line)
	case h.Kind == "NetworkPolicy" && group == "networking.k8s.io":
		return fmt.Errorf("NetworkPolicy %s/%s: version %s is not v1", h.Metadata.Namespace, h.Metadata.Name, h.APIVersion)
	case strings.Contains(h.Kind, "NetworkPolicy") || group == "policy.networking.k8s.io":
		return o.unknown(fmt.Sprintf("%s %s/%s", h.Kind, h.Metadata.Namespace, h.Metadata.Name), doc)
	}
	return nil
}

// unknown notes an object that is not understood, and what it says: whoever
// compares two streams must see that it changed.
func (o *Objects) unknown(name string, doc []byte) error {
	canonical, err := yaml.YAMLToJSON(doc)
	if err != nil {
		return err
	}
	if o.Digests == nil {
		o.Digests = map[string]string{}
	}
	sum := sha256.Sum256(canonical)
	o.Unknown, o.Digests[name] = append(o.Unknown, name), o.Digests[name]+hex.EncodeToString(sum[:])
	return nil
}
