package cluster

import (
	"context"
	"fmt"
	"maps"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Pod is a pod that runs from the moment it is added.
type Pod struct {
	Namespace, Name string
	Labels          map[string]string
	Addr            netip.Addr
	Ports           []corev1.ContainerPort
}

// AddNamespace creates a namespace, or gives one that exists these labels and no
// others but its name.
func (c *Cluster) AddNamespace(ctx context.Context, name string, labels map[string]string) error {
	namespaces := c.Client.CoreV1().Namespaces()
	// The server adds to the labels, and who called goes on using them.
	wanted := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: maps.Clone(labels)}}
	_, err := namespaces.Create(ctx, wanted, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		return wrap(err, "create namespace %s", name)
	}
	there, err := namespaces.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read namespace %s: %w", name, err)
	}
	there.Labels = wanted.Labels
	_, err = namespaces.Update(ctx, there, metav1.UpdateOptions{})
	return wrap(err, "label namespace %s", name)
}

// AddPod creates a pod on the node and reports it as running there, in place of
// a kubelet.
func (c *Cluster) AddPod(ctx context.Context, p Pod) error {
	pods := c.Client.CoreV1().Pods(p.Namespace)
	pod, err := pods.Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name, Labels: maps.Clone(p.Labels)},
		Spec: corev1.PodSpec{
			NodeName:   Node,
			Containers: []corev1.Container{{Name: "server", Image: "none", Ports: p.Ports}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create pod %s/%s: %w", p.Namespace, p.Name, err)
	}
	host, addr := NodeAddress.String(), p.Addr.String()
	pod.Status = corev1.PodStatus{
		Phase:      corev1.PodRunning,
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		HostIP:     host,
		HostIPs:    []corev1.HostIP{{IP: host}},
		PodIP:      addr,
		PodIPs:     []corev1.PodIP{{IP: addr}},
	}
	_, err = pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return wrap(err, "report pod %s/%s as running", p.Namespace, p.Name)
}

// RemoveNamespace deletes a namespace with its pods and policies, which is else
// the work of controllers. The namespaces that every cluster has are emptied,
// since the server does not let them go.
func (c *Cluster) RemoveNamespace(ctx context.Context, name string) error {
	if err := c.empty(ctx, name); err != nil {
		return err
	}
	switch name {
	case metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic:
		return c.AddNamespace(ctx, name, nil)
	}
	namespaces := c.Client.CoreV1().Namespaces()
	if err := namespaces.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		return fmt.Errorf("delete namespace %s: %w", name, err)
	}
	// It stays until everybody who has to has agreed; in a fake it is gone.
	there, err := namespaces.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read namespace %s: %w", name, err)
	}
	there.Spec.Finalizers = nil
	_, err = namespaces.Finalize(ctx, there, metav1.UpdateOptions{})
	return wrap(err, "finalize namespace %s", name)
}

// empty deletes the pods and the policies of a namespace.
func (c *Cluster) empty(ctx context.Context, namespace string) error {
	pods, err := c.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list pods of %s: %w", namespace, err)
	}
	for _, p := range pods.Items {
		if err := c.RemovePod(ctx, namespace, p.Name); err != nil {
			return err
		}
	}
	policies, err := c.Client.NetworkingV1().NetworkPolicies(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list policies of %s: %w", namespace, err)
	}
	for i := range policies.Items {
		if err := c.Delete(ctx, &policies.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

// wrap says what was tried where it failed.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}
