package topology

// Every default of the language is in this file: those that a field has by
// itself here, those that depend on other fields in complete.

type defaulter interface{ defaults() }

func (t *Topology) defaults() {
	t.APIVersion = "netgen.dev/v1"
	t.LabelKey = "app.kubernetes.io/name"
	t.Enforce = Directions{Ingress: true, Egress: true}
}

func (c *Cluster) defaults() {
	c.CNI = "generic"
	c.DNS = "kube-dns"
	c.Families = []string{"IPv4", "IPv6"}
}

func (r *Resolver) defaults() { r.Port = 53 }

func (o *Output) defaults() {
	o.PolicyPer = "service"
	o.DefaultDeny = "namespace"
}

func (s *Service) defaults() { s.DNS, s.Enabled = true, true }

func (g *Group) defaults() { g.Enabled = true }

func (p *Peer) defaults() { p.Enabled = true }

func (c *Connection) defaults() { c.Enabled = true }

func (d *Deny) defaults() { d.Hops = 1 }

// complete fills in what depends on other fields.
func (t *Topology) complete() {
	for name, s := range t.Services {
		if s.Namespace == "" {
			s.Namespace = t.Namespace
		}
		if s.Enforce == nil {
			s.Enforce = &t.Enforce
		}
		if len(s.Labels) == 0 && len(s.Expressions) == 0 && !s.AnyPod {
			s.Labels = map[string]string{t.LabelKey: name}
		}
	}
	for _, g := range t.Groups {
		if g.Namespace == "" {
			g.Namespace = t.Namespace
		}
	}
	if api := t.Cluster.APIServer; api != nil && len(api.Ports) == 0 {
		// Data planes differ in whether egress to the API server is seen before
		// or after Service translation, so both of its usual ports are needed.
		api.Ports = map[string]Port{
			"https":  {First: 443, Last: 443, Protocol: TCP},
			"secure": {First: 6443, Last: 6443, Protocol: TCP},
		}
	}
	for _, p := range t.Peers {
		if p.Is == KubeAPIServer && t.Cluster.APIServer != nil && p.Ports == nil {
			p.Ports = t.Cluster.APIServer.Ports
		}
	}
}
