package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"netgen.dev/bench/cost"
)

// Ratios are what a run says wherever it ran: no seconds, which depend on the
// machine, but what one thing costs by what another does. Less is better.
type Ratios map[string]float64

// Ratios returns those of a run.
func (r *Results) Ratios() Ratios {
	out := Ratios{}
	put := func(name string, value float64) {
		if !math.IsNaN(value) && !math.IsInf(value, 0) {
			out[name] = math.Round(value*1e4) / 1e4
		}
	}
	for _, n := range []int{1_000, 10_000} {
		for _, command := range commands {
			peer := CueVet
			if command == BuildComputed || command == UnprovedComputed {
				peer = CueVetComputed
			}
			for unit, of := range map[string]func(cost.Cost) float64{"user CPU": cost.User, "peak memory": cost.Memory} {
				put(fmt.Sprintf("%s by %s, %d services, %s", command, peer, n, unit), r.value(command, n, of)/r.value(peer, n, of))
			}
		}
	}
	for _, command := range commands {
		put(command+": growth from 1,000 to 10,000 services, user CPU", r.exponent(command, 10_000, cost.User))
		put(command+": growth from 1,000 to 10,000 services, peak memory", r.exponent(command, 10_000, cost.Memory))
	}
	empty := r.value(EmptyVersion, 0, cost.CPU)
	put("netgen version by an empty program, CPU", r.value(NetgenVersion, 0, cost.CPU)/empty)
	put("netgen build of 10 services by an empty program, CPU", r.value(Build, 10, cost.CPU)/empty)
	put("netgen plugin generate of 100 services by an empty program, CPU", r.value(Plugin, 100, cost.CPU)/empty)
	put("netgen's evaluator by cyclonus, 100 services, user CPU", r.value(Connectivity, 100, cost.User)/r.value(Cyclonus, 100, cost.User))
	return out
}

// Write stores ratios.
func (r Ratios) Write(file string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}

// ReadRatios returns stored ratios.
func ReadRatios(file string) (Ratios, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var r Ratios
	return r, json.Unmarshal(data, &r)
}

// Regressed names what is worse than stored by more than a part of it, and what is
// gone. Exponents are logarithms: they may be worse by a tenth.
func (r Ratios) Regressed(stored Ratios, tolerance float64) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(stored)) {
		was, most := stored[name], stored[name]*(1+tolerance)
		if isGrowth(name) {
			most = was + 0.1
		}
		now, ok := r[name]
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("%s: was %.3g, and was not measured now", name, was))
		case now > most:
			out = append(out, fmt.Sprintf("%s: was %.3g, is %.3g (%+.0f %%)", name, was, now, 100*(now/was-1)))
		}
	}
	return out
}

func isGrowth(name string) bool { return strings.Contains(name, ": growth from ") }
