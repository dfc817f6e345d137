// Package cluster is a Kubernetes cluster without machines: an API server, real
// or in memory, and what controllers and kubelets would tell it. Who enforces
// its policies, and where packets go, is for others.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"netgen.dev/e2e/packets/internal/child"
)

// Node is the name of the only node, where all pods are.
const Node = "node1"

// NodeAddress is what the API server believes to be the address of the node and
// its own. Nobody has it: it has only to be no loopback's.
var NodeAddress = netip.MustParseAddr("10.10.255.1")

// patience is how long an API server may take to start; it takes seconds, unless
// the machine has other things to do.
const patience = 2 * time.Minute

// Cluster is a cluster, with a client that is allowed everything.
type Cluster struct {
	Client     kubernetes.Interface
	Kubeconfig string // for programs; none leads to a fake

	server *child.Process
}

// Start runs the program of e2e/packets/apiserver and waits until it is ready.
// Its state, its kubeconfig and its log are in dir, which has to be new.
func Start(ctx context.Context, program, dir string) (*Cluster, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a directory for the API server: %w", err)
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "-dir", dir, "-port", strconv.Itoa(port), "-advertise", NodeAddress.String())
	server, err := child.Start(cmd, filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	c := &Cluster{Kubeconfig: filepath.Join(dir, "kubeconfig"), server: server}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := server.Await(ctx, c.connect); err != nil {
		_ = server.Stop() // that it is not well is said already
		return nil, err
	}
	return c, nil
}

// freePort returns a port that nobody listens on. Somebody could before the API
// server does, which then fails to start.
func freePort(ctx context.Context) (int, error) {
	var any net.ListenConfig
	l, err := any.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a port for the API server: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// connect makes the client, once the API server has written what is needed for
// it and says that it is ready.
func (c *Cluster) connect(ctx context.Context) error {
	config, err := c.Config()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	if _, err := client.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx); err != nil {
		return fmt.Errorf("get /readyz: %w", err)
	}
	c.Client = client
	return nil
}

// Config returns how to make other clients of the cluster.
func (c *Cluster) Config() (*rest.Config, error) {
	if c.Kubeconfig == "" {
		return nil, errors.New("the cluster is a fake, which has one client only")
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	config.QPS = -1 // the server is nobody else's
	return config, nil
}

// Close stops the API server.
func (c *Cluster) Close() error {
	if c.server == nil {
		return nil
	}
	return c.server.Stop()
}
