package diff

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Environment is an environment of a topology on both sides, nil where it is not
// there.
type Environment struct {
	Name     string
	Old, New *Side
}

// Environments compares the environments of a topology. A change that several of
// them share is said once; those that did not change are only named. Sections are
// in the order of the environments given, those of the most environments first.
func Environments(list []Environment) (sections []Section, unchanged []string) {
	var changes []Change
	var in [][]string         // the environments of each change
	known := map[string]int{} // by what it says
	for _, env := range list {
		found := env.compare()
		if len(found) == 0 {
			unchanged = append(unchanged, env.Name)
		}
		for _, ch := range found {
			key := ch.key()
			i, ok := known[key]
			if !ok {
				i, changes, in = len(changes), append(changes, ch), append(in, nil)
				known[key] = i
			}
			in[i] = append(in[i], env.Name)
		}
	}
	for i, ch := range changes {
		at := slices.IndexFunc(sections, func(s Section) bool { return slices.Equal(s.Environments, in[i]) })
		if at < 0 {
			at, sections = len(sections), append(sections, Section{Environments: in[i]})
		}
		sections[at].Changes = append(sections[at].Changes, ch)
	}
	for i := range sections {
		sorted(sections[i].Changes)
	}
	slices.SortStableFunc(sections, func(a, b Section) int { return len(b.Environments) - len(a.Environments) })
	return sections, unchanged
}

// key is the same for changes that say the same.
func (c Change) key() string {
	data, err := json.Marshal(c)
	if err != nil {
		panic("diff: a change does not marshal: " + err.Error())
	}
	return string(data)
}

func (e Environment) compare() []Change {
	switch {
	case e.Old == nil && e.New == nil:
		return nil
	case e.Old == nil:
		return []Change{e.whole(Added, e.New, "nothing says what was there before: review it as new")}
	case e.New == nil:
		return []Change{e.whole(Removed, e.Old, "its policies go, and with them the isolation of "+strings.Join(e.Old.namespaces(), ", "))}
	}
	return Compare(*e.Old, *e.New)
}

// whole is the change of an environment that came or went. What was there
// before, or will be, nobody knows: it counts as widened.
func (e Environment) whole(kind Kind, side *Side, note string) Change {
	ch := Change{Kind: kind, Class: Widened, Subject: "environment " + e.Name, Note: note, Internet: true}
	if side.Plan != nil {
		ch.Note = fmt.Sprintf("%d services, %d connections; %s", len(side.Model.Services), len(side.Model.Edges), note)
		ch.Owner = side.Model.Owner
		ch.Path, ch.Before = "environments."+e.Name, kind == Removed
		if key, _, ok := side.Locate([]string{"environments", e.Name}); ok {
			ch.Pos = &key
		}
	}
	return ch
}

// namespaces returns the namespaces that the policies of a side isolate.
func (s *Side) namespaces() []string {
	found := map[string]bool{}
	for _, p := range s.Policies {
		found[p.Namespace] = true
	}
	return slices.Sorted(maps.Keys(found))
}
