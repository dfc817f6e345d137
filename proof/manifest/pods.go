package manifest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"netgen.dev/diag"
)

// templated is what makes pods of a template. A CronJob has that of its Jobs.
type templated struct {
	Spec struct {
		Replicas    *int32                 `json:"replicas"`
		Template    corev1.PodTemplateSpec `json:"template"`
		JobTemplate struct {
			Spec struct {
				Template corev1.PodTemplateSpec `json:"template"`
			} `json:"spec"`
		} `json:"jobTemplate"`
	} `json:"spec"`
}

// The labels that the Job controller adds to the pods of a Job.
var jobNameLabels = []string{"batch.kubernetes.io/job-name", "job-name"}

func (c *Cluster) template(data []byte, o Object, m *metav1.ObjectMeta) error {
	var w templated
	if err := decode(data, &w); err != nil {
		return err
	}
	if o.Kind == "ReplicaSet" && len(m.OwnerReferences) > 0 && w.Spec.Replicas != nil && *w.Spec.Replicas == 0 {
		return nil // an earlier revision of a Deployment, which has no pods
	}
	t := &w.Spec.Template
	if o.Kind == "Rollout" && len(t.Spec.Containers) == 0 {
		return nil // its pods are those of the Deployment that it points to
	}
	if o.Kind == "CronJob" {
		t = &w.Spec.JobTemplate.Spec.Template
	}
	labels := t.Labels
	if o.Kind == "Job" && m.Name != "" {
		labels = map[string]string{}
		for _, key := range jobNameLabels {
			labels[key] = m.Name
		}
		maps.Copy(labels, t.Labels)
	}
	c.workload(o, m, labels, &t.Spec)
	return nil
}

func (c *Cluster) pod(data []byte, o Object, m *metav1.ObjectMeta) error {
	var p corev1.Pod
	if err := decode(data, &p); err != nil {
		return err
	}
	if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		return nil // it has ended, and is listed until somebody removes it
	}
	c.workload(o, m, p.Labels, &p.Spec)
	return nil
}

func (c *Cluster) workload(o Object, m *metav1.ObjectMeta, labels map[string]string, spec *corev1.PodSpec) {
	w := Workload{Object: o, Labels: labels, HostNetwork: spec.HostNetwork}
	for _, container := range running(spec) {
		w.Args = append(append(w.Args, container.Command...), container.Args...)
		for _, p := range container.Ports {
			if p.ContainerPort < 1 || p.ContainerPort > 65535 {
				continue // the API server refuses it
			}
			port := ContainerPort{Name: p.Name, Port: uint16(p.ContainerPort), Protocol: string(p.Protocol)}
			if p.HostPort > 0 && p.HostPort <= 65535 && !spec.HostNetwork {
				port.Host = uint16(p.HostPort)
			}
			if port.Protocol == "" {
				port.Protocol = string(corev1.ProtocolTCP)
			}
			w.Ports = append(w.Ports, port)
		}
	}
	for _, owner := range m.OwnerReferences {
		w.owners = append(w.owners, identity(owner.Kind, o.Namespace, owner.Name))
		// A Deployment names its ReplicaSets after itself and their hash, so
		// that it is known as the owner where its ReplicaSets are not listed.
		if hash := labels["pod-template-hash"]; owner.Kind == "ReplicaSet" && hash != "" {
			if name, ok := strings.CutSuffix(owner.Name, "-"+hash); ok {
				w.owners = append(w.owners, identity("Deployment", o.Namespace, name))
			}
		}
	}
	c.Workloads = append(c.Workloads, w)
}

// running returns the containers that run for as long as the pod does: of the
// init containers, those that restart always are sidecars. The others have
// ended before any traffic is meant for the pod.
func running(spec *corev1.PodSpec) []corev1.Container {
	out := slices.Clone(spec.Containers)
	for _, container := range spec.InitContainers {
		if p := container.RestartPolicy; p != nil && *p == corev1.ContainerRestartPolicyAlways {
			out = append(out, container)
		}
	}
	return out
}

func identity(kind, namespace, name string) string { return kind + " " + namespace + "/" + name }

// Unread is an object of a kind that is not known, which has a template of pods.
type Unread struct {
	Object
	Group string // of its API
}

// unread notes an object of a kind that is not known and has a template of pods:
// whoever checks workloads should know of those that were not. What somebody else
// owns is left out, as are objects that say what others must be like.
func (c *Cluster) unread(data []byte, m meta, group string, at diag.Pos) {
	var o struct {
		Metadata metav1.ObjectMeta `json:"metadata"`
	}
	var fields map[string]any
	if json.Unmarshal(data, &o) != nil || json.Unmarshal(data, &fields) != nil ||
		m.APIVersion == "" || m.Kind == "" || o.Metadata.Name == "" || len(o.Metadata.OwnerReferences) > 0 || !hasTemplate(fields) {
		return
	}
	c.Unread = append(c.Unread, Unread{Object{m.Kind, o.Metadata.Namespace, o.Metadata.Name, at}, group})
}

// hasTemplate reports whether a template of pods is anywhere in an object: a field
// that is called one and has containers where those have them.
func hasTemplate(v any) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, hasTemplate)
	case map[string]any:
		for key, value := range v {
			if strings.HasSuffix(strings.ToLower(key), "template") && hasContainers(value) || hasTemplate(value) {
				return true
			}
		}
	}
	return false
}

func hasContainers(v any) bool {
	template, _ := v.(map[string]any)
	spec, _ := template["spec"].(map[string]any)
	containers, _ := spec["containers"].([]any)
	return len(containers) > 0
}

// dropOwned removes the workloads that another one made, and of what was not read
// that whose pods are listed.
func (c *Cluster) dropOwned() {
	owners := map[string]bool{}
	for _, w := range c.Workloads {
		for _, owner := range w.owners {
			owners[owner] = true
		}
	}
	c.Unread = slices.DeleteFunc(c.Unread, func(o Unread) bool { return owners[identity(o.Kind, o.Namespace, o.Name)] })
	listed := map[string]bool{}
	for _, w := range c.Workloads {
		listed[identity(w.Kind, w.Namespace, w.Name)] = true
	}
	c.Workloads = slices.DeleteFunc(c.Workloads, func(w Workload) bool {
		return slices.ContainsFunc(w.owners, func(owner string) bool { return listed[owner] })
	})
}
