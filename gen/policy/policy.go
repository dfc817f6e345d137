// Package policy spells a plan as Kubernetes NetworkPolicies. It takes no
// decision: each half of an allowed flow becomes part of a rule of its
// subject's policy, each isolation a policyTypes.
//
// The API reads an empty list as "everything": a rule without peers allows
// every peer, a rule without ports every port. Rules are therefore only built
// by rule, from peers and ports that are known not to be empty or are
// explicitly any.
package policy

import (
	"cmp"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"netgen.dev/gen/plan"
	"netgen.dev/gen/topology"
)

// Policy is an emitted NetworkPolicy and the name of the service or group that
// it belongs to, DefaultDeny for that of a namespace.
type Policy struct {
	Owner   string
	Object  *networkingv1.NetworkPolicy
	Carried []Carried
}

// Carried says which rule of a policy a flow is written in.
type Carried struct {
	Allow     *plan.Allow
	Direction plan.Direction
	Rule      int
}

// DefaultDeny names the policy that isolates every pod of a namespace.
const DefaultDeny = "default-deny"

// description is the annotation that kubectl describe and dashboards show.
const description = "kubernetes.io/description"

// syncWave orders what Argo CD applies: lower waves first.
const syncWave = "argocd.argoproj.io/sync-wave"

// Spell returns the policies of a plan, in the order of kubectl and Kustomize:
// by namespace and name.
func Spell(p *plan.Plan) []Policy {
	s := &speller{plan: p, peers: map[*plan.Endpoint][]networkingv1.NetworkPolicyPeer{}}
	halves := map[*plan.Endpoint][]plan.Half{}
	var subjects []*plan.Endpoint
	for _, h := range p.Halves {
		if halves[h.Subject] == nil {
			subjects = append(subjects, h.Subject)
		}
		halves[h.Subject] = append(halves[h.Subject], h)
	}
	isolations := s.isolations()
	if p.Output.PolicyPer == "connection" {
		for _, subject := range subjects {
			s.perConnection(subject, halves[subject])
		}
		for _, i := range isolations {
			s.add(i.Service, s.meta(i.Namespace, i.Service, describeIsolation(i)), i.Selector, i.Directions, nil)
		}
	} else {
		s.perService(subjects, halves, isolations)
	}
	slices.SortFunc(s.out, func(a, b Policy) int {
		return cmp.Compare(sortKey(a.Object), sortKey(b.Object))
	})
	return s.out
}

// sortKey orders policies as kubectl and Kustomize do.
func sortKey(p *networkingv1.NetworkPolicy) string { return p.Namespace + "|" + p.Name }

type speller struct {
	plan  *plan.Plan
	peers map[*plan.Endpoint][]networkingv1.NetworkPolicyPeer
	out   []Policy
}

// isolations adds the policies of namespaces and returns the isolations of
// services.
func (s *speller) isolations() []plan.Isolation {
	var services []plan.Isolation
	for _, i := range s.plan.Isolations {
		if i.Service != "" {
			services = append(services, i)
			continue
		}
		// podSelector {} is every pod of the namespace. It has no matchLabels,
		// to which Kustomize would add: the policy would then select fewer.
		meta := s.meta(i.Namespace, DefaultDeny, describeIsolation(i))
		if s.plan.Output.SyncWaves {
			meta.Annotations[syncWave] = "0"
		}
		s.add(DefaultDeny, meta, topology.Selector{}, i.Directions, nil)
	}
	return services
}

// perService adds one policy a service or group with its isolation and its
// rules.
func (s *speller) perService(subjects []*plan.Endpoint, halves map[*plan.Endpoint][]plan.Half, isolations []plan.Isolation) {
	isolated := map[string]plan.Isolation{}
	for _, i := range isolations {
		isolated[i.Service] = i
	}
	for _, subject := range subjects {
		i := isolated[subject.Name]
		delete(isolated, subject.Name)
		s.add(subject.Name, s.meta(subject.Namespace(), subject.Name, describe(subject, halves[subject])),
			subject.Pods[0].Selector, i.Directions, halves[subject])
	}
	for _, i := range isolations {
		if _, alone := isolated[i.Service]; alone {
			s.add(i.Service, s.meta(i.Namespace, i.Service, describeIsolation(i)), i.Selector, i.Directions, nil)
		}
	}
}

// perConnection adds one policy for each other end and direction of a subject.
func (s *speller) perConnection(subject *plan.Endpoint, halves []plan.Half) {
	type key struct {
		direction plan.Direction
		kind      plan.Kind
		name      string
	}
	byOther := map[key][]plan.Half{}
	var keys []key
	for _, h := range halves {
		k := key{h.Direction, h.Other().Kind, h.Other().Name}
		if byOther[k] == nil {
			keys = append(keys, k)
		}
		byOther[k] = append(byOther[k], h)
	}
	for _, k := range keys {
		name := subject.Name + ".to." + k.name
		if k.direction == plan.Ingress {
			name = subject.Name + ".from." + k.name
		}
		if k.kind == plan.Resolver || k.kind == plan.Anything {
			// A service, group or peer may be named dns or anything as well.
			name = subject.Name + "." + string(k.direction) + "." + k.name
		}
		s.add(subject.Name, s.meta(subject.Namespace(), name, describe(subject, byOther[k])),
			subject.Pods[0].Selector, topology.Directions{}, byOther[k])
	}
}

// meta returns the metadata of a policy that is not for a whole namespace. Its wave
// is the same whatever the policy holds: one that changed its wave with the last
// connection that it allows would be deleted in the one before it is applied in the
// other, where waves are applied apart from each other.
func (s *speller) meta(namespace, name, about string) metav1.ObjectMeta {
	m := metav1.ObjectMeta{
		Name:        s.plan.Topology + "." + name,
		Namespace:   namespace,
		Annotations: map[string]string{description: about},
	}
	if s.plan.Output.SyncWaves {
		m.Annotations[syncWave] = "-1"
	}
	return m
}

// add adds a policy. It isolates in the directions given and in those that it
// has rules for; policyTypes are always written, since the API would take an
// egress policy without rules for an ingress policy.
func (s *speller) add(owner string, meta metav1.ObjectMeta, sel topology.Selector, ds topology.Directions, halves []plan.Half) {
	p := &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: meta,
		Spec:       networkingv1.NetworkPolicySpec{PodSelector: labelSelector(sel)},
	}
	var carried []Carried
	for i, r := range s.rules(halves, plan.Ingress) {
		carried = append(carried, r.carried(plan.Ingress, i)...)
		p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: r.peers, Ports: r.ports})
	}
	for i, r := range s.rules(halves, plan.Egress) {
		carried = append(carried, r.carried(plan.Egress, i)...)
		p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: r.peers, Ports: r.ports})
	}
	if ds.Ingress || len(p.Spec.Ingress) > 0 {
		p.Spec.PolicyTypes = append(p.Spec.PolicyTypes, networkingv1.PolicyTypeIngress)
	}
	if ds.Egress || len(p.Spec.Egress) > 0 {
		p.Spec.PolicyTypes = append(p.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
	}
	s.out = append(s.out, Policy{owner, p, carried})
}
