package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"

	"netgen.dev/bench/estate"
	"netgen.dev/proof/connectivity"
)

const nameLabel = "kubernetes.io/metadata.name"

func byNetgen(policies []*networkingv1.NetworkPolicy, c *estate.Cluster) (int, error) {
	var namespaces []connectivity.Namespace
	for _, name := range c.Namespaces {
		namespaces = append(namespaces, connectivity.Namespace{Name: name})
	}
	set, problems := connectivity.New(policies, namespaces)
	if len(problems) > 0 {
		return 0, problems[0]
	}
	list := make([]connectivity.End, len(c.Pods))
	for i, p := range c.Pods {
		list[i].Pod = &connectivity.Pod{
			Namespace: p.Namespace, Name: p.Name, Labels: p.Labels, IPs: []netip.Addr{netip.MustParseAddr(p.IP)},
			Ports: []connectivity.ContainerPort{{Name: p.PortName, Port: uint16(p.Port), Protocol: connectivity.TCP}},
		}
	}
	ends := connectivity.NewEnds(list)
	ingress := make([]connectivity.Reach, len(list))
	for i, e := range list {
		ingress[i] = set.Reach(connectivity.Ingress, e.Pod, ends)
	}
	allowed := 0
	for i, e := range list {
		egress := set.Reach(connectivity.Egress, e.Pod, ends)
		ask := func(j int) {
			port := uint16(c.Pods[j].Port)
			if i != j && egress.On(j, list[j]).Has(connectivity.TCP, port) && ingress[j].On(i, e).Has(connectivity.TCP, port) {
				allowed++
			}
		}
		if len(egress.Any)+len(egress.AnyPod) == 0 { // nobody but those
			for j := range egress.With {
				ask(j)
			}
			continue
		}
		for j := range list {
			ask(j)
		}
	}
	return allowed, nil
}

func byCyclonus(policies []*networkingv1.NetworkPolicy, c *estate.Cluster) (int, error) {
	all := matcher.BuildNetworkPolicies(false, policies)
	peers := make([]*matcher.TrafficPeer, len(c.Pods))
	for i, p := range c.Pods {
		peers[i] = &matcher.TrafficPeer{IP: p.IP, Internal: &matcher.InternalPeer{
			PodLabels: p.Labels, Namespace: p.Namespace, NamespaceLabels: map[string]string{nameLabel: p.Namespace},
		}}
	}
	allowed := 0
	for i := range peers {
		for j, p := range c.Pods {
			t := &matcher.Traffic{
				Source: peers[i], Destination: peers[j],
				ResolvedPort: p.Port, ResolvedPortName: p.PortName, Protocol: corev1.ProtocolTCP,
			}
			if i != j && all.IsTrafficAllowed(t).IsAllowed() {
				allowed++
			}
		}
	}
	return allowed, nil
}

func byKubeNetworkPolicies(policies []*networkingv1.NetworkPolicy, c *estate.Cluster) (int, error) {
	// The informers are never started: the objects are put in by hand.
	f := informers.NewSharedInformerFactory(nil, 0)
	engine := networkpolicy.NewStandardNetworkPolicy("node", f.Core().V1().Namespaces(), f.Core().V1().Pods(), f.Networking().V1().NetworkPolicies())
	for _, p := range policies {
		if err := f.Networking().V1().NetworkPolicies().Informer().GetStore().Add(p); err != nil {
			return 0, err
		}
	}
	pods, ips := make([]*api.PodInfo, len(c.Pods)), make([]net.IP, len(c.Pods))
	for i, p := range c.Pods {
		ips[i] = net.ParseIP(p.IP)
		pods[i] = api.NewPodInfo(&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name, Labels: p.Labels},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{
				Name: p.PortName, ContainerPort: int32(p.Port), Protocol: corev1.ProtocolTCP,
			}}}}},
		}, map[string]string{nameLabel: p.Namespace}, nil, "")
	}
	allowed, ctx := 0, context.Background()
	for i := range pods {
		for j, p := range c.Pods {
			if i == j {
				continue
			}
			packet := &network.Packet{SrcIP: ips[i], DstIP: ips[j], SrcPort: 50000, DstPort: p.Port, Proto: corev1.ProtocolTCP}
			verdict, err := engine.EvaluateEgress(ctx, packet, pods[i], pods[j])
			if err == nil && verdict != api.VerdictDeny {
				verdict, err = engine.EvaluateIngress(ctx, packet, pods[i], pods[j])
			}
			if err != nil {
				return 0, fmt.Errorf("%s to %s: %w", c.Pods[i].Name, p.Name, err)
			}
			if verdict != api.VerdictDeny {
				allowed++
			}
		}
	}
	return allowed, nil
}
