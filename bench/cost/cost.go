// Package cost is what a run of a command costs, and what many of them say.
package cost

import (
	"math"
	"slices"
	"time"
)

// Cost is of one run.
type Cost struct {
	User, System, Wall time.Duration
	Memory             int64 // at its peak, in bytes
	Exit               int
	Stopped            bool // at the limit
}

// Costs are of the runs of one command.
type Costs []Cost

// Of returns the median of something of the runs.
func (c Costs) Of(what func(Cost) float64) float64 {
	all := c.all(what)
	if len(all) == 0 {
		return math.NaN()
	}
	middle := len(all) / 2
	if len(all)%2 == 0 {
		return (all[middle-1] + all[middle]) / 2
	}
	return all[middle]
}

// Spread returns how far the runs are apart, as a part of their median.
func (c Costs) Spread(what func(Cost) float64) float64 {
	all := c.all(what)
	if len(all) < 2 {
		return math.NaN()
	}
	return (all[len(all)-1] - all[0]) / c.Of(what)
}

func (c Costs) all(what func(Cost) float64) []float64 {
	var all []float64
	for _, one := range c {
		all = append(all, what(one))
	}
	slices.Sort(all)
	return all
}

// User returns the seconds of processor time that the program itself took.
func User(c Cost) float64 { return c.User.Seconds() }

// CPU returns all seconds of processor time, those of the kernel included.
func CPU(c Cost) float64 { return (c.User + c.System).Seconds() }

// Wall returns the seconds that passed.
func Wall(c Cost) float64 { return c.Wall.Seconds() }

// Memory returns the bytes at the peak.
func Memory(c Cost) float64 { return float64(c.Memory) }

// Exponent returns the slope of a line through points, both of whose scales are
// logarithmic: 1 where what is measured doubles with the size, 2 where it
// quadruples.
func Exponent(sizes, values []float64) float64 {
	var sx, sy, sxx, sxy float64
	for i := range sizes {
		x, y := math.Log(sizes[i]), math.Log(values[i])
		sx, sy, sxx, sxy = sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	n := float64(len(sizes))
	if n < 2 {
		return math.NaN()
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}
