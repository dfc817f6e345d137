package wire_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"netgen.dev/e2e/packets/enforcer"
	"netgen.dev/e2e/packets/sandbox"
	"netgen.dev/e2e/packets/wire"
)

func TestMain(m *testing.M) {
	os.Exit(sandbox.Run(func() ([]string, error) { return nil, nil }, enforcer.Check, m.Run))
}

// TestProbe: what listens is reached from everywhere, and what is cut off by
// somebody on the node is not.
func TestProbe(t *testing.T) {
	n, err := wire.New()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}()
	a, b, c := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("169.254.169.254")
	web, dns := wire.Port{Number: 8080, Protocol: wire.TCP}, wire.Port{Number: 53, Protocol: wire.UDP}
	first, err := n.AddHost("first", a)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := n.AddHost("rest", b, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []*wire.Host{first, rest} {
		if err := h.Listen(web, dns); err != nil {
			t.Fatal(err)
		}
	}
	closed := wire.Port{Number: 8081, Protocol: wire.TCP}
	attempts := []wire.Attempt{
		{From: a, To: b, Port: web},
		{From: a, To: c, Port: web},
		{From: b, To: a, Port: web},
		{From: c, To: a, Port: web},
		{From: a, To: b, Port: dns},
		{From: a, To: c, Port: dns},
		{From: b, To: a, Port: dns},
		{From: c, To: a, Port: dns},
		{From: a, To: b, Port: closed},
	}
	check := func(what, want string) {
		t.Helper()
		if err := n.Forget(); err != nil {
			t.Fatal(err)
		}
		answers, err := n.Probe(attempts, 200*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, answered := range answers {
			got += map[bool]string{true: "+", false: "-"}[answered]
		}
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	check("nobody enforces", "++++++++-")
	firewall(t, "-A FORWARD -d 169.254.169.254 -j DROP")
	check("one address is cut off", "+-+-+-+--")
	firewall(t, "-D FORWARD -d 169.254.169.254 -j DROP")
	check("and no more", "++++++++-")

	if err := n.Remove(rest); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Probe(attempts[2:3], time.Millisecond); err == nil {
		t.Error("a host that was removed still sends")
	}
	if _, err := n.AddHost("rest", b); err != nil {
		t.Errorf("a host that was removed is still in the way: %v", err)
	}
}

// TestAlone: there is no way out.
func TestAlone(t *testing.T) {
	for _, addr := range []string{"192.0.2.1:53", "[2001:db8::1]:53"} {
		conn, err := net.Dial("udp", addr)
		if err == nil {
			_ = conn.Close() // it must not be open at all
		}
		if !errors.Is(err, syscall.ENETUNREACH) {
			t.Errorf("%s: %v, want %v", addr, err, syscall.ENETUNREACH)
		}
	}
}

func firewall(t *testing.T, rule string) {
	t.Helper()
	cmd := exec.Command("iptables-nft-restore", "--noflush")
	cmd.Stdin = strings.NewReader("*filter\n" + rule + "\nCOMMIT\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", rule, err, out)
	}
}
