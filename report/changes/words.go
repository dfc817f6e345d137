package changes

import (
	"slices"
	"strings"

	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/diff"
)

// phrase is words of netgen's own and names from a diff. Each format treats the
// names as what they are: something that anybody may have written.
type phrase []word

type word struct {
	text string
	data bool
}

func say(text string) phrase  { return phrase{{text: text}} }
func name(text string) phrase { return phrase{{text: text, data: true}} }

func join(parts ...phrase) phrase {
	var out phrase
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// list joins phrases with a comma, and counts what is more than limit; 0 is no
// limit.
func list(items []phrase, limit int) phrase {
	more := 0
	if limit > 0 && len(items) > limit {
		more, items = len(items)-limit, items[:limit]
	}
	var out phrase
	for i, item := range items {
		if i > 0 {
			out = append(out, word{text: ", "})
		}
		out = append(out, item...)
	}
	if more > 0 {
		out = append(out, word{text: " and " + plural(more, "other")})
	}
	return out
}

func names(in []string) []phrase {
	out := make([]phrase, len(in))
	for i, s := range in {
		out[i] = name(s)
	}
	return out
}

// render writes a phrase, with what a format does to names.
func (p phrase) render(data func(string) string) string {
	var b strings.Builder
	for _, w := range p {
		if w.data {
			b.WriteString(data(w.text))
		} else {
			b.WriteString(w.text)
		}
	}
	return b.String()
}

// plain writes a phrase as text.
func (p phrase) plain() string { return p.render(clean) }

// sign is the character before a change.
func sign(c *diff.Change) string {
	switch {
	case loud(c):
		return "!"
	case c.Class == diff.Neutral:
		return "="
	case c.Kind == diff.Changed || c.Kind == diff.Renamed || c.Kind == diff.Redefined:
		return "~"
	case c.Class == diff.Narrowed:
		return "-"
	}
	return "+"
}

// title says what a change is, in shouted words first where it is dangerous; the
// ports are told apart from it.
func title(c *diff.Change) (shout string, text phrase) {
	if c.Source != nil && c.Destination != nil {
		text = connection(c)
	} else {
		text = name(c.Subject)
	}
	switch c.Kind {
	case diff.Opened, diff.Closed, diff.Changed:
		return "", text
	case diff.IsolationLost:
		shout = "ISOLATION REMOVED"
		if strings.HasPrefix(c.Subject, "namespace ") {
			shout = "DEFAULT DENY REMOVED"
		}
		return shout, join(pods(c), say(anything(c.Directions)))
	case diff.IsolationGained:
		return "", join(say("isolated: "), pods(c), say(declared(c.Directions)))
	case diff.InvariantBroken:
		return "INVARIANT BROKEN", subject(c, "invariant ")
	case diff.InvariantMet:
		return "", join(say("invariant met: "), subject(c, "invariant "))
	case diff.Undecided:
		if loud(c) {
			return "CANNOT BE PROVED", subject(c, "")
		}
		return "", join(say("cannot be proved: "), subject(c, ""))
	case diff.Restated:
		return "", join(text, say(" is declared otherwise"))
	case diff.Removed:
		if guardChanged(c) {
			return "INVARIANT REMOVED", subject(c, "invariant ")
		}
		if isolationLost(c) {
			return "POLICIES REMOVED", join(subject(c, ""), say(" and all that isolated its pods"))
		}
	case diff.Redefined:
		if guardChanged(c) {
			return "INVARIANT CHANGED", subject(c, "invariant ")
		}
	case diff.Added, diff.Renamed:
	}
	return "", join(subject(c, ""), say(" "), name(string(c.Kind)))
}

// subject is what a change is about without a word that is said already, and the
// connection that shows it if there is one.
func subject(c *diff.Change, said string) phrase {
	about := name(strings.TrimPrefix(c.Subject, said))
	switch {
	case c.Source == nil || c.Destination == nil:
		return about
	case c.Subject == "":
		return connection(c)
	}
	return join(about, say(": "), connection(c))
}

func connection(c *diff.Change) phrase {
	return join(endOf(c, c.Source), say(" → "), endOf(c, c.Destination))
}

// endOf names an end of a connection, with its namespace where that is not the
// other's as well.
func endOf(c *diff.Change, e *diff.End) phrase {
	from, to := c.Source.Namespace, c.Destination.Namespace
	if from == to || from == "" || to == "" || e.Kind != diff.ServiceEnd && e.Kind != diff.GroupEnd {
		return end(e)
	}
	return name(e.Namespace + "/" + e.Name)
}

// maxMembers is how many members of an end are named.
const maxMembers = 5

// pods says which pods an isolation is of.
func pods(c *diff.Change) phrase {
	switch {
	case strings.HasPrefix(c.Subject, "pods "):
		return join(say("each of "), name(c.Subject))
	case !strings.HasPrefix(c.Subject, "namespace "):
		return join(say("every pod of "), name(c.Subject))
	case len(c.Members) == 0:
		return join(say("every undeclared pod of "), name(c.Subject))
	}
	return join(say("every pod of "), name(c.Subject), say(" ("), list(names(c.Members), maxMembers), say(" too)"))
}

// end names an end. Services, groups and peers have their names to themselves;
// pods that nobody declares need their namespace to be found.
func end(e *diff.End) phrase {
	out := name(e.Name)
	if e.Name == "" {
		out = name(string(e.Kind))
	}
	if e.Kind == diff.PodsEnd && e.Namespace != "" {
		out = join(say("pods "), out, say(" in namespace "), name(e.Namespace))
	}
	if len(e.Members) > 0 {
		out = join(out, say(" ("), list(names(e.Members), maxMembers), say(")"))
	}
	return out
}

func has(directions []connectivity.Direction, d connectivity.Direction) bool {
	// Which one it is cannot be said where there is none, so it is both.
	return len(directions) == 0 || slices.Contains(directions, d)
}

// anything is what pods do that are not isolated.
func anything(directions []connectivity.Direction) string {
	in, out := has(directions, connectivity.Ingress), has(directions, connectivity.Egress)
	switch {
	case in && out:
		return " accepts anything and connects to anything"
	case out:
		return " connects to anything"
	}
	return " accepts anything"
}

// declared is what pods do that are isolated.
func declared(directions []connectivity.Direction) string {
	in, out := has(directions, connectivity.Ingress), has(directions, connectivity.Egress)
	switch {
	case in && out:
		return " accepts and opens only what is allowed"
	case out:
		return " opens only what is allowed"
	}
	return " accepts only what is allowed"
}

// ports says which ports a change is about.
func ports(c *diff.Change) phrase {
	opened, closed := name(c.Opened.String()), name(c.Closed.String())
	switch {
	case len(c.Opened) == 0 && len(c.Closed) == 0:
		return nil
	case len(c.Closed) == 0 && c.Kind != diff.Changed:
		return opened
	case len(c.Opened) == 0 && c.Kind != diff.Changed:
		return closed
	case len(c.Closed) == 0:
		return join(say("opens "), opened)
	case len(c.Opened) == 0:
		return join(say("closes "), closed)
	}
	return join(say("opens "), opened, say("; closes "), closed)
}

const internet = ", internet"

// class is the class of a change and what aggravates it.
func class(c *diff.Change) phrase {
	out := name(string(c.Class))
	if alsoCloses(c) {
		out = join(out, say(", closes too"))
	}
	if c.Internet {
		out = join(out, say(internet))
	}
	return out
}

// alsoCloses reports whether neither class nor ports of a change tell that it
// closes something.
func alsoCloses(c *diff.Change) bool {
	return closes(c) && c.Class != diff.Narrowed && len(c.Closed) == 0
}

// place is where a change is declared, or was.
func place(c *diff.Change) phrase {
	out := name(c.Path)
	if c.Pos != nil && c.Pos.File != "" {
		out = name(position(c))
	}
	if out[0].text == "" {
		return nil
	}
	return join(say(was(c)), out)
}

// position is a place up to its line: columns are for editors.
func position(c *diff.Change) string {
	pos := *c.Pos
	pos.Column = 0
	return pos.String()
}

func was(c *diff.Change) string {
	if c.Before {
		return "was at "
	}
	return ""
}

// asked is why a change was asked for and by whom.
func asked(c *diff.Change) phrase {
	var parts []phrase
	for _, part := range []struct{ label, text string }{
		{"why: ", c.Why},
		{"owner: ", c.Owner},
		{"ticket: ", c.Ticket},
		{"expires: ", c.Expires},
	} {
		if part.text != "" {
			parts = append(parts, join(say(part.label), name(part.text)))
		}
	}
	var out phrase
	for i, part := range parts {
		if i > 0 {
			out = append(out, word{text: "; "})
		}
		out = append(out, part...)
	}
	return out
}

// versions is a topology with its version before and after.
func versions(t *diff.Topology) phrase {
	switch {
	case t.OldVersion == t.NewVersion && t.NewVersion == "":
		return name(t.Name)
	case t.OldVersion == t.NewVersion:
		return join(name(t.Name), say(" "), name(t.NewVersion), say(" (same version)"))
	case t.OldVersion == "":
		return join(name(t.Name), say(" "), name(t.NewVersion), say(" (new)"))
	case t.NewVersion == "":
		return join(name(t.Name), say(" "), name(t.OldVersion), say(" (removed)"))
	}
	return join(name(t.Name), say(" "), name(t.OldVersion), say(" → "), name(t.NewVersion))
}
