package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"netgen.dev/bench/cost"
	"netgen.dev/bench/estate"
)

const head = `# Performance

<!-- Written by make bench. -->

netgen runs in every pull request, in a pre-commit hook and at every sync, so it is
measured on service graphs of up to 20,000 services, and on two whose figures are
published, beside what does some of the same work: the cue command, Kustomize, and
three evaluators of NetworkPolicies.
`

const plotText = `
## How it grows

![Processor time and peak memory by number of services: netgen's commands, the cue command, Kustomize and three evaluators](images/performance.svg)

`

const costsText = `
## What commands cost

Medians. The last column is the exponent of growth from 1,000 to 20,000 services: at 1
the cost doubles with the services, at 2 it quadruples. What went over the limit is
shown as such; *italics* were not started, since a smaller graph says that they would.

` + "`netgen build`" + ` proves what it writes; ` + "`--no-verify`" + ` leaves that out. *Nothing changed*
is a tree that is up to date already, otherwise there is none before. *Comprehensions*
are the same topology in a form that has to be evaluated; all else is plain data.
The limits of netgen are lifted here (` + "`--timeout 10m --memory 8Gi`" + `), but for *default
limits*. The second side of ` + "`netgen diff`" + ` has one connection more.
`

const evaluatorsText = `
## Evaluators

Each is given the same policies and pods, one a service, and counts the pairs of pods
that may connect on the port that the second one serves. netgen's, cyclonus and
kube-network-policies read JSON, netpol-analyzer YAML, which is what its API takes;
cyclonus and kube-network-policies are asked pair by pair, which is what they are made
for. User CPU of the whole process.

`

const methodText = `
## How it is measured

- ` + "`make bench`" + ` builds every program and measures it as a process of its own, by what the
  kernel says of it at its end (` + "`getrusage`" + `): user CPU, and peak memory. netgen starts
  itself a second time to hold its limits: the processor time is of both, the memory of
  the larger one.
- The commands of a graph are run in turn: 21 times where it is small, 5 times under
  2 s, 3 times under 8 s, else once. What is shown is the median.
- The graphs are made by ` + "`bench/estate`" + `, the same ones always, and spread as the published
  graph of Meta: half of the services call at most 4 others, one in a hundred 93, one a
  third of all, and three quarters of all call one hub. Below 1,000 services nothing can
  call so many. Of Monzo's, the numbers of services and of connections are published.
- ` + "`make bench-check`" + ` measures up to 10,000 services and names the ratios that are worse
  than those stored in ` + "`bench/ratios.json`" + `, by more than a quarter. CI does not run it.
- ` + "`make bench BENCH_LIMIT=60s`" + ` stops each command after a minute; the usual is ten.
- ` + "`make microbench`" + ` runs the Go benchmarks of single packages.
`

// Page returns the page.
func (r *Results) Page() string {
	var b strings.Builder
	b.WriteString(head)
	fmt.Fprintf(&b, "\nOn %s, %s; load of the machine %s; limit %s a command.\n", r.Date, r.Machine, r.Load, time.Duration(r.Limit*1e9))
	fmt.Fprintf(&b, "%s.\n\n", strings.Join(r.Versions, ", "))
	b.WriteString(r.runs())
	b.WriteString(r.noise())
	b.WriteString("\n## Goals\n\n| | goal | measured | |\n|---|---|---:|---|\n")
	for _, g := range r.Goals() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", g.What, g.wanted(), g.measured(), g.verdict())
	}
	b.WriteString("\n| growth from 1,000 to 20,000 services, at most 1.1 | user CPU | | peak memory | |\n|---|---:|---|---:|---|\n")
	for _, command := range commands {
		time, memory := r.Growth(command)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", titled(command), time.measured(), time.Verdict(), memory.measured(), memory.Verdict())
	}
	b.WriteString(plotText)
	b.WriteString(costsText)
	names := slices.Concat(commands, []string{VetEvaluated}, limited, peers)
	r.table(&b, "User CPU", names, cost.User, seconds)
	r.table(&b, "Wall", names, cost.Wall, seconds)
	r.table(&b, "Peak memory", names, cost.Memory, mebibytes)
	r.failures(&b)
	b.WriteString(evaluatorsText)
	r.evaluators(&b)
	r.starting(&b)
	r.graphs(&b)
	b.WriteString(methodText)
	return b.String()
}

func (r *Results) runs() string {
	if r.Runs <= 1 {
		return "All of this page is from one run. "
	}
	return fmt.Sprintf("This page is from %d runs, of which the later ones measured what was left. ", r.Runs)
}

// noise says how far runs of the same command are apart.
func (r *Results) noise() string {
	var spreads []float64
	for _, row := range r.Rows {
		if s := row.Costs.Spread(cost.User); len(row.Costs) >= 3 && row.Costs.Of(cost.User) > 0.1 && !math.IsNaN(s) {
			spreads = append(spreads, s)
		}
	}
	if len(spreads) == 0 {
		return "Too few runs to say how much they differ.\n"
	}
	slices.Sort(spreads)
	return fmt.Sprintf("**Noise.** Of the %d rows of more than 0.1 s that were run three times or more, the slowest and the fastest run are %.0f %% of the median apart in user CPU in half of the rows, %.0f %% in nine of ten, %.0f %% in the worst. Trust ratios and exponents, not seconds.\n",
		len(spreads), 100*spreads[len(spreads)/2], 100*spreads[len(spreads)*9/10], 100*spreads[len(spreads)-1])
}

func (g Goal) verdict() string {
	if g.Extra {
		return ""
	}
	return g.Verdict()
}

func (g Goal) wanted() string {
	if g.Extra {
		return ""
	}
	sign := "≤"
	if g.AtLeast {
		sign = "≥"
	}
	return sign + " " + number(g.Wanted) + g.Unit
}

func (g Goal) measured() string {
	if math.IsNaN(g.Measured) {
		return "–"
	}
	if math.IsInf(g.Measured, 0) {
		return "failed"
	}
	sign := ""
	if g.Bound {
		sign = "≤ "
		if g.AtLeast {
			sign = "≥ "
		}
	}
	return sign + number(g.Measured) + g.Unit
}

// number spells a number with three digits, as people write them.
func number(v float64) string {
	switch {
	case v >= 1000:
		return estate.Thousands(int(math.Round(v)))
	case v >= 100 || v == math.Trunc(v):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v < 0.1:
		return fmt.Sprintf("%.3f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func seconds(v float64) string {
	switch {
	case v >= 0.9995:
		return number(v) + " s"
	case v >= 0.1:
		return fmt.Sprintf("%.0f ms", v*1e3)
	}
	return fmt.Sprintf("%.1f ms", v*1e3)
}

func mebibytes(v float64) string { return fmt.Sprintf("%.0f MiB", v/(1<<20)) }

// cell is what a command cost with a shape.
func (r *Results) cell(command string, s Shape, what func(cost.Cost) float64, spell func(float64) string) string {
	row := r.Row(command, s.Name)
	switch {
	case row == nil:
		return ""
	case row.Failed != "":
		return "failed"
	case row.Foreseen:
		return fmt.Sprintf("*> %s*", seconds(r.Limit))
	case row.Over:
		return "> " + seconds(r.Limit)
	}
	return spell(row.Costs.Of(what))
}

func (r *Results) header(b *strings.Builder, shapes []Shape, last string) {
	b.WriteString("| |")
	for _, s := range shapes {
		b.WriteString(" " + s.Name + " |")
	}
	b.WriteString(last + "\n|---|" + strings.Repeat("---:|", len(shapes)+strings.Count(last, "|")) + "\n")
}

func (r *Results) table(b *strings.Builder, title string, names []string, what func(cost.Cost) float64, spell func(float64) string) {
	fmt.Fprintf(b, "\n### %s\n\n", title)
	var shapes []Shape
	for _, s := range r.Shapes {
		if r.Row(Plugin, s.Name) != nil || r.Row(Kustomize, s.Name) != nil && s.Services == 5_000 {
			shapes = append(shapes, s)
		}
	}
	r.header(b, shapes, " growth |")
	for _, command := range names {
		fmt.Fprintf(b, "| %s |", titled(command))
		for _, s := range shapes {
			fmt.Fprintf(b, " %s |", r.cell(command, s, what, spell))
		}
		growth := ""
		if e := r.exponent(command, 20_000, what); !math.IsNaN(e) {
			growth = fmt.Sprintf("%.2f", e)
		}
		fmt.Fprintf(b, " %s |\n", growth)
	}
}

// titled spells the name of a command, of which what is behind a comma is a remark.
func titled(command string) string {
	name, remark, ok := strings.Cut(command, ", ")
	if !ok {
		return "`" + name + "`"
	}
	return "`" + name + "`, " + remark
}
