package diff

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"netgen.dev/gen/topology"
	"netgen.dev/proof/verify"
)

// invariants compares which invariants hold.
func (c *comparison) invariants() {
	var broken [2]map[string]string
	for side, s := range c.sides {
		broken[side] = map[string]string{}
		if s.Model == nil || len(s.Model.Invariants) == 0 {
			continue
		}
		for _, b := range verify.Invariants(s.Model, s.Plan, s.Policies) {
			broken[side][b.Invariant] = b.Message
		}
	}
	for _, name := range slices.Sorted(maps.Keys(broken[after])) {
		if _, was := broken[before][name]; !was {
			c.invariant(InvariantBroken, Widened, after, name, broken[after][name])
		}
	}
	if !c.both() {
		return
	}
	old, new := c.sides[before].Model.Invariants, c.sides[after].Model.Invariants
	for _, name := range slices.Sorted(maps.Keys(old)) {
		_, was := broken[before][name]
		_, is := broken[after][name]
		switch {
		case new[name] == nil:
			c.invariant(Removed, Widened, before, name, "nothing holds anybody to it any more")
		case !reflect.DeepEqual(statement(old[name]), statement(new[name])):
			// Whether it is weaker or stronger is not for a table to say.
			c.invariant(Redefined, Widened, after, name, fmt.Sprintf("it was %s and is %s", stated(old[name]), stated(new[name])))
		case was && !is:
			c.invariant(InvariantMet, Neutral, after, name, "it holds now")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(new)) {
		if old[name] == nil && broken[after][name] == "" {
			c.invariant(Added, Neutral, after, name, "")
		}
	}
}

func (c *comparison) invariant(kind Kind, class Class, side int, name, note string) {
	ch := Change{Kind: kind, Class: class, Subject: "invariant " + name, Note: note, Why: c.sides[side].Model.Invariants[name].Why}
	c.place(&ch, side, []string{"invariants", name})
	c.changes = append(c.changes, ch)
}

// statement is what an invariant demands.
func statement(i *topology.Invariant) topology.Invariant {
	return topology.Invariant{Deny: i.Deny, Only: i.Only, Require: i.Require}
}

// stated words an invariant as it is written.
func stated(i *topology.Invariant) string {
	on := func(ports map[string]bool) string {
		var names []string
		for _, name := range slices.Sorted(maps.Keys(ports)) {
			if ports[name] {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			return ""
		}
		return " on " + strings.Join(names, ", ")
	}
	switch {
	case i.Deny != nil && i.Deny.Hops == topology.AnyHops:
		return fmt.Sprintf("deny %s → %s%s by any number of hops", i.Deny.From, i.Deny.To, on(i.Deny.Ports))
	case i.Deny != nil:
		return fmt.Sprintf("deny %s → %s%s within %d", i.Deny.From, i.Deny.To, on(i.Deny.Ports), i.Deny.Hops)
	case i.Only != nil:
		return fmt.Sprintf("only %s → %s%s", strings.Join(i.Only.From, ", "), i.Only.To, on(i.Only.Ports))
	case i.Require != nil:
		return fmt.Sprintf("require %s → %s%s", i.Require.From, i.Require.To, on(i.Require.Ports))
	}
	return "nothing"
}
