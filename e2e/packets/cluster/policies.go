package cluster

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
)

var decoder = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

// Policies reads what netgen build writes to its output. What a server would
// refuse of the text itself is an error: unknown fields, fields given twice,
// other kinds.
func (c *Cluster) Policies(stream []byte) ([]*networkingv1.NetworkPolicy, error) {
	var out []*networkingv1.NetworkPolicy
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(stream)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read document %d of the stream: %w", len(out)+1, err)
		}
		object, kind, err := decoder.Decode(document, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("decode document %d of the stream: %w", len(out)+1, err)
		}
		policy, ok := object.(*networkingv1.NetworkPolicy)
		if !ok {
			return nil, fmt.Errorf("document %d of the stream is a %s, not a NetworkPolicy", len(out)+1, kind)
		}
		out = append(out, policy)
	}
}

// Apply creates a policy, or replaces the one of its name.
func (c *Cluster) Apply(ctx context.Context, p *networkingv1.NetworkPolicy) error {
	policies := c.Client.NetworkingV1().NetworkPolicies(p.Namespace)
	p = p.DeepCopy()
	p.ResourceVersion, p.UID = "", "" // it may have been read from a server
	_, err := policies.Create(ctx, p, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	if !apierrors.IsAlreadyExists(err) {
		return wrap(err, "create policy %s/%s", p.Namespace, p.Name)
	}
	_, err = policies.Update(ctx, p, metav1.UpdateOptions{FieldValidation: metav1.FieldValidationStrict})
	return wrap(err, "replace policy %s/%s", p.Namespace, p.Name)
}

// Delete deletes a policy, which has to be there.
func (c *Cluster) Delete(ctx context.Context, p *networkingv1.NetworkPolicy) error {
	err := c.Client.NetworkingV1().NetworkPolicies(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{})
	return wrap(err, "delete policy %s/%s", p.Namespace, p.Name)
}

// Prune deletes every policy of the cluster whose name and namespace no policy
// to keep has.
func (c *Cluster) Prune(ctx context.Context, keep []*networkingv1.NetworkPolicy) error {
	kept := map[types.NamespacedName]bool{}
	for _, p := range keep {
		kept[nameOf(p)] = true
	}
	there, err := c.Client.NetworkingV1().NetworkPolicies(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list policies: %w", err)
	}
	for i := range there.Items {
		if p := &there.Items[i]; !kept[nameOf(p)] {
			if err := c.Delete(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func nameOf(p *networkingv1.NetworkPolicy) types.NamespacedName {
	return types.NamespacedName{Namespace: p.Namespace, Name: p.Name}
}
