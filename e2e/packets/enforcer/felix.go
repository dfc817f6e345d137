package enforcer

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"netgen.dev/e2e/packets/cluster"
	"netgen.dev/e2e/packets/internal/child"
)

// patience is how long Felix may take to start; it takes a second, unless the
// machine has other things to do.
const patience = time.Minute

// DeviceName returns the name that Calico expects of the node's end of a pod's
// cable. By nothing else it knows whose packets come in there.
func DeviceName(namespace, pod string) string {
	sum := sha1.Sum([]byte(namespace + "." + pod))
	return "cali" + hex.EncodeToString(sum[:])[:11]
}

// Felix runs the program of e2e/packets/felix, Calico's agent, until stop is
// called. Before, it gives the cluster what Calico needs there; crdDir holds
// Calico's resource definitions. The log is in dir.
//
// Felix lets no packets of a pod through before it knows of it.
func Felix(ctx context.Context, program, crdDir, dir string, c *cluster.Cluster) (stop func() error, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := prepareCalico(ctx, crdDir, c); err != nil {
		return nil, fmt.Errorf("prepare the cluster for Calico: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a directory for Felix: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a port for Felix: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return nil, fmt.Errorf("find a port for Felix: %w", err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), felixSettings(c.Kubeconfig, port)...)
	felix, err := child.Start(cmd, filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	if err := felix.Await(ctx, readiness(port)); err != nil {
		_ = felix.Stop() // that it is not well is said already
		return nil, err
	}
	return func() error {
		return errors.Join(felix.Stop(), forgetFelix())
	}, nil
}

// forgetFelix removes the rules and the sets that Felix leaves behind.
func forgetFelix() error {
	flush := exec.Command("iptables-legacy-restore")
	flush.Stdin = strings.NewReader("*raw\nCOMMIT\n*mangle\nCOMMIT\n*nat\nCOMMIT\n*filter\nCOMMIT\n")
	for _, cmd := range []*exec.Cmd{flush, exec.Command("ipset", "destroy")} {
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", cmd, err, out)
		}
	}
	return nil
}

// felixSettings is Felix' configuration: policies and nothing else, and no other
// networks than what is there.
func felixSettings(kubeconfig string, port int) []string {
	return []string{
		"DATASTORE_TYPE=kubernetes",
		"KUBECONFIG=" + kubeconfig,
		"FELIX_DATASTORETYPE=kubernetes",
		"FELIX_FELIXHOSTNAME=" + cluster.Node,
		// A batch of rules for nftables is one message, whose size only root can raise.
		"FELIX_IPTABLESBACKEND=Legacy",
		"FELIX_IPV6SUPPORT=false",
		"FELIX_IPINIPENABLED=false",
		"FELIX_VXLANENABLED=false",
		"FELIX_WIREGUARDENABLED=false",
		"FELIX_BPFENABLED=false",
		"FELIX_USAGEREPORTINGENABLED=false",
		"FELIX_DEFAULTENDPOINTTOHOSTACTION=ACCEPT",
		"FELIX_HEALTHENABLED=true",
		"FELIX_HEALTHHOST=127.0.0.1",
		"FELIX_HEALTHPORT=" + strconv.Itoa(port),
		"FELIX_LOGFILEPATH=none",
		"FELIX_LOGSEVERITYFILE=none",
		"FELIX_LOGSEVERITYSYS=none",
		"FELIX_LOGSEVERITYSCREEN=INFO",
		"FELIX_IPTABLESREFRESHINTERVAL=0", // nobody else changes its rules
		"FELIX_ROUTEREFRESHINTERVAL=0",
		"FELIX_REMOVEEXTERNALROUTES=false", // the routes to pods are not Felix'
	}
}

// readiness asks Felix whether it has programmed all it knows of.
func readiness(port int) func(context.Context) error {
	url := fmt.Sprintf("http://127.0.0.1:%d/readiness", port)
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }() // it was only read
		said, err := io.ReadAll(response.Body)
		if err != nil {
			return fmt.Errorf("read the answer of %s: %w", url, err)
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s: %s", url, response.Status, said)
		}
		return nil
	}
}

// prepareCalico gives the cluster Calico's resource definitions, word that they
// are complete, and the node.
func prepareCalico(ctx context.Context, crdDir string, c *cluster.Cluster) error {
	config, err := c.Config()
	if err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	if err := defineResources(ctx, crdDir, client); err != nil {
		return err
	}
	information := schema.GroupVersionResource{Group: "crd.projectcalico.org", Version: "v1", Resource: "clusterinformations"}
	err = create(ctx, client.Resource(information), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "crd.projectcalico.org/v1",
		"kind":       "ClusterInformation",
		"metadata":   map[string]any{"name": "default"},
		"spec": map[string]any{
			"datastoreReady": true,
			"clusterGUID":    "00000000000000000000000000000001",
			"clusterType":    "k8s,kdd",
			"calicoVersion":  "test",
		},
	}})
	if err != nil {
		return err
	}
	_, err = c.Client.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name:        cluster.Node,
		Annotations: map[string]string{"projectcalico.org/IPv4Address": cluster.NodeAddress.String() + "/24"},
	}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create node %s: %w", cluster.Node, err)
	}
	return nil
}

// defineResources creates the resource definitions of a directory and waits
// until the server serves all of them.
func defineResources(ctx context.Context, dir string, client dynamic.Interface) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return fmt.Errorf("find resource definitions: %w", err)
	}
	if len(files) == 0 {
		return fmt.Errorf("no resource definition in %s", dir)
	}
	definitions := client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	var names []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read a resource definition: %w", err)
		}
		var definition unstructured.Unstructured
		if err := yaml.UnmarshalStrict(data, &definition.Object); err != nil {
			return fmt.Errorf("decode %s: %w", file, err)
		}
		if err := create(ctx, definitions, &definition); err != nil {
			return err
		}
		names = append(names, definition.GetName())
	}
	for _, name := range names {
		if err := established(ctx, definitions, name); err != nil {
			return err
		}
	}
	return nil
}

func create(ctx context.Context, client dynamic.ResourceInterface, object *unstructured.Unstructured) error {
	_, err := client.Create(ctx, object, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}

// established waits until the server serves the resource that was defined.
func established(ctx context.Context, definitions dynamic.ResourceInterface, name string) error {
	for {
		definition, err := definitions.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("read the definition of %s: %w", name, err)
		}
		conditions, _, err := unstructured.NestedSlice(definition.Object, "status", "conditions")
		if err != nil {
			return fmt.Errorf("read the definition of %s: %w", name, err)
		}
		for _, c := range conditions {
			if c, ok := c.(map[string]any); ok && c["type"] == "Established" && c["status"] == "True" {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is defined, but not served: %w", name, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
