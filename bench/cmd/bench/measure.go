package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"netgen.dev/bench/cost"
	"netgen.dev/bench/estate"
	"netgen.dev/bench/report"
)

// bench is a run of the benchmarks.
type bench struct {
	options
	dir   string
	tools tools
	last  map[string]*report.Row // of each peer, with the largest shape so far
}

// shapes are the graphs, and steps those in between on which only what the goals
// ask for is measured, and how far peers come.
func (o options) shapes() (all []estate.Shape, steps map[string]bool) {
	steps = map[string]bool{"2,000": true, "5,000": true}
	for _, n := range []int{10, 100, 1_000, 2_000, 5_000, 10_000, 20_000} {
		if o.check && steps[estate.Thousands(n)] {
			continue
		}
		all = append(all, estate.Of(n))
	}
	if !o.check {
		all = append(all, estate.Monzo(), estate.Meta())
	}
	var kept []estate.Shape
	for _, s := range all {
		if s.Services <= o.most {
			kept = append(kept, s)
		}
	}
	return kept, steps
}

// measure adds what is not in the results, and has them kept after every graph.
func measure(o options, r *report.Results, everything bool, keep func() error) error {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "netgen-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system cleans its own
	root, err := filepath.Abs(o.root)
	if err != nil {
		return err
	}
	b := &bench{options: o, dir: dir, last: map[string]*report.Row{}}
	if b.tools, err = buildTools(ctx, root, dir); err != nil {
		return err
	}
	r.Date, r.Machine, r.Limit = time.Now().UTC().Format(time.DateOnly), machine(), o.limit.Seconds()
	r.Runs++
	before := load()
	if r.Versions, err = versions(ctx, root); err != nil {
		return err
	}
	all := commands()
	if !everything {
		all = checked(all)
	}
	if r.Row(report.EmptyVersion, none) == nil {
		if r.Rows, err = b.measure(ctx, &place{dir: dir, shape: report.Shape{Name: none}}, startUps(), func(time.Duration) int { return 31 }); err != nil {
			return err
		}
	}
	shapes, steps := o.shapes()
	for _, shape := range shapes {
		if err := b.shape(ctx, r, shape, b.wanted(all, shape, steps[shape.Name])); err != nil {
			return fmt.Errorf("%s: %w", shape.Name, err)
		}
		if err := keep(); err != nil {
			return err
		}
	}
	r.Load = before + " before, " + load() + " after"
	return keep()
}

// none is the name of no shape: what it costs only to start.
const none = "0"

// shape measures commands with a shape, but for those that are in the results.
func (b *bench) shape(ctx context.Context, r *report.Results, shape estate.Shape, wanted []command) error {
	var left []command
	for _, c := range wanted {
		row := r.Row(c.name, shape.Name)
		switch {
		case row == nil:
			left = append(left, c)
		case c.peer:
			b.last[c.name] = row
		}
	}
	if len(left) == 0 {
		return nil
	}
	p, err := b.settle(ctx, shape)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(r.Shapes, func(s report.Shape) bool { return s.Name == shape.Name }); i >= 0 {
		r.Shapes[i] = p.shape
	} else {
		r.Shapes = append(r.Shapes, p.shape)
	}
	rows, err := b.measure(ctx, p, left, rounds(shape))
	if err != nil {
		return err
	}
	r.Rows = append(r.Rows, rows...)
	return os.RemoveAll(p.dir)
}

// rounds says how often a command is run, by how long it takes.
func rounds(shape estate.Shape) func(time.Duration) int {
	return func(first time.Duration) int {
		switch {
		case shape.Services <= 100 && first < time.Second/2:
			return 21
		case first < 2*time.Second:
			return 5
		case first < 8*time.Second:
			return 3
		}
		return 1
	}
}

// wanted are the commands that are measured with a shape.
func (b *bench) wanted(all []command, shape estate.Shape, step bool) []command {
	var out []command
	for _, c := range all {
		slow := c.says || c.tool == "kustomize"
		switch {
		case c.only != nil && !c.only[shape.Name], step && !slow && c.name != report.Build:
		case b.check && c.says && shape.Services > 100:
		case c.peer && slow && shape.Name != estate.Thousands(shape.Services):
		default:
			out = append(out, c)
		}
	}
	return out
}

// measure runs commands in turn, so that what else the machine does meets all alike.
func (b *bench) measure(ctx context.Context, p *place, list []command, rounds func(time.Duration) int) ([]*report.Row, error) {
	rows := make([]*report.Row, len(list))
	for i, c := range list {
		rows[i] = &report.Row{Command: c.name, Shape: p.shape.Name, Services: p.shape.Services}
	}
	for round := 0; ; round++ {
		ran := false
		for i, c := range list {
			row := rows[i]
			if row.Over || row.Failed != "" || round > 0 && round >= rounds(row.Costs[0].Wall) {
				continue
			}
			ran = true
			if round == 0 && c.peer && b.foreseen(row) {
				row.Over, row.Foreseen = true, true
				continue
			}
			if err := b.once(ctx, p, c, row); err != nil {
				return nil, fmt.Errorf("%s, %s: %w", c.name, p.shape.Name, err)
			}
		}
		if !ran {
			break
		}
	}
	for i, c := range list {
		if c.peer {
			b.last[c.name] = rows[i]
		}
		b.tell(rows[i])
	}
	return rows, nil
}

// foreseen reports whether a command cannot reach a size in the limit, since with the
// last one it went over it, or would with this one if it did no worse than pairs.
func (b *bench) foreseen(row *report.Row) bool {
	last := b.last[row.Command]
	if last == nil || last.Services >= row.Services || last.Failed != "" {
		return false
	}
	if last.Over {
		return true
	}
	if row.Command == report.CueVet || row.Command == report.CueExport {
		return false
	}
	growth := math.Pow(float64(row.Services)/float64(last.Services), 1.8)
	return last.Services >= 100 && last.Costs.Of(cost.Wall)*growth > 1.5*b.limit.Seconds()
}

// once runs a command.
func (b *bench) once(ctx context.Context, p *place, c command, row *report.Row) error {
	if err := c.prepare(p); err != nil {
		return err
	}
	said, complained := filepath.Join(b.dir, "stdout"), filepath.Join(b.dir, "stderr")
	if !c.says {
		said = os.DevNull
	}
	cmd := exec.CommandContext(ctx, b.tools["launch"], append([]string{b.limit.String(), said, complained, b.tools[c.tool]}, c.args(p)...)...)
	cmd.Dir = p.in(c.dir)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir, "TMPDIR=" + b.dir, "CUE_REGISTRY=none", "CUE_CACHE_DIR=" + filepath.Join(b.dir, "cue")}
	data, err := cmd.Output()
	if err != nil {
		return err
	}
	var got cost.Cost
	if err := json.Unmarshal(data, &got); err != nil {
		return err
	}
	if got.Stopped {
		row.Over = true
		return nil
	}
	if got.Exit != c.exit {
		text, _ := os.ReadFile(complained) // what there is of it
		row.Failed = fmt.Sprintf("exit code %d: %.300s", got.Exit, text)
		if c.only == nil {
			return errors.New(row.Failed)
		}
		return nil
	}
	if c.says {
		answer, err := os.ReadFile(said)
		if err != nil {
			return err
		}
		row.Answer = strings.TrimSpace(string(answer))
	}
	row.Costs = append(row.Costs, got)
	return nil
}

// tell says what was measured, to whoever is waiting.
func (b *bench) tell(row *report.Row) {
	what := fmt.Sprintf("%6.2f s user, %6.2f s wall, %5.0f MB", row.Costs.Of(cost.User), row.Costs.Of(cost.Wall), row.Costs.Of(cost.Memory)/1e6)
	switch {
	case row.Failed != "":
		what = row.Failed
	case row.Over:
		what = "over the limit"
	}
	fmt.Fprintf(os.Stderr, "%-13s %-45s %s %s\n", row.Shape, row.Command, what, row.Answer)
}
