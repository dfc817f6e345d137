package graph

import (
	"slices"
	"strconv"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/proof/diff"
	"netgen.dev/report/changes"
)

// rowData is a row of a diff: what it says, in the words of the text format, and
// what it is about.
type rowData struct {
	Sign   string   `json:"sign"`
	Shout  string   `json:"shout,omitempty"`
	Text   string   `json:"text"`
	Class  string   `json:"class"`
	Words  string   `json:"words"` // the class, and what aggravates it
	Danger bool     `json:"danger,omitempty"`
	Closes bool     `json:"closes,omitempty"` // though it is widened
	Note   string   `json:"note,omitempty"`
	Notes  []string `json:"notes,omitempty"`
	From   []string `json:"from,omitempty"`  // IDs
	To     []string `json:"to,omitempty"`    // IDs
	Space  string   `json:"space,omitempty"` // a namespace
}

// towardsInternet is said of what is no shout of the text format, but dangerous.
const towardsInternet = "OPENS TOWARDS THE INTERNET"

// rowsOf says the rows of a diff in words, the most dangerous first.
func rowsOf(all []diff.Change) []rowData {
	out := make([]rowData, 0, len(all))
	for _, i := range byDanger(all) {
		out = append(out, rowOf(all[i]))
	}
	return out
}

// byDanger returns the indexes of changes in the order in which all formats have
// them.
func byDanger(all []diff.Change) []int {
	t := diff.Topology{}
	for i, c := range all {
		t.Sections = append(t.Sections, diff.Section{Environments: []string{strconv.Itoa(i)}, Changes: []diff.Change{c}})
	}
	var out []int
	stopped, err := changes.Gate(&diff.Diff{Topologies: []diff.Topology{t}}, []string{changes.GateAny})
	if err != nil {
		panic("graph: " + err.Error())
	}
	for _, s := range stopped {
		i, err := strconv.Atoi(s.Environments[0])
		if err != nil {
			panic("graph: " + err.Error())
		}
		out = append(out, i)
	}
	for i := range all { // what no gate is for is the least dangerous
		if !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}

func rowOf(c diff.Change) rowData {
	row := rowData{Class: string(c.Class), Sign: signOf(c)}
	row.Text, row.Words = sentence(c)
	if row.Sign == "!" {
		row.Danger = true
		if shout, text, ok := strings.Cut(row.Text, ": "); ok {
			row.Shout, row.Text = shout, text
		}
	}
	if opensInternet(c) && !row.Danger {
		row.Danger, row.Shout = true, towardsInternet
	}
	row.Closes = c.Class != diff.Narrowed && c.Class != diff.Neutral && (c.Closes || len(c.Closed) > 0)
	if row.Closes && row.Sign == "+" {
		row.Sign = "~"
	}
	row.Note = c.Note
	row.about(c)
	row.notes(c)
	for _, s := range []*string{&row.Shout, &row.Text, &row.Note, &row.Class, &row.Words, &row.Space} {
		*s = diag.Clean(*s)
	}
	return row
}

// signOf returns the sign that the text format has before a change.
func signOf(c diff.Change) string {
	var b strings.Builder
	d := diff.Diff{Topologies: []diff.Topology{{Sections: []diff.Section{{Changes: []diff.Change{c}}}}}}
	if err := changes.Text(&b, &d, changes.Options{}); err != nil {
		panic("graph: " + err.Error()) // no Builder fails
	}
	sign := strings.TrimSpace(b.String())[:1]
	if sign == "-" {
		return Closed.sign()
	}
	return sign
}

// sentence returns what every format says of a change, and of its class.
func sentence(c diff.Change) (text, class string) {
	line := changes.Stopped{Change: c}.String()
	i := strings.LastIndex(line, " (")
	if i < 0 {
		return line, string(c.Class)
	}
	return line[:i], strings.TrimSuffix(line[i+2:], ")")
}

// about notes which parts of the graph a row is about.
func (row *rowData) about(c diff.Change) {
	if c.Source != nil && c.Destination != nil {
		row.From, row.To = endIDs(c.Source), endIDs(c.Destination)
		return
	}
	what, name, ok := strings.Cut(c.Subject, " ")
	switch {
	case !ok:
	case what == "namespace":
		row.Space = name
	default:
		row.From = []string{name}
	}
}

func (row *rowData) notes(c diff.Change) {
	add := func(what, text string) {
		if text != "" {
			row.Notes = append(row.Notes, diag.Clean(what+text))
		}
	}
	add("why: ", c.Why)
	add("owner: ", c.Owner)
	add("ticket: ", c.Ticket)
	add("expires: ", c.Expires)
	if c.Pos != nil {
		add(map[bool]string{false: "declared at ", true: "was declared at "}[c.Before], c.Pos.String())
	}
	for _, r := range c.Rules {
		add("rule: ", r)
	}
}
