package report

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"netgen.dev/bench/cost"
	"netgen.dev/bench/estate"
)

// line is what is drawn of a command. The colours are told apart by everybody
// (Okabe and Ito); netgen's lines are whole, others' are not.
type line struct {
	command string
	colour  color.RGBA
	dashes  []vg.Length
}

var (
	dashed = []vg.Length{vg.Points(5), vg.Points(3)}
	dotted = []vg.Length{vg.Points(1.5), vg.Points(2.5)}

	lines = []line{
		{Build, color.RGBA{0, 114, 178, 255}, nil},
		{Verify, color.RGBA{86, 180, 233, 255}, nil},
		{Diff, color.RGBA{0, 158, 115, 255}, nil},
		{Connectivity, color.RGBA{120, 60, 160, 255}, nil},
		{BuildComputed, color.RGBA{0, 0, 0, 255}, nil},
		{CueVet, color.RGBA{213, 94, 0, 255}, dashed},
		{CueExport, color.RGBA{230, 159, 0, 255}, dashed},
		{Kustomize, color.RGBA{204, 121, 167, 255}, dashed},
		{Cyclonus, color.RGBA{110, 110, 110, 255}, dotted},
		{KubeNetPol, color.RGBA{150, 90, 40, 255}, dotted},
		{Connlist, color.RGBA{180, 0, 0, 255}, dotted},
	}
)

// Plot draws processor time and memory by size, one below the other, and beside
// them what each line is.
func (r *Results) Plot(file string) error {
	const width, height, legend = 9 * vg.Inch, 8 * vg.Inch, 2.1 * vg.Inch
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	time, err := r.panel("User CPU, seconds", cost.User, 1)
	if err != nil {
		return err
	}
	memory, err := r.panel("Peak memory, MiB", cost.Memory, 1<<20)
	if err != nil {
		return err
	}
	lines := time.Legend
	time.Legend, memory.Legend = plot.NewLegend(), plot.NewLegend()
	canvas := vgsvg.New(width, height)
	whole := draw.New(canvas)
	whole.FillPolygon(color.White, []vg.Point{{}, {X: width}, {X: width, Y: height}, {Y: height}})
	plots := [][]*plot.Plot{{time}, {memory}}
	tiles := plot.Align(plots, draw.Tiles{Rows: 2, Cols: 1, PadY: vg.Points(14), PadTop: vg.Points(10), PadRight: vg.Points(20)}, draw.Crop(whole, 0, -legend, 0, 0))
	time.Draw(tiles[0][0])
	memory.Draw(tiles[1][0])
	lines.Draw(draw.Crop(whole, width-legend, 0, 0, -vg.Points(12)))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return err
	}
	svg := strings.ReplaceAll(out.String(), "font-family:Liberation Sans;", "font-family:Liberation Sans,Arial,sans-serif;")
	return os.WriteFile(file, []byte(svg), 0o644)
}

func (r *Results) panel(title string, what func(cost.Cost) float64, unit float64) (*plot.Plot, error) {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "services", title
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = decades{}, decades{}
	p.Legend.TextStyle.Font.Size, p.Legend.ThumbnailWidth = vg.Points(9), vg.Points(24)
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, vg.Points(4)
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)
	for _, l := range lines {
		var points plotter.XYs
		for _, s := range r.Shapes {
			v := r.value(l.command, s.Services, what)
			if s.Name == estate.Thousands(s.Services) && v > 0 {
				points = append(points, plotter.XY{X: float64(s.Services), Y: v / unit})
			}
		}
		if len(points) == 0 {
			continue
		}
		drawn, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, fmt.Errorf("plotting %s: %w", l.command, err)
		}
		drawn.Color, drawn.Dashes, drawn.Width = l.colour, l.dashes, vg.Points(1.8)
		dots.Color, dots.Shape, dots.Radius = l.colour, draw.CircleGlyph{}, vg.Points(2.2)
		p.Add(drawn, dots)
		p.Legend.Add(l.command, drawn)
	}
	return p, nil
}

// decades are ticks at powers of ten.
type decades struct{}

func (decades) Ticks(least, most float64) []plot.Tick {
	var out []plot.Tick
	for e := math.Floor(math.Log10(least)); e <= math.Ceil(math.Log10(most)); e++ {
		ten := math.Pow(10, e)
		label := fmt.Sprintf("%g", ten)
		if ten >= 1000 {
			label = estate.Thousands(int(ten))
		}
		out = append(out, plot.Tick{Value: ten, Label: label})
		for _, part := range []float64{2, 5} {
			out = append(out, plot.Tick{Value: part * ten})
		}
	}
	return out
}
