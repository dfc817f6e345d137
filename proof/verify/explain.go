package verify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/witness"
)

// Question asks whether From may open connections to To. Both are a service,
// group or peer, "dns", an address, or namespace/pod. Port is the name of one of
// To's ports, a number of TCP, or number/protocol; "" asks for every port that
// To declares.
type Question struct{ From, To, Port string }

// Explanation is the answer for one environment. Its JSON form is part of what
// users rely on: fields are added, never changed.
type Explanation struct {
	Ports []PortAnswer `json:"ports"`
	Notes []string     `json:"notes,omitempty"` // what the cluster makes of it
}

// PortAnswer is the answer for a port: more than one case where a name stands
// for several ends that differ.
type PortAnswer struct {
	Name  string `json:"name,omitempty"` // that To gives it
	Port  string `json:"port"`           // as 8080/TCP
	Cases []Case `json:"cases"`
}

// Case is the answer for some of the ends that the names stand for: each of
// From to each of To. A name whose ends are not told apart stands for them.
type Case struct {
	From    []string `json:"from"`
	To      []string `json:"to"`
	Verdict string   `json:"verdict"`          // allowed, denied or undefined
	Reason  string   `json:"reason,omitempty"` // why it is undefined, or allowed by nobody here
	Egress  Side     `json:"egress"`           // of From
	Ingress Side     `json:"ingress"`          // of To
	Missing *Lack    `json:"missing,omitempty"`
}

// Side is what one direction makes of a connection.
type Side struct {
	Of         string        `json:"of"`
	Verdict    string        `json:"verdict"`
	Reason     string        `json:"reason,omitempty"` // why it is not isolated, or undefined
	Isolated   bool          `json:"isolated"`
	IsolatedBy []string      `json:"isolatedBy,omitempty"` // policies: namespace/name
	Rules      []string      `json:"rules,omitempty"`      // that let it through: namespace/name, egress[2]
	Declared   []Declaration `json:"declared,omitempty"`   // what is behind the rules
}

// Declaration is what a rule is there for.
type Declaration struct {
	Cause  string    `json:"cause"` // declared, dns or not enforced
	Path   string    `json:"path,omitempty"`
	Pos    *diag.Pos `json:"pos,omitempty"`
	Why    string    `json:"why,omitempty"`
	Owner  string    `json:"owner,omitempty"`
	Ticket string    `json:"ticket,omitempty"`
}

// Lack is what a denied connection lacks.
type Lack struct {
	On   []string  `json:"on"` // the directions that lack a rule
	What string    `json:"what"`
	Pos  *diag.Pos `json:"pos,omitempty"` // of what stands against it
	Add  []string  `json:"add,omitempty"` // lines of CUE, below topology

	Opens   []string `json:"opens,omitempty"`   // what more than was asked for these open
	Instead []string `json:"instead,omitempty"` // lines that open what was asked for alone

	ForbiddenBy []Forbidding `json:"forbiddenBy,omitempty"` // invariants that would break
}

// Forbidding is an invariant that forbids what a denied connection lacks.
type Forbidding struct {
	Invariant string    `json:"invariant"`
	Why       string    `json:"why,omitempty"`
	Pos       *diag.Pos `json:"pos,omitempty"`
}

// Explain answers a question from the policies. An error says what about the
// question this environment does not know; it is an *UnknownError.
//
// others are the models of the other environments: what is said to be added is
// for a topology that they have to build with, too.
func (p *Proof) Explain(q Question, locate topology.Locator, others ...*topology.Topology) (*Explanation, error) {
	x := &explainer{Proof: p, locate: locate, others: others}
	var err error
	if x.src, err = x.party(q.From); err != nil {
		return nil, err
	}
	if x.dst, err = x.party(q.To); err != nil {
		return nil, err
	}
	ports, err := x.asked(q.Port)
	if err != nil {
		return nil, err
	}
	out := &Explanation{}
	for _, port := range ports {
		out.Ports = append(out.Ports, x.answers(port)...)
	}
	x.clusterNotes(ports)
	out.Notes = x.notes
	return out, nil
}

// explainer answers one question.
type explainer struct {
	*Proof
	locate   topology.Locator
	others   []*topology.Topology
	src, dst *party
	notes    []string
	reserved []string // names that what is to be added has already

	graph *graph                   // made when it is asked for
	paths map[string]*pathsThrough // by invariant
}

func (x *explainer) note(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(x.notes, s) {
		x.notes = append(x.notes, s)
	}
}

func (x *explainer) place(path []string) *diag.Pos {
	if pos := topology.Find(x.locate, x.t.Environment, path); pos != (diag.Pos{}) {
		return &pos
	}
	return nil
}

// askedPort is a port, or range of ports, that the question is about.
type askedPort struct {
	topology.Port
	name string
}

// answers answers for a port. A range is cut where flows cut it, and put
// together again where the pieces are alike.
func (x *explainer) answers(port askedPort) []PortAnswer {
	cuts := []int{int(port.First), int(port.Last) + 1}
	for _, a := range x.plan.Allows {
		for _, p := range a.Ports {
			for _, cut := range []int{int(p.First), int(p.Last) + 1} {
				if p.Protocol == port.Protocol && cut > int(port.First) && cut <= int(port.Last) {
					cuts = append(cuts, cut)
				}
			}
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var out []PortAnswer
	var last topology.Port
	for i, first := range cuts[:len(cuts)-1] {
		piece := topology.Port{First: uint16(first), Last: uint16(cuts[i+1] - 1), Protocol: port.Protocol}
		cases := x.cases(askedPort{piece, port.name})
		if n := len(out) - 1; n >= 0 && signature(out[n].Cases) == signature(cases) {
			last.Last = piece.Last
			out[n].Port = last.String()
			continue
		}
		last = piece
		out = append(out, PortAnswer{Name: port.name, Port: piece.String(), Cases: cases})
	}
	return out
}

// signature tells apart what is not the same to a reader.
func signature(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // there is nothing in it that JSON cannot say
	}
	return string(data)
}

// cases asks for every pair of ends and folds those that are alike: first the
// destinations of each source, then sources that have the same of them.
func (x *explainer) cases(port askedPort) []Case {
	var out []Case
	seen := map[string]int{}
	for _, from := range x.src.ends {
		var own []Case
		alike := map[string]int{}
		for _, to := range x.dst.ends {
			c := x.ask(from, to, port)
			k := alikeness(c)
			if i, ok := alike[k]; ok {
				own[i].join(c)
				continue
			}
			alike[k] = len(own)
			own = append(own, c)
		}
		for _, c := range own {
			k := alikeness(c) + "\n" + strings.Join(c.To, "\n")
			if i, ok := seen[k]; ok {
				out[i].join(c)
				continue
			}
			seen[k] = len(out)
			out = append(out, c)
		}
	}
	for i := range out {
		x.word(&out[i])
	}
	return out
}

// alikeness is the signature of a case without the ends and without which
// policies isolate them, since each member of a group has one of its own, or why
// none does.
func alikeness(c Case) string {
	c.From, c.To = nil, nil
	for _, s := range []*Side{&c.Egress, &c.Ingress} {
		s.IsolatedBy = nil
		if s.Verdict == allowed {
			s.Reason = ""
		}
	}
	return signature(c)
}

// join adds the ends of a case that is alike. What isolates them is then what
// isolates all of them.
func (c *Case) join(d Case) {
	both := func(a, b []string) []string {
		return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
	}
	for _, s := range [][2]*Side{{&c.Egress, &d.Egress}, {&c.Ingress, &d.Ingress}} {
		s[0].IsolatedBy = both(s[0].IsolatedBy, s[1].IsolatedBy)
		if s[0].Reason != s[1].Reason {
			s[0].Reason = "no policy of the topology isolates it"
		}
	}
	for _, s := range d.From {
		if !slices.Contains(c.From, s) {
			c.From = append(c.From, s)
		}
	}
	for _, s := range d.To {
		if !slices.Contains(c.To, s) {
			c.To = append(c.To, s)
		}
	}
}

// word names the sides of a case, once it is known for whom it speaks.
func (x *explainer) word(c *Case) {
	c.From, c.To = x.src.together(c.From), x.dst.together(c.To)
	c.Egress.Of, c.Ingress.Of = x.src.name, x.dst.name
	if len(c.From) == 1 {
		c.Egress.Of = c.From[0]
	}
	if len(c.To) == 1 {
		c.Ingress.Of = c.To[0]
	}
	if c.Missing != nil {
		c.Missing.On = nil
		if c.Egress.Verdict == denied {
			c.Missing.On = append(c.Missing.On, "egress of "+c.Egress.Of)
		}
		if c.Ingress.Verdict == denied {
			c.Missing.On = append(c.Missing.On, "ingress of "+c.Ingress.Of)
		}
	}
}

// The verdicts, as they are shown.
var (
	allowed   = connectivity.Allowed.String()
	denied    = connectivity.Denied.String()
	undefined = connectivity.Undefined.String()
)

// ask answers for two ends.
func (x *explainer) ask(from, to standIn, port askedPort) Case {
	if from.end.Pod != nil && from.end.Pod == to.end.Pod {
		// What stands for many pods calls another of them, not itself.
		replica := *to.end.Pod
		to.end.Pod = &replica
	}
	c := Case{
		From: []string{from.name}, To: []string{to.name},
		Egress:  x.side(connectivity.Egress, from, to, port),
		Ingress: x.side(connectivity.Ingress, to, from, port),
	}
	switch sides := []string{c.Egress.Verdict, c.Ingress.Verdict}; {
	case slices.Contains(sides, denied):
		c.Verdict = denied
		c.Missing = x.missing(from, to, port)
		c.Missing.ForbiddenBy = x.forbidding(from, to, port)
	case c.Egress.Verdict == undefined:
		c.Verdict, c.Reason = undefined, c.Egress.Reason
	case c.Ingress.Verdict == undefined:
		c.Verdict, c.Reason = undefined, c.Ingress.Reason
	default:
		c.Verdict = allowed
		if !x.ours(x.src, from) && !x.ours(x.dst, to) {
			c.Reason = "neither end is a pod of the topology, so nothing here decides it"
		}
	}
	return c
}

// side answers for one direction of a subject.
func (x *explainer) side(d connectivity.Direction, subject, other standIn, port askedPort) Side {
	self, protocol := subject.end, connectivity.Protocol(port.Protocol)
	if subject.host != nil {
		self = connectivity.End{Pod: subject.host}
	}
	var got connectivity.Answer
	if d == connectivity.Egress {
		got = x.set.Egress(self, other.end, protocol, port.First)
	} else {
		got = x.set.Ingress(other.end, self, protocol, port.First)
	}
	out := Side{Verdict: got.Verdict.String(), Reason: got.Reason, Isolated: len(got.Isolated) > 0}
	for _, p := range got.Isolated {
		out.IsolatedBy = append(out.IsolatedBy, p.String())
	}
	for _, r := range got.Rules {
		out.Rules = append(out.Rules, r.String())
	}
	switch what := x.behind(other); {
	case x.behind(subject) != "":
		// What the address hides may well be isolated.
		out.Verdict, out.Reason = undefined, x.behind(subject)
	case !out.Isolated && got.Verdict == connectivity.Allowed:
		out.Reason = x.notIsolated(d, self)
	case out.Isolated && what != "" && !x.anyEnd(got.Rules, self, port):
		out.Verdict, out.Reason, out.Rules = undefined, what, nil
	case d == connectivity.Ingress && other.host != nil && out.Verdict == denied:
		out.Verdict, out.Reason = undefined, "no rule lets it through, and a pod is always reached from the node that it runs on"
	case len(out.Rules) > 0:
		out.Declared = x.declared(d, self, other.end, port)
	}
	return out
}

// anyEnd reports whether one of some rules is for whatever end.
func (x *explainer) anyEnd(rules []*connectivity.Rule, self connectivity.End, port askedPort) bool {
	return slices.ContainsFunc(rules, func(r *connectivity.Rule) bool {
		return x.set.Allows(r, self, x.u.Ends, connectivity.AnyEnd, connectivity.PortsOf(witness.RangeOf(port.Port)))
	})
}
