// Package manifest reads streams of Kubernetes objects, as kubectl, Kustomize
// and Helm print them, for what a proof needs of them. NetworkPolicies are read
// strictly: a field that the API does not have would be dropped there without a
// word, and a policy that says something else than it seems to is no proof of
// anything.
package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/internal/foreign"
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
	// Namespaces are the labels of the Namespaces, and NamespaceLines where they
	// start, by name.
	Namespaces     map[string]map[string]string
	NamespaceLines map[string]int
}

// header is what all objects have.
type header struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`

		Labels json.RawMessage `json:"labels"` // read of Namespaces alone
	} `json:"metadata"`
	Items []json.RawMessage `json:"items"`
}

// Parse reads a stream. Documents that are empty are left out, lists are taken
// apart; anything that is no Kubernetes object is an error, with the line that it
// is at as far as that can be told, as a [foreign.Error].
func Parse(data []byte) (*Objects, error) {
	docs, err := split(data)
	if err != nil {
		return nil, err
	}
	out := &Objects{}
	for _, doc := range docs {
		data, err := doc.json()
		if err == nil && string(data) != "null" {
			err = out.add(data, doc.line, doc.items)
		}
		if err != nil {
			return nil, foreign.Unreadable(doc.line, err)
		}
	}
	return out, nil
}

// Check refuses a stream that a parser of YAML must not be given: one that is too
// large, or of which a few bytes are billions of values. It says nothing about what
// the objects are.
func Check(data []byte) error {
	docs, err := split(data)
	if err != nil {
		return err
	}
	for _, d := range docs {
		if json.Valid(d.data) {
			err = foreign.Shallow(d.data, d.first())
		} else {
			err = foreign.Plain(d.data, d.first())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// listInList refuses what not every reader looks into: kubectl takes a list apart
// once.
func listInList(line int) error {
	return foreign.Refuse(line, "list the objects of both in one", "has a list inside of a list")
}

// add reads an object that starts at a line, or those of a list, which start at
// the lines that items says. What is an item itself has no items.
func (o *Objects) add(data []byte, line int, items func(int) []int) error {
	var h header
	// Names of fields are told apart by case, as the API server does: one that it
	// would drop must not count here.
	if err := decode(data, &h); err != nil {
		return errors.New("is not a Kubernetes object: " + err.Error())
	}
	name := h.Metadata.Namespace + "/" + h.Metadata.Name
	group, _, _ := strings.Cut(h.APIVersion, "/")
	switch {
	case h.Kind == "" && h.APIVersion == "" && string(bytes.TrimSpace(data)) == "{}":
	case h.Kind == "" || h.APIVersion == "":
		return errors.New("is not a Kubernetes object: it has no kind and apiVersion")
	case h.Items != nil && items == nil:
		return listInList(line)
	case h.Items != nil: // kubectl takes whatever has items for a list
		lines := items(len(h.Items))
		for i, item := range h.Items {
			if lines != nil {
				line = lines[i]
			}
			if err := o.add(h.typed(item), line, nil); err != nil {
				return foreign.Unreadable(line, fmt.Errorf("item %d: %w", i+1, err))
			}
		}
	case h.Kind == "NetworkPolicy" && h.APIVersion == "networking.k8s.io/v1":
		p := &networkingv1.NetworkPolicy{}
		if err := decodeStrictly(data, p); err != nil {
			return fmt.Errorf("NetworkPolicy %s: %w", name, err)
		}
		o.Policies, o.Lines = append(o.Policies, p), append(o.Lines, line)
	case h.Kind == "NetworkPolicy" && group == "networking.k8s.io":
		return fmt.Errorf("NetworkPolicy %s: version %s is not v1", name, h.APIVersion)
	case h.Kind == "Namespace" && h.APIVersion == "v1":
		return o.namespace(&h, line)
	case decides(group, h.Kind):
		o.unknown(h.Kind+" "+name, data)
	}
	return nil
}

// namespace notes the labels of a Namespace.
func (o *Objects) namespace(h *header, line int) error {
	labels := map[string]string{}
	if len(h.Metadata.Labels) > 0 {
		if err := json.Unmarshal(h.Metadata.Labels, &labels); err != nil {
			return fmt.Errorf("labels of Namespace %s: %w", h.Metadata.Name, err)
		}
	}
	if o.Namespaces == nil {
		o.Namespaces, o.NamespaceLines = map[string]map[string]string{}, map[string]int{}
	}
	o.Namespaces[h.Metadata.Name], o.NamespaceLines[h.Metadata.Name] = labels, line
	return nil
}

// typed returns an item of a list of one kind, which need not say what it is.
func (h *header) typed(item json.RawMessage) []byte {
	var fields map[string]json.RawMessage
	kind, ok := strings.CutSuffix(h.Kind, "List")
	if !ok || kind == "" || json.Unmarshal(item, &fields) != nil || fields == nil || fields["kind"] != nil {
		return item
	}
	fields["kind"], _ = json.Marshal(kind) // a text always marshals
	if fields["apiVersion"] == nil {
		fields["apiVersion"], _ = json.Marshal(h.APIVersion)
	}
	out, err := json.Marshal(fields)
	if err != nil {
		return item
	}
	return out
}

// decides reports whether objects of a kind let through or stop traffic.
func decides(group, kind string) bool {
	switch {
	case strings.Contains(kind, "NetworkPolicy"), group == "policy.networking.k8s.io":
		return true
	case group == "k8s.ovn.org":
		return kind == "EgressFirewall" || kind == "AdminPolicyBasedExternalRoute"
	case group == "security.istio.io":
		return kind == "AuthorizationPolicy"
	}
	return false
}

// unknown notes an object that is not understood, and what it says: whoever
// compares two streams must see that it changed.
func (o *Objects) unknown(name string, data []byte) {
	if o.Digests == nil {
		o.Digests = map[string]string{}
	}
	sum := sha256.Sum256(data)
	o.Unknown, o.Digests[name] = append(o.Unknown, name), o.Digests[name]+hex.EncodeToString(sum[:])
}
