package changes

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"netgen.dev/proof/diff"
	"netgen.dev/report/changes/changestest"
)

// large is a diff of n changes, the most dangerous one last.
func large(n, topologies int) *diff.Diff {
	d := &diff.Diff{Old: "a", New: "b"}
	for i := range topologies {
		d.Topologies = append(d.Topologies, diff.Topology{
			Name: fmt.Sprintf("t%d", i), OldVersion: "1.0.0", NewVersion: "1.0.1",
			Sections: []diff.Section{{Environments: []string{"dev"}}},
		})
	}
	for i := range n {
		c := diff.Change{
			Kind: diff.Opened, Class: diff.Widened, Source: changestest.Service(fmt.Sprintf("caller-%d", i)), Destination: changestest.Service("backend"),
			Opened: changestest.TCP(8080), Pos: changestest.At(i + 1), Why: "because " + strings.Repeat("x", i%150), Rules: []string{"shop/a, ingress[0]"},
		}
		switch {
		case i == n-1:
			c = diff.Change{Kind: diff.IsolationLost, Class: diff.Widened, Subject: "namespace last", Pos: changestest.At(i)}
		case i%3 == 1:
			c.Class = diff.Neutral
		case i%3 == 2:
			c.Kind, c.Class, c.Opened, c.Closed = diff.Closed, diff.Narrowed, nil, c.Opened
		}
		s := &d.Topologies[i%topologies].Sections[0]
		s.Changes = append(s.Changes, c)
	}
	return d
}

var moreChanges = regexp.MustCompile(`\*\*(\d+) more changes?: run`)

func TestMarkdownHasRoomForAnything(t *testing.T) {
	for _, topologies := range []int{1, 40, 3000} {
		d := large(10_000, topologies)
		out := render(t, "md", d)
		assertComment(t, out)
		if len(out) < MarkdownLimit*9/10 {
			t.Errorf("%d topologies: there are but %d bytes", topologies, len(out))
		}
		m := moreChanges.FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("%d topologies: nothing says that changes are left out", topologies)
		}
		left, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		if shown := len(regexp.MustCompile("(?m)^\\| `").FindAllString(out, -1)); shown+left != 10_000 {
			t.Errorf("%d topologies: %d changes are shown and %d left out", topologies, shown, left)
		}
		row := strings.Index(out, "| `!` | **DEFAULT DENY REMOVED**")
		if row < 0 || row > strings.Index(out, "| `+` |") {
			t.Errorf("%d topologies: the most dangerous change is not the first row", topologies)
		}
		if strings.Contains(out, "| `-` |") {
			t.Errorf("%d topologies: what narrows is shown though what widens is left out", topologies)
		}
	}
}

func TestMarkdownSaysNothingIsLeftOut(t *testing.T) {
	if out := render(t, "md", large(30, 2)); strings.Contains(out, "more change") {
		t.Errorf("changes are left out:\n%s", out)
	}
}

// At every length there is a first row that does not fit.
func TestMarkdownLimitIsMetAtEverySize(t *testing.T) {
	for n := 80; n < 700; n += 9 {
		assertComment(t, render(t, "md", large(n, 1+n%7)))
	}
}

func TestGitHubShowsNoMoreThanFit(t *testing.T) {
	out := render(t, "github", large(1000, 3))
	for _, level := range []string{"error", "warning", "notice"} {
		if n := strings.Count(out, "::"+level+" "); n > maxAnnotations || n == 0 {
			t.Errorf("there are %d annotations of %s", n, level)
		}
	}
	if !strings.Contains(out, "::warning title=netgen diff::324 more changes: run netgen diff\n") {
		t.Errorf("nothing says how many are left out:\n%s", out)
	}
}

func TestSARIFShowsNoMoreThanFit(t *testing.T) {
	var log sarifLog
	if err := json.Unmarshal([]byte(render(t, "sarif", large(7000, 2))), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if len(run.Results) != MaxResults || run.Results[0].RuleID != "netgen/isolation-lost" {
		t.Errorf("there are %d results, the first %s", len(run.Results), run.Results[0].RuleID)
	}
	if n := run.Invocations[0].Notifications; len(n) != 1 || n[0].Message.Text != "2000 more changes: run netgen diff" {
		t.Errorf("nothing says how many are left out: %+v", n)
	}
}
