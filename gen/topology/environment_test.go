package topology

import (
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/diag"
)

type object = map[string]any

func list(values ...any) []any { return values }

func nowhere([]string) (key, value diag.Pos, ok bool) { return diag.Pos{}, diag.Pos{}, false }

// ways are the ways to say what a peer is, each with fields that no other has.
var ways = map[string]object{
	"pods by namespace":  {"namespace": "legacy", "labels": object{"app": "old"}, "expressions": list(object{"key": "tier", "operator": "Exists"})},
	"pods by its labels": {"namespaceLabels": object{"tenant": "a"}, "anyPod": true},
	"pods of any":        {"anyNamespace": true, "anyPod": true},
	"addresses":          {"cidrs": list("203.0.113.0/24"), "except": list("203.0.113.0/25")},
	"a well-known one":   {"is": "internet"},
	"names":              {"fqdns": list("example.com")},
}

// resolvedPeer returns the peer p of a topology in the environment e.
func resolvedPeer(t *testing.T, base, delta object) (*Peer, diag.List) {
	t.Helper()
	fields := object{"ports": object{"https": "443/TCP"}, "description": "the other side"}
	maps.Copy(fields, base)
	data := object{
		"name": "shop", "version": "1.0.0", "namespace": "shop",
		"services":     object{"web": object{"connects": object{"p": object{}}}},
		"peers":        object{"p": fields},
		"environments": object{"e": object{"peers": object{"p": delta}}},
	}
	if delta == nil {
		data["environments"] = object{"e": object{}}
	}
	models, findings := Resolve(data, nowhere)
	return models[0].Peers["p"], findings
}

var samePrefix = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })

// TestEnvironmentSaysWhatPeerIs sees that an environment may say a peer is
// something else altogether: nothing is left of what it was, and all else that
// the topology says of it stays.
func TestEnvironmentSaysWhatPeerIs(t *testing.T) {
	kind := func(way string) int {
		return slices.IndexFunc(peerKinds, func(fields []string) bool {
			return slices.ContainsFunc(fields, func(f string) bool { _, ok := ways[way][f]; return ok })
		})
	}
	for before, base := range ways {
		for after, delta := range ways {
			if kind(before) == kind(after) {
				continue // their fields merge
			}
			want, wantFindings := resolvedPeer(t, delta, nil)
			got, gotFindings := resolvedPeer(t, base, delta)
			if diff := cmp.Diff(want, got, samePrefix); diff != "" {
				t.Errorf("from %s to %s (-said at once +changed):\n%s", before, after, diff)
			}
			if len(gotFindings) != len(wantFindings) {
				t.Errorf("from %s to %s: %v, and said at once %v", before, after, gotFindings, wantFindings)
			}
		}
	}
}

// TestEnvironmentSaysMoreOfPeer sees that what an environment says of a peer
// that stays what it is adds to what the topology says.
func TestEnvironmentSaysMoreOfPeer(t *testing.T) {
	pods := ways["pods by namespace"]
	for _, tt := range []struct{ base, delta, want object }{
		{pods, object{"labels": object{"track": "canary"}}, object{"labels": object{"app": "old", "track": "canary"}}},
		{pods, object{"namespace": "new"}, object{"namespace": "new"}},
		{pods, object{"ports": object{"http": "80/TCP"}}, object{"ports": object{"http": "80/TCP", "https": "443/TCP"}}},
		{ways["addresses"], object{"except": list("203.0.113.128/25")}, object{"except": list("203.0.113.128/25")}},
		{ways["a well-known one"], object{"description": "everybody"}, object{"description": "everybody"}},
		{ways["a well-known one"], object{"is": "anywhere"}, object{"is": "anywhere"}},
	} {
		whole := maps.Clone(tt.base)
		maps.Copy(whole, tt.want)
		want, _ := resolvedPeer(t, whole, nil)
		got, findings := resolvedPeer(t, tt.base, tt.delta)
		if diff := cmp.Diff(want, got, samePrefix); diff != "" || len(findings) > 0 {
			t.Errorf("%v and %v (-said at once +changed):\n%s%v", tt.base, tt.delta, diff, findings)
		}
	}
}

// TestRenamesSuggest sees that a slip in the name of a namespace is held against
// every namespace that the topology names.
func TestRenamesSuggest(t *testing.T) {
	for slip, want := range map[string]string{"shopp": "shop", "bacth": "batch", "legcay": "legacy", "reslover": "resolver"} {
		_, findings := Resolve(object{
			"name": "shop", "version": "1.0.0", "namespace": "shop",
			"services":     object{"web": object{}},
			"groups":       object{"jobs": object{"namespace": "batch", "anyPod": true}},
			"peers":        object{"old": object{"namespace": "legacy", "anyPod": true, "connects": object{"web": object{"anyPort": true}}}},
			"cluster":      object{"dns": "custom", "dnsResolver": object{"namespace": "resolver", "labels": object{"app": "r"}}},
			"environments": object{"e": object{"namespaces": object{slip: "other"}}},
		}, nowhere)
		if len(findings) != 1 || findings[0].Code != diag.NoSuchName || findings[0].Hint != didYouMean(want) {
			t.Errorf("%s: %v", slip, findings)
		}
	}
}

// TestUnusedPeerHint sees that a peer which some environments use is to be
// switched off in the others: removed, it would be gone from all.
func TestUnusedPeerHint(t *testing.T) {
	off := object{"services": object{"web": object{"connects": object{"p": object{"enabled": false}}, "enabled": false}}}
	cases := map[string]struct {
		environments object
		want         []string
	}{
		"in all":  {object{"dev": off, "prod": off}, []string{"remove it, or connect it", "remove it, or connect it"}},
		"in one":  {object{"dev": off, "prod": object{}}, []string{`switch it off there, with peers: "p": enabled: false in environment dev, or connect it`}},
		"in none": {object{"dev": object{}}, nil},
		"where the environment speaks of it": {
			object{"dev": object{"services": off["services"], "peers": object{"p": object{"cidrs": list("192.0.2.0/28")}}}, "prod": object{}},
			[]string{`switch it off there, with peers: "p": enabled: false in environment dev, or connect it`},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, findings := Resolve(object{
				"name": "shop", "version": "1.0.0", "namespace": "shop",
				"services":     object{"api": object{}, "web": object{"connects": object{"p": object{}}}},
				"peers":        object{"p": object{"cidrs": list("192.0.2.0/24"), "ports": object{"https": "443/TCP"}}},
				"environments": c.environments,
			}, nowhere)
			var got []string
			for _, d := range findings {
				if d.Code == diag.UnusedPeer {
					got = append(got, d.Hint)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s\n%v", diff, findings)
			}
		})
	}
}
