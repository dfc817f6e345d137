package graph

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/diff"
	"netgen.dev/report/changes"
)

// someRows are rows of every danger, the least dangerous first.
func someRows() []diff.Change {
	end := func(kind diff.EndKind, name string) *diff.End { return &diff.End{Kind: kind, Name: name} }
	port := func(n uint16) connectivity.Ports {
		return connectivity.PortsOf(connectivity.Range{Protocol: connectivity.TCP, First: n, Last: n})
	}
	egress := []connectivity.Direction{connectivity.Egress}
	return []diff.Change{
		{Kind: diff.Closed, Class: diff.Neutral, Source: end(diff.ServiceEnd, "a"), Destination: end(diff.ServiceEnd, "b"), Note: "it still passes: something else lets it"},
		{Kind: diff.Closed, Class: diff.Narrowed, Source: end(diff.ServiceEnd, "a"), Destination: end(diff.ServiceEnd, "c"), Closed: port(80)},
		{Kind: diff.Opened, Class: diff.Widened, Source: end(diff.ServiceEnd, "a"), Destination: end(diff.ServiceEnd, "d"), Opened: port(80), Why: "asked", Expires: "2030-01-01"},
		{Kind: diff.Changed, Class: diff.Widened, Closes: true, Source: end(diff.ServiceEnd, "a"), Destination: end(diff.ServiceEnd, "e"), Opened: port(81), Closed: port(80)},
		{Kind: diff.Redefined, Class: diff.Widened, Closes: true, Subject: "service moved", Note: "it was elsewhere"},
		{Kind: diff.Added, Class: diff.Widened, Closes: true, Subject: "service odd"},
		{Kind: diff.Opened, Class: diff.Widened, Internet: true, Source: end(diff.ServiceEnd, "a"), Destination: end(diff.PeerEnd, "all"), Opened: port(443)},
		{Kind: diff.Undecided, Class: diff.Widened, Subject: "policy shop/odd"},
		{Kind: diff.InvariantBroken, Class: diff.Widened, Subject: "invariant apart"},
		{Kind: diff.Removed, Class: diff.Widened, Subject: "environment old"},
		{Kind: diff.IsolationLost, Class: diff.Widened, Subject: "namespace shop", Directions: egress, Internet: true},
		{Kind: diff.IsolationLost, Class: diff.Widened, Subject: "service a", Directions: egress, Internet: true},
	}
}

// TestRowsAreTheText holds the rows of a page against the text format: the same
// words, the same signs but for what closes something besides, the same order.
func TestRowsAreTheText(t *testing.T) {
	all := someRows()
	d := diff.Diff{Topologies: []diff.Topology{{Sections: []diff.Section{{Changes: all}}}}}
	var b strings.Builder
	if err := changes.Text(&b, &d, changes.Options{}); err != nil {
		t.Fatal(err)
	}
	rest := b.String()
	rows := rowsOf(all)
	if len(rows) != len(all) {
		t.Fatalf("%d rows of %d changes", len(rows), len(all))
	}
	for _, row := range rows {
		text, _, _ := strings.Cut(row.Text, ", ") // ports are a column of the text
		want := text
		if row.Shout != "" && row.Shout != towardsInternet {
			want = row.Shout + ": " + text
		}
		i := strings.Index(rest, want)
		if i < 0 {
			t.Fatalf("%q is not in what is left of the text:\n%s", want, rest)
		}
		line := rest[strings.LastIndexByte(rest[:i], '\n')+1:]
		if sign := strings.TrimSpace(line)[:1]; strings.Replace(row.Sign, "−", "-", 1) != sign && (!row.Closes || row.Sign != "~") {
			t.Errorf("%q has the sign %s, and in the text %s", row.Text, row.Sign, sign)
		}
		rest = rest[i+len(want):]
	}
}

func TestRowsOfDanger(t *testing.T) {
	found := map[string]rowData{}
	for _, row := range rowsOf(someRows()) {
		found[strings.TrimSpace(row.Shout+" "+row.Text)] = row
	}
	for text, want := range map[string]rowData{
		"DEFAULT DENY REMOVED every":               {Sign: "!", Danger: true},
		"ISOLATION REMOVED every pod of service a": {Sign: "!", Danger: true},
		"POLICIES REMOVED environment old":         {Sign: "!", Danger: true},
		"INVARIANT BROKEN apart":                   {Sign: "!", Danger: true},
		"CANNOT BE PROVED policy shop/odd":         {Sign: "!", Danger: true},
		towardsInternet + " a → all, 443/TCP":      {Sign: "+", Danger: true},
		"a → d, 80/TCP":                            {Sign: "+"},
		"a → e, opens 81/TCP; closes 80/TCP":       {Sign: "~", Closes: true},
		"service moved redefined":                  {Sign: "~", Closes: true},
		"service odd added":                        {Sign: "~", Closes: true},
		"a → c, 80/TCP":                            {Sign: "−"},
		"a → b":                                    {Sign: "="},
	} {
		var got rowData
		for said, row := range found {
			if strings.HasPrefix(said+" ", text+" ") || strings.HasPrefix(said, text+",") {
				got = row
			}
		}
		if got.Sign != want.Sign || got.Danger != want.Danger || got.Closes != want.Closes {
			t.Errorf("%q is %s, danger %v, closes %v; want %s, %v, %v of %v", text, got.Sign, got.Danger, got.Closes, want.Sign, want.Danger, want.Closes, slices.Collect(maps.Keys(found)))
		}
	}
	if len(found) != 12 {
		t.Errorf("there are %d rows", len(found))
	}
}
