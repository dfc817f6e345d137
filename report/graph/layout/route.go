package layout

import "math"

// result reads the places off the items.
func (s *state) result() *Layout {
	out := &Layout{Nodes: make([]Rect, len(s.nodes)), Edges: make([]Route, len(s.edges)), Columns: s.layers}
	left, top := math.Inf(1), math.Inf(1)
	right, bottom := 0.0, 0.0
	cover := func(r Rect) {
		left, top = min(left, r.X), min(top, r.Y)
		right, bottom = max(right, r.X+r.Width), max(bottom, r.Y+r.Height)
	}
	for v, n := range s.nodes {
		l := s.layer[v]
		out.Nodes[v] = Rect{s.columnX[l], s.y(s.byNode[v]) - n.Height/2, s.columnW[l], n.Height}
		cover(out.Nodes[v])
	}
	for _, b := range s.bands {
		if b.cluster < 0 {
			continue
		}
		r := Rect{}
		if b.first <= b.last {
			x := s.columnX[b.first] - s.o.Padding
			r = Rect{
				x, b.top - s.o.Padding - s.o.Header,
				s.columnX[b.last] + s.columnW[b.last] + s.o.Padding - x, b.height + 2*s.o.Padding + s.o.Header,
			}
			cover(r)
		}
		out.Clusters = append(out.Clusters, r)
	}
	for i := range s.items {
		if s.items[i].bend {
			cover(Rect{s.columnX[s.items[i].layer], s.y(i), 0, 0})
		}
	}
	if math.IsInf(left, 1) {
		return out
	}
	move := func(r *Rect) {
		r.X, r.Y, r.Width, r.Height = round(r.X-left), round(r.Y-top), round(r.Width), round(r.Height)
	}
	for i := range out.Nodes {
		move(&out.Nodes[i])
	}
	for i := range out.Clusters {
		if out.Clusters[i].Width > 0 {
			move(&out.Clusters[i])
		}
	}
	for i, e := range s.edges {
		out.Edges[i] = s.route(i, e, out.Nodes)
		for j := range out.Edges[i].Points {
			if p := &out.Edges[i].Points[j]; j > 0 && j < len(out.Edges[i].Points)-1 {
				*p = Point{round(p.X - left), round(p.Y - top)}
			}
		}
	}
	out.Width, out.Height = round(right-left), round(bottom-top)
	return out
}

// route returns the way of edge i; its first and last point are at the nodes as
// they are placed, the others not moved yet.
func (s *state) route(i int, e Edge, placed []Rect) Route {
	from, to := placed[e.From], placed[e.To]
	if e.From == e.To {
		return Route{Points: []Point{{from.X + from.Width, from.Y + from.Height/2}, {from.X + from.Width, from.Y + from.Height/2}}}
	}
	r := Route{Backward: s.back[i]}
	start, end := Point{from.X + from.Width, round(from.Y + from.Height/2)}, Point{to.X, round(to.Y + to.Height/2)}
	if r.Backward {
		start.X, end.X = from.X, to.X+to.Width
	}
	r.Points = append(r.Points, start)
	for _, it := range s.chains[i][1 : len(s.chains[i])-1] {
		l := s.items[it].layer
		a, b := s.columnX[l], s.columnX[l]+s.columnW[l]
		if r.Backward {
			a, b = b, a
		}
		r.Points = append(r.Points, Point{a, s.y(it)}, Point{b, s.y(it)})
	}
	r.Points = append(r.Points, end)
	return r
}

// y returns where the middle of an item is.
func (s *state) y(it int) float64 {
	i := &s.items[it]
	if s.fringe[i.node] && !i.bend {
		return i.y
	}
	return s.bands[i.band].top + i.y
}

// round keeps coordinates short, and the same on every processor.
func round(f float64) float64 { return math.Round(f*2) / 2 }
