package topology

import (
	"encoding/json"
	"net/netip"
	"testing"
)

func TestParsePort(t *testing.T) {
	for _, tt := range []struct {
		in   any
		want string // of String, or the message
	}{
		{json.Number("8080"), "8080/TCP"},
		{json.Number("1"), "1/TCP"},
		{json.Number("65535"), "65535/TCP"},
		{"53/UDP", "53/UDP"},
		{"30000-32000/UDP", "30000-32000/UDP"},
		{"7-7/SCTP", "7/SCTP"},
		{json.Number("0"), "port 0 is out of range: ports are from 1 to 65535"},
		{json.Number("65536"), "port 65536 is out of range: ports are from 1 to 65535"},
		{json.Number("-1"), `"-1" is not a port number`},
		{json.Number("1e3"), `"1e3" is not a port number`},
		{json.Number("99999999999999999999"), `"99999999999999999999" is not a port number`},
		{"80", `"80" is not a port`},
		{"http/TCP", `"http" is not a port number`},
		{"80/tcp", `"tcp" is no protocol of NetworkPolicy: it has TCP, UDP and SCTP`},
		{"80/", `"" is no protocol of NetworkPolicy: it has TCP, UDP and SCTP`},
		{"80-/TCP", `"" is not a port number`},
		{"-80/TCP", `"" is not a port number`},
		{"2-1/TCP", "port range 2-1 ends before it starts"},
		{"1-2-3/TCP", `"2-3" is not a port number`},
		{" 80/TCP", `" 80" is not a port number`},
		{true, `must be a port, like 8080 or "53/UDP", not a boolean`},
		{nil, `must be a port, like 8080 or "53/UDP", not null`},
	} {
		var p Port
		got := ""
		if bad := p.parse(tt.in); bad != nil {
			got = bad.message
		} else {
			got = p.String()
		}
		if got != tt.want {
			t.Errorf("%v: %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestParsePrefix(t *testing.T) {
	for _, s := range []string{"10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32", "192.0.2.1/32", "fd00:ec2::254/128"} {
		var p netip.Prefix
		if bad := parsePrefix(&p, s); bad != nil || p.String() != s {
			t.Errorf("%s: %v, %+v", s, p, bad)
		}
	}
	for _, s := range []string{
		"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0/8", "10/8",
		"10.0.0.1/8", "010.0.0.0/8", "10.0.0.0/8 ", " 10.0.0.0/8", "10.0.0.0 /8", "0x0a.0.0.0/8", "167772160/8",
		"::1/64", "2001:DB8::/32", "2001:0db8::/32", "2001:db8:0:0::/64", "::/129", "fe80::%eth0/64", "fe80::1%1/128",
		"::ffff:10.0.0.0/104", "::ffff:a00:0/104", "[::]/0", "example.com/24", "10.0.0.0/8/8", "１０.0.0.0/8",
	} {
		var p netip.Prefix
		if bad := parsePrefix(&p, s); bad == nil {
			t.Errorf("%q is taken for %v", s, p)
		}
	}
}

func FuzzWire(f *testing.F) {
	for _, s := range []string{"80/TCP", "1-65535/SCTP", "10.0.0.0/8", "::/0", "2027-03-31", "1.4.0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var p Port
		if p.parse(s) == nil && (p.First == 0 || p.Last < p.First) {
			t.Errorf("%q is taken for %v", s, p)
		}
		var prefix netip.Prefix
		if parsePrefix(&prefix, s) == nil && prefix.String() != s {
			t.Errorf("%q is taken for %v", s, prefix)
		}
		var d Date
		if d.parse(s) == nil && d.Format("2006-01-02") != s {
			t.Errorf("%q is taken for %v", s, d)
		}
		for name, rule := range rules {
			if bad := rule(s); bad != nil && bad.message == "" {
				t.Errorf("rule %s refuses %q without a word", name, s)
			}
		}
	})
}
