package graph

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestContrast holds the colours against the contrast that the Web Content
// Accessibility Guidelines ask for: 4.5 for text, 3 for what has to be seen.
func TestContrast(t *testing.T) {
	for name, th := range map[string]theme{"light": lightTheme, "dark": darkTheme} {
		colors := map[string][3]float64{}
		for _, v := range th {
			if !strings.HasPrefix(v[1], "rgba") {
				colors[v[0]] = parse(t, v[1])
			}
		}
		check := func(front, back string, want float64) {
			t.Helper()
			if got := contrast(colors[front], colors[back]); got < want {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want %v", name, front, back, got, want)
			}
		}
		for _, text := range []string{"ink", "muted", "accent"} {
			for _, ground := range []string{"page", "card", "soft"} {
				check(text, ground, 4.5)
			}
		}
		check("onaccent", "accent", 4.5)
		check("onclosed", "closed", 4.5)
		check("accent", "cell", 4.5)
		for _, c := range []string{"opened", "closed", "changed"} {
			check(c, c+"bg", 4.5)
			check(c, "card", 4.5)
			check(c, "page", 3)
			check("ink", c+"bg", 4.5)
		}
		for _, l := range []string{"edge", "caller"} {
			check(l, "page", 3)
			check(l, "card", 3)
		}
		for i := range hues {
			check(fmt.Sprint("text", i), fmt.Sprint("ground", i), 4.5)
			check("edge", fmt.Sprint("ground", i), 3)
		}
	}
}

func parse(t *testing.T, s string) [3]float64 {
	t.Helper()
	var r, g, b int
	if n, _ := fmt.Sscanf(s, "#%02x%02x%02x", &r, &g, &b); n == 3 {
		return [3]float64{float64(r) / 255, float64(g) / 255, float64(b) / 255}
	}
	var h, sat, l float64
	if n, _ := fmt.Sscanf(s, "hsl(%f,%f%%,%f%%)", &h, &sat, &l); n != 3 {
		t.Fatal("no colour: ", s)
	}
	sat, l = sat/100, l/100
	channel := func(n float64) float64 {
		k := math.Mod(n+h/30, 12)
		return l - sat*min(l, 1-l)*max(-1, min(k-3, 9-k, 1))
	}
	return [3]float64{channel(0), channel(8), channel(4)}
}

func contrast(a, b [3]float64) float64 {
	light := func(c [3]float64) float64 {
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			v := c[i] / 12.92
			if c[i] > 0.04045 {
				v = math.Pow((c[i]+0.055)/1.055, 2.4)
			}
			sum += weight * v
		}
		return sum
	}
	x, y := light(a), light(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
