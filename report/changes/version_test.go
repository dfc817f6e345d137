package changes

import (
	"fmt"
	"strings"
	"testing"

	"netgen.dev/proof/diff"
	"netgen.dev/report/changes/changestest"
)

func versioned(old, new string, classes ...diff.Class) diff.Topology {
	var s diff.Section
	for _, class := range classes {
		s.Changes = append(s.Changes, diff.Change{Kind: diff.Changed, Class: class})
	}
	return diff.Topology{Name: "shop", OldVersion: old, NewVersion: new, Sections: []diff.Section{s}}
}

func TestBump(t *testing.T) {
	for _, tt := range []struct {
		old     string
		classes []diff.Class
		want    string
	}{
		{"1.4.0", nil, NoBump},
		{"1.4.0", []diff.Class{diff.Neutral}, NoBump},
		{"1.4.0", []diff.Class{diff.Neutral, diff.Widened}, Minor},
		{"1.4.0", []diff.Class{diff.Widened, diff.Narrowed}, Major},
		{"0.4.0", nil, NoBump},
		{"0.4.0", []diff.Class{diff.Neutral}, NoBump},
		{"0.4.0", []diff.Class{diff.Widened}, Patch},
		{"0.4.0", []diff.Class{diff.Widened, diff.Narrowed}, Minor},
		{"", []diff.Class{diff.Narrowed}, Major},
		{"1.4.0", []diff.Class{"unheard of"}, Minor},
	} {
		if got := Bump(versioned(tt.old, "", tt.classes...)); got != tt.want {
			t.Errorf("%s %v: %s, want %s", tt.old, tt.classes, got, tt.want)
		}
	}
}

// What opens one path and closes another breaks whoever used the other.
func TestBumpOfWhatIsBoth(t *testing.T) {
	for _, c := range []diff.Change{
		{Kind: diff.Changed, Class: diff.Widened, Opened: changestest.TCP(1), Closed: changestest.TCP(2)},
		{Kind: diff.Redefined, Class: diff.Widened, Closes: true},
	} {
		top := diff.Topology{OldVersion: "1.0.0", Sections: []diff.Section{{Changes: []diff.Change{c}}}}
		if got := Bump(top); got != Major {
			t.Errorf("%s: %s", c.Kind, got)
		}
	}
}

func TestCheckVersion(t *testing.T) {
	const wider, narrower, same = diff.Widened, diff.Narrowed, diff.Neutral
	for _, tt := range []struct {
		old, new string
		class    diff.Class
		needed   string // "" where the version fits
	}{
		{"1.4.0", "1.4.0", same, ""},
		{"1.4.0", "1.4.1", same, ""},
		{"1.4.0", "1.4.0", wider, "1.5.0"},
		{"1.4.0", "1.4.1", wider, "1.5.0"},
		{"1.4.3", "1.5.0", wider, ""},
		{"1.4.0", "2.0.0", wider, ""},
		{"1.4.0", "1.5.0", narrower, "2.0.0"},
		{"1.4.0", "2.0.0", narrower, ""},
		{"1.4.0", "3.1.4", narrower, ""},
		// Before 1.0.0.
		{"0.4.1", "0.4.1", wider, "0.4.2"},
		{"0.4.1", "0.4.2", wider, ""},
		{"0.4.1", "0.4.2", narrower, "0.5.0"},
		{"0.4.1", "0.5.0", narrower, ""},
		{"0.4.1", "1.0.0", narrower, ""},
		// Pre-releases stand for the release that they come before.
		{"1.4.0", "1.5.0-rc.1", wider, ""},
		{"1.4.0", "1.4.1-rc.1", wider, "1.5.0"},
		{"1.4.0", "2.0.0-alpha", narrower, ""},
		{"1.5.0-rc.1", "1.5.0-rc.1", wider, "1.5.0"},
		{"1.5.0-rc.1", "1.5.0-rc.2", wider, ""},
		{"1.5.0-rc.1", "1.5.0", wider, ""},
		{"1.5.0-rc.1", "1.5.0-rc.2", narrower, "2.0.0"},
		{"1.5.1-rc.1", "1.5.1", wider, "1.6.0"},
		{"2.0.0-rc.1", "2.0.0-rc.2", narrower, ""},
		{"2.1.0-rc.1", "2.1.0", narrower, "3.0.0"},
		{"2.0.1-rc.1", "2.0.1", narrower, "3.0.0"},
		{"0.4.1-rc.1", "0.4.1", wider, ""},
		{"1.5.0-rc.2", "1.5.0-rc.1", same, "1.5.0"},
		// Build metadata has no order.
		{"1.4.0+a", "1.4.0+b", wider, "1.5.0"},
		{"1.4.0+a", "1.4.0+b", same, ""},
		{"1.4.0", "1.5.0+b", wider, ""},
		// Down.
		{"1.4.0", "1.3.0", same, "1.4.1"},
		{"1.4.0", "1.3.0", wider, "1.5.0"},
		{"1.4.0", "1.4.0-rc.1", same, "1.4.1"},
		{"1.4.0", "0.9.0", narrower, "2.0.0"},
		// A topology that is new, or gone, or has no version.
		{"", "1.0.0", wider, ""},
		{"1.0.0", "", narrower, ""},
		{"", "", narrower, ""},
	} {
		t.Run(fmt.Sprintf("%s to %s %s", tt.old, tt.new, tt.class), func(t *testing.T) {
			top := versioned(tt.old, tt.new, tt.class)
			problems := CheckVersion(top, nil, nil)
			if tt.needed == "" {
				if len(problems) > 0 {
					t.Errorf("%+v", problems)
				}
				return
			}
			if len(problems) != 1 || problems[0].Needed != tt.needed || !strings.Contains(problems[0].Hint, `"`+tt.needed+`"`) || problems[0].Topology != "shop" {
				t.Fatalf("%+v, want %s", problems, tt.needed)
			}
			// Whoever follows the hint is done.
			top.NewVersion = tt.needed
			if again := CheckVersion(top, nil, nil); len(again) > 0 {
				t.Errorf("with %s: %+v", tt.needed, again)
			}
		})
	}
}

func TestCheckVersionReleased(t *testing.T) {
	for _, tt := range []struct {
		old, new, released string
		changed            []string
		class              diff.Class
		needed             string
	}{
		{"1.4.0", "1.5.0", "1.4.0", []string{"dev"}, diff.Widened, ""},
		{"1.4.0", "1.5.0", "1.5.0", []string{"dev"}, diff.Widened, "1.6.0"},
		{"1.4.0", "1.5.0", "1.5.0+x", []string{"dev"}, diff.Widened, "1.6.0"},
		{"1.4.0", "1.5.0", "1.5.0", nil, diff.Widened, ""},
		{"1.4.0", "2.0.0", "2.0.0", []string{"dev"}, diff.Narrowed, "3.0.0"},
		{"1.4.0", "1.4.0", "1.4.0", []string{"dev"}, diff.Neutral, "1.4.1"},
		{"1.4.0", "1.4.0", "1.4.0", nil, diff.Neutral, ""},
		{"1.4.0", "1.4.0", "1.4.0", []string{"dev"}, diff.Widened, "1.5.0"},
		{"1.4.0", "1.5.0", "none", []string{"dev"}, diff.Widened, ""},
	} {
		problems := CheckVersion(versioned(tt.old, tt.new, tt.class), &Released{tt.released, tt.changed}, nil)
		if tt.needed == "" && len(problems) > 0 || tt.needed != "" && (len(problems) != 1 || problems[0].Needed != tt.needed) {
			t.Errorf("%+v: %+v", tt, problems)
		}
	}
}

// A version that may have been pushed means its files, also where another spelling
// of them lets through the same.
func TestCheckVersionRewritten(t *testing.T) {
	files := []string{"shop/base/shop/web.yaml", "shop/overlays/dev/shop/db.yaml"}
	for _, tt := range []struct {
		old, new  string
		class     diff.Class
		released  *Released
		rewritten []string
		needed    string
	}{
		{"1.4.0", "1.4.0", diff.Neutral, nil, files, "1.4.1"},
		{"1.4.0", "1.4.0", diff.Neutral, nil, nil, ""},
		{"1.4.0", "1.4.1", diff.Neutral, nil, files, ""},
		{"1.5.0-rc.1", "1.5.0-rc.1", diff.Neutral, nil, files, "1.5.0"},
		{"0.4.0", "0.4.0", diff.Neutral, nil, files, "0.4.1"},
		{"", "1.4.0", diff.Widened, nil, files, ""},
		// What the connections need is said first, and is enough.
		{"1.4.0", "1.4.0", diff.Widened, nil, files, "1.5.0"},
		{"1.4.0", "1.4.0", diff.Neutral, &Released{"1.4.0", []string{"dev"}}, files, "1.4.1"},
	} {
		top := versioned(tt.old, tt.new, tt.class)
		problems := CheckVersion(top, tt.released, tt.rewritten)
		if tt.needed == "" && len(problems) > 0 || tt.needed != "" && (len(problems) != 1 || problems[0].Needed != tt.needed) {
			t.Errorf("%+v: %+v", tt, problems)
			continue
		}
		if top.NewVersion = tt.needed; tt.needed != "" && len(CheckVersion(top, tt.released, tt.rewritten)) > 0 {
			t.Errorf("%+v: %s is not enough", tt, tt.needed)
		}
	}
	const want = `the version is still 1.4.0, and netgen build writes other files (shop/base/shop/web.yaml and 1 more): netgen push refuses a version that was pushed with other files; write version: "1.4.1", or a later one`
	if p := CheckVersion(versioned("1.4.0", "1.4.0"), nil, files); len(p) != 1 || p[0].Message+"; "+p[0].Hint != want {
		t.Errorf("%+v\nwant %s", p, want)
	}
}

func TestVersionMessages(t *testing.T) {
	for _, tt := range []struct {
		t        diff.Topology
		released *Released
		want     string
	}{
		{
			versioned("1.4.0", "1.4.0", diff.Widened), nil,
			`the version is still 1.4.0, and something passes that did not (1 change): that needs a minor version; write version: "1.5.0", or a later one`,
		},
		{
			versioned("1.4.0", "1.5.0", diff.Widened, diff.Narrowed), nil,
			`version 1.5.0, and something that passed no longer does (1 change): that needs a major version; write version: "2.0.0", or a later one`,
		},
		{
			versioned("1.4.0", "1.3.0"), nil,
			`version 1.3.0 is below 1.4.0, which it was; write version: "1.4.1", or a later one`,
		},
		{
			versioned("1.4.0", "1.5.0", diff.Widened), &Released{"1.5.0", []string{"dev", "staging"}},
			`version 1.5.0 is released with other policies for dev, staging; write version: "1.6.0", or a later one`,
		},
		{versioned("1.4.0", "1.\x1b"), nil, `"1.\x1b" is not a semantic version; write it like "1.4.0"`},
	} {
		problems := CheckVersion(tt.t, tt.released, nil)
		if len(problems) != 1 || problems[0].Message+"; "+problems[0].Hint != tt.want {
			t.Errorf("%+v\nwant %s", problems, tt.want)
		}
	}
}
