package declared_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
	"netgen.dev/internal/declared"
)

// tiny has each way in which a half is open: for a connection, for DNS, since
// the pod is not isolated, and since an end is not ours.
const tiny = `{
	"name": "tiny", "version": "1.0.0", "namespace": "app", "labelKey": "app",
	"cluster": {"podCIDRs": ["10.64.0.0/14"]},
	"services": {
		"api": {
			"ports": {"http": 8080, "admin": 9090},
			"connects": {"cards": {}, "batch": {"anyPort": true}}
		},
		"batch": {"ports": {"range": "7000-7010/TCP"}},
		"free": {"enforce": [], "dns": false},
		"inward": {"enforce": ["ingress"], "dns": false},
		"web": {"ports": {"http": 80}, "connects": {"api": {"ports": {"http": true}}}, "dns": false}
	},
	"groups": {
		"red": {"labels": {"team": "red"}, "connects": {"cards": {}}, "dns": false}
	},
	"peers": {
		"cards": {"cidrs": ["203.0.113.0/24"], "except": ["203.0.113.128/25"], "ports": {"https": 443}},
		"gateway": {"namespace": "gateway", "labels": {"app": "gateway"}, "connects": {"web": {}}}
	}
}`

// resolve returns the model of a topology in its only environment.
func resolve(t *testing.T, source string) *topology.Topology {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(source))
	d.UseNumber()
	var data map[string]any
	if err := d.Decode(&data); err != nil {
		t.Fatal(err)
	}
	nowhere := func([]string) (key, value diag.Pos, ok bool) { return diag.Pos{}, diag.Pos{}, false }
	models, findings := topology.Resolve(data, nowhere)
	for _, f := range findings {
		if f.Severity == diag.Error {
			t.Fatal(f)
		}
	}
	return models[0]
}

// find returns the one place that was made under a name, or that has this name.
func find(t *testing.T, w *declared.World, name string) declared.Place {
	t.Helper()
	var found []declared.Place
	for _, p := range w.Places {
		if p.Name == name || strings.HasPrefix(p.Name, name+" (") {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d places are called %s, want one", len(found), name)
	}
	return found[0]
}

func TestTruth(t *testing.T) {
	w := declared.NewWorld(resolve(t, tiny))
	truth := declared.NewTruth(w, declared.Connections(resolve(t, tiny)))
	const open, shut = true, false
	for _, c := range []struct {
		src, dst     string
		port         uint16
		protocol     topology.Protocol
		send, accept bool
	}{
		{"web", "api", 8080, topology.TCP, open, open},
		{"web", "api", 8080, topology.UDP, shut, shut},
		{"web", "api", 9090, topology.TCP, shut, shut}, // declared, and not connected
		{"api", "web", 80, topology.TCP, shut, shut},
		{"web", "web", 80, topology.TCP, shut, shut},
		{"api", "batch", 1, topology.UDP, open, open}, // any port
		{"gateway", "web", 80, topology.TCP, open, open},
		{"gateway", "api", 8080, topology.TCP, open, shut},
		{"impostor of gateway", "web", 80, topology.TCP, open, shut},
		{"neighbour of gateway", "web", 80, topology.TCP, open, shut},
		{"web", "impostor of api", 8080, topology.TCP, shut, open},
		{"impostor of web", "api", 8080, topology.TCP, open, shut},
		{"stray pod", "api", 8080, topology.TCP, shut, shut},
		{"api", "in cards", 443, topology.TCP, open, open},
		{"api", "in cards", 80, topology.TCP, shut, open},
		{"web", "in cards", 443, topology.TCP, shut, open},
		{"api", "after cards", 443, topology.TCP, shut, open},
		{"api", "edge of cards (203.0.113.128)", 443, topology.TCP, shut, open}, // an exception
		{"pod of no service in group red", "in cards", 443, topology.TCP, open, open},
		{"inward", "in cards", 443, topology.TCP, open, open},
		{"in cards", "inward", 443, topology.TCP, open, shut},
		{"free", "in cards", 443, topology.TCP, open, open},
		{"free", "web", 80, topology.TCP, open, shut},
		{"web", "free", 80, topology.TCP, shut, open},
		{"api", "kube-dns", 53, topology.UDP, open, open},
		{"api", "kube-dns", 54, topology.UDP, shut, open},
		{"web", "kube-dns", 53, topology.UDP, shut, open},
		{"api", "neighbour of kube-dns", 53, topology.UDP, shut, open},
	} {
		v := truth.Between(find(t, w, c.src), find(t, w, c.dst))
		p := declared.Probe{Port: c.port, Protocol: c.protocol}
		if got := v.Send.Opens(p); got != c.send {
			t.Errorf("%s -> %s on %s: sends: %v, want %v (%s)", c.src, c.dst, p, got, c.send, v.Send.Reason(p))
		}
		if got := v.Accept.Opens(p); got != c.accept {
			t.Errorf("%s -> %s on %s: accepts: %v, want %v (%s)", c.src, c.dst, p, got, c.accept, v.Accept.Reason(p))
		}
		if got := v.Opens(p); got != (c.send && c.accept) {
			t.Errorf("%s -> %s on %s: passes: %v, want %v", c.src, c.dst, p, got, c.send && c.accept)
		}
	}
}

// TestProbesOf writes "port" where a port is tried over TCP and UDP.
func TestProbesOf(t *testing.T) {
	w := declared.NewWorld(resolve(t, tiny))
	truth := declared.NewTruth(w, declared.Connections(resolve(t, tiny)))
	for name, want := range map[string]string{
		// The flow is for 8080, the declaration has 9090 as well.
		"api": "1 8079 8080 8081 9090",
		// Any port, so the lowest and the highest that others name; and a range.
		"batch":    "1 53 7000 7010 8080",
		"web":      "1 79 80 81",
		"kube-dns": "1 52 53 54",
		// Nobody connects to it, and a witness, and an address: the ports of what they
		// might be taken for.
		"free":            "1 53/TCP 53/UDP 80/TCP 443/TCP 8080/TCP",
		"impostor of api": "1 53/TCP 53/UDP 80/TCP 443/TCP 8080/TCP",
		"in cards":        "1 53/TCP 53/UDP 80/TCP 442 443 444 8080/TCP",
	} {
		var probes []string
		for field := range strings.FieldsSeq(want) {
			if strings.Contains(field, "/") {
				probes = append(probes, field)
			} else {
				probes = append(probes, field+"/TCP", field+"/UDP")
			}
		}
		var got []string
		for _, p := range truth.ProbesOf(find(t, w, name)) {
			got = append(got, p.String())
		}
		if !slices.Equal(got, probes) {
			t.Errorf("%s is tried on\n%v, want\n%v", name, got, probes)
		}
	}
}

// TestProbesOfRange is about ranges, SCTP and the ends of what can be a port.
func TestProbesOfRange(t *testing.T) {
	model := resolve(t, `{
		"name": "ranges", "version": "1.0.0", "namespace": "app", "labelKey": "app",
		"cluster": {"cni": "calico"},
		"services": {
			"low": {"ports": {"some": "1-100/SCTP"}, "dns": false},
			"high": {"ports": {"some": "65531-65535/TCP"}, "connects": {"low": {}}, "dns": false},
			"caller": {"connects": {"high": {}}, "dns": false}
		}
	}`)
	w := declared.NewWorld(model)
	truth := declared.NewTruth(w, declared.Connections(model))
	for name, want := range map[string][]uint16{
		"low":  {1, 50, 100, 101}, // which nothing names either
		"high": {101, 65530, 65531, 65533, 65535},
	} {
		var got []uint16
		for _, p := range truth.ProbesOf(find(t, w, name)) {
			if p.Protocol == topology.SCTP {
				got = append(got, p.Port)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is tried over SCTP on %v, want %v", name, got, want)
		}
	}
}
