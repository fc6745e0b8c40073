package main

import (
	"math"
	"testing"
)

func TestGrowth(t *testing.T) {
	for _, test := range []struct {
		name   string
		values []float64
		want   float64
	}{
		{"none", nil, 0},
		{"one sample", []float64{5}, 0},
		{"flat", []float64{5, 5, 5, 5, 5, 5, 5, 5}, 0},
		{"steady, from the third of eight samples on", []float64{0, 10, 20, 30, 40, 50, 60, 70}, 50},
		{"the warm-up does not count", []float64{0, 900, 40, 40, 40, 40, 40, 40}, 0},
		{"nor does one sample in the middle", []float64{0, 0, 40, 40, 40, 900, 40, 40, 40}, 0},
		{"less", []float64{0, 0, 60, 50, 40, 30, 20, 10}, -50},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := (series{values: test.values}).growth(); math.Abs(got-test.want) > 1e-9 {
				t.Errorf("grew by %g, want %g", got, test.want)
			}
		})
	}
}

func TestGrewTooMuch(t *testing.T) {
	values := []float64{0, 10, 20, 30, 40, 50, 60, 70} // by 50
	for allow, want := range map[float64]bool{49: true, 51: false} {
		if got := (series{allow: allow, values: values}).grewTooMuch(); got != want {
			t.Errorf("with %g allowed: %t", allow, got)
		}
	}
}
