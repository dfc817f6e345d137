// Bench measures netgen beside other programs that do some of the same work, and
// writes what it found: make bench. With -check it says what is worse than it was
// stored to be: make bench-check.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"netgen.dev/bench/report"
)

// options are the flags.
type options struct {
	root      string
	limit     time.Duration
	most      int
	check     bool
	page      bool
	resume    bool
	tolerance float64
}

func main() {
	var o options
	flag.StringVar(&o.root, "root", "..", "the `directory` of the repository")
	flag.DurationVar(&o.limit, "limit", 10*time.Minute, "stop a command after this `time`")
	flag.IntVar(&o.most, "most", 20_000, "leave out what has more `services`")
	flag.BoolVar(&o.check, "check", false, "compare with the stored ratios, and write nothing")
	flag.BoolVar(&o.page, "page", false, "measure nothing, and write the page of the last run anew")
	flag.BoolVar(&o.resume, "resume", false, "measure what the last run did not, and add it to that")
	flag.Float64Var(&o.tolerance, "tolerance", 0.25, "what a ratio may be worse by, as a `part` of it")
	flag.Parse()
	regressed, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if regressed {
		os.Exit(1)
	}
}

func run(o options) (regressed bool, err error) {
	raw := filepath.Join(o.root, "out", "bench.json")
	ratios := filepath.Join(o.root, "bench", "ratios.json")
	if o.check {
		stored, err := report.ReadRatios(ratios)
		if err != nil {
			return false, err
		}
		o.most = min(o.most, 10_000)
		r := &report.Results{}
		if err := measure(o, r, false, func() error { return nil }); err != nil {
			return false, err
		}
		list := r.Ratios().Regressed(stored, o.tolerance)
		for _, line := range list {
			if _, err := fmt.Fprintln(os.Stdout, line); err != nil {
				return false, err
			}
		}
		_, err = fmt.Fprintf(os.Stdout, "%d of %d ratios are worse by more than %.0f %%\n", len(list), len(stored), 100*o.tolerance)
		return len(list) > 0, err
	}
	r := &report.Results{}
	if o.page || o.resume {
		data, err := os.ReadFile(raw)
		if err != nil {
			return false, err
		}
		if err := json.Unmarshal(data, r); err != nil {
			return false, err
		}
	}
	if !o.page {
		if err := measure(o, r, true, func() error { return write(raw, r) }); err != nil {
			return false, err
		}
	}
	if err := r.Plot(filepath.Join(o.root, "docs", "images", "performance.svg")); err != nil {
		return false, err
	}
	if err := os.WriteFile(filepath.Join(o.root, "docs", "performance.md"), []byte(r.Page()), 0o644); err != nil {
		return false, err
	}
	return false, r.Ratios().Write(ratios)
}

func write(file string, r *report.Results) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}
