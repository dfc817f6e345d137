package report

import (
	"fmt"
	"math"
	"strings"

	"netgen.dev/bench/cost"
	"netgen.dev/bench/estate"
)

// failures says what ended otherwise than it should.
func (r *Results) failures(b *strings.Builder) {
	for _, row := range r.Rows {
		if row.Failed != "" {
			failure, _, _ := strings.Cut(row.Failed, "hint:")
			fmt.Fprintf(b, "\n%s, %s, failed: %s\n", titled(row.Command), row.Shape, strings.Join(strings.Fields(failure), " "))
		}
	}
}

func (r *Results) evaluators(b *strings.Builder) {
	var shapes []Shape
	for _, s := range r.Shapes {
		if r.Row(Connectivity, s.Name) != nil {
			shapes = append(shapes, s)
		}
	}
	if len(shapes) == 0 {
		return
	}
	r.header(b, shapes, " reaches in the limit |")
	b.WriteString("| pairs that are asked for |")
	for _, s := range shapes {
		fmt.Fprintf(b, " %s |", estate.Thousands(s.Services*(s.Services-1)))
	}
	b.WriteString(" |\n| pairs that connect |")
	for _, s := range shapes {
		fmt.Fprintf(b, " %s |", r.Row(Connectivity, s.Name).Answer)
	}
	b.WriteString(" |\n")
	for _, command := range evaluators {
		fmt.Fprintf(b, "| %s |", command)
		reached := "nothing"
		for _, s := range shapes {
			text := r.cell(command, s, cost.User, seconds)
			row := r.Row(command, s.Name)
			if row != nil && !row.Over && row.Failed == "" {
				reached = s.Name
				if command != ConnDiff && row.Answer != r.Row(Connectivity, s.Name).Answer {
					text += " (**counts " + row.Answer + "**)"
				}
				if command == ConnDiff && row.Answer != "1" {
					text += " (**finds " + row.Answer + " changes**)"
				}
			}
			fmt.Fprintf(b, " %s |", text)
		}
		fmt.Fprintf(b, " %s |\n", reached)
	}
	b.WriteString("\nEach counts the same pairs, but where the table says otherwise; `diff` finds the one connection that was added.\n")
}

func (r *Results) starting(b *strings.Builder) {
	b.WriteString("\n## Starting\n\nThe empty program links cobra and CUE, and does nothing. What evaluates a topology is\nstarted twice, the second time within limits; `netgen version` is not.\n\n")
	b.WriteString("| | user CPU | user CPU and kernel | wall | spread of the wall | by the empty program, CPU | wall |\n|---|---:|---:|---:|---:|---:|---:|\n")
	empty := r.Row(EmptyVersion, "0")
	if empty == nil {
		return
	}
	for _, row := range []*Row{empty, r.Row(NetgenVersion, "0"), r.Row(Vet, "10"), r.Row(BuildUnproved, "10"), r.Row(Build, "10"), r.Row(Plugin, "100"), r.Row(CueVet, "10")} {
		if row == nil {
			continue
		}
		name := row.Command
		if row.Services > 0 {
			name += fmt.Sprintf(", %d services", row.Services)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %.0f %% | %.2f× | %.2f× |\n", titled(name),
			seconds(row.Costs.Of(cost.User)), seconds(row.Costs.Of(cost.CPU)), seconds(row.Costs.Of(cost.Wall)), 100*row.Costs.Spread(cost.Wall),
			row.Costs.Of(cost.CPU)/empty.Costs.Of(cost.CPU), row.Costs.Of(cost.Wall)/empty.Costs.Of(cost.Wall))
	}
}

func (r *Results) graphs(b *strings.Builder) {
	b.WriteString("\n## The graphs\n\n| | services | connections | called by a service: half at most | 99 of 100 at most | most | callers of the hub | policies | as YAML | largest policy |\n|---|" + strings.Repeat("---:|", 9) + "\n")
	for _, s := range r.Shapes {
		fmt.Fprintf(b, "| %s | %s | %s | %d | %d | %s | %s | %s | %.1f MiB | %s |\n", s.Name, estate.Thousands(s.Services), estate.Thousands(s.Edges),
			s.Median, s.P99, estate.Thousands(s.Widest), estate.Thousands(s.Hub), estate.Thousands(s.Policies), float64(s.Bytes)/(1<<20), size(s.Largest))
	}
}

func size(n int) string {
	if n < 1<<20 {
		return fmt.Sprintf("%.0f KiB", math.Ceil(float64(n)/(1<<10)))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
