package estate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"netgen.dev/schema"
)

// Variant is how a topology is written.
type Variant string

// The variants. They say the same.
const (
	Plain     Variant = "plain"     // literals, as most people write
	Evaluated Variant = "evaluated" // the same literals, beside a field that only CUE's evaluator can read
	Computed  Variant = "computed"  // a form of the company's own, and comprehensions
)

const head = `package estate

import "netgen.dev/schema"

topology: schema.#Topology & {
	name:    "estate"
	version: "1.0.0"
	services: %[1]q: connects: "card-network": {}
	peers: {
		"ingress-nginx": {
			namespace: "ingress-nginx"
			labels: app: "ingress-nginx"
			connects: %[1]q: why: "customers"
		}
		prometheus: {
			namespace: "monitoring"
			labels: app: "prometheus"
			connects: "*": ports: metrics: true
		}
		"card-network": {
			cidrs: ["203.0.113.0/24"]
			ports: https: 443
		}
	}
}
`

const hidden = `
_owner: "platform"
`

const comprehensions = `
_services: [string]: [string]: {
	kind:    *"http" | string
	port:    *8080 | int
	metrics: *false | bool
	calls: [string]: string
}

for team, members in _services for service, s in members {
	topology: services: (service): {
		namespace: team
		ports: {
			(s.kind): s.port
			if s.metrics {
				metrics: 9090
			}
		}
		connects: {
			for callee, reason in s.calls {
				(callee): {
					if reason != "" {
						why: reason
					}
				}
			}
		}
	}
}
`

// WriteTopology writes a package, with the schema beside it for the cue command: a
// file for each namespace.
func (e *Estate) WriteTopology(dir string, v Variant) error {
	text := fmt.Sprintf(head, e.Services[0].Name)
	one := e.plain
	switch v {
	case Plain:
	case Evaluated:
		text += hidden
	case Computed:
		text, one = text+comprehensions, e.computed
	}
	files := map[string][]byte{
		"cue.mod/module.cue": []byte("module: \"estate.example\"\nlanguage: version: \"v0.15.0\"\n"),
		"cue.mod/pkg/" + schema.ImportPath + "/topology.cue": schema.Source,
		"topology.cue": []byte(text),
	}
	for from := 0; from < len(e.Services); from += perNamespace {
		members := e.Services[from:min(from+perNamespace, len(e.Services))]
		var b bytes.Buffer
		b.WriteString("package estate\n\n")
		one(&b, members)
		files[members[0].Namespace+".cue"] = b.Bytes()
	}
	return write(dir, files)
}

func (e *Estate) plain(b *bytes.Buffer, members []Service) {
	b.WriteString("topology: services: {\n")
	for _, s := range members {
		fmt.Fprintf(b, "\t%q: {\n\t\tnamespace: %q\n\t\tports: %s: %d\n", s.Name, s.Namespace, s.Kind, s.Port)
		if s.Metrics {
			b.WriteString("\t\tports: metrics: 9090\n")
		}
		if len(s.Calls) > 0 {
			b.WriteString("\t\tconnects: {\n")
			for _, c := range s.Calls {
				if c.Why != "" {
					fmt.Fprintf(b, "\t\t\t%q: why: %q\n", e.Services[c.To].Name, c.Why)
				} else {
					fmt.Fprintf(b, "\t\t\t%q: {}\n", e.Services[c.To].Name)
				}
			}
			b.WriteString("\t\t}\n")
		}
		b.WriteString("\t}\n")
	}
	b.WriteString("}\n")
}

func (e *Estate) computed(b *bytes.Buffer, members []Service) {
	fmt.Fprintf(b, "_services: %q: {\n", members[0].Namespace)
	for _, s := range members {
		fmt.Fprintf(b, "\t%q: {\n", s.Name)
		if s.Kind != "http" {
			fmt.Fprintf(b, "\t\tkind: %q\n\t\tport: %d\n", s.Kind, s.Port)
		}
		if s.Metrics {
			b.WriteString("\t\tmetrics: true\n")
		}
		if len(s.Calls) > 0 {
			b.WriteString("\t\tcalls: {\n")
			for _, c := range s.Calls {
				fmt.Fprintf(b, "\t\t\t%q: %q\n", e.Services[c.To].Name, c.Why)
			}
			b.WriteString("\t\t}\n")
		}
		b.WriteString("\t}\n")
	}
	b.WriteString("}\n")
}

// Cluster is what evaluators are asked about: one pod for each service.
type Cluster struct {
	Namespaces []string
	Pods       []Pod
}

// Pod is a pod of a service, and the port that it is asked for.
type Pod struct {
	Namespace, Name, IP string
	Labels              map[string]string
	PortName            string
	Port                int
}

// Cluster returns the cluster that runs the graph.
func (e *Estate) Cluster() Cluster {
	var c Cluster
	for i, s := range e.Services {
		if i%perNamespace == 0 {
			c.Namespaces = append(c.Namespaces, s.Namespace)
		}
		c.Pods = append(c.Pods, Pod{
			Namespace: s.Namespace, Name: s.Name, IP: fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255),
			Labels: map[string]string{"app.kubernetes.io/name": s.Name}, PortName: s.Kind, Port: s.Port,
		})
	}
	return c
}

// WriteCluster writes the cluster as one JSON document.
func (c Cluster) WriteCluster(file string) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}

// WriteManifests writes the cluster as Kubernetes has it, one object a document.
func (c Cluster) WriteManifests(file string) error {
	var b bytes.Buffer
	for _, name := range c.Namespaces {
		fmt.Fprintf(&b, "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: %s\n  labels:\n    kubernetes.io/metadata.name: %s\n", name, name)
	}
	for i, p := range c.Pods {
		fmt.Fprintf(&b, "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: %s\n  namespace: %s\n  labels:\n    app.kubernetes.io/name: %s\n", p.Name, p.Namespace, p.Labels["app.kubernetes.io/name"])
		fmt.Fprintf(&b, "spec:\n  containers:\n  - name: main\n    image: main\n    ports:\n    - name: %s\n      containerPort: %d\n", p.PortName, p.Port)
		fmt.Fprintf(&b, "status:\n  hostIP: 192.168.%d.%d\n  podIPs:\n  - ip: %s\n", i>>8&255, i&255, p.IP)
	}
	return write(filepath.Dir(file), map[string][]byte{filepath.Base(file): b.Bytes()})
}

func write(dir string, files map[string][]byte) error {
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
