package main

import (
	"fmt"
	"io"
	"slices"

	"netgen.dev/proof/diff"
	"netgen.dev/report/graph"
)

// page writes what changed as a page: for each topology and environment the
// graphs of both sides over each other, and the changes beside them.
func (r *result) page(w io.Writer) error {
	p := graph.Page{Title: fmt.Sprintf("What changed from %s to %s", r.Old, r.New), Hops: -1}
	for i, t := range r.Topologies {
		for _, s := range t.Sections {
			for _, env := range s.Environments {
				name := env
				if len(r.Topologies) > 1 || name == "" {
					name = t.Name + " " + env
				}
				if slices.ContainsFunc(p.Views, func(v graph.View) bool { return v.Name == name }) {
					continue // several sections are of one environment
				}
				changes := changesIn(t, env)
				before, after := r.pairs[i].old.graph(env), r.pairs[i].new.graph(env)
				p.Views = append(p.Views, graph.View{Name: name, Graph: graph.Compare(before, after, changes), Changes: changes})
			}
		}
	}
	slices.SortFunc(p.Views, func(a, b graph.View) int { return slices.Compare([]string{a.Name}, []string{b.Name}) })
	if len(p.Views) == 0 {
		for i, t := range r.Topologies {
			for _, env := range t.Unchanged {
				p.Views = append(p.Views, graph.View{Name: t.Name + " " + env, Graph: graph.Compare(r.pairs[i].old.graph(env), r.pairs[i].new.graph(env), nil)})
			}
		}
	}
	return graph.HTML(w, p)
}

// changesIn returns the changes of an environment, from all of its sections.
func changesIn(t diff.Topology, env string) []diff.Change {
	var out []diff.Change
	for _, s := range t.Sections {
		if slices.Contains(s.Environments, env) {
			out = append(out, s.Changes...)
		}
	}
	return out
}

// graph returns the graph of an environment, nil where no topology says what it
// is.
func (o *operand) graph(env string) *graph.Graph {
	if o == nil || o.built == nil {
		return nil
	}
	for i, e := range o.built.System.Environments {
		if e.Name == env {
			return graph.Of(o.checked.Models[i], o.built.Plans[i], e.Policies, o.checked.Locate)
		}
	}
	return nil
}
