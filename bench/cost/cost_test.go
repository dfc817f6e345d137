package cost_test

import (
	"math"
	"testing"
	"time"

	"netgen.dev/bench/cost"
)

func TestCosts(t *testing.T) {
	c := cost.Costs{{User: 3 * time.Second}, {User: time.Second}, {User: 2 * time.Second}}
	if got := c.Of(cost.User); got != 2 {
		t.Errorf("the median is %v", got)
	}
	if got := c.Spread(cost.User); got != 1 {
		t.Errorf("the spread is %v", got)
	}
	if got := (cost.Costs{}).Of(cost.User); !math.IsNaN(got) {
		t.Errorf("the median of nothing is %v", got)
	}
}

func TestExponent(t *testing.T) {
	sizes := []float64{1_000, 10_000, 20_000}
	for _, want := range []float64{0, 1, 2} {
		var values []float64
		for _, s := range sizes {
			values = append(values, 3*math.Pow(s, want))
		}
		if got := cost.Exponent(sizes, values); math.Abs(got-want) > 1e-9 {
			t.Errorf("the exponent is %v, not %v", got, want)
		}
	}
	if got := cost.Exponent(sizes, []float64{1, math.NaN(), 1}); !math.IsNaN(got) {
		t.Errorf("the exponent is %v where a value is missing", got)
	}
}
