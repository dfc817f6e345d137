package manifest

import (
	"encoding/json"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// service reads a Service. One without a selector leads to addresses that
// somebody else writes, and one of type ExternalName to a name.
func (c *Cluster) service(data []byte, o Object, _ *metav1.ObjectMeta) error {
	var s corev1.Service
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	if len(s.Spec.Selector) > 0 && s.Spec.Type != corev1.ServiceTypeExternalName {
		c.Services = append(c.Services, Service{o, s.Labels, s.Spec.Selector, s.Spec.Ports})
	}
	return nil
}

// ingress reads an Ingress, whose backends are in its own namespace.
func (c *Cluster) ingress(data []byte, o Object, _ *metav1.ObjectMeta) error {
	var in networkingv1.Ingress
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	add := func(b *networkingv1.IngressBackend) {
		if b == nil || b.Service == nil {
			return
		}
		port := intstr.FromInt32(b.Service.Port.Number)
		if b.Service.Port.Name != "" {
			port = intstr.FromString(b.Service.Port.Name)
		}
		c.Backends = append(c.Backends, Backend{Object: o, Namespace: o.Namespace, Service: b.Service.Name, Port: port})
	}
	add(in.Spec.DefaultBackend)
	for _, rule := range in.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for _, p := range rule.HTTP.Paths {
			add(&p.Backend)
		}
	}
	return nil
}

// backendRef is a reference of the Gateway API. Without a group and kind it is
// to a Service, and without a namespace to one in that of the route.
type backendRef struct {
	Group     string `json:"group"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Port      int32  `json:"port"`
}

// route reads a route of the Gateway API: HTTPRoute, GRPCRoute and those of
// other protocols have their backends in the same place.
func (c *Cluster) route(data []byte, o Object, _ *metav1.ObjectMeta) error {
	var r struct {
		Spec struct {
			Rules []struct {
				BackendRefs []backendRef `json:"backendRefs"`
				Filters     []struct {
					RequestMirror struct {
						BackendRef backendRef `json:"backendRef"`
					} `json:"requestMirror"`
				} `json:"filters"`
			} `json:"rules"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return err
	}
	for _, rule := range r.Spec.Rules {
		refs := rule.BackendRefs
		for _, f := range rule.Filters {
			refs = append(refs, f.RequestMirror.BackendRef)
		}
		for _, ref := range refs {
			if ref.Group != "" || ref.Kind != "" && ref.Kind != "Service" || ref.Name == "" {
				continue
			}
			b := Backend{Object: o, Namespace: ref.Namespace, Service: ref.Name, Port: intstr.FromInt32(ref.Port)}
			if b.Namespace == "" {
				b.Namespace = o.Namespace
			}
			c.Backends = append(c.Backends, b)
		}
	}
	return nil
}

// serviceReference is how the API server is told of a Service that it calls.
type serviceReference struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Port      *int32 `json:"port"`
}

// called adds a Service that the API server calls, on 443 where nothing else is
// said.
func (c *Cluster) called(o Object, ref *serviceReference) {
	if ref == nil || ref.Name == "" {
		return
	}
	port := int32(443)
	if ref.Port != nil {
		port = *ref.Port
	}
	c.Backends = append(c.Backends, Backend{
		Object: o, FromAPIServer: true, Namespace: ref.Namespace, Service: ref.Name, Port: intstr.FromInt32(port),
	})
}

// webhooks reads the configuration of admission webhooks. Both kinds have the
// same shape here.
func (c *Cluster) webhooks(data []byte, o Object, _ *metav1.ObjectMeta) error {
	var w admissionv1.ValidatingWebhookConfiguration
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	for _, hook := range w.Webhooks {
		if s := hook.ClientConfig.Service; s != nil {
			c.called(o, &serviceReference{s.Namespace, s.Name, s.Port})
		}
	}
	return nil
}

// conversion reads the webhook of a CustomResourceDefinition that converts
// between its versions.
func (c *Cluster) conversion(data []byte, o Object, _ *metav1.ObjectMeta) error {
	var d struct {
		Spec struct {
			Conversion struct {
				Webhook struct {
					ClientConfig struct {
						Service *serviceReference `json:"service"`
					} `json:"clientConfig"`
				} `json:"webhook"`
			} `json:"conversion"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return err
	}
	c.called(o, d.Spec.Conversion.Webhook.ClientConfig.Service)
	return nil
}

// apiService reads an APIService, which has no Service where the API server
// serves the group itself.
func (c *Cluster) apiService(data []byte, o Object, _ *metav1.ObjectMeta) error {
	var a struct {
		Spec struct {
			Service *serviceReference `json:"service"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return err
	}
	c.called(o, a.Spec.Service)
	return nil
}

// monitor reads a ServiceMonitor or PodMonitor.
func (c *Cluster) monitor(data []byte, o Object, _ *metav1.ObjectMeta) error {
	type endpoint struct {
		Port       string              `json:"port"`
		PortNumber *int32              `json:"portNumber"`
		TargetPort *intstr.IntOrString `json:"targetPort"`
	}
	var m struct {
		Spec struct {
			Selector          metav1.LabelSelector `json:"selector"`
			NamespaceSelector struct {
				Any        bool     `json:"any"`
				MatchNames []string `json:"matchNames"`
			} `json:"namespaceSelector"`
			Endpoints           []endpoint `json:"endpoints"`
			PodMetricsEndpoints []endpoint `json:"podMetricsEndpoints"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	out := Monitor{
		Object: o, Pods: o.Kind == "PodMonitor", Selector: m.Spec.Selector,
		AnyNamespace: m.Spec.NamespaceSelector.Any, Namespaces: m.Spec.NamespaceSelector.MatchNames,
	}
	endpoints := m.Spec.Endpoints
	if out.Pods {
		endpoints = m.Spec.PodMetricsEndpoints
	}
	for _, e := range endpoints {
		// The operator takes the name of a port before its number.
		me := MonitorEndpoint{Port: e.Port}
		switch {
		case e.Port != "":
		case e.PortNumber != nil:
			number := intstr.FromInt32(*e.PortNumber)
			me.Target = &number
		default:
			me.Target = e.TargetPort
		}
		out.Endpoints = append(out.Endpoints, me)
	}
	c.Monitors = append(c.Monitors, out)
	return nil
}
