package workloads

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
)

// checkPod holds the labels of a pod against the model: one service selects it,
// and it carries what its service is said to carry and nothing that makes it
// part of anything else.
func (c *checker) checkPod(p *pod) {
	switch len(p.services) {
	case 0:
		c.unknown(p)
	case 1:
		c.checkLabels(p, p.services[0])
		c.checkPorts(p, p.services[0])
	default:
		d := c.finding(diag.UnknownPod, diag.Error, p.Object, []string{"services", p.services[0]},
			"%s is of services %s: policies add up, so it has the rights of all of them", c.display(p.Object), list(p.services))
		for _, name := range p.services[1:] {
			c.relate(d, "services", name)
		}
		d.Hint = "give its pods the labels of one of them, or demand more labels in the topology"
	}
}

func (c *checker) relate(d *diag.Diagnostic, path ...string) {
	if pos := topology.Find(c.locate, c.t.Environment, path); pos != (diag.Pos{}) {
		d.Related = append(d.Related, diag.Related{Pos: pos, Message: strings.TrimSuffix(path[0], "s") + " " + path[1]})
	}
}

// unknown reports a pod that no service selects. A policy with an empty pod
// selector isolates every pod of its namespace, declared or not; only a pod on
// the host network is isolated by none.
func (c *checker) unknown(p *pod) {
	groups := c.groups.of(p.Namespace, p.Labels)
	perService := c.t.Output.DefaultDeny == "service"
	severity, consequence := diag.Error, "it is isolated, and nothing is allowed to it"
	switch {
	case p.HostNetwork:
		severity, consequence = diag.Warning, "it is on the host network, where no policy isolates it"
	case perService && len(c.peers.of(p.Namespace, p.Labels)) > 0:
		return // declared as somebody else's
	case len(groups) > 0:
		severity, consequence = diag.Warning, "it may do what is declared for "+plural(len(groups), "group")+" "+list(groups)
	case perService:
		severity, consequence = diag.Warning, "no policy isolates it"
	}
	d := c.finding(diag.UnknownPod, severity, p.Object, nil, "%s belongs to no service: %s", c.display(p.Object), consequence)
	for _, name := range groups {
		c.relate(d, "groups", name)
	}
	name := p.Labels[c.t.LabelKey]
	_, _, written := c.locate([]string{"services", name})
	switch {
	case len(p.Labels) == 0:
		d.Hint = "its pods carry no label: give them one, and declare a service that selects it"
	case name != "" && c.t.Services[name] == nil && written:
		c.relate(d, "services", name)
		d.Hint = fmt.Sprintf("service %s is switched off here: leave the workload out as well, or switch it on", name)
	default:
		d.Hint = "declare a service that selects its pods, which carry " + labels.Set(p.Labels).String()
	}
	if service := c.meantBy[p]; service != "" {
		c.relate(d, "services", service)
		d.Hint = fmt.Sprintf("service %s has no workload, and most likely means it: %s", service,
			c.declare(c.meant[service], "services", service, c.t.Services[service].Labels))
	}
}

// checkLabels holds a pod against what the topology says of its service. In
// which groups a service is has been decided from these labels alone.
func (c *checker) checkLabels(p *pod, name string) {
	s := c.t.Services[name]
	path := []string{"services", name}
	before := len(c.list)
	for _, key := range slices.Sorted(maps.Keys(s.PodLabels)) {
		want := s.PodLabels[key]
		if have, ok := p.Labels[key]; ok && have != want {
			c.finding(diag.UnknownPod, diag.Error, p.Object, path, "%s carries %s=%s, and service %s is declared with podLabels %s=%s",
				c.display(p.Object), key, have, name, key, want).Hint = "change the one or the other"
		} else if !ok {
			c.finding(diag.UnknownPod, diag.Error, p.Object, path, "%s does not carry %s=%s, which service %s is declared with in podLabels",
				c.display(p.Object), key, want, name).Hint = "give its pods the label, or remove it from podLabels"
		}
	}
	if s.HostNetwork || p.HostNetwork {
		return // no policy selects it, whatever its labels
	}
	lacking := len(c.list) > before
	in, declared := c.groups.of(p.Namespace, p.Labels), c.groupsOf[name]
	for _, group := range in {
		if !slices.Contains(declared, group) {
			d := c.finding(diag.UnknownPod, diag.Error, p.Object, path,
				"%s carries the labels of group %s, which service %s is not in: it has the rights of the group all the same", c.display(p.Object), group, name)
			c.relate(d, "groups", group)
			d.Hint = fmt.Sprintf("say so with services: %q: podLabels, or take the labels from its pods", name)
		}
	}
	for _, group := range declared {
		if !slices.Contains(in, group) && !lacking { // else this is what follows
			d := c.finding(diag.UnknownPod, diag.Error, p.Object, path,
				"%s is not in group %s, which service %s is in: its labels give it none of the rights of the group", c.display(p.Object), group, name)
			c.relate(d, "groups", group)
			d.Hint = "change its labels, or what the group selects"
		}
	}
}

// checkService reports a service without workloads, and ports that none of its
// workloads has.
func (c *checker) checkService(name string) {
	s := c.t.Services[name]
	path := []string{"services", name}
	pods := c.podsOf[name]
	if len(pods) > 0 {
		c.checkDeclaredPorts(name, pods)
		return
	}
	matches, err := compile(s.Selector)
	if err != nil {
		return // package topology refuses such a selector
	}
	remove := "remove the service"
	if c.several { // the others may well have it
		remove = fmt.Sprintf("switch the service off in environment %s, with enabled: false", c.t.Environment)
	}
	// What is found is the topology's, so that is where it is shown.
	c.list = append(c.list, diag.Diagnostic{
		Code: diag.NoPods, Severity: diag.Warning, Path: strings.Join(path, "."),
		Pos:     topology.Find(c.locate, c.t.Environment, path),
		Message: fmt.Sprintf("no workload in namespace %s has the labels of service %s: %s", s.Namespace, name, matches),
		Hint:    "if there is one, correct the labels; else " + remove + ", since its policies wait for whoever takes its labels",
	})
	d := &c.list[len(c.list)-1]
	if n, ok := c.meant[name]; ok {
		d.Related = append(d.Related, diag.Related{Pos: n.At, Message: c.display(n.Object)})
		d.Hint = fmt.Sprintf("there is %s: %s", c.shown(n), c.declare(n, "services", name, s.Labels))
		return
	}
	if len(s.Labels) == 0 {
		return
	}
	for _, i := range c.podsBy.selected(anywhere, s.Labels, matches) {
		w := c.pods[i]
		d.Related = append(d.Related, diag.Related{Pos: w.At, Message: c.display(w.Object) + " has them"})
		d.Hint = fmt.Sprintf("%s has them in namespace %s: correct the namespace of the one or the other", c.display(w.Object), w.Namespace)
		break
	}
}

// checkPeer reports a peer that is pods of a namespace of which workloads are
// listed, and none of them is the peer: its labels are most likely not those of
// the pods. In a namespace of which nothing is listed nobody has looked.
func (c *checker) checkPeer(name string) {
	p := c.t.Peers[name]
	matches, err := compile(p.Selector)
	if err != nil || p.Namespace == "" || len(c.podsBy.all[p.Namespace]) == 0 {
		return
	}
	at := c.podsBy.selected(p.Namespace, p.Labels, matches)
	path := []string{"peers", name}
	d := diag.Diagnostic{
		Code: diag.NoPeer, Severity: diag.Warning, Path: strings.Join(path, "."), Pos: topology.Find(c.locate, c.t.Environment, path),
		Message: fmt.Sprintf("no workload in namespace %s has the labels of peer %s: %s", p.Namespace, name, matches),
		Hint:    "correct the labels: they are those of the pod template, not of the Deployment or the Service",
	}
	switch {
	case slices.ContainsFunc(at, func(i int) bool { return !c.pods[i].HostNetwork }):
		return
	case len(at) > 0:
		w := c.pods[at[0]].Object
		d.Message = fmt.Sprintf("peer %s is on the host network, as %s: policies do not see its labels", name, c.display(w))
		d.Hint = "declare it as is: \"nodes\" or by cidrs, since it has the addresses of its nodes"
		d.Related = []diag.Related{{Pos: w.At, Message: c.display(w)}}
	default:
		if n, ok := c.nearPeer(name, p); ok {
			d.Hint = fmt.Sprintf("there is %s: %s", c.shown(n), c.declare(n, "peers", name, p.Labels))
			d.Related = []diag.Related{{Pos: n.At, Message: c.display(n.Object)}}
		}
	}
	c.list = append(c.list, d)
}
