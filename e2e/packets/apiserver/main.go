// Program apiserver is Kubernetes' API server with etcd inside, for tests: what
// it admits, completes and serves is what a cluster would.
//
// It has no controllers, no nodes and no memory: its directory is for one run.
// It listens on the loopback, prints only why it could not go on, and ends when
// its standard input does, so that it never outlives whoever started it.
package main

import (
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/keyutil"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

const loopback = "127.0.0.1"

type options struct {
	dir, advertise string
	port           int
}

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", "", "new `directory` for state, certificates, kubeconfig and log")
	flag.IntVar(&o.port, "port", 6443, "port on the loopback")
	flag.StringVar(&o.advertise, "advertise", "192.0.2.1", "`address` that clients are told; nobody need have it, but it is no loopback's")
	flag.Parse()
	errs, err := o.prepare()
	if err == nil {
		go endWithParent()
		err = o.serve()
	}
	_, _ = fmt.Fprintln(errs, "apiserver:", err)
	os.Exit(1)
}

// endWithParent ends the program with its standard input or when it is told to,
// at once: the state is for one run, so there is nothing to bring in order.
func endWithParent() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop <- syscall.SIGTERM
	}()
	<-stop
	os.Exit(0)
}

// prepare makes the directory and sends to its log what the libraries print. It
// returns where errors go.
func (o options) prepare() (io.Writer, error) {
	if o.dir == "" {
		return os.Stderr, errors.New("-dir is required")
	}
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return os.Stderr, fmt.Errorf("make the directory for state: %w", err)
	}
	// Whoever starts the program may write its errors to the same file.
	log, err := os.OpenFile(filepath.Join(o.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return os.Stderr, fmt.Errorf("open the log: %w", err)
	}
	// etcd, klog and the Go runtime each write to standard error in their own
	// way, so the descriptor itself is turned.
	errs, err := unix.FcntlInt(os.Stderr.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return os.Stderr, fmt.Errorf("keep standard error: %w", err)
	}
	for _, stream := range []*os.File{os.Stdout, os.Stderr} {
		if err := unix.Dup3(int(log.Fd()), int(stream.Fd()), 0); err != nil {
			return os.Stderr, fmt.Errorf("turn %s to the log: %w", stream.Name(), err)
		}
	}
	return os.NewFile(uintptr(errs), "errors"), nil
}

// serve runs etcd and the API server. It returns only where one of them fails.
func (o options) serve() error {
	storage, err := startEtcd(filepath.Join(o.dir, "etcd"))
	if err != nil {
		return err
	}
	args, err := o.arguments(storage)
	if err != nil {
		return err
	}
	command := app.NewAPIServerCommand()
	command.SetArgs(args)
	if err := cli.RunNoErrOutput(command); err != nil {
		return fmt.Errorf("run kube-apiserver: %w", err)
	}
	return errors.New("kube-apiserver ended by itself")
}

// arguments writes what the API server reads from files, and what a client needs
// to know of it.
func (o options) arguments(storage string) ([]string, error) {
	key := filepath.Join(o.dir, "service-account.key")
	if _, _, err := keyutil.LoadOrGenerateKeyFile(key); err != nil {
		return nil, fmt.Errorf("make a key for service accounts: %w", err)
	}
	token, tokens := rand.Text(), filepath.Join(o.dir, "tokens.csv")
	if err := os.WriteFile(tokens, []byte(token+",admin,admin,system:masters\n"), 0o600); err != nil {
		return nil, fmt.Errorf("write a token: %w", err)
	}
	if err := o.kubeconfig(token); err != nil {
		return nil, err
	}
	return []string{
		"--etcd-servers=" + storage,
		"--bind-address=" + loopback,
		"--secure-port=" + strconv.Itoa(o.port),
		"--cert-dir=" + filepath.Join(o.dir, certificates),
		"--advertise-address=" + o.advertise,
		"--endpoint-reconciler-type=none", // no Service leads here
		"--service-cluster-ip-range=10.96.0.0/16",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-signing-key-file=" + key,
		"--service-account-key-file=" + key,
		// No controller makes the accounts that pods would have to have.
		"--disable-admission-plugins=ServiceAccount",
		"--token-auth-file=" + tokens,
		"--authorization-mode=AlwaysAllow",
		"--profiling=false",
	}, nil
}

// certificates is where, below its directory, the API server puts the pair that
// it makes for itself.
const certificates = "certificates"

// kubeconfig writes how to reach the API server. It can be used as soon as the
// server has made its certificate.
func (o options) kubeconfig(token string) error {
	config := clientcmdapi.NewConfig()
	config.CurrentContext = "default"
	config.Clusters["default"] = &clientcmdapi.Cluster{
		Server:               "https://" + net.JoinHostPort(loopback, strconv.Itoa(o.port)),
		CertificateAuthority: filepath.Join(certificates, "apiserver.crt"),
	}
	config.AuthInfos["default"] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["default"] = &clientcmdapi.Context{Cluster: "default", AuthInfo: "default"}
	if err := clientcmd.WriteToFile(*config, filepath.Join(o.dir, "kubeconfig")); err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	return nil
}
