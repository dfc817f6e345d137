package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Protocol is the protocol of a port.
type Protocol string

// The protocols that are tried.
const (
	TCP Protocol = "TCP"
	UDP Protocol = "UDP"
)

// Port is where something listens.
type Port struct {
	Number   uint16
	Protocol Protocol
}

// Host is a network namespace with addresses.
//
// A network namespace belongs to a thread, and a socket to the namespace that it
// was made in, for good: one thread makes all sockets of the host, and any may
// use them.
type Host struct {
	device    string
	addrs     []netip.Addr
	namespace int         // a file descriptor
	work      chan func() // for the thread of the host
	listening map[Port]bool
	open      []io.Closer
}

func newHost(device string, addrs []netip.Addr) (*Host, error) {
	h := &Host{device: device, addrs: addrs, work: make(chan func()), listening: map[Port]bool{}}
	ready := make(chan error)
	go func() {
		// Never unlocked: the thread ends with this function.
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			h.namespace, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		}
		ready <- err
		if err != nil {
			return
		}
		for f := range h.work {
			f()
		}
	}()
	if err := <-ready; err != nil {
		return nil, fmt.Errorf("make a network namespace: %w", err)
	}
	return h, nil
}

// do calls f on the thread of the host.
func (h *Host) do(f func()) {
	done := make(chan struct{})
	h.work <- func() { defer close(done); f() }
	<-done
}

// configure sets up the host's end of its cable, whose other end is the node's,
// and returns its hardware address.
func (h *Host) configure(node net.HardwareAddr) (own net.HardwareAddr, err error) {
	h.do(func() { own, err = configure(h.addrs, node) })
	return own, err
}

func configure(addrs []netip.Addr, node net.HardwareAddr) (net.HardwareAddr, error) {
	for _, name := range []string{"lo", "eth0"} {
		link, err := netlink.LinkByName(name)
		if err == nil {
			err = netlink.LinkSetUp(link)
		}
		if err != nil {
			return nil, fmt.Errorf("set up %s: %w", name, err)
		}
	}
	cable, err := netlink.LinkByName("eth0")
	if err != nil {
		return nil, err
	}
	for _, addr := range addrs {
		if err := netlink.AddrAdd(cable, &netlink.Addr{IPNet: hostNet(addr)}); err != nil {
			return nil, fmt.Errorf("address %s: %w", addr, err)
		}
	}
	index := cable.Attrs().Index
	if err := netlink.RouteAdd(&netlink.Route{LinkIndex: index, Scope: netlink.SCOPE_LINK, Dst: hostNet(gateway)}); err != nil {
		return nil, fmt.Errorf("a route to the node: %w", err)
	}
	anywhere := &net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}
	if err := netlink.RouteAdd(&netlink.Route{LinkIndex: index, Gw: gateway.AsSlice(), Dst: anywhere}); err != nil {
		return nil, fmt.Errorf("a route through the node: %w", err)
	}
	if err := know(cable, gateway, node); err != nil {
		return nil, err
	}
	return cable.Attrs().HardwareAddr, up("eth0")
}

// Listen answers on ports of all addresses, beside those it answers on already:
// TCP by accepting, UDP by sending back what came.
func (h *Host) Listen(ports ...Port) error {
	var err error
	h.do(func() {
		for _, p := range ports {
			if h.listening[p] {
				continue
			}
			h.listening[p] = true
			for _, addr := range h.addrs {
				if err = h.listen(netip.AddrPortFrom(addr, p.Number), p.Protocol); err != nil {
					return
				}
			}
		}
	})
	if err != nil {
		return fmt.Errorf("host %s: %w", h.device, err)
	}
	return nil
}

func (h *Host) listen(at netip.AddrPort, protocol Protocol) error {
	if protocol == UDP {
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
		if err != nil {
			return err
		}
		h.open = append(h.open, conn)
		go echo(conn)
		return nil
	}
	listener, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(at))
	if err != nil {
		return err
	}
	h.open = append(h.open, listener)
	go accept(listener)
	return nil
}

func echo(conn *net.UDPConn) {
	buf := make([]byte, 64)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			// One that cannot be answered is one that does not arrive.
			_, _ = conn.WriteToUDPAddrPort(buf[:n], from)
		}
	}
}

func accept(listener *net.TCPListener) {
	for {
		conn, err := listener.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			_ = conn.Close() // that it came is all that was to be known
		}
	}
}

// close takes the host away.
func (h *Host) close() error {
	errs := make([]error, 0, len(h.open)+1)
	for _, c := range h.open {
		errs = append(errs, c.Close())
	}
	close(h.work)
	return errors.Join(append(errs, syscall.Close(h.namespace))...)
}
