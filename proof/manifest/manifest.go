// Package manifest reads streams of Kubernetes objects, as kubectl, Kustomize
// and Helm print them, for what a proof needs of them. NetworkPolicies are read
// strictly: a field that the API does not have would be dropped there without a
// word, and a policy that says something else than it seems to is no proof of
// anything.
package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
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
	// Unknown are objects that let through or stop traffic too and that are not
	// understood, as kind namespace/name.
	Unknown []string
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
// document by its number, from 1.
func Parse(data []byte) (*Objects, error) {
	if len(data) > maxBytes {
		return nil, fmt.Errorf("the stream has more than %d MiB", maxBytes>>20)
	}
	out := &Objects{}
	docs := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for n := 1; ; n++ {
		doc, err := docs.Read()
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, fmt.Errorf("document %d: %w", n, err)
		case n > maxDocuments:
			return nil, fmt.Errorf("the stream has more than %d documents", maxDocuments)
		}
		if err := out.add(doc); err != nil {
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
	}
}

func (o *Objects) add(doc []byte) error {
	if len(bytes.TrimSpace(doc)) == 0 {
		return nil
	}
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
		for _, item := range h.Items {
			if err := o.add(item.Raw); err != nil {
				return err
			}
		}
	case h.Kind == "NetworkPolicy" && h.APIVersion == "networking.k8s.io/v1":
		p := &networkingv1.NetworkPolicy{}
		if err := yaml.UnmarshalStrict(doc, p); err != nil {
			return fmt.Errorf("NetworkPolicy %s/%s: %w", h.Metadata.Namespace, h.Metadata.Name, err)
		}
		o.Policies = append(o.Policies, p)
	case h.Kind == "NetworkPolicy" && group == "networking.k8s.io":
		return fmt.Errorf("NetworkPolicy %s/%s: version %s is not v1", h.Metadata.Namespace, h.Metadata.Name, h.APIVersion)
	case strings.Contains(h.Kind, "NetworkPolicy") || group == "policy.networking.k8s.io":
		o.Unknown = append(o.Unknown, fmt.Sprintf("%s %s/%s", h.Kind, h.Metadata.Namespace, h.Metadata.Name))
	}
	return nil
}
