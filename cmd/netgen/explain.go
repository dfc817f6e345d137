package main

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/topology"
	"netgen.dev/proof/verify"
)

// explained is the JSON form of an answer.
type explained struct {
	Topology     string                 `json:"topology"`
	From         string                 `json:"from"`
	To           string                 `json:"to"`
	Environments []explainedEnvironment `json:"environments"`
}

// explainedEnvironment is the answer for environments that are alike.
type explainedEnvironment struct {
	Environments []string `json:"environments"`
	Unknown      string   `json:"unknown,omitempty"` // why there is no answer: what is not there
	*verify.Explanation
}

func (a *app) explainCommand() *cobra.Command {
	var in inputs
	var env string
	cmd := &cobra.Command{
		Use:   "explain SRC DST[:PORT] [DIR]",
		Short: "Say why a connection is allowed or denied",
		Long: `Say whether the policies that netgen emits for the topology in a directory let
SRC open connections to DST, and why: which policies isolate each end, which rule
lets the connection through, where that is declared, and what to add if it is
denied.

SRC and DST are each a service, group or peer, "dns" for the DNS of the cluster,
an IP address, or NAMESPACE/NAME, which is a pod that nobody declares where the
topology declares nothing of that name there; NAMESPACE may be the topology's
name for it or an environment's. PORT is the name of a port of DST, or of a peer
that has the address, a number (of TCP), or a number and protocol as in 53/UDP;
left out, it is every port that DST declares, or the peers that have the address. An IPv6 address with a port is
written [ADDRESS]:PORT.

The verdict is allowed, denied or undefined, where Kubernetes leaves it open.
Environments with the same answer share it. The exit code is 0 whenever there is
an answer. With --format json it is one object:

  topology, from, to
  environments[]      environments[], unknown (why there is no answer), notes[]
    ports[]           name, port
      cases[]         from[], to[], verdict, reason
        egress, ingress   of, verdict, reason, isolated, isolatedBy[], rules[],
                          declared[]: cause, path, pos, why, owner, ticket
        missing       on[], what, pos, add[] (lines of CUE, below topology),
                      opens[] (what more than was asked for these open),
                      instead[] (lines that open no more),
                      forbiddenBy[]: invariant, why, pos`,
		Example: `  netgen explain frontend backend:http topologies/shop
  netgen explain monitoring/prometheus backend:9090/TCP --env prod`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 || len(args) > 3 {
				return usagef("%s takes SRC, DST and at most one directory", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			q, err := question(args)
			if err != nil {
				return err
			}
			shown := inputs{tags: in.tags, embed: in.embed, format: format{value: "text"}}
			set, err := a.check(args[2:], &shown)
			if err != nil {
				return err
			}
			if set.list.Failed() {
				return a.show(a.err, set.list, &shown, set.sources)
			}
			if len(set.topologies) > 1 {
				return usagef("explain is about one topology: name its directory")
			}
			out, err := answer(set.topologies[0], q, env)
			if err != nil {
				return err
			}
			if in.format.value == "json" {
				return diag.WriteJSON(a.out, out)
			}
			return writeAnswer(a.out, out)
		},
	}
	in.format = format{"text", []string{"text", "json"}}
	in.registerPackages(cmd)
	cmd.Flags().Var(&in.format, "format", "how the answer is shown: text, json")
	cmd.Flags().StringVar(&env, "env", "", "answer for the environment `NAME` alone")
	choices(cmd, "format", in.format.allowed)
	choices(cmd, "env", nil)
	return cmd
}

// question takes the arguments of explain apart.
func question(args []string) (verify.Question, error) {
	from, port, misplaced, err := portOf(args[0])
	if err != nil {
		return verify.Question{}, err
	}
	to, own, hasPort, err := portOf(args[1])
	if err != nil {
		return verify.Question{}, err
	}
	if misplaced {
		right := append([]string{from}, args[1:]...)
		if !hasPort && port != "" {
			right[1] = withPort(to, port)
		}
		return verify.Question{}, usagef("%q has a port, and the port of a connection is that of DST: netgen explain %s",
			args[0], strings.Join(right, " "))
	}
	if hasPort && own == "" {
		return verify.Question{}, usagef("%q names no port after the colon", args[1])
	}
	return verify.Question{From: from, To: to, Port: own}, nil
}

// portOf takes an end and its port apart: what follows a colon is the port, but
// for the colons of IPv6.
func portOf(end string) (name, port string, ok bool, err error) {
	if inner, rest, bracket := strings.Cut(strings.TrimPrefix(end, "["), "]"); bracket && strings.HasPrefix(end, "[") {
		if port, ok = strings.CutPrefix(rest, ":"); !ok && rest != "" {
			err = usagef("%q is not [ADDRESS]:PORT", end)
		}
		return inner, port, ok, err
	}
	if strings.Count(end, ":") == 1 {
		name, port, ok = strings.Cut(end, ":")
		return name, port, ok, nil
	}
	return end, "", false, nil
}

func withPort(end, port string) string {
	if strings.Contains(end, ":") {
		end = "[" + end + "]"
	}
	return end + ":" + port
}

// answer answers a question for the environments of a topology. Only where no
// environment knows what it is about is it a mistake of the caller.
func answer(c *gen.Checked, q verify.Question, env string) (*explained, error) {
	b := gen.Build(c)
	out := &explained{Topology: b.System.Name, From: q.From, To: q.To}
	answered := false
	for i, e := range b.System.Environments {
		if env != "" && e.Name != env {
			continue
		}
		section := explainedEnvironment{Environments: []string{e.Name}}
		asked := q
		var notes []string
		if env == "" { // with it, the environment is meant that was said, whatever others call its namespaces
			asked.From, notes = translated(q.From, c.Models, i, notes)
			asked.To, notes = translated(q.To, c.Models, i, notes)
		}
		others := slices.Delete(slices.Clone(c.Models), i, i+1)
		var err error
		section.Explanation, err = verify.Prove(c.Models[i], b.Plans[i], e.Objects()).Explain(asked, c.Locate, others...)
		switch bad, ok := errors.AsType[*verify.UnknownError](err); {
		case ok:
			section.Unknown = bad.Message
			for _, field := range []string{"services", "groups", "peers"} {
				if _, _, known := c.Locate([]string{field, bad.Name}); known && bad.Name != "" {
					section.Unknown = fmt.Sprintf("%s %s is switched off", strings.TrimSuffix(field, "s"), bad.Name)
				}
			}
		case err != nil:
			return nil, err
		default:
			answered = true
			section.Notes = append(section.Notes, notes...)
		}
		for _, end := range []string{q.From, q.To} {
			if env != "" {
				section.otherwiseNamed(end, c.Models, i)
			}
		}
		out.add(section)
	}
	switch {
	case len(out.Environments) == 0:
		names := environments(b)
		return nil, usagef("topology %s has no environment %s: it has %s", b.System.Name, env, strings.Join(names, ", "))
	case !answered:
		return nil, out.unknown()
	}
	return out, nil
}

// translated returns an end that has another environment's name for a namespace
// with the name that this one has, so that all environments answer about the
// same: what is to be added is for the whole topology.
func translated(end string, models []*topology.Topology, this int, notes []string) (string, []string) {
	ns, rest, _ := strings.Cut(end, "/")
	name, other := nameHere(end, models, this)
	if name == "" {
		return end, notes
	}
	note := fmt.Sprintf("namespace %s of %s is %s here, and the answer is about that; --env %s asks about %[1]s itself",
		ns, other, name, models[this].Environment)
	if !slices.Contains(notes, note) {
		notes = append(notes, note)
	}
	return name + "/" + rest, notes
}

// nameHere returns what a namespace/name would be in this environment whose
// namespace has its name in another one, and which that is; "" for all else.
func nameHere(end string, models []*topology.Topology, this int) (name, environment string) {
	ns, _, ok := strings.Cut(end, "/")
	here := models[this]
	if _, own := here.Renamed[ns]; !ok || own || slices.Contains(slices.Collect(maps.Values(here.Renamed)), ns) || holds(here, ns) {
		return "", ""
	}
	for _, other := range models {
		for _, own := range slices.Sorted(maps.Keys(other.Renamed)) {
			if other.Renamed[own] != ns || own == ns {
				continue
			}
			if to, ok := here.Renamed[own]; ok {
				return to, other.Environment
			}
			return own, other.Environment
		}
	}
	return "", ""
}

// holds reports whether anything of a topology, a peer included, is in a namespace.
func holds(t *topology.Topology, ns string) bool {
	return t.Holds(ns) || slices.ContainsFunc(slices.Collect(maps.Values(t.Peers)), func(p *topology.Peer) bool { return p.Namespace == ns })
}

// otherwiseNamed says where namespace/name has the namespace's name of another
// environment: the answer is about a namespace that this one may not have.
func (e *explainedEnvironment) otherwiseNamed(end string, models []*topology.Topology, this int) {
	name, other := nameHere(end, models, this)
	if name == "" {
		return
	}
	ns, _, _ := strings.Cut(end, "/")
	text := fmt.Sprintf("namespace %s of %s is %s here", ns, other, name)
	switch {
	case e.Explanation == nil:
		e.Unknown += "; " + text
	case !slices.Contains(e.Notes, text):
		e.Notes = append(e.Notes, text)
	}
}

// unknown is the error where no environment has an answer.
func (e *explained) unknown() error {
	if len(e.Environments) == 1 {
		return usagef("%s", e.Environments[0].Unknown)
	}
	var all []string
	for _, env := range e.Environments {
		all = append(all, fmt.Sprintf("in %s: %s", strings.Join(env.Environments, ", "), env.Unknown))
	}
	return usagef("%s", strings.Join(all, "; "))
}

// add adds the answer for an environment to that of another that is alike.
func (e *explained) add(section explainedEnvironment) {
	for i, have := range e.Environments {
		if have.Unknown == section.Unknown && reflect.DeepEqual(have.Explanation, section.Explanation) {
			e.Environments[i].Environments = append(have.Environments, section.Environments...)
			return
		}
	}
	e.Environments = append(e.Environments, section)
}
