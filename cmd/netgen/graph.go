package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/spf13/cobra"

	"netgen.dev/gen"
	"netgen.dev/report/graph"
)

// graphFormats are the formats of netgen graph, the first being the default.
var graphFormats = []string{"mermaid", "dot", "svg", "html", "json"}

// graphFlags are the flags of netgen graph.
type graphFlags struct {
	inputs
	env, output, focus string
	hops               hops
	dns                bool
}

func (a *app) graphCommand() *cobra.Command {
	var in graphFlags
	cmd := &cobra.Command{
		Use:   "graph [DIR]",
		Short: "Draw who may talk to whom",
		Long: `Draw the connections of the topology in a directory, by namespace: as Mermaid for
Markdown, as DOT, as an SVG picture, as JSON, or as an HTML page.

The page is one file that needs no network and no other file. It has every
environment, or the one of --env, with search, the surroundings of a service, the
policies that carry each connection, the matrix of who reaches whom, and a list of
all connections. The other formats draw one environment.

What the DNS of the cluster implies is left out unless --dns asks for it; the page
can show it at any time. --focus draws what a service, group or peer reaches and
what reaches it, within --hops connections; the page opens there.

The same topology always gives the same bytes. With --format json it is one object:

  topology, environment
  nodes[]   id, name, kind, namespace, owner, description, ports[], about[], pos
  edges[]   from, to (ids of nodes), ports[], why, owner, ticket, expires, pos,
            policies[] (the rules that carry it), implied (by DNS)`,
		Example: `  netgen graph topologies/shop --env prod
  netgen graph topologies/shop --format html -o shop.html
  netgen graph topologies/shop --env prod --focus backend --hops 2 --format svg -o backend.svg`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s takes at most one directory", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("hops") && in.focus == "" {
				return usagef("--hops is about --focus: say whose surroundings to draw")
			}
			return a.graph(args, &in)
		},
	}
	in.format = format{graphFormats[0], graphFormats}
	in.hops = 1
	in.registerPackages(cmd)
	cmd.Flags().Var(&in.format, "format", "what is drawn: "+strings.Join(graphFormats, ", "))
	cmd.Flags().StringVar(&in.env, "env", "", "draw the environment `NAME`; needed where there are several, but for html")
	cmd.Flags().StringVarP(&in.output, "output", "o", "-", "write `FILE`, or standard output with -")
	cmd.Flags().StringVar(&in.focus, "focus", "", "draw what `NAME` reaches and what reaches it")
	cmd.Flags().Var(&in.hops, "hops", "how many connections away from --focus: a number, or any")
	cmd.Flags().BoolVar(&in.dns, "dns", false, "draw what the DNS of the cluster implies")
	choices(cmd, "format", graphFormats)
	choices(cmd, "env", nil)
	choices(cmd, "focus", nil)
	choices(cmd, "hops", []string{"1", "2", "3", "any"})
	return cmd
}

func (a *app) graph(args []string, in *graphFlags) error {
	shown := inputs{tags: in.tags, embed: in.embed, format: format{value: "text"}}
	set, err := a.check(args, &shown)
	if err != nil {
		return err
	}
	if set.list.Failed() {
		return a.show(a.err, set.list, &shown, set.sources)
	}
	if len(set.topologies) > 1 {
		return usagef("graph is about one topology: name its directory")
	}
	views, err := graphViews(set.topologies[0], in)
	if err != nil {
		return err
	}
	focused, err := focusOf(views, in.focus)
	if err != nil {
		return err
	}
	var out strings.Builder
	if err := writeGraph(&out, views, focused, in); err != nil {
		return err
	}
	return a.writeFile(in.output, out.String())
}

// graphViews returns the graphs that are drawn.
func graphViews(c *gen.Checked, in *graphFlags) ([]graph.View, error) {
	b := gen.Build(c)
	names := environments(b)
	if in.env == "" && len(names) > 1 && in.format.value != "html" {
		return nil, usagef("topology %s has several environments: say which to draw, with --env %s",
			b.System.Name, strings.Join(names, ", or --env "))
	}
	var out []graph.View
	for i, name := range names {
		if in.env == "" || in.env == name {
			about := b.System.Name + " " + b.System.Version
			if name != "" && name != "default" {
				about += " · environment " + name
			}
			out = append(out, graph.View{
				Name: name, About: about,
				Graph: graph.Of(c.Models[i], b.Plans[i], b.System.Environments[i].Policies, c.Locate),
			})
		}
	}
	if len(out) == 0 {
		return nil, usagef("topology %s has no environment %s: it has %s", b.System.Name, in.env, strings.Join(names, ", "))
	}
	return out, nil
}

// focusOf returns the ID of the node of a name, "" for no name. An environment may
// be without it.
func focusOf(views []graph.View, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	for _, v := range views {
		if id, ok := v.Graph.Find(name); ok {
			return id, nil
		}
	}
	var names []string
	for _, v := range views {
		for _, n := range v.Graph.Nodes {
			names = append(names, n.Name)
		}
	}
	hint := ""
	if near := nearest(name, names); near != "" {
		hint = fmt.Sprintf(": did you mean %q?", near)
	}
	return "", usagef("--focus: %q is no service, group or peer of the topology%s", name, hint)
}

// nearest returns the name that s is most likely a slip of, or "".
func nearest(s string, names []string) string {
	slices.Sort(names)
	best, distance := "", 1+max(1, (len(s)+1)/3)
	for _, n := range names {
		d := levenshtein.Distance(s, n, nil)
		if swapped(s, n) {
			d = 1
		}
		if d < distance {
			best, distance = n, d
		}
	}
	return best
}

// swapped reports whether two letters beside each other are all that differs.
func swapped(a, b string) bool {
	for i := range len(a) - 1 {
		if len(a) == len(b) && a[i] != b[i] {
			return a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
		}
	}
	return false
}

func writeGraph(w io.Writer, views []graph.View, focused string, in *graphFlags) error {
	options := graph.Options{DNS: in.dns}
	if in.format.value == "html" {
		return graph.HTML(w, graph.Page{
			Title: views[0].Graph.Topology, Views: views, Focus: focused, Hops: int(in.hops), DNS: in.dns,
		})
	}
	g := views[0].Graph
	if focused != "" {
		g = g.Focus(focused, int(in.hops), options)
	}
	var err error
	switch in.format.value {
	case "mermaid":
		_, err = io.WriteString(w, graph.Mermaid(g, options))
	case "dot":
		_, err = io.WriteString(w, graph.DOT(g, options))
	case "svg":
		_, err = io.WriteString(w, graph.SVG(g, options))
	case "json":
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		err = e.Encode(g.Shown(options))
	}
	return err
}

// hops is the flag --hops: a number, or any for no limit.
type hops int

func (h *hops) String() string {
	if *h < 0 {
		return "any"
	}
	return strconv.Itoa(int(*h))
}

func (h *hops) Type() string { return "N" }

func (h *hops) Set(s string) error {
	if s == "any" {
		*h = -1
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return errors.New("must be a number from 1, or any")
	}
	*h = hops(n)
	return nil
}

// writeFile writes what a command made to a file, or to standard output for "-".
// A file is there whole or as it was before.
func (a *app) writeFile(name, data string) error {
	if name == "-" {
		_, err := io.WriteString(a.out, data)
		return err
	}
	file, err := a.path(name)
	if err != nil {
		return err
	}
	if err := replaceFile(file, []byte(data)); err != nil {
		return fmt.Errorf("write %s: %w", name, reason(err))
	}
	return nil
}

func replaceFile(file string, data []byte) error {
	// What a link names is replaced, not the link.
	if to, err := filepath.EvalSymlinks(file); err == nil {
		file = to
	}
	switch fi, err := os.Stat(file); {
	case err == nil && fi.IsDir():
		return errors.New("it is a directory")
	case err == nil && !fi.Mode().IsRegular():
		return os.WriteFile(file, data, 0o644) // a pipe or a device
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	staged := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".netgen")
	if err := os.WriteFile(staged, data, 0o644); err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(staged)))
	}
	if err := os.Rename(staged, file); err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(staged)))
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
