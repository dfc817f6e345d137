package report_test

import (
	"reflect"
	"testing"

	"netgen.dev/bench/report"
)

func TestRegressed(t *testing.T) {
	stored := report.Ratios{
		"faster": 1, "noise": 1, "slower": 1, "gone": 1,
		"steeper: growth from 1,000 to 10,000 services, user CPU":  1,
		"as steep: growth from 1,000 to 10,000 services, user CPU": 1,
	}
	now := report.Ratios{
		"faster": 0.5, "noise": 1.2, "slower": 1.5, "new": 9,
		"steeper: growth from 1,000 to 10,000 services, user CPU":  1.2,
		"as steep: growth from 1,000 to 10,000 services, user CPU": 1.05,
	}
	want := []string{
		"gone: was 1, and was not measured now",
		"slower: was 1, is 1.5 (+50 %)",
		"steeper: growth from 1,000 to 10,000 services, user CPU: was 1, is 1.2 (+20 %)",
	}
	if got := now.Regressed(stored, 0.25); !reflect.DeepEqual(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

// TestVerdict holds verdicts against goals: what went over the limit proves that a
// goal is met, and never that it is missed.
func TestVerdict(t *testing.T) {
	for _, tt := range []struct {
		goal report.Goal
		want string
	}{
		{report.Goal{Wanted: 1, Measured: 1}, "met"},
		{report.Goal{Wanted: 1, Measured: 2}, "**missed**"},
		{report.Goal{Wanted: 1, Measured: 0.5, Bound: true}, "met"},
		{report.Goal{Wanted: 1, Measured: 2, Bound: true}, "not known: the limit was too short"},
		{report.Goal{Wanted: 100, Measured: 99, AtLeast: true}, "**missed**"},
		{report.Goal{Wanted: 100, Measured: 100, AtLeast: true}, "met"},
	} {
		if got := tt.goal.Verdict(); got != tt.want {
			t.Errorf("%+v: %s, not %s", tt.goal, got, tt.want)
		}
	}
}
