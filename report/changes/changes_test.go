package changes

import (
	"strings"
	"testing"

	"netgen.dev/proof/diff"
	"netgen.dev/report/changes/changestest"
)

// The counts are those of the diff, and of the same changes everywhere.
func TestCount(t *testing.T) {
	d := changestest.Rich()
	if got, want := countOf(d.Topologies...), d.Count(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if empty(d) || !empty(&diff.Diff{Topologies: []diff.Topology{{Unchanged: []string{"dev"}}}}) {
		t.Error("what is empty is mistaken")
	}
}

// A class that a later version may have must not make a change vanish.
func TestUnknownClassIsShown(t *testing.T) {
	d := &diff.Diff{Topologies: []diff.Topology{{Sections: []diff.Section{{Changes: []diff.Change{
		{Kind: diff.Opened, Class: "unheard of", Source: changestest.Service("a"), Destination: changestest.Service("b")},
	}}}}}}
	for _, format := range []string{"txt", "md"} {
		if out := render(t, format, d); strings.Contains(out, nothing) || !strings.Contains(out, "unheard of") || !strings.Contains(out, "1 widened") {
			t.Errorf("the change is not in %s:\n%s", format, out)
		}
	}
}

func TestDanger(t *testing.T) {
	// From the most dangerous to the least.
	order := []diff.Change{
		{Kind: diff.IsolationLost, Class: diff.Widened},
		{Kind: diff.InvariantBroken, Class: diff.Neutral},
		{Kind: diff.Undecided, Class: diff.Widened},
		{Kind: diff.Opened, Class: diff.Widened, Internet: true},
		{Kind: diff.Opened, Class: diff.Widened},
		{Kind: diff.Closed, Class: diff.Narrowed, Internet: true},
		{Kind: diff.Renamed, Class: diff.Neutral, Internet: true},
	}
	for i := range order {
		if got := danger(&order[i]); got != i {
			t.Errorf("%s %s is %d, want %d", order[i].Class, order[i].Kind, got, i)
		}
	}
	if danger(&diff.Change{Kind: diff.Undecided, Class: diff.Neutral}) != isNeutral {
		t.Error("what is neutral is dangerous")
	}
}

func TestSigns(t *testing.T) {
	for _, tt := range []struct {
		kind  diff.Kind
		class diff.Class
		want  string
	}{
		{diff.Opened, diff.Widened, "+"},
		{diff.Opened, diff.Neutral, "="},
		{diff.Closed, diff.Narrowed, "-"},
		{diff.Changed, diff.Widened, "~"},
		{diff.Changed, diff.Narrowed, "~"},
		{diff.IsolationLost, diff.Widened, "!"},
		{diff.IsolationLost, diff.Neutral, "!"},
		{diff.IsolationGained, diff.Narrowed, "-"},
		{diff.InvariantBroken, diff.Widened, "!"},
		{diff.InvariantMet, diff.Neutral, "="},
		{diff.Added, diff.Widened, "+"},
		{diff.Removed, diff.Narrowed, "-"},
		{diff.Removed, diff.Neutral, "="},
		{diff.Renamed, diff.Neutral, "="},
		{diff.Redefined, diff.Widened, "~"},
		{diff.Undecided, diff.Widened, "!"},
	} {
		if got := sign(&diff.Change{Kind: tt.kind, Class: tt.class}); got != tt.want {
			t.Errorf("%s %s has the sign %s, want %s", tt.class, tt.kind, got, tt.want)
		}
	}
}

func TestEverywhere(t *testing.T) {
	section := func(environments ...string) diff.Section { return diff.Section{Environments: environments} }
	for _, tt := range []struct {
		t    diff.Topology
		in   []string
		want string
	}{
		{diff.Topology{Sections: []diff.Section{section("dev", "prod")}}, []string{"dev", "prod"}, "in every environment"},
		{diff.Topology{Sections: []diff.Section{section("dev", "prod")}, Unchanged: []string{"qa"}}, []string{"dev", "prod"}, "in dev, prod"},
		{diff.Topology{Sections: []diff.Section{section("dev", "prod"), section("qa")}}, []string{"dev", "prod"}, "in dev, prod"},
		{diff.Topology{Sections: []diff.Section{section("dev")}}, []string{"dev"}, "in dev"},
		{diff.Topology{Sections: []diff.Section{section()}}, nil, ""},
	} {
		if got := environments(&tt.t, tt.in, 0).plain(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.t, got, tt.want)
		}
	}
}

func TestVersions(t *testing.T) {
	for _, tt := range [][3]string{
		{"1.0.0", "1.1.0", "shop 1.0.0 → 1.1.0"},
		{"1.0.0", "1.0.0", "shop 1.0.0 (same version)"},
		{"", "1.0.0", "shop 1.0.0 (new)"},
		{"1.0.0", "", "shop 1.0.0 (removed)"},
		{"", "", "shop"},
	} {
		if got := versions(&diff.Topology{Name: "shop", OldVersion: tt[0], NewVersion: tt[1]}).plain(); got != tt[2] {
			t.Errorf("%q, want %q", got, tt[2])
		}
	}
}
