// Package apiserver does with a NetworkPolicy what a Kubernetes API server does
// with one that is created, with the API server's own code: it decodes strictly,
// applies defaults and validates. It needs no server and no etcd.
package apiserver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install" // into the scheme
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
)

// codecs refuse fields that the API does not have and fields that are given
// twice, as the server does under fieldValidation=Strict.
var codecs = serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)

// Admitted is a NetworkPolicy that the API server accepts.
type Admitted struct {
	Written *networkingv1.NetworkPolicy // as the document has it
	Stored  *networkingv1.NetworkPolicy // with the API server's defaults
	// Warnings are what kubectl would print beside "created".
	Warnings []string
}

// Documents splits a stream of YAML documents.
func Documents(stream []byte) ([][]byte, error) {
	var out [][]byte
	r := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(stream)))
	for {
		doc, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, doc)
	}
}

// Admit decodes one document and creates it, short of storing it.
func Admit(doc []byte) (*Admitted, error) {
	obj, _, err := codecs.UniversalDeserializer().Decode(doc, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("decoding: %w", err)
	}
	written, ok := obj.(*networkingv1.NetworkPolicy)
	if !ok {
		return nil, fmt.Errorf("decoding: it is a %s, not a NetworkPolicy of networking.k8s.io/v1", obj.GetObjectKind().GroupVersionKind())
	}
	stored := written.DeepCopy()
	legacyscheme.Scheme.Default(stored)
	var internal networking.NetworkPolicy
	if err := legacyscheme.Scheme.Convert(stored, &internal, nil); err != nil {
		return nil, fmt.Errorf("converting: %w", err)
	}
	warnings, err := create(&internal)
	if err != nil {
		return nil, err
	}
	return &Admitted{Written: written, Stored: stored, Warnings: warnings}, nil
}

// create runs what the API server runs before it stores a new object.
func create(policy *networking.NetworkPolicy) ([]string, error) {
	ctx := request.WithRequestInfo(context.Background(), &request.RequestInfo{
		IsResourceRequest: true,
		Verb:              "create",
		APIGroup:          networking.GroupName,
		APIVersion:        "v1",
		Resource:          "networkpolicies",
		Namespace:         policy.Namespace,
	})
	ctx = request.WithNamespace(ctx, policy.Namespace)
	rest.FillObjectMetaSystemFields(policy)
	if err := rest.BeforeCreate(networkpolicy.Strategy, ctx, runtime.Object(policy)); err != nil {
		return nil, fmt.Errorf("validating: %w", err)
	}
	return networkpolicy.Strategy.WarningsOnCreate(ctx, policy), nil
}
