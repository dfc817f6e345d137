package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"netgen.dev/proof/diff"
	"netgen.dev/report/graph"
)

// page writes what changed as a page: for each topology and environment the
// graphs of both sides over each other, and the changes beside them. Where nothing
// changed, it shows the environments that did not.
func (r *result) page(w io.Writer) error {
	p := graph.Page{Title: r.pageTitle(), Hops: -1, Diff: true}
	for i, t := range r.Topologies {
		for _, s := range t.Sections {
			for _, env := range s.Environments {
				v := r.view(i, env)
				if !slices.ContainsFunc(p.Views, func(o graph.View) bool { return o.Name == v.Name }) { // several sections are of one environment
					p.Views = append(p.Views, v)
				}
			}
		}
	}
	if len(p.Views) == 0 {
		for i, t := range r.Topologies {
			for _, env := range t.Unchanged {
				p.Views = append(p.Views, r.view(i, env))
			}
		}
	}
	slices.SortStableFunc(p.Views, func(a, b graph.View) int { return cmp.Compare(a.Name, b.Name) })
	return graph.HTML(w, p)
}

// pageTitle names what is compared, and the topology where it is one.
func (r *result) pageTitle() string {
	to := r.New
	if to == "." {
		to = "the work tree"
	}
	title := fmt.Sprintf("What changed from %s to %s", r.Old, to)
	if len(r.Topologies) == 1 && r.Topologies[0].Name != "" {
		title += " — " + r.Topologies[0].Name
	}
	return title
}

// view is the page's graph of an environment of topology i.
func (r *result) view(i int, env string) graph.View {
	t := r.Topologies[i]
	name := env
	if len(r.Topologies) > 1 || name == "" {
		name = strings.TrimSpace(t.Name + " " + env)
	}
	changes := changesIn(t, env)
	before, after := r.pairs[i].old.graph(env), r.pairs[i].new.graph(env)
	about := []string{pageVersions(t)}
	if env != "" && env != "default" {
		about = append(about, "environment "+env)
	}
	if len(t.Unchanged) > 0 && !slices.Equal(t.Unchanged, []string{"default"}) && !slices.Equal(t.Unchanged, []string{""}) {
		about = append(about, "unchanged: "+strings.Join(t.Unchanged, ", "))
	}
	return graph.View{
		Name: name, About: strings.Join(slices.DeleteFunc(about, func(s string) bool { return s == "" }), " · "),
		Graph: graph.Compare(before, after, changes), Changes: changes,
	}
}

// pageVersions is a topology with its version before and after.
func pageVersions(t diff.Topology) string {
	versions := t.OldVersion + " → " + t.NewVersion
	switch {
	case t.OldVersion == t.NewVersion && t.NewVersion == "":
		return t.Name
	case t.OldVersion == t.NewVersion:
		versions = t.NewVersion + " (same version)"
	case t.OldVersion == "":
		versions = t.NewVersion + " (new)"
	case t.NewVersion == "":
		versions = t.OldVersion + " (removed)"
	}
	return strings.TrimSpace(t.Name + " " + versions)
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
