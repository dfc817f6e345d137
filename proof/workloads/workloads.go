package workloads

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/manifest"
)

// Check holds the workloads of manifests against the model of an environment.
// It returns what it found and how many workloads are in the namespaces of the
// model. Others are the models of the other environments, of which the manifests
// may be by mistake.
func Check(t *topology.Topology, locate topology.Locator, found *manifest.Cluster, others ...*topology.Topology) (diag.List, int) {
	c := newChecker(t, locate, found)
	c.several = len(others) > 0
	held := 0
	for i := range c.pods {
		if c.managed[c.pods[i].Namespace] {
			held++
		}
	}
	if held == 0 && len(c.pods) > 0 && len(c.managed) > 0 {
		c.elsewhere(others)
		return c.list, 0 // all else would follow from that
	}
	c.pairUp()
	for i := range c.pods {
		if c.managed[c.pods[i].Namespace] {
			c.checkPod(&c.pods[i])
			c.checkHostPorts(&c.pods[i])
		}
	}
	c.noneHeld(held)
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		c.checkService(name)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Peers)) {
		c.checkPeer(name)
	}
	c.resolveServices()
	c.checkBackends()
	c.checkMonitors()
	c.checkUnread()
	c.checkGateways()
	c.list = append(c.list, Namespaces(t, locate, found.Namespaces, found.NamespaceAt)...)
	return c.list, held
}

// pod is what the pods of a workload are.
type pod struct {
	manifest.Workload
	services []string // that select it
}

// owner returns the service that a pod belongs to, or "".
func (p *pod) owner() string {
	if len(p.services) != 1 {
		return "" // found already, and which ports are meant is not known
	}
	return p.services[0]
}

// checker is one run.
type checker struct {
	t      *topology.Topology
	locate topology.Locator
	list   diag.List

	several   bool // environments
	found     *manifest.Cluster
	namespace string          // of manifests that have none
	managed   map[string]bool // namespaces that hold something of ours
	services  *selectors
	groups    *selectors
	peers     *selectors
	groupsOf  map[string][]string // by service, sorted

	pods       []pod
	podsBy     *labelled
	podsOf     map[string][]*pod // by service
	servicesBy *labelled         // the Service objects, by their own labels
	routed     map[string]*routed
	callers    map[string][]topology.Edge     // by service
	anyPort    map[string]bool                // services of which a caller may use any port
	byClass    map[string][]*pod              // pods of ingress controllers, by IngressClass
	meant      map[string]near                // what a service without workloads most likely is, by service
	meantBy    map[*pod]string                // the same the other way round
	backends   map[string][]*manifest.Backend // by the Service that they send to
}

func newChecker(t *topology.Topology, locate topology.Locator, found *manifest.Cluster) *checker {
	c := &checker{
		t: t, locate: locate, found: found,
		managed: ownNamespaces(t), groupsOf: map[string][]string{}, podsBy: newLabelled(), podsOf: map[string][]*pod{},
		servicesBy: newLabelled(), routed: map[string]*routed{}, callers: map[string][]topology.Edge{},
		anyPort: map[string]bool{}, byClass: map[string][]*pod{}, meant: map[string]near{}, meantBy: map[*pod]string{},
		backends: map[string][]*manifest.Backend{},
	}
	var services, groups, peers []named
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		s := t.Services[name]
		services = append(services, named{name, s.Namespace, s.Selector})
	}
	for _, name := range slices.Sorted(maps.Keys(t.Groups)) {
		g := t.Groups[name]
		groups = append(groups, named{name, g.Namespace, g.Selector})
		for _, member := range g.Members {
			c.groupsOf[member] = append(c.groupsOf[member], name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Peers)) {
		if p := t.Peers[name]; p.Namespace != "" {
			peers = append(peers, named{name, p.Namespace, p.Selector})
		}
	}
	c.services, c.groups, c.peers = newSelectors(services), newSelectors(groups), newSelectors(peers)
	c.namespace = c.defaultNamespace()
	for i := range found.Backends {
		b := &found.Backends[i]
		key := c.in(b.Namespace) + "/" + b.Service
		c.backends[key] = append(c.backends[key], b)
	}
	for _, e := range t.Edges {
		var callees []string
		switch e.Callee.Kind {
		case topology.KindService:
			callees = []string{e.Callee.Name}
		case topology.KindGroup:
			callees = t.Groups[e.Callee.Name].Members
		default:
		}
		for _, name := range callees {
			c.callers[name] = append(c.callers[name], e)
			c.anyPort[name] = c.anyPort[name] || e.AnyPort
		}
	}
	c.pods = make([]pod, len(found.Workloads))
	for i, w := range found.Workloads {
		w.Namespace = c.in(w.Namespace)
		c.pods[i] = pod{w, c.services.of(w.Namespace, w.Labels)}
		c.podsBy.add(w.Namespace, w.Labels)
		for _, name := range c.pods[i].services {
			c.podsOf[name] = append(c.podsOf[name], &c.pods[i])
		}
	}
	return c
}

// in returns the namespace of an object.
func (c *checker) in(namespace string) string {
	if namespace == "" {
		return c.namespace
	}
	return namespace
}

// defaultNamespace returns the namespace of the topology as it is called in the
// environment: where a service is that is not said to be anywhere. Without one
// it is where kubectl would put it.
func (c *checker) defaultNamespace() string {
	if c.t.Namespace == "" {
		return "default"
	}
	states := func(path ...string) bool {
		_, _, here := c.locate(path)
		_, _, there := c.locate(append([]string{"environments", c.t.Environment}, path...))
		return here || there
	}
	for _, name := range slices.Sorted(maps.Keys(c.t.Services)) {
		if !states("services", name, "namespace") {
			return c.t.Services[name].Namespace
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.t.Groups)) {
		if !states("groups", name, "namespace") {
			return c.t.Groups[name].Namespace
		}
	}
	return c.t.Namespace
}

// display names an object as people do.
func (c *checker) display(o manifest.Object) string {
	if o.Namespace == "" && clusterScoped[o.Kind] {
		return o.Kind + " " + o.Name
	}
	return fmt.Sprintf("%s %s/%s", o.Kind, c.in(o.Namespace), o.Name)
}

var clusterScoped = map[string]bool{
	"ValidatingWebhookConfiguration": true, "MutatingWebhookConfiguration": true,
	"CustomResourceDefinition": true, "APIService": true,
}

// finding adds what was found of an object, related to where the topology
// declares what it is about.
func (c *checker) finding(code diag.Code, severity diag.Severity, o manifest.Object, path []string, format string, args ...any) *diag.Diagnostic {
	d := diag.Diagnostic{Code: code, Severity: severity, Pos: o.At, Message: fmt.Sprintf(format, args...)}
	if len(path) > 1 {
		d.Path = strings.Join(path, ".")
		if pos := topology.Find(c.locate, c.t.Environment, path); pos != (diag.Pos{}) {
			d.Related = []diag.Related{{Pos: pos, Message: strings.TrimSuffix(path[0], "s") + " " + path[1]}}
		}
	}
	c.list = append(c.list, d)
	return &c.list[len(c.list)-1]
}

func list(names []string) string { return strings.Join(names, ", ") }

// shorten lists a few of many names.
func shorten(names []string) string {
	const shown = 3
	if n := len(names) - shown; n > 1 {
		names = append(slices.Clone(names[:shown]), fmt.Sprintf("%d more", n))
	}
	return list(names)
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

func pronoun(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}
