package cluster

import (
	"context"
	"fmt"
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// LabelPod gives a pod these labels and no others.
func (c *Cluster) LabelPod(ctx context.Context, namespace, name string, labels map[string]string) error {
	pods := c.Client.CoreV1().Pods(namespace)
	there, err := pods.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read pod %s/%s: %w", namespace, name, err)
	}
	there.Labels = maps.Clone(labels)
	_, err = pods.Update(ctx, there, metav1.UpdateOptions{})
	return wrap(err, "label pod %s/%s", namespace, name)
}

// RemovePod deletes a pod.
func (c *Cluster) RemovePod(ctx context.Context, namespace, name string) error {
	// No kubelet would tell that it has ended.
	now := metav1.DeleteOptions{GracePeriodSeconds: new(int64)}
	return wrap(c.Client.CoreV1().Pods(namespace).Delete(ctx, name, now), "delete pod %s/%s", namespace, name)
}
