package cluster

import (
	"sync"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// Fake returns a cluster in memory. It completes namespaces and policies as an
// API server does, but refuses nothing.
func Fake() *Cluster {
	roomForChanges()
	client := fake.NewClientset()
	client.PrependReactor("*", "*", complete)
	return &Cluster{Client: client}
}

// roomForChanges lets those who watch be behind by whole overlays. With the
// default, 100 changes, a fake panics where the machine is busy.
var roomForChanges = sync.OnceFunc(func() { watch.DefaultChanSize = 1 << 14 })

// complete adds to an object that is written what an API server adds, as far as
// it decides about packets. It leaves storing it to whoever comes next.
func complete(action clienttesting.Action) (bool, runtime.Object, error) {
	written, ok := action.(interface{ GetObject() runtime.Object })
	if !ok {
		return false, nil, nil
	}
	switch o := written.GetObject().(type) {
	case *corev1.Namespace:
		metav1.SetMetaDataLabel(&o.ObjectMeta, corev1.LabelMetadataName, o.Name)
	case *networkingv1.NetworkPolicy:
		completePolicy(&o.Spec)
	}
	return false, nil, nil
}

// completePolicy writes out what a policy leaves to be understood: that it is
// about what comes in, about what goes out if it says anything of that, and that
// ports are TCP's.
func completePolicy(spec *networkingv1.NetworkPolicySpec) {
	if len(spec.PolicyTypes) == 0 {
		spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(spec.Egress) > 0 {
			spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
	tcp := func(ports []networkingv1.NetworkPolicyPort) {
		for i := range ports {
			if ports[i].Protocol == nil {
				ports[i].Protocol = new(corev1.ProtocolTCP)
			}
		}
	}
	for _, rule := range spec.Ingress {
		tcp(rule.Ports)
	}
	for _, rule := range spec.Egress {
		tcp(rule.Ports)
	}
}
