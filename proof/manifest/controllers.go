package manifest

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"netgen.dev/diag"
)

// ingressClass reads an IngressClass: which controller serves the Ingresses of
// the class.
func (c *Cluster) ingressClass(data []byte, o Object, m *metav1.ObjectMeta) error {
	var class struct {
		Spec struct {
			Controller string `json:"controller"`
		} `json:"spec"`
	}
	if err := decode(data, &class); err != nil {
		return err
	}
	if c.Classes == nil {
		c.Classes = map[string]string{}
	}
	c.Classes[o.Name] = class.Spec.Controller
	if m.Annotations["ingressclass.kubernetes.io/is-default-class"] == "true" {
		c.DefaultClasses = append(c.DefaultClasses, o.Name)
	}
	return nil
}

// namespace reads a Namespace for its labels.
func (c *Cluster) namespace(_ []byte, o Object, m *metav1.ObjectMeta) error {
	if c.Namespaces == nil {
		c.Namespaces = map[string]map[string]string{}
	}
	labels := maps.Clone(m.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[corev1.LabelMetadataName] = o.Name // the API server sees to it
	c.Namespaces[o.Name] = labels
	if c.NamespaceAt == nil {
		c.NamespaceAt = map[string]diag.Pos{}
	}
	c.NamespaceAt[o.Name] = o.At
	return nil
}

// ListedGateway is a Gateway of the Gateway API.
type ListedGateway struct {
	Object
	Class string
	// Manual: it names a Service that is there, so that nothing is made for it.
	Manual bool
}

// gateway reads a Gateway, for which its controller may make pods.
func (c *Cluster) gateway(data []byte, o Object, _ *metav1.ObjectMeta) error {
	var g struct {
		Spec struct {
			GatewayClassName string `json:"gatewayClassName"`
			Addresses        []struct {
				Type string `json:"type"`
			} `json:"addresses"`
		} `json:"spec"`
	}
	if err := decode(data, &g); err != nil {
		return err
	}
	out := ListedGateway{Object: o, Class: g.Spec.GatewayClassName}
	for _, a := range g.Spec.Addresses {
		out.Manual = out.Manual || a.Type == "Hostname"
	}
	c.Gateways = append(c.Gateways, out)
	return nil
}

// prometheus reads a Prometheus or PrometheusAgent, of which the operator makes
// pods that are known without a listing of them.
func (c *Cluster) prometheus(data []byte, o Object, _ *metav1.ObjectMeta) error {
	var p struct {
		Spec struct {
			HostNetwork bool `json:"hostNetwork"`
			PodMetadata struct {
				Labels map[string]string `json:"labels"`
			} `json:"podMetadata"`
		} `json:"spec"`
	}
	if err := decode(data, &p); err != nil {
		return err
	}
	labels := maps.Clone(p.Spec.PodMetadata.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	name := "prometheus"
	if o.Kind == "PrometheusAgent" {
		name = "prometheus-agent"
	}
	maps.Copy(labels, map[string]string{
		"app.kubernetes.io/name": name, "app.kubernetes.io/instance": o.Name,
		"app.kubernetes.io/managed-by": "prometheus-operator",
		"operator.prometheus.io/name":  o.Name, name: o.Name,
	})
	c.Prometheuses = append(c.Prometheuses, Workload{Object: o, Labels: labels, HostNetwork: p.Spec.HostNetwork})
	return nil
}
