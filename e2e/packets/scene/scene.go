// Package scene puts a topology on the wire: a host for each pod of its world,
// one host that is everything outside of the cluster, and something that
// listens wherever a packet is sent to.
package scene

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	networkingv1 "k8s.io/api/networking/v1"

	"netgen.dev/e2e/packets/cluster"
	"netgen.dev/e2e/packets/enforcer"
	"netgen.dev/e2e/packets/wire"
	"netgen.dev/gen/topology"
	"netgen.dev/internal/declared"
	"netgen.dev/proof/connectivity"
)

// Scene is the world of one environment, on the wire.
type Scene struct {
	Table
	places   []declared.Place
	attempts []attempt // what the table tries
	declared []bool
	cluster  *cluster.Cluster
}

// attempt is one cell of the table: a probe between two places.
type attempt struct {
	src, dst int
	declared.Probe
}

// New makes the hosts of a topology's world, and its pods in the cluster.
func New(ctx context.Context, c *cluster.Cluster, model *topology.Topology) (_ *Scene, err error) {
	s := &Scene{cluster: c}
	s.Name = s.name
	if s.Network, err = wire.New(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(ctx))
		}
	}()
	world := declared.NewWorld(model)
	s.places = real(world.Places)
	s.listAttempts(declared.NewTruth(world, declared.Connections(model)))
	return s, s.build(ctx)
}

// real returns the places that a host can be: those with an address of one host,
// of IPv4. An address inside the cluster that a pod has is that pod.
func real(all []declared.Place) []declared.Place {
	pods := map[netip.Addr]bool{}
	for _, p := range all {
		if p.Pod != nil {
			pods[p.Addr] = true
		}
	}
	var out []declared.Place
	for _, p := range all {
		usable := p.Addr.Is4() && (p.Addr.IsGlobalUnicast() || p.Addr.IsLinkLocalUnicast()) && p.Addr.As4()[0] != 0
		if usable && (p.Pod != nil || !pods[p.Addr]) {
			out = append(out, p)
		}
	}
	return out
}

// listAttempts lists every probe between any two places, with what is meant of
// it. Between two addresses outside there is nobody to enforce anything, and a
// pod always reaches itself. There is no SCTP on many kernels.
func (s *Scene) listAttempts(truth *declared.Truth) {
	for dst, to := range s.places {
		for _, probe := range truth.ProbesOf(to) {
			if probe.Protocol == topology.SCTP {
				continue
			}
			for src, from := range s.places {
				if src == dst || from.Pod == nil && to.Pod == nil {
					continue
				}
				s.attempts = append(s.attempts, attempt{src, dst, probe})
				s.declared = append(s.declared, truth.Between(from, to).Opens(probe))
				s.Attempts = append(s.Attempts, wire.Attempt{From: from.Addr, To: to.Addr, Port: port(probe)})
			}
		}
	}
}

// build makes hosts, listeners, namespaces and pods.
func (s *Scene) build(ctx context.Context) error {
	hosts := make([]*wire.Host, len(s.places))
	var outside []netip.Addr
	for i, p := range s.places {
		if p.Pod == nil {
			outside = append(outside, p.Addr)
			continue
		}
		pod := s.pod(i)
		if err := s.cluster.AddNamespace(ctx, pod.Namespace, p.Pod.NamespaceLabels); err != nil {
			return err
		}
		host, err := s.Network.AddHost(enforcer.DeviceName(pod.Namespace, pod.Name), p.Addr)
		if err != nil {
			return err
		}
		hosts[i] = host
		if err := s.cluster.AddPod(ctx, pod); err != nil {
			return err
		}
	}
	rest, err := s.Network.AddHost("outside", outside...)
	if err != nil {
		return err
	}
	for i := range hosts {
		if hosts[i] == nil {
			hosts[i] = rest
		}
	}
	for _, a := range s.attempts {
		if err := hosts[a.dst].Listen(port(a.Probe)); err != nil {
			return err
		}
	}
	return nil
}

func port(p declared.Probe) wire.Port {
	return wire.Port{Number: p.Port, Protocol: wire.Protocol(p.Protocol)}
}

// pod returns the pod of a place. Its name says nothing to policies.
func (s *Scene) pod(place int) cluster.Pod {
	p := s.places[place]
	return cluster.Pod{
		Namespace: p.Pod.Namespace, Name: fmt.Sprintf("pod-%d", place), Labels: p.Pod.Labels, Addr: p.Addr,
	}
}

// Places returns how many places there are.
func (s *Scene) Places() int { return len(s.places) }

// Declared returns for each attempt whether the topology means it to pass.
func (s *Scene) Declared() []bool { return s.declared }

// Open returns for each attempt that it passes, as without any policy.
func (s *Scene) Open() []bool {
	all := make([]bool, len(s.attempts))
	for i := range all {
		all[i] = true
	}
	return all
}

// Predicted returns for each attempt whether it passes with some policies, as
// netgen's own evaluator has it.
func (s *Scene) Predicted(policies []*networkingv1.NetworkPolicy) ([]bool, error) {
	var namespaces []connectivity.Namespace
	ends := make([]connectivity.End, len(s.places))
	for i, p := range s.places {
		if p.Pod == nil {
			ends[i] = connectivity.End{Addr: p.Addr}
			continue
		}
		pod := s.pod(i)
		ends[i] = connectivity.End{Pod: &connectivity.Pod{
			Namespace: pod.Namespace, Name: pod.Name, Labels: pod.Labels, IPs: []netip.Addr{pod.Addr},
		}}
		namespaces = append(namespaces, connectivity.Namespace{Name: pod.Namespace, Labels: p.Pod.NamespaceLabels})
	}
	set, problems := connectivity.New(policies, namespaces)
	if len(problems) > 0 {
		return nil, problems[0]
	}
	out := make([]bool, len(s.attempts))
	for i, a := range s.attempts {
		switch v := set.Connects(ends[a.src], ends[a.dst], connectivity.Protocol(a.Protocol), a.Port); v {
		case connectivity.Allowed, connectivity.Denied:
			out[i] = v == connectivity.Allowed
		default:
			return nil, fmt.Errorf("%s: the evaluator has no answer", s.name(i))
		}
	}
	return out, nil
}

// name spells an attempt.
func (s *Scene) name(i int) string {
	a := s.attempts[i]
	return fmt.Sprintf("%s -> %s %s", s.places[a.src].Name, s.places[a.dst].Name, a.Probe)
}

// Close takes the hosts and the pods away.
func (s *Scene) Close(ctx context.Context) error {
	var errs []error
	done := map[string]bool{}
	for _, p := range s.places {
		if p.Pod != nil && !done[p.Pod.Namespace] {
			done[p.Pod.Namespace] = true
			errs = append(errs, s.cluster.RemoveNamespace(ctx, p.Pod.Namespace))
		}
	}
	return errors.Join(append(errs, s.Network.Close())...)
}
