// Package report is what a run of the benchmarks found, and what is made of it: a
// page, a plot, and whether it is what the goals and the last stored run say.
package report

import (
	"math"

	"netgen.dev/bench/cost"
	"netgen.dev/bench/estate"
)

// Results are of one run.
type Results struct {
	Date     string
	Runs     int // more than one where a run was resumed
	Machine  string
	Versions []string
	Load     string // of the machine before and after
	Limit    float64
	Shapes   []Shape
	Rows     []*Row
}

// Shape is a graph that was measured.
type Shape struct {
	Name     string
	Services int
	estate.Spread
	Policies, Bytes, Largest int // what netgen makes of it, and the largest object
}

// Row is what a command cost with a shape.
type Row struct {
	Command  string
	Shape    string
	Services int
	Costs    cost.Costs
	Answer   string
	Over     bool // the limit stopped it
	Foreseen bool // it was not started: smaller shapes say that the limit would stop it
	Failed   string
}

// The commands.
const (
	Build            = "netgen build"
	BuildUnproved    = "netgen build --no-verify"
	Rebuild          = "netgen build, nothing changed"
	RebuildUnproved  = "netgen build --no-verify, nothing changed"
	Verify           = "netgen verify"
	Diff             = "netgen diff"
	Explain          = "netgen explain"
	Plugin           = "netgen plugin generate"
	Vet              = "netgen vet"
	VetEvaluated     = "netgen vet, the same beside a hidden field"
	BuildComputed    = "netgen build, comprehensions"
	UnprovedComputed = "netgen build --no-verify, comprehensions"
	BuildDefault     = "netgen build, default limits"
	VerifyDefault    = "netgen verify, default limits"
	DiffDefault      = "netgen diff, default limits"
	ExplainDefault   = "netgen explain, default limits"
	PluginDefault    = "netgen plugin generate, default limits"
	CueVet           = "cue vet -c"
	CueExport        = "cue export"
	CueVetComputed   = "cue vet -c, comprehensions"
	ExportComputed   = "cue export, comprehensions"
	Kustomize        = "kustomize build"
	Connectivity     = "netgen's proof/connectivity"
	Cyclonus         = "cyclonus"
	KubeNetPol       = "kube-network-policies"
	Connlist         = "netpol-analyzer connlist"
	ConnDiff         = "netpol-analyzer diff"
	EmptyVersion     = "empty program"
	NetgenVersion    = "netgen version"
)

// commands are those of netgen that have to grow as the topology does.
var commands = []string{Build, BuildUnproved, Rebuild, RebuildUnproved, Verify, Diff, Explain, Plugin, Vet, BuildComputed, UnprovedComputed}

// limited are those of netgen within its own limits.
var limited = []string{BuildDefault, VerifyDefault, DiffDefault, ExplainDefault, PluginDefault}

// peers are what does some of the same work.
var peers = []string{CueVet, CueExport, CueVetComputed, ExportComputed, Kustomize}

// evaluators answer the same question about the same policies.
var evaluators = []string{Connectivity, Cyclonus, KubeNetPol, Connlist, ConnDiff}

// Row returns what a command cost with a shape, nil where it was not measured.
func (r *Results) Row(command, shape string) *Row {
	for _, row := range r.Rows {
		if row.Command == command && row.Shape == shape {
			return row
		}
	}
	return nil
}

// at returns the median of what a command cost with n services, NaN where there is
// none, and whether that is only the limit that it went over.
func (r *Results) at(command string, n int, what func(cost.Cost) float64) (value float64, atLeast bool) {
	row := r.Row(command, estate.Thousands(n))
	switch {
	case row == nil || row.Failed != "":
		return math.NaN(), false
	case row.Over:
		return r.Limit, true
	}
	return row.Costs.Of(what), false
}

// value is at, of what ended within the limit.
func (r *Results) value(command string, n int, what func(cost.Cost) float64) float64 {
	v, atLeast := r.at(command, n, what)
	if atLeast {
		return math.NaN()
	}
	return v
}

// exponent returns how a command grows from 1,000 services, by this size, 10,000 and
// 20,000 as far as they are wanted.
func (r *Results) exponent(command string, to int, what func(cost.Cost) float64) float64 {
	var sizes, values []float64
	for _, n := range []int{1_000, 10_000, 20_000} {
		if n > to {
			continue
		}
		sizes, values = append(sizes, float64(n)), append(values, r.value(command, n, what))
	}
	return cost.Exponent(sizes, values)
}
