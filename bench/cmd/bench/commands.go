package main

import (
	"os"
	"path/filepath"

	"netgen.dev/bench/report"
)

// unlimited lifts netgen's limits, which are measured for themselves.
var unlimited = []string{"--timeout", "10m", "--memory", "8Gi"}

// command is something to measure.
type command struct {
	name string
	tool string
	dir  string // of the place, in which it is run
	args func(*place) []string
	only map[string]bool // it is not measured with others than these shapes, where there are any
	exit int             // what it ends with
	cold bool            // it writes a tree, which has to be gone before
	peer bool            // it is not netgen, and may not reach the largest
	says bool            // what it prints is its answer
}

// fixed returns the arguments of a command, of which those that are names of a place
// are such.
func fixed(args ...string) func(*place) []string {
	return func(p *place) []string {
		out := make([]string, len(args))
		for i, arg := range args {
			out[i] = arg
			if name, ok := insideOf(arg); ok {
				out[i] = p.in(name)
			}
		}
		return out
	}
}

// insideOf returns the name of "@name".
func insideOf(arg string) (string, bool) {
	if arg == "" || arg[0] != '@' {
		return "", false
	}
	return filepath.FromSlash(arg[1:]), true
}

// netgen returns a command of netgen without limits.
func netgen(name string, args ...string) command {
	return command{name: name, tool: "netgen", args: fixed(append(args, unlimited...)...)}
}

func (c command) inside(dir string) command { c.dir = dir; return c }
func (c command) written() command          { c.cold = true; return c }
func (c command) exits(code int) command    { c.exit = code; return c }
func (c command) theirs() command           { c.peer = true; return c }
func (c command) answering() command        { c.peer, c.says = true, true; return c }
func (c command) on(shapes ...string) command {
	c.only = map[string]bool{}
	for _, s := range shapes {
		c.only[s] = true
	}
	return c
}

// commands are what is measured with every shape.
func commands() []command {
	other := func(name, tool string, args ...string) command {
		return command{name: name, tool: tool, args: fixed(args...)}
	}
	within := func(name string, args ...string) command {
		return other(name, "netgen", args...).on("10,000", "Meta's shape")
	}
	return []command{
		netgen(report.Build, "build", "@plain", "-o", "@cold").written(),
		netgen(report.BuildUnproved, "build", "@plain", "-o", "@cold", "--no-verify").written(),
		netgen(report.Rebuild, "build", "@plain", "-o", "@tree"),
		netgen(report.RebuildUnproved, "build", "@plain", "-o", "@tree", "--no-verify"),
		netgen(report.Verify, "verify", "@plain"),
		netgen(report.Diff, "diff", "@plain", "@changed").exits(1),
		{name: report.Explain, tool: "netgen", args: func(p *place) []string { return append(explained(p), unlimited...) }},
		netgen(report.Plugin, "-C", "@plain", "plugin", "generate"),
		netgen(report.Vet, "vet", "@plain"),
		netgen(report.VetEvaluated, "vet", "@evaluated"),
		netgen(report.BuildComputed, "build", "@computed", "-o", "@cold").written(),
		netgen(report.UnprovedComputed, "build", "@computed", "-o", "@cold", "--no-verify").written(),
		within(report.BuildDefault, "build", "@plain", "-o", "@cold").written(),
		within(report.VerifyDefault, "verify", "@plain"),
		within(report.DiffDefault, "diff", "@plain", "@changed").exits(1),
		within(report.PluginDefault, "-C", "@plain", "plugin", "generate"),
		command{name: report.ExplainDefault, tool: "netgen", args: explained}.on("10,000", "Meta's shape"),
		other(report.CueVet, "cue", "vet", "-c", ".").theirs().inside("plain"),
		other(report.CueExport, "cue", "export", ".").theirs().inside("plain"),
		other(report.CueVetComputed, "cue", "vet", "-c", ".").theirs().inside("computed"),
		other(report.ExportComputed, "cue", "export", ".").theirs().inside("computed"),
		other(report.Kustomize, "kustomize", "build", "@tree/estate/overlays/default").theirs(),
		other(report.Connectivity, "evaluate", "netgen", "@policies.json", "@cluster.json").answering(),
		other(report.Cyclonus, "evaluate", "cyclonus", "@policies.json", "@cluster.json").answering(),
		other(report.KubeNetPol, "evaluate", "kube-network-policies", "@policies.json", "@cluster.json").answering(),
		other(report.Connlist, "netpolanalyzer", "connlist", "@manifests").answering(),
		other(report.ConnDiff, "netpolanalyzer", "diff", "@manifests", "@manifests-changed").answering(),
	}
}

func explained(p *place) []string { return []string{"explain", p.from, p.to, p.in("plain")} }

// startUps are what is measured of programs that have next to nothing to do.
func startUps() []command {
	return []command{
		{name: report.EmptyVersion, tool: "empty", args: fixed("version")},
		{name: report.NetgenVersion, tool: "netgen", args: fixed("version")},
	}
}

// checked are the commands that ratios are of.
func checked(all []command) []command {
	var out []command
	for _, c := range all {
		slow := c.name == report.Kustomize || c.name == report.Connlist || c.name == report.ConnDiff || c.name == report.KubeNetPol
		if !slow && c.only == nil {
			out = append(out, c)
		}
	}
	return out
}

// prepare does what is to be done before each run of a command.
func (c command) prepare(p *place) error {
	if !c.cold {
		return nil
	}
	return os.RemoveAll(p.in("cold"))
}
