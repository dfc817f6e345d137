package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Attempt is one try to reach a port.
type Attempt struct {
	From, To netip.Addr
	Port
}

// String spells an attempt as in "10.0.0.1 -> 10.0.0.2 8080/TCP".
func (a Attempt) String() string {
	return fmt.Sprintf("%s -> %s %d/%s", a.From, a.To, a.Number, a.Protocol)
}

// inFlight is how many attempts wait for an answer at once: fewer than an
// enforcer in user space queues.
const inFlight = 512

// Probe makes the attempts and reports of each whether it was answered within
// the timeout. An answer is proof that packets pass in both directions; silence
// may also be a lost packet, so whoever expects an answer asks again. Every
// attempt has a socket of its own.
func (n *Network) Probe(attempts []Attempt, timeout time.Duration) ([]bool, error) {
	answered := make([]bool, len(attempts))
	for first := 0; first < len(attempts); first += inFlight {
		last := min(first+inFlight, len(attempts))
		w := wave{attempts: attempts[first:last], answered: answered[first:last]}
		if err := w.run(n, timeout); err != nil {
			return nil, err
		}
	}
	return answered, nil
}

// wave is attempts that are made at once.
type wave struct {
	attempts []Attempt
	answered []bool
	sockets  []int // of each attempt, -1 where it is closed
	poll     int
	waiting  int
}

func (w *wave) run(n *Network, timeout time.Duration) (err error) {
	w.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("wait for answers: %w", err)
	}
	w.sockets = make([]int, len(w.attempts))
	for i := range w.sockets {
		w.sockets[i] = -1
	}
	defer func() {
		for i := range w.sockets {
			w.close(i)
		}
		err = errors.Join(err, unix.Close(w.poll))
	}()
	byHost := map[*Host][]int{}
	for i, a := range w.attempts {
		h := n.byAddr[a.From]
		if h == nil {
			return fmt.Errorf("no host has the address %s", a.From)
		}
		byHost[h] = append(byHost[h], i)
	}
	for h, indexes := range byHost {
		var failed error
		h.do(func() {
			for _, i := range indexes {
				if failed = w.open(i); failed != nil {
					failed = fmt.Errorf("%s: %w", w.attempts[i], failed)
					return
				}
			}
		})
		if failed != nil {
			return failed
		}
	}
	return w.wait(time.Now().Add(timeout))
}

// open starts an attempt. It never blocks.
func (w *wave) open(i int) error {
	a := w.attempts[i]
	kind, interest := unix.SOCK_STREAM, uint32(unix.EPOLLOUT)
	if a.Protocol == UDP {
		kind, interest = unix.SOCK_DGRAM, unix.EPOLLIN
	}
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	w.sockets[i] = fd
	if a.Protocol == TCP {
		// Closing sends a reset: nothing is left in TIME_WAIT.
		if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
			return err
		}
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: a.From.As4()}); err != nil {
		return err
	}
	if err := unix.Connect(fd, &unix.SockaddrInet4{Addr: a.To.As4(), Port: int(a.Number)}); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		return nil // refused at once, as a route that is missing
	}
	if a.Protocol == UDP {
		if _, err := unix.Write(fd, w.question(i)); err != nil {
			return nil // likewise
		}
	}
	w.waiting++
	return unix.EpollCtl(w.poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: interest, Fd: int32(i)})
}

// question is what a datagram holds, so that an answer is to this one.
func (w *wave) question(i int) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(i))
}

// wait collects answers until there is nothing left to wait for.
func (w *wave) wait(until time.Time) error {
	events := make([]unix.EpollEvent, 256)
	for w.waiting > 0 {
		left := time.Until(until)
		if left <= 0 {
			return nil
		}
		n, err := unix.EpollWait(w.poll, events, int(left.Milliseconds())+1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("wait for answers: %w", err)
		}
		for _, event := range events[:max(n, 0)] {
			i := int(event.Fd)
			if w.sockets[i] < 0 {
				continue
			}
			w.answered[i] = w.isAnswer(i)
			w.close(i)
			w.waiting--
		}
	}
	return nil
}

// isAnswer tells an answer from an error, as the port being closed.
func (w *wave) isAnswer(i int) bool {
	fd := w.sockets[i]
	if w.attempts[i].Protocol == UDP {
		buf := make([]byte, 64)
		n, err := unix.Read(fd, buf)
		return err == nil && string(buf[:n]) == string(w.question(i))
	}
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	return err == nil && code == 0
}

func (w *wave) close(i int) {
	if w.sockets[i] >= 0 {
		_ = unix.Close(w.sockets[i]) // of a reset nothing more is to be known
		w.sockets[i] = -1
	}
}
