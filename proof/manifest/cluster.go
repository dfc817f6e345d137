package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"netgen.dev/diag"
	"netgen.dev/internal/foreign"
)

// Cluster is what manifests hold of that a topology speaks: what makes pods,
// what leads to them, and what asks for them to be called. Everything else is
// left out.
type Cluster struct {
	Workloads []Workload
	Services  []Service
	Backends  []Backend
	Monitors  []Monitor

	Prometheuses   []Workload                   // that the Prometheus operator makes
	Classes        map[string]string            // controllers, by the name of their IngressClass
	DefaultClasses []string                     // of Ingresses that state none
	Namespaces     map[string]map[string]string // labels of those that are listed
	NamespaceAt    map[string]diag.Pos          // where these are
	Gateways       []ListedGateway
	Unread         []Unread // of other kinds that have a template of pods
}

// Object is what all objects have. Namespace is empty where the manifest has
// none: which it is then is up to who applies it.
type Object struct {
	Kind, Namespace, Name string
	At                    diag.Pos
}

// Workload is what makes pods, or a pod.
type Workload struct {
	Object
	Labels      map[string]string // of its pods
	Ports       []ContainerPort
	HostNetwork bool
	Args        []string // of its containers, commands included

	owners []string
}

// ContainerPort is a port that a container lists.
type ContainerPort struct {
	Name     string // may be empty
	Port     uint16
	Host     uint16 // port of the node that leads to it, or 0
	Protocol string
}

// Service is a Service.
type Service struct {
	Object
	Labels       map[string]string // its own
	Selector     map[string]string // none where it leads to no pods, or somebody else says to which
	Ports        []corev1.ServicePort
	Headless     bool
	Exposed      string   // how outside the cluster, as "is of type NodePort", or ""
	KeepsSources bool     // what comes from outside keeps its address
	SourceRanges []string // that the load balancer lets in; none is all
}

// Backend is a Service that another object sends traffic to. Who brings the
// traffic is the controller of an Ingress or Gateway if nothing else is said.
type Backend struct {
	Object                  // that sends
	FromAPIServer bool      // the Kubernetes API server brings it
	FromClients   bool      // whoever calls the Service brings it, as in a mesh
	Class         string    // of an Ingress; empty is the default
	Gateways      []Gateway // of a route
	Namespace     string
	Service       string
	Port          intstr.IntOrString // of the Service; 0 where it has but one
	ByTarget      bool               // Port may be the targetPort too, and 0 is all
}

// Gateway is a reference to a Gateway.
type Gateway struct{ Namespace, Name string }

// Monitor is a ServiceMonitor or PodMonitor of the Prometheus operator.
type Monitor struct {
	Object
	Pods         bool // it selects pods, not Services
	Selector     metav1.LabelSelector
	AnyNamespace bool
	Namespaces   []string // none is its own
	Endpoints    []MonitorEndpoint
}

// MonitorEndpoint is a port that is scraped: one of the Service or container by
// name, or Target, one of the pod.
type MonitorEndpoint struct {
	Port   string
	Target *intstr.IntOrString
}

// File is a file of manifests.
type File struct {
	Name string // as findings show it
	Data []byte
}

// ReadCluster reads files of manifests. What another listed object owns is left
// out, since a dump of a cluster has each Deployment as ReplicaSets and Pods
// too. An error has the file and the line, as a [foreign.Error].
func ReadCluster(files []File) (*Cluster, error) {
	c := &Cluster{}
	for _, f := range files {
		docs, err := split(f.Data)
		if err != nil {
			return nil, foreign.In(f.Name, err)
		}
		for _, d := range docs {
			if err := c.document(d, f.Name); err != nil {
				return nil, foreign.In(f.Name, foreign.Unreadable(d.line, err))
			}
		}
	}
	c.dropOwned()
	return c, nil
}

// document reads one document.
func (c *Cluster) document(d document, file string) error {
	data, err := d.json()
	if err != nil {
		return d.unless(err)
	}
	data = bytes.TrimSpace(data)
	if string(data) == "null" {
		return nil
	}
	return d.unless(c.add(data, diag.Pos{File: file, Line: d.line}, d.items))
}

// action is an action of a Go template where a value or a line begins, and not
// inside a text as in rules for alerts.
var action = regexp.MustCompile(`(?m)(^|[:-][ \t])[ \t]*["']?\{\{`)

var errTemplate = errors.New("is a template: render the chart first (helm template)")

// unless returns the error of a document, but for a template: what is wrong with
// its YAML would only mislead.
func (d document) unless(err error) error {
	if err != nil && action.Match(d.data) {
		return errTemplate
	}
	return err
}

// meta is what is read of an object of any kind.
type meta struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Items      []json.RawMessage `json:"items"`
}

// add reads an object, or those of a list, which are at the given lines. What is
// an item itself has none.
// Mappings that are no objects are passed over: directories of manifests hold
// kustomizations and values, too.
func (c *Cluster) add(data []byte, at diag.Pos, lines func(int) []int) error {
	var m meta
	if data[0] != '{' {
		return errors.New("is not a Kubernetes object")
	}
	if err := decode(data, &m); err != nil {
		return err
	}
	if m.APIVersion != "" && m.Items != nil { // kubectl takes whatever has items for a list
		if lines == nil {
			return listInList(at.Line)
		}
		where := lines(len(m.Items))
		for i, item := range m.Items {
			if where != nil {
				at.Line = where[i]
			}
			if err := c.add(item, at, nil); err != nil {
				return foreign.Unreadable(at.Line, fmt.Errorf("item %d: %w", i+1, err))
			}
		}
		return nil
	}
	group, _, grouped := strings.Cut(m.APIVersion, "/")
	if !grouped {
		group = "" // v1 is of the core group
	}
	read := readers[group+"/"+m.Kind]
	if read == nil && group == "gateway.networking.k8s.io" && strings.HasSuffix(m.Kind, "Route") {
		read = (*Cluster).route
	}
	if read == nil {
		c.unread(data, m, group, at)
		return nil
	}
	var o struct {
		Metadata metav1.ObjectMeta `json:"metadata"`
	}
	if err := decode(data, &o); err != nil {
		return fmt.Errorf("%s: %w", m.Kind, err)
	}
	if strings.Contains(o.Metadata.Name+o.Metadata.Namespace, "{{") {
		return errTemplate // in quotes its actions are YAML, but no manifest
	}
	object := Object{m.Kind, o.Metadata.Namespace, o.Metadata.Name, at}
	if object.Name == "" && o.Metadata.GenerateName != "" {
		object.Name = o.Metadata.GenerateName + "*"
	}
	if err := read(c, data, object, &o.Metadata); err != nil {
		return fmt.Errorf("%s %s: %w", m.Kind, object.Name, err)
	}
	return nil
}

// readers read the kinds that are known, by API group and kind. The version
// does not matter: what is read is the same in all that a cluster still serves.
var readers = map[string]func(c *Cluster, data []byte, o Object, m *metav1.ObjectMeta) error{
	"/Pod":                   (*Cluster).pod,
	"/ReplicationController": (*Cluster).template,
	"/Service":               (*Cluster).service,
	"apps/Deployment":        (*Cluster).template,
	"apps/StatefulSet":       (*Cluster).template,
	"apps/DaemonSet":         (*Cluster).template,
	"apps/ReplicaSet":        (*Cluster).template,
	"batch/Job":              (*Cluster).template,
	"batch/CronJob":          (*Cluster).template,
	// These have a template in the same place. A Rollout may point to that of a
	// Deployment instead, which is then listed by itself.
	"argoproj.io/Rollout":                (*Cluster).template,
	"apps.openshift.io/DeploymentConfig": (*Cluster).template,

	"gateway.networking.k8s.io/Gateway":                           (*Cluster).gateway,
	"/Namespace":                                                  (*Cluster).namespace,
	"networking.k8s.io/IngressClass":                              (*Cluster).ingressClass,
	"monitoring.coreos.com/Prometheus":                            (*Cluster).prometheus,
	"monitoring.coreos.com/PrometheusAgent":                       (*Cluster).prometheus,
	"route.openshift.io/Route":                                    (*Cluster).openshiftRoute,
	"networking.k8s.io/Ingress":                                   (*Cluster).ingress,
	"monitoring.coreos.com/ServiceMonitor":                        (*Cluster).monitor,
	"monitoring.coreos.com/PodMonitor":                            (*Cluster).monitor,
	"admissionregistration.k8s.io/ValidatingWebhookConfiguration": (*Cluster).webhooks,
	"admissionregistration.k8s.io/MutatingWebhookConfiguration":   (*Cluster).webhooks,
	"apiextensions.k8s.io/CustomResourceDefinition":               (*Cluster).conversion,
	"apiregistration.k8s.io/APIService":                           (*Cluster).apiService,
}
