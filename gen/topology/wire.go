package topology

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"netgen.dev/diag"
)

// Strings of the language are parsed once, here, and are typed from then on.

// Protocol is a transport protocol that NetworkPolicy knows. There is no
// other: what happens to ICMP is up to the data plane.
type Protocol string

// The protocols.
const (
	TCP  Protocol = "TCP"
	UDP  Protocol = "UDP"
	SCTP Protocol = "SCTP"
)

// Port is a port or a range of ports of one protocol: First to Last, both
// included, from 1 to 65535.
type Port struct {
	First, Last uint16
	Protocol    Protocol
}

// String returns the port as the language has it, the protocol always shown.
func (p Port) String() string {
	if p.First != p.Last {
		return fmt.Sprintf("%d-%d/%s", p.First, p.Last, p.Protocol)
	}
	return fmt.Sprintf("%d/%s", p.First, p.Protocol)
}

// ComparePorts orders ports by protocol, first and last port.
func ComparePorts(a, b Port) int {
	if c := strings.Compare(string(a.Protocol), string(b.Protocol)); c != 0 {
		return c
	}
	if a.First != b.First {
		return int(a.First) - int(b.First)
	}
	return int(a.Last) - int(b.Last)
}

// PortNumber is a single port.
type PortNumber uint16

// Date is a day, in no time zone. The zero Date is none.
type Date struct{ time.Time }

// Hops is the length of a path in connections; AnyHops is no limit.
type Hops int

// AnyHops is a path of any length.
const AnyHops Hops = -1

// Directions are the directions of traffic, as seen from the pod.
type Directions struct{ Ingress, Egress bool }

// problem is what is wrong with a value.
type problem struct {
	code          diag.Code
	message, hint string
}

func problemf(code diag.Code, format string, args ...any) *problem {
	return &problem{code: code, message: fmt.Sprintf(format, args...)}
}

func (p *problem) withHint(format string, args ...any) *problem {
	p.hint = fmt.Sprintf(format, args...)
	return p
}

func (p *Port) parse(data any) *problem {
	switch v := data.(type) {
	case json.Number:
		n, bad := portNumber(v.String())
		*p = Port{n, n, TCP}
		return bad
	case string:
		ports, protocol, ok := strings.Cut(v, "/")
		if !ok {
			return problemf(diag.Port, "%q is not a port", v).
				withHint("write 8080 for TCP, or %s, or %s", `"53/UDP"`, `"30000-32000/UDP"`)
		}
		switch Protocol(protocol) {
		case TCP, UDP, SCTP:
		default:
			return problemf(diag.Port, "%q is no protocol of NetworkPolicy: it has TCP, UDP and SCTP", protocol)
		}
		first, last, isRange := strings.Cut(ports, "-")
		if !isRange {
			last = first
		}
		from, bad := portNumber(first)
		if bad != nil {
			return bad
		}
		to, bad := portNumber(last)
		if bad != nil {
			return bad
		}
		if to < from {
			return problemf(diag.Port, "port range %s ends before it starts", ports)
		}
		*p = Port{from, to, Protocol(protocol)}
		return nil
	}
	return wrongType(`a port, like 8080 or "53/UDP"`, data)
}

func portNumber(s string) (uint16, *problem) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || len(s) > 1 && s[0] == '0' {
		return 0, problemf(diag.Port, "%q is not a port number", s)
	}
	if n < 1 || n > 65535 {
		return 0, problemf(diag.Port, "port %d is out of range: ports are from 1 to 65535", n)
	}
	return uint16(n), nil
}

func (p *PortNumber) parse(data any) *problem {
	v, ok := data.(json.Number)
	if !ok {
		return wrongType("a port number", data)
	}
	n, bad := portNumber(v.String())
	*p = PortNumber(n)
	return bad
}

// parsePrefix accepts canonical ranges only: data planes differ in what they
// make of "10.0.0.1/8", down to ignoring the rule.
func parsePrefix(p *netip.Prefix, data any) *problem {
	s, ok := data.(string)
	if !ok {
		return wrongType(`a range of addresses, like "10.0.0.0/8"`, data)
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		bad := problemf(diag.CIDR, "%q is not a range of addresses", s)
		if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
			return bad.withHint("a single address is %q", netip.PrefixFrom(addr, addr.BitLen()))
		}
		return bad.withHint(`write it like "10.0.0.0/8" or "2001:db8::/32"`)
	}
	if prefix.Addr().Is4In6() {
		return problemf(diag.CIDR, "%q is an IPv4 address in IPv6 form, which data planes do not match", s).
			withHint("write the IPv4 range")
	}
	if canonical := prefix.Masked().String(); canonical != s {
		bad := problemf(diag.CIDR, "%q is not in canonical form", s).withHint("write %q", canonical)
		if address := netip.PrefixFrom(prefix.Addr(), prefix.Addr().BitLen()); prefix.Addr() != prefix.Masked().Addr() {
			bad.hint += fmt.Sprintf(" for the range, %q for the address", address)
		}
		return bad
	}
	*p = prefix
	return nil
}

func (d *Date) parse(data any) *problem {
	s, ok := data.(string)
	if !ok {
		return wrongType(`a date, like "2027-03-31"`, data)
	}
	day, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return problemf(diag.Date, "%q is no day of the calendar", s).withHint(`write it like "2027-03-31"`)
	}
	d.Time = day
	return nil
}

func (h *Hops) parse(data any) *problem {
	if data == "any" {
		*h = AnyHops
		return nil
	}
	v, ok := data.(json.Number)
	n, err := strconv.Atoi(v.String())
	if !ok || err != nil || n < 1 {
		return problemf(diag.Choice, "hops must be a whole number from 1, or %q", "any")
	}
	*h = Hops(n)
	return nil
}

func (d *Directions) parse(data any) *problem {
	list, ok := data.([]any)
	if !ok {
		return wrongType(`a list of "ingress" and "egress"`, data)
	}
	var ds Directions
	for _, v := range list {
		switch v {
		case "ingress":
			ds.Ingress = true
		case "egress":
			ds.Egress = true
		default:
			return problemf(diag.Choice, "%v is no direction", show(v)).withHint(`directions are "ingress" and "egress"`)
		}
	}
	*d = ds
	return nil
}

// wrongType says what data must be, and what it is.
func wrongType(want string, data any) *problem {
	return problemf(diag.Type, "must be %s, not %s", want, typeName(data))
}

func typeName(data any) string {
	switch data.(type) {
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "a list"
	case map[string]any:
		return "a struct"
	}
	return "null"
}

func show(v any) string {
	if s, ok := v.(string); ok {
		return strconv.Quote(s)
	}
	return fmt.Sprint(v)
}
