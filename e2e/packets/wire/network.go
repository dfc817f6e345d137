// Package wire makes hosts of network namespaces, joined to one node by virtual
// Ethernet pairs, and tries whether packets arrive between them.
//
// The node is the network namespace that the process runs in; it forwards, and
// whatever enforces policies stands there. A host is a pod, or everything
// outside of the cluster. Only IPv4 is spoken.
package wire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// gateway is the address of the node that hosts send through. It is link-local,
// so that it is in nobody's range.
var gateway = netip.MustParseAddr("169.254.1.1")

// Network is a node with its hosts.
type Network struct {
	hosts  []*Host
	byAddr map[netip.Addr]*Host
	flows  *netlink.Handle // the node's table of connections
}

// New makes the network namespace of the process a node. It has to be one that
// nobody else uses.
func New() (*Network, error) {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return nil, fmt.Errorf("the node has no loopback: %w", err)
	}
	if err := errors.Join(
		netlink.AddrReplace(lo, &netlink.Addr{IPNet: hostNet(gateway)}),
		os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0),
	); err != nil {
		return nil, fmt.Errorf("make the node: %w", err)
	}
	// Thousands of sockets listen at once.
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err == nil && limit.Cur < limit.Max {
		limit.Cur = limit.Max
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			return nil, fmt.Errorf("raise the limit of open files: %w", err)
		}
	}
	flows, err := netlink.NewHandle(unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("ask netfilter: %w", err)
	}
	return &Network{byAddr: map[netip.Addr]*Host{}, flows: flows}, nil
}

// AddHost adds a host with addresses. The node's end of its cable is called
// device, by which some enforcers know whose it is.
func (n *Network) AddHost(device string, addrs ...netip.Addr) (*Host, error) {
	h, err := newHost(device, addrs)
	if err != nil {
		return nil, fmt.Errorf("host %s: %w", device, err)
	}
	n.hosts = append(n.hosts, h)
	if err := n.join(h); err != nil {
		return nil, fmt.Errorf("host %s: %w", device, err)
	}
	for _, addr := range addrs {
		n.byAddr[addr] = h
	}
	return h, nil
}

// join connects the host with the node, with a route to each of its addresses.
func (n *Network) join(h *Host) error {
	cable := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: h.device},
		PeerName:      "eth0",
		PeerNamespace: netlink.NsFd(h.namespace),
	}
	if err := netlink.LinkAdd(cable); err != nil {
		return fmt.Errorf("add a cable: %w", err)
	}
	if err := netlink.LinkSetUp(cable); err != nil {
		return fmt.Errorf("plug in the cable: %w", err)
	}
	ours, err := netlink.LinkByName(h.device)
	if err != nil {
		return err
	}
	theirs, err := h.configure(ours.Attrs().HardwareAddr)
	if err != nil {
		return err
	}
	for _, addr := range h.addrs {
		route := &netlink.Route{LinkIndex: ours.Attrs().Index, Scope: netlink.SCOPE_LINK, Dst: hostNet(addr)}
		if err := netlink.RouteReplace(route); err != nil {
			return fmt.Errorf("a route to %s: %w", addr, err)
		}
		if err := know(ours, addr, theirs); err != nil {
			return err
		}
	}
	return up(h.device)
}

// know tells one end of a cable who the other is. Whoever has to ask, and is not
// heard, asks again after a second only.
func know(link netlink.Link, addr netip.Addr, who net.HardwareAddr) error {
	neighbour := &netlink.Neigh{LinkIndex: link.Attrs().Index, State: netlink.NUD_PERMANENT, IP: addr.AsSlice(), HardwareAddr: who}
	if err := netlink.NeighSet(neighbour); err != nil {
		return fmt.Errorf("say who %s is: %w", addr, err)
	}
	return nil
}

// up waits until a link carries packets, which is some time after it was set up.
func up(name string) error {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		link, err := netlink.LinkByName(name)
		if err != nil {
			return fmt.Errorf("look at %s: %w", name, err)
		}
		if link.Attrs().OperState == netlink.OperUp {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is not up, but %s", name, link.Attrs().OperState)
		}
	}
}

// Remove takes a host away, with all that listens there.
func (n *Network) Remove(h *Host) error {
	for i, other := range n.hosts {
		if other == h {
			n.hosts = append(n.hosts[:i], n.hosts[i+1:]...)
			break
		}
	}
	for _, addr := range h.addrs {
		delete(n.byAddr, addr)
	}
	return n.unplug(h)
}

func (n *Network) unplug(h *Host) error {
	// The cable goes with its namespace, but only when the kernel finds the time.
	link, err := netlink.LinkByName(h.device)
	if err == nil {
		err = netlink.LinkDel(link)
	}
	if errors.As(err, new(netlink.LinkNotFoundError)) || errors.Is(err, syscall.ENODEV) {
		err = nil
	}
	return errors.Join(err, h.close())
}

// Forget makes the node forget every connection that it saw, so that whatever
// comes next is judged anew, also where a source port is used again.
func (n *Network) Forget() error {
	if err := n.flows.ConntrackTableFlush(netlink.ConntrackTable); err != nil {
		return fmt.Errorf("forget connections: %w", err)
	}
	return nil
}

// Close takes all hosts away.
func (n *Network) Close() error {
	var errs []error
	for _, h := range n.hosts {
		errs = append(errs, n.unplug(h))
	}
	n.hosts, n.byAddr = nil, map[netip.Addr]*Host{}
	return errors.Join(append(errs, n.flows.Close())...)
}

func hostNet(addr netip.Addr) *net.IPNet {
	return &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(addr.BitLen(), addr.BitLen())}
}
