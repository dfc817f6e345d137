// Package changes tells a person, and the programs that stand in for one, what a
// diff means: which paths open and which close, in which environments, who asked
// for it and why, and whether anything dangerous happened.
//
// Each format is a function in a file of its own. Whatever names and texts a diff
// holds, they act on no terminal, browser or workflow runner. The package computes
// no diff; it reads no files, and knows neither a clock nor a network.
package changes

import (
	"cmp"
	"slices"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/proof/diff"
)

// Formats are the names of the formats, the first being the default.
var Formats = []string{"text", "json", "markdown", "sarif", "github"}

// Options say how to write. The zero Options are good for every format.
type Options struct {
	Color bool // of the text

	// Version is that of netgen.
	Version string

	// Stops are why the change is not to pass: what gates and the version of the
	// topology say of it.
	Stops []Stop

	// Link returns the address of a place for readers of a pull request, "" where
	// it has none; before is of places in the old topology.
	Link func(pos diag.Pos, before bool) string

	// File returns the path of a file that a diff names, from the root of the
	// repository. Where it is nil, files are named from there already.
	File func(file string) string
}

// Stop is one reason for a change not to pass, and where to mend that.
type Stop struct {
	Message string
	Pos     *diag.Pos // nil where that is no place
}

// row is a change and where it happened.
type row struct {
	*diff.Change
	topology     *diff.Topology
	environments []string
}

// How dangerous a change is, the most dangerous first.
const (
	losesIsolation = iota
	breaksInvariant
	isUndecided
	opensInternet
	widens
	narrows
	isNeutral
)

func danger(c *diff.Change) int {
	switch {
	case isolationLost(c):
		return losesIsolation
	case c.Kind == diff.InvariantBroken, guardChanged(c):
		return breaksInvariant
	case c.Class == diff.Narrowed:
		return narrows
	case c.Class == diff.Neutral:
		return isNeutral
	case c.Kind == diff.Undecided:
		return isUndecided
	case c.Internet:
		return opensInternet
	}
	return widens // as is any class that is not known here
}

// guardChanged reports whether an invariant is gone, or another than it was: who
// opens what it forbids can do that first.
func guardChanged(c *diff.Change) bool {
	return (c.Kind == diff.Removed || c.Kind == diff.Redefined) && c.Class != diff.Neutral && strings.HasPrefix(c.Subject, "invariant ")
}

// closes reports whether something that passed no longer does. What is widened can
// do that as well.
func closes(c *diff.Change) bool {
	return c.Class == diff.Narrowed || c.Closes || len(c.Closed) > 0 && c.Class != diff.Neutral
}

// loud reports whether a change must not be overlooked, whatever its class.
func loud(c *diff.Change) bool { return danger(c) <= isUndecided }

// isolationLost reports whether pods lost what isolated them, by themselves or
// with everything that is removed.
func isolationLost(c *diff.Change) bool {
	if c.Kind != diff.Removed || c.Class != diff.Widened {
		return c.Kind == diff.IsolationLost
	}
	what, _, _ := strings.Cut(c.Subject, " ")
	return slices.Contains([]string{"topology", "environment", "namespace"}, what)
}

// rows returns the changes of a topology, the most dangerous first and else in
// the order of the diff.
func rows(t *diff.Topology) []row {
	var out []row
	for i := range t.Sections {
		s := &t.Sections[i]
		for j := range s.Changes {
			out = append(out, row{&s.Changes[j], t, s.Environments})
		}
	}
	return byDanger(out)
}

// allRows returns the changes of a diff, the most dangerous first.
func allRows(d *diff.Diff) []row {
	var out []row
	for i := range d.Topologies {
		out = append(out, rows(&d.Topologies[i])...)
	}
	return byDanger(out)
}

func byDanger(in []row) []row {
	slices.SortStableFunc(in, func(a, b row) int { return cmp.Compare(danger(a.Change), danger(b.Change)) })
	return in
}

// empty reports whether nothing changed. A change of a class that is not known here
// is a change.
func empty(d *diff.Diff) bool { return len(allRows(d)) == 0 }

// countOf counts changes by class, as diff.Count does, and what is of no class as
// widened: what cannot be decided must not look like nothing.
func countOf(topologies ...diff.Topology) diff.Count {
	var out diff.Count
	for _, r := range allRows(&diff.Diff{Topologies: topologies}) {
		if closes(r.Change) {
			out.Closing++
		}
		switch r.Class {
		case diff.Narrowed:
			out.Narrowed++
		case diff.Neutral:
			out.Neutral++
		case diff.Widened:
			out.Widened++
		default:
			out.Widened++
		}
	}
	return out
}

// topologies returns those in which something changed, the most dangerous first.
func topologies(d *diff.Diff) []*diff.Topology {
	var out []*diff.Topology
	worst := map[*diff.Topology]int{}
	for i := range d.Topologies {
		t := &d.Topologies[i]
		if all := rows(t); len(all) > 0 {
			out, worst[t] = append(out, t), danger(all[0].Change)
		}
	}
	slices.SortStableFunc(out, func(a, b *diff.Topology) int { return cmp.Compare(worst[a], worst[b]) })
	return out
}

// sections returns the sections of a topology in which something changed, the
// most dangerous first.
func sections(t *diff.Topology) []diff.Section {
	var out []diff.Section
	for _, s := range t.Sections {
		if len(s.Changes) > 0 {
			out = append(out, s)
		}
	}
	worst := func(s diff.Section) int {
		least := isNeutral
		for i := range s.Changes {
			least = min(least, danger(&s.Changes[i]))
		}
		return least
	}
	slices.SortStableFunc(out, func(a, b diff.Section) int { return cmp.Compare(worst(a), worst(b)) })
	return out
}

// everywhere reports whether some environments are all that a topology has.
func everywhere(t *diff.Topology, environments []string) bool {
	if len(t.Unchanged) > 0 || len(environments) < 2 {
		return false
	}
	for _, s := range t.Sections {
		for _, env := range s.Environments {
			if !slices.Contains(environments, env) {
				return false
			}
		}
	}
	return true
}

// extent is in how many environments of how many something changed, and in which
// nothing did.
type extent struct {
	changed, all int
	unnamed      int // of policies of which nobody knows the environment
	unchanged    []string
}

func extentOf(d *diff.Diff) extent {
	var out extent
	for _, t := range d.Topologies {
		changed := map[string]bool{}
		for _, s := range t.Sections {
			for _, env := range s.Environments {
				changed[env] = true
			}
		}
		if changed[""] {
			out.unnamed++
		}
		out.changed += len(changed)
		out.all += len(changed) + len(t.Unchanged)
		for _, env := range t.Unchanged {
			if len(d.Topologies) > 1 {
				env = t.Name + "/" + env
			}
			out.unchanged = append(out.unchanged, env)
		}
	}
	return out
}
