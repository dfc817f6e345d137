package manifest

import (
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// service reads a Service. One without a selector leads to addresses that
// somebody else writes, and one of type ExternalName to a name, whatever
// selector it has.
func (c *Cluster) service(data []byte, o Object, _ *metav1.ObjectMeta) error {
	var s corev1.Service
	if err := decode(data, &s); err != nil {
		return err
	}
	out := Service{
		Object: o, Labels: s.Labels, Selector: s.Spec.Selector, Ports: s.Spec.Ports,
		Headless:     s.Spec.ClusterIP == corev1.ClusterIPNone,
		KeepsSources: s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal,
		SourceRanges: s.Spec.LoadBalancerSourceRanges,
	}
	switch {
	case s.Spec.Type == corev1.ServiceTypeExternalName:
		out.Selector, out.Headless = nil, false
	case s.Spec.Type == corev1.ServiceTypeLoadBalancer, s.Spec.Type == corev1.ServiceTypeNodePort:
		out.Exposed = "is of type " + string(s.Spec.Type)
	case len(s.Spec.ExternalIPs) > 0:
		out.Exposed = "has externalIPs"
	}
	c.Services = append(c.Services, out)
	return nil
}

// ingress reads an Ingress, whose backends are in its own namespace.
func (c *Cluster) ingress(data []byte, o Object, m *metav1.ObjectMeta) error {
	var in networkingv1.Ingress
	if err := decode(data, &in); err != nil {
		return err
	}
	class := m.Annotations["kubernetes.io/ingress.class"] // from before the field
	if in.Spec.IngressClassName != nil {
		class = *in.Spec.IngressClassName
	}
	add := func(b *networkingv1.IngressBackend) {
		if b == nil || b.Service == nil {
			return
		}
		port := intstr.FromInt32(b.Service.Port.Number)
		if b.Service.Port.Name != "" {
			port = intstr.FromString(b.Service.Port.Name)
		}
		c.Backends = append(c.Backends, Backend{
			Object: o, Class: class, Namespace: o.Namespace, Service: b.Service.Name, Port: port,
		})
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

// mirrors are the filters of a route that send a copy of the traffic elsewhere.
type mirrors []struct {
	RequestMirror struct {
		BackendRef backendRef `json:"backendRef"`
	} `json:"requestMirror"`
}

// route reads a route of the Gateway API: HTTPRoute, GRPCRoute and those of
// other protocols have their backends in the same place. Without a kind the
// parent of a route is a Gateway; one that is a Service makes it a route of a
// mesh, which the callers of that Service take.
func (c *Cluster) route(data []byte, o Object, _ *metav1.ObjectMeta) error {
	var r struct {
		Spec struct {
			ParentRefs []backendRef `json:"parentRefs"`
			Rules      []struct {
				BackendRefs []struct {
					backendRef
					Filters mirrors `json:"filters"`
				} `json:"backendRefs"`
				Filters mirrors `json:"filters"`
			} `json:"rules"`
		} `json:"spec"`
	}
	if err := decode(data, &r); err != nil {
		return err
	}
	from := Backend{Object: o}
	for _, parent := range r.Spec.ParentRefs {
		if parent.Kind == "Service" && parent.Group == "" {
			from.FromClients = true
			continue
		}
		if parent.Namespace == "" {
			parent.Namespace = o.Namespace
		}
		from.Gateways = append(from.Gateways, Gateway{parent.Namespace, parent.Name})
	}
	add := func(refs ...backendRef) {
		for _, ref := range refs {
			if ref.Group != "" || ref.Kind != "" && ref.Kind != "Service" || ref.Name == "" {
				continue
			}
			b := from
			b.Namespace, b.Service, b.Port = ref.Namespace, ref.Name, intstr.FromInt32(ref.Port)
			if b.Namespace == "" {
				b.Namespace = o.Namespace
			}
			c.Backends = append(c.Backends, b)
		}
	}
	for _, rule := range r.Spec.Rules {
		filters := rule.Filters
		for _, ref := range rule.BackendRefs {
			add(ref.backendRef)
			filters = append(filters, ref.Filters...)
		}
		for _, f := range filters {
			add(f.RequestMirror.BackendRef)
		}
	}
	return nil
}

// openshiftRoute reads a Route of OpenShift, which leads to Services of its own
// namespace: all of their ports, unless it names one of the pods.
func (c *Cluster) openshiftRoute(data []byte, o Object, _ *metav1.ObjectMeta) error {
	type target struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
	}
	var r struct {
		Spec struct {
			To                target   `json:"to"`
			AlternateBackends []target `json:"alternateBackends"`
			Port              *struct {
				TargetPort intstr.IntOrString `json:"targetPort"`
			} `json:"port"`
		} `json:"spec"`
	}
	if err := decode(data, &r); err != nil {
		return err
	}
	for _, to := range append([]target{r.Spec.To}, r.Spec.AlternateBackends...) {
		if to.Kind != "" && to.Kind != "Service" || to.Name == "" {
			continue
		}
		b := Backend{Object: o, Namespace: o.Namespace, Service: to.Name, ByTarget: true}
		if r.Spec.Port != nil {
			b.Port = r.Spec.Port.TargetPort
		}
		c.Backends = append(c.Backends, b)
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
	if err := decode(data, &w); err != nil {
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
	if err := decode(data, &d); err != nil {
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
	if err := decode(data, &a); err != nil {
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
	if err := decode(data, &m); err != nil {
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
