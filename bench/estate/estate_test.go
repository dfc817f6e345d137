package estate_test

import (
	"reflect"
	"testing"

	"netgen.dev/bench/estate"
)

// TestSpread holds the graphs against the figures that they are made from.
func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		shape estate.Shape
		want  estate.Spread
	}{
		{estate.Meta(), estate.Spread{Edges: 202_424, Median: 4, P99: 93, Widest: 5_865, Hub: 14_084}},
		{estate.Monzo(), estate.Spread{Edges: 9_300, Median: 4, P99: 35, Widest: 150, Hub: 1_138}},
	} {
		e := estate.Make(tt.shape)
		got := e.Spread()
		if got.P99 < tt.want.P99-2 || got.P99 > tt.want.P99+2 {
			t.Errorf("%s: P99 is %d, the figure is %d", tt.shape.Name, got.P99, tt.want.P99)
		}
		got.P99 = tt.want.P99
		if got != tt.want {
			t.Errorf("%s: %+v, the figures are %+v", tt.shape.Name, got, tt.want)
		}
		if !reflect.DeepEqual(e, estate.Make(tt.shape)) {
			t.Errorf("%s is made differently each time", tt.shape.Name)
		}
	}
}
