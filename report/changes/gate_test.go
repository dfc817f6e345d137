package changes

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/proof/diff"
	"netgen.dev/report/changes/changestest"
)

func TestGate(t *testing.T) {
	for _, tt := range []struct {
		change diff.Change
		want   []string
	}{
		{diff.Change{Kind: diff.Opened, Class: diff.Widened}, []string{"widened", "any"}},
		{diff.Change{Kind: diff.Opened, Class: diff.Widened, Internet: true}, []string{"widened", "any", "internet"}},
		{diff.Change{Kind: diff.Closed, Class: diff.Narrowed, Internet: true}, []string{"narrowed", "any"}},
		{diff.Change{Kind: diff.Changed, Class: diff.Widened, Closed: changestest.TCP(1)}, []string{"widened", "narrowed", "any"}},
		{diff.Change{Kind: diff.Redefined, Class: diff.Widened, Closes: true}, []string{"widened", "narrowed", "any"}},
		{diff.Change{Kind: diff.Renamed, Class: diff.Neutral, Internet: true}, nil},
		{diff.Change{Kind: diff.IsolationLost, Class: diff.Widened}, []string{"widened", "any", "isolation-lost"}},
		{diff.Change{Kind: diff.IsolationLost, Class: diff.Neutral}, []string{"any", "isolation-lost"}},
		{diff.Change{Kind: diff.InvariantBroken, Class: diff.Neutral}, []string{"any"}},
		{diff.Change{Kind: diff.Removed, Class: diff.Widened, Subject: "environment dev"}, []string{"widened", "any", "isolation-lost"}},
		{diff.Change{Kind: diff.Removed, Class: diff.Widened, Subject: "namespace shop"}, []string{"widened", "any", "isolation-lost"}},
		{diff.Change{Kind: diff.Removed, Class: diff.Neutral, Subject: "environment dev"}, nil},
		{diff.Change{Kind: diff.Removed, Class: diff.Widened, Subject: "service a"}, []string{"widened", "any"}},
		{diff.Change{Kind: diff.Undecided, Class: diff.Widened, Internet: true}, []string{"widened", "any", "internet"}},
		{diff.Change{Kind: "new-kind", Class: "new-class", Internet: true}, []string{"widened", "any", "internet"}},
	} {
		d := &diff.Diff{Topologies: []diff.Topology{{
			Name: "shop", Sections: []diff.Section{{Environments: []string{"dev"}, Changes: []diff.Change{tt.change}}},
		}}}
		stopped, err := Gate(d, Gates)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range stopped {
			got = s.Gates
			if s.Topology != "shop" || !cmp.Equal(s.Environments, []string{"dev"}) || !strings.HasSuffix(s.String(), "in dev of shop") {
				t.Errorf("%+v does not say where it is", s)
			}
		}
		if !cmp.Equal(got, tt.want) {
			t.Errorf("%s %s %s: %v, want %v", tt.change.Class, tt.change.Kind, tt.change.Subject, got, tt.want)
		}
		for _, gate := range Gates {
			alone, err := Gate(d, []string{gate})
			if err != nil {
				t.Fatal(err)
			}
			if (len(alone) == 1) != strings.Contains(strings.Join(tt.want, " ")+" ", gate+" ") {
				t.Errorf("%s %s: %s alone stops %d", tt.change.Class, tt.change.Kind, gate, len(alone))
			}
		}
	}
}

func TestGateOfNothing(t *testing.T) {
	if got, err := Gate(changestest.Rich(), nil); err != nil || len(got) > 0 {
		t.Errorf("no gate stops %v, %v", got, err)
	}
	if got, err := Gate(&diff.Diff{}, Gates); err != nil || len(got) > 0 {
		t.Errorf("an empty diff is stopped: %v, %v", got, err)
	}
}

// A gate that is misspelled must not be one that lets everything pass.
func TestUnknownGate(t *testing.T) {
	_, err := Gate(&diff.Diff{}, []string{"widened", "widend\x1b"})
	if err == nil || err.Error() != `"widend\u{1b}" is no gate: there are widened, narrowed, any, internet, isolation-lost` {
		t.Errorf("the error is %v", err)
	}
}

func TestGateOrder(t *testing.T) {
	stopped, err := Gate(changestest.Rich(), []string{GateAny})
	if err != nil {
		t.Fatal(err)
	}
	n := changestest.Rich().Count()
	if len(stopped) != n.Widened+n.Narrowed {
		t.Errorf("%d are stopped of %+v", len(stopped), n)
	}
	last := 0
	for _, s := range stopped {
		if now := danger(&s.Change); now < last {
			t.Errorf("%s comes after what is less dangerous", s)
		} else {
			last = now
		}
	}
}
