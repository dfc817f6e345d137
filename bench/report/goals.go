package report

import (
	"fmt"
	"math"

	"netgen.dev/bench/cost"
)

// Goal is what was wanted, and what was measured.
type Goal struct {
	What     string
	Wanted   float64
	AtLeast  bool // wanted is a least, not a most
	Measured float64
	Bound    bool // what was compared with went over the limit, so it is at least as good
	Unit     string
	Extra    bool // beside the goals themselves
}

// Verdict says whether a goal was met.
func (g Goal) Verdict() string {
	switch {
	case math.IsNaN(g.Measured):
		return "not measured"
	case g.AtLeast && g.Measured >= g.Wanted, !g.AtLeast && g.Measured <= g.Wanted:
		return "met"
	case g.Bound:
		return "not known: the limit was too short"
	}
	return "**missed**"
}

// ratio returns a goal about one command's cost by another's. Where the other went
// over the limit, the ratio is a bound that is good for nothing but passing.
func (r *Results) ratio(what string, n int, one, other string, of func(cost.Cost) float64, most float64) Goal {
	x, xOver := r.at(one, n, of)
	y, yOver := r.at(other, n, of)
	if xOver {
		x = math.NaN()
	}
	return Goal{What: what, Wanted: most, Measured: x / y, Bound: yOver}
}

// times is ratio the other way round: how many times the cost of one the other is.
func (r *Results) times(what string, n int, one, other string, least float64) Goal {
	g := r.ratio(what, n, one, other, cost.User, 0)
	g.Measured, g.Wanted, g.AtLeast, g.Unit = 1/g.Measured, least, true, "×"
	return g
}

// Goals returns all of them.
func (r *Results) Goals() []Goal {
	const large = 10_000
	return []Goal{
		r.ratio("`netgen build` with proof by `cue export`, 10,000 services, user CPU", large, Build, CueExport, cost.User, 0.8),
		r.ratio("the same, peak memory", large, Build, CueExport, cost.Memory, 1),
		r.ratio("the same within netgen's default limits", large, BuildDefault, CueExport, cost.Memory, 1),
		r.ratio("`netgen build` with proof by `cue vet -c`, 10,000 services, user CPU", large, Build, CueVet, cost.User, 0.4),
		r.ratio("`netgen build` with proof by `kustomize build` of the result, 5,000 services, user CPU", 5_000, Build, Kustomize, cost.User, 1./50),
		r.proofShare(large),
		r.ratio("`netgen diff` of two topologies by one `netgen build`, 10,000 services, user CPU", large, Diff, Build, cost.User, 2.3),
		r.times("netpol-analyzer `connlist` by netgen's evaluator, 1,000 services, user CPU", 1_000, Connectivity, Connlist, 1_000),
		r.byProof("the same by the proof that is part of `netgen build`", 1_000, Connlist, 1_000),
		r.times("the next best evaluator by netgen's, 1,000 services, user CPU", 1_000, Connectivity, r.nextBest(1_000), 100),
		r.byProof("the same by the proof that is part of `netgen build`", 1_000, r.nextBest(1_000), 100),
		r.equalAnswers(),
		{What: "`netgen plugin generate`, 100 services, user CPU", Wanted: 100, Measured: 1e3 * r.value(Plugin, 100, cost.User), Unit: " ms"},
		r.meta("`netgen build`", BuildDefault),
		r.meta("`netgen verify`", VerifyDefault),
		r.meta("`netgen diff`", DiffDefault),
		r.ratio("`netgen version` by an empty program, user CPU and kernel", 0, NetgenVersion, EmptyVersion, cost.CPU, 1.5),
		r.ratio("the same, wall", 0, NetgenVersion, EmptyVersion, cost.Wall, 1.5),
		r.start("`netgen build` of ten services by an empty program, user CPU and kernel", cost.CPU),
		r.start("the same, wall", cost.Wall),
		r.largestPolicy(),
		r.fastPath(large),
	}
}

// Growth is how a command grows, and what was wanted of it.
func (r *Results) Growth(command string) (time, memory Goal) {
	of := func(what func(cost.Cost) float64) Goal {
		return Goal{Wanted: 1.1, Measured: r.exponent(command, 20_000, what)}
	}
	return of(cost.User), of(cost.Memory)
}

func (r *Results) proofShare(n int) Goal {
	all, without := r.value(Build, n, cost.User), r.value(BuildUnproved, n, cost.User)
	return Goal{What: "the proof's part of `netgen build`, 10,000 services, user CPU", Wanted: 25, Measured: 100 * (all - without) / all, Unit: " %"}
}

// byProof is how many times the cost of the proof in a build an evaluator is. The
// proof asks about more: every port, and who is not declared.
func (r *Results) byProof(what string, n int, evaluator string, least float64) Goal {
	theirs, over := r.at(evaluator, n, cost.User)
	proof := r.value(Build, n, cost.User) - r.value(BuildUnproved, n, cost.User)
	return Goal{What: what, Wanted: least, AtLeast: true, Measured: theirs / proof, Bound: over, Unit: "×"}
}

// nextBest returns the evaluator that is the fastest but for netgen's.
func (r *Results) nextBest(n int) string {
	best, least := Cyclonus, math.Inf(1)
	for _, command := range []string{Cyclonus, KubeNetPol, Connlist} {
		if v, _ := r.at(command, n, cost.User); v < least {
			best, least = command, v
		}
	}
	return best
}

// equalAnswers counts the shapes about which two evaluators differ.
func (r *Results) equalAnswers() Goal {
	compared, differ := 0, 0
	for _, s := range r.Shapes {
		ours := r.Row(Connectivity, s.Name)
		for _, command := range []string{Cyclonus, KubeNetPol, Connlist} {
			row := r.Row(command, s.Name)
			if ours == nil || row == nil || row.Over || row.Failed != "" {
				continue
			}
			compared++
			if row.Answer != ours.Answer {
				differ++
			}
		}
	}
	g := Goal{What: "evaluators that count other pairs than netgen's", Measured: float64(differ), Unit: fmt.Sprintf(" of %d comparisons", compared)}
	if compared == 0 {
		g.Measured = math.NaN()
	}
	return g
}

// meta is whether a command of the largest shape ends well in the default limits.
func (r *Results) meta(name, command string) Goal {
	g := Goal{What: name + " of Meta's shape in the default limits, 30 s and 1 GiB: peak memory", Wanted: 1024, Measured: math.NaN(), Unit: " MiB"}
	switch row := r.Row(command, "Meta's shape"); {
	case row == nil:
	case row.Failed != "" || row.Over:
		g.Measured = math.Inf(1)
	default:
		g.Measured = row.Costs.Of(cost.Memory) / (1 << 20)
	}
	return g
}

// largestPolicy is whether the API server takes the policies of the largest shape.
func (r *Results) largestPolicy() Goal {
	g := Goal{What: "the largest policy of Meta's shape, of which one service is called by 14,084", Wanted: 1536, Measured: math.NaN(), Unit: " KiB"}
	for _, s := range r.Shapes {
		if s.Name == "Meta's shape" {
			g.Measured = float64(s.Largest) / (1 << 10)
		}
	}
	return g
}

func (r *Results) start(what string, of func(cost.Cost) float64) Goal {
	return Goal{What: what, Wanted: 1.5, Measured: r.value(Build, 10, of) / r.value(EmptyVersion, 0, of)}
}

// fastPath is what reading plain data from the syntax tree is worth to a command
// that does little else.
func (r *Results) fastPath(n int) Goal {
	g := r.times("plain data read by the evaluator by the same read from the syntax, `netgen vet` of 10,000 services, user CPU", n, Vet, VetEvaluated, 0)
	g.Extra = true
	return g
}
