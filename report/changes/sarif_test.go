package changes

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"netgen.dev/diag"
	"netgen.dev/proof/diff"
	"netgen.dev/report/changes/changestest"
)

func results(t *testing.T, d *diff.Diff, o Options) []sarifResult {
	t.Helper()
	var b strings.Builder
	if err := SARIF(&b, d, o); err != nil {
		t.Fatal(err)
	}
	var log sarifLog
	if err := json.Unmarshal([]byte(b.String()), &log); err != nil {
		t.Fatal(err)
	}
	return log.Runs[0].Results
}

func TestSARIFLevels(t *testing.T) {
	for _, r := range results(t, changestest.Rich(), Options{}) {
		want := map[any]string{"widened": "warning", "narrowed": "note", "neutral": "note"}[r.Properties["class"]]
		if r.RuleID == "netgen/isolation-lost" || r.RuleID == "netgen/invariant-broken" || r.RuleID == "netgen/removed" && want == "warning" {
			want = "error"
		}
		if r.RuleID == "netgen/redefined" && strings.Contains(fmt.Sprint(r.Message), "INVARIANT CHANGED") {
			want = "error"
		}
		if r.Level != want {
			t.Errorf("%s %v has level %s, want %s", r.RuleID, r.Properties["class"], r.Level, want)
		}
		if rule := sarifRules()[r.RuleIndex]; rule.ID != r.RuleID {
			t.Errorf("%s has the rule %s", r.RuleID, rule.ID)
		}
	}
}

// An alert stays the same alert when lines move, and two changes of one line are
// two.
func TestSARIFFingerprints(t *testing.T) {
	moved := changestest.Rich()
	for _, top := range moved.Topologies {
		for _, s := range top.Sections {
			for i := range s.Changes {
				if c := &s.Changes[i]; c.Pos != nil {
					c.Pos.Line += 100
				}
				s.Changes[i].Why += "!"
			}
		}
	}
	seen := map[string]string{}
	old, new := results(t, changestest.Rich(), Options{}), results(t, moved, Options{})
	for i := range old {
		print := old[i].Fingerprints["primaryLocationLineHash"]
		if print != new[i].Fingerprints["primaryLocationLineHash"] || print == "" {
			t.Errorf("%s is another once its line moved", old[i].Message.Text)
		}
		if other, taken := seen[print]; taken {
			t.Errorf("two changes are one:\n%s\n%s", other, old[i].Message.Text)
		}
		seen[print] = old[i].Message.Text
	}
}

func TestFingerprintHasEveryPart(t *testing.T) {
	base := func() row {
		return row{&diff.Change{
			Kind: diff.Opened, Class: diff.Widened, Source: changestest.Service("a"), Destination: changestest.Service("b"), Opened: changestest.TCP(1), Closed: changestest.TCP(2),
			Directions: changestest.Both, Subject: "s", Path: "p",
		}, &diff.Topology{Name: "t"}, []string{"dev"}}
	}
	seen := map[string]bool{fingerprint(base()): true}
	for i, change := range []func(*row){
		func(r *row) { r.Kind = diff.Closed },
		func(r *row) { r.Class = diff.Narrowed },
		func(r *row) { r.Source.Name = "ab" },
		func(r *row) { r.Source.Namespace = "x" },
		func(r *row) { r.Destination.Kind = diff.PeerEnd },
		func(r *row) { r.Destination.Members = []string{"m"} },
		func(r *row) { r.Source, r.Destination = r.Destination, r.Source },
		func(r *row) { r.Source = nil },
		func(r *row) { r.Opened = changestest.TCP(3) },
		func(r *row) { r.Closed = changestest.TCP(3) },
		func(r *row) { r.Directions = changestest.Both[:1] },
		func(r *row) { r.Subject = "s2" },
		func(r *row) { r.Path = "p2" },
		func(r *row) { r.topology = &diff.Topology{Name: "t2"} },
		func(r *row) { r.environments = []string{"dev", "prod"} },
	} {
		r := base()
		change(&r)
		if print := fingerprint(r); seen[print] {
			t.Errorf("change %d has no part in the fingerprint", i)
		} else {
			seen[print] = true
		}
	}
}

func TestSARIFPlaces(t *testing.T) {
	pos := func(file string, line int) *diag.Pos { return &diag.Pos{File: file, Line: line} }
	for _, tt := range []struct {
		title  string
		change diff.Change
		others []diff.Change
		uri    string
		line   int
	}{
		{"declared", diff.Change{Pos: pos("a/b.cue", 7)}, nil, "a/b.cue", 7},
		{"was declared", diff.Change{Pos: pos("a/b.cue", 7), Before: true}, nil, "a/b.cue", 1},
		{"without a line", diff.Change{Pos: pos("a/b.cue", 0)}, nil, "a/b.cue", 1},
		{"nowhere", diff.Change{}, []diff.Change{
			{Pos: pos("old.cue", 1), Before: true}, {Pos: pos("new.cue", 3)},
		}, "new.cue", 1},
		{"nowhere but before", diff.Change{}, []diff.Change{{Pos: pos("old.cue", 1), Before: true}}, "old.cue", 1},
		{"nowhere at all", diff.Change{}, nil, "shop", 1},
		{"hostile", diff.Change{Pos: pos("javascript:alert(1)/é b#?\x1b.cue", 1)}, nil, "./javascript:alert%281%29/%C3%A9%20b%23%3F%1B.cue", 1},
		{"another host", diff.Change{Pos: pos("//evil.example/x", 1)}, nil, "file:///evil.example/x", 1},
		{"backslashes", diff.Change{Pos: pos(`.\a\b.cue`, 1)}, nil, "a/b.cue", 1},
	} {
		d := &diff.Diff{Topologies: []diff.Topology{{
			Name: "shop", Sections: []diff.Section{{Changes: append([]diff.Change{tt.change}, tt.others...)}},
		}}}
		got := results(t, d, Options{})[0].Locations
		if len(got) != 1 || got[0].Physical.Artifact.URI != tt.uri || got[0].Physical.Region.StartLine != tt.line {
			t.Errorf("%s: %+v, want %s:%d", tt.title, got, tt.uri, tt.line)
		}
	}
}

func TestSARIFFile(t *testing.T) {
	d := &diff.Diff{Topologies: []diff.Topology{{Sections: []diff.Section{{Changes: []diff.Change{{Pos: changestest.At(3)}}}}}}}
	got := results(t, d, Options{File: func(file string) string { return "sub/" + file }})[0].Locations[0].Physical.Artifact.URI
	if got != "sub/topologies/shop/topology.cue" {
		t.Errorf("the place is %s", got)
	}
}

// The message of a result may hold links and placeholders; data must not.
func TestSARIFMessagesHoldNoLinks(t *testing.T) {
	for _, s := range changestest.Hostile {
		for _, r := range results(t, changestest.Poisoned(s), Options{Version: s}) {
			if strings.Contains(r.Message.Text, "](") {
				t.Errorf("there is a link in %q", r.Message.Text)
			}
			if strings.Contains(strings.NewReplacer("{{", "", "}}", "").Replace(r.Message.Text), "{") {
				t.Errorf("there is a placeholder in %q", r.Message.Text)
			}
		}
	}
}
