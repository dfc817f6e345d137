package diff

import (
	"cmp"
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
		found := env.compare(list)
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

func (e Environment) compare(others []Environment) []Change {
	switch {
	case e.Old == nil && e.New == nil:
		return nil
	case e.Old == nil:
		return e.added(others)
	case e.New == nil:
		return []Change{e.whole(Removed, e.Old, "its policies go, and with them the isolation of "+strings.Join(e.Old.namespaces(), ", "))}
	}
	return Compare(*e.Old, *e.New)
}

// added is an environment that nothing is known of before: it is named, and so
// are its connections, but where another environment has the same.
func (e Environment) added(others []Environment) []Change {
	const note = "nothing says what was there before: review it as new"
	if e.New.Plan == nil {
		return []Change{e.whole(Added, e.New, note)}
	}
	c := newComparison(Side{}, *e.New)
	c.collect()
	for k := range c.flows[after] {
		ch := c.connection(k, nil)
		ch.Kind, ch.Class, ch.Opened, ch.Note = Opened, Widened, c.flows[after][k].ports, ""
		c.changes = append(c.changes, ch)
	}
	connections := sorted(c.folded())
	like := ""
	for _, other := range others {
		if other.Old == nil || other.New == nil || other.New.Plan == nil {
			continue
		}
		o := newComparison(Side{}, *other.New)
		o.collect()
		if maps.EqualFunc(c.flows[after], o.flows[after], func(a, b *flow) bool { return a.ports.Equal(b.ports) }) {
			if sameIsolation(e.New, other.New) {
				return []Change{e.whole(Added, e.New, "the same connections as "+other.Name)}
			}
			like = cmp.Or(like, other.Name)
		}
	}
	if like != "" {
		return []Change{e.whole(Added, e.New, "the same connections as "+like+", and not the same isolation")}
	}
	whole := e.whole(Added, e.New, note)
	whole.Internet = slices.ContainsFunc(connections, func(ch Change) bool { return ch.Internet })
	return append([]Change{whole}, connections...)
}

// sameIsolation reports whether the topology isolates the same in two environments,
// whatever their namespaces are called.
func sameIsolation(a, b *Side) bool {
	return a.Model.Enforce == b.Model.Enforce && a.Model.Output.DefaultDeny == b.Model.Output.DefaultDeny
}

// whole is the change of an environment that came or went. What was there
// before, or will be, nobody knows: it counts as widened.
func (e Environment) whole(kind Kind, side *Side, note string) Change {
	ch := Change{Kind: kind, Class: Widened, Subject: "environment " + e.Name, Note: note, Internet: kind == Removed || side.Plan == nil}
	if side.Plan == nil {
		return ch
	}
	ch.Note = fmt.Sprintf("%s, %s; %s", count(len(side.Model.Services), "service"), count(len(side.Model.Edges), "connection"), note)
	ch.Owner, ch.Before = side.Model.Owner, kind == Removed
	ch.Path = "environments." + e.Name
	key, _, ok := side.Locate([]string{"environments", e.Name})
	if !ok { // a topology without environments has one that nobody wrote down
		ch.Path = "name"
		key, _, ok = side.Locate([]string{"name"})
	}
	if ok {
		ch.Pos = &key
	}
	return ch
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// namespaces returns the namespaces that the policies of a side isolate.
func (s *Side) namespaces() []string {
	found := map[string]bool{}
	for _, p := range s.Policies {
		found[p.Namespace] = true
	}
	return slices.Sorted(maps.Keys(found))
}
