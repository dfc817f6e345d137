// Package enforcer starts programs that enforce NetworkPolicies on the node.
package enforcer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/florianl/go-nfqueue/v2"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
	"sigs.k8s.io/kube-network-policies/pkg/podinfo"

	"netgen.dev/e2e/packets/cluster"
)

// queues are the numbers of the queues that the kernel spreads packets over. The
// buffer of each holds some two hundred, and cannot grow without being root.
const firstQueue, queues = 100, 8

// rules send the first packet of every connection that the node forwards to a
// queue. Packets are dropped while nobody reads it, and where it is full.
//
// kube-network-policies has a data path of its own. It needs expressions of
// nftables that not every kernel has, so that only its engine is used here.
var rules = fmt.Sprintf(`*mangle
:NETGEN - [0:0]
-A POSTROUTING -j NETGEN
-A NETGEN -o lo -j RETURN
-A NETGEN -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
-A NETGEN -j NFQUEUE --queue-balance %d:%d
COMMIT
`, firstQueue, firstQueue+queues-1)

// noRules let all packets through.
const noRules = "*mangle\n-F\n-X NETGEN\nCOMMIT\n"

// Check says what the machine lacks for enforcing policies.
func Check() error {
	if err := restore(rules); err != nil {
		return fmt.Errorf("the kernel queues no packets (NFQUEUE by iptables-nft): %w", err)
	}
	return restore(noRules)
}

func restore(table string) error {
	cmd := exec.Command("iptables-nft-restore", "--noflush")
	cmd.Stdin = strings.NewReader(table)
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("iptables is not installed")
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// KubeNetworkPolicies decides about packets with the engine of
// kube-network-policies, until stop is called. Without it the node lets
// everything through.
func KubeNetworkPolicies(ctx context.Context, client kubernetes.Interface) (stop func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		if err != nil {
			cancel()
			err = fmt.Errorf("kube-network-policies: %w", err)
		}
	}()
	engine, err := newEngine(ctx, client)
	if err != nil {
		return nil, err
	}
	var open []io.Closer
	closeAll := func() error {
		var errs []error
		for _, c := range open {
			errs = append(errs, c.Close())
		}
		return errors.Join(errs...)
	}
	for number := range queues {
		q, err := decide(ctx, engine, firstQueue+uint16(number))
		if err != nil {
			return nil, errors.Join(err, closeAll())
		}
		open = append(open, q)
	}
	if err := restore(rules); err != nil {
		return nil, errors.Join(err, closeAll())
	}
	return func() error {
		err := restore(noRules)
		cancel()
		return errors.Join(err, closeAll())
	}, nil
}

// decide gives a verdict on every packet in a queue. What cannot be decided is
// dropped.
func decide(ctx context.Context, engine *networkpolicy.PolicyEngine, number uint16) (io.Closer, error) {
	q, err := nfqueue.Open(&nfqueue.Config{
		NfQueue: number, Copymode: nfqueue.NfQnlCopyPacket, Flags: nfqueue.NfQaCfgFlagGSO,
		MaxPacketLen: 128, MaxQueueLen: 1024, WriteTimeout: 100 * time.Millisecond,
	})
	if err != nil {
		return nil, fmt.Errorf("open queue %d: %w", number, err)
	}
	hook := func(a nfqueue.Attribute) int {
		verdict := nfqueue.NfDrop
		if p, err := network.ParsePacket(*a.Payload); err == nil {
			if allowed, err := engine.EvaluatePacket(ctx, &p); err == nil && allowed {
				verdict = nfqueue.NfAccept
			}
		}
		// A verdict that is not heard of is a packet that does not arrive.
		_ = q.SetVerdict(*a.PacketID, verdict)
		return 0
	}
	// The errors are of packets that were lost since a buffer was full.
	if err := q.RegisterWithErrorFunc(ctx, hook, func(error) int { return 0 }); err != nil {
		return nil, errors.Join(fmt.Errorf("read queue %d: %w", number, err), q.Close())
	}
	return q, nil
}

// newEngine returns an engine that follows the cluster.
func newEngine(ctx context.Context, client kubernetes.Interface) (*networkpolicy.PolicyEngine, error) {
	f := informers.NewSharedInformerFactory(client, 0)
	namespaces, policies, pods := f.Core().V1().Namespaces(), f.Networking().V1().NetworkPolicies(), f.Core().V1().Pods()
	byAddress, err := podinfo.NewInformerResolver(pods.Informer())
	if err != nil {
		return nil, err
	}
	engine := networkpolicy.NewPolicyEngine(
		podinfo.NewInformerProvider(pods, namespaces, nil, []podinfo.IPResolver{byAddress}),
		[]api.PolicyEvaluator{networkpolicy.NewStandardNetworkPolicy(cluster.Node, namespaces, pods, policies)},
	)
	f.Start(ctx.Done())
	for kind, ok := range f.WaitForCacheSync(ctx.Done()) {
		if !ok {
			return nil, fmt.Errorf("%s of the cluster were not listed", kind)
		}
	}
	return engine, nil
}
