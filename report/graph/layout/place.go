package layout

import (
	"math"
	"slices"
)

// placeInBand gives the items of a band their heights: near what they are linked
// to in the columns beside, and never nearer to each other than they may be. Lines
// are kept straight before nodes are centred.
func (s *state) placeInBand(b *band) {
	for _, column := range b.columns {
		b.height = max(b.height, s.needs(column))
	}
	for _, column := range b.columns {
		s.settle(column, b.height, func(int) (float64, float64) { return b.height / 2, 1 })
	}
	for sweep := range 24 {
		for i := range b.columns {
			l := i
			if sweep%2 == 1 {
				l = len(b.columns) - 1 - i
			}
			s.settle(b.columns[l], b.height, s.wish)
		}
	}
	for range 4 {
		s.straighten(b)
	}
	top, bottom := math.Inf(1), math.Inf(-1)
	for _, column := range b.columns {
		for _, it := range column {
			top = min(top, s.items[it].y-s.items[it].half)
			bottom = max(bottom, s.items[it].y+s.items[it].half)
		}
	}
	if bottom < top {
		return
	}
	b.height = bottom - top
	for _, column := range b.columns {
		for _, it := range column {
			s.items[it].y -= top
		}
	}
}

// straighten brings the bends of each line of a band to one height, as far along
// the line as their neighbours leave room for it.
func (s *state) straighten(b *band) {
	for _, column := range b.columns {
		for _, it := range column {
			// A line is taken up where it starts in the band.
			if s.items[it].bend && s.before(it) < 0 {
				for run := it; run >= 0; {
					run = s.level(run)
				}
			}
		}
	}
}

// before and after return the bend or node of the same line in the column beside,
// -1 where there is none in the band.
func (s *state) before(it int) int { return s.sameLine(it, s.items[it].left, true) }

func (s *state) after(it int) int { return s.sameLine(it, s.items[it].right, false) }

func (s *state) sameLine(it int, links []int, bendsOnly bool) int {
	me := &s.items[it]
	for _, other := range links {
		o := &s.items[other]
		if o.node == me.node && o.band == me.band && (o.bend || !bendsOnly && !s.fringe[o.node]) {
			return other
		}
	}
	return -1
}

// level gives one height to a line from a bend on, as far as there is one for all,
// and returns where it has to be given another, -1 at the end of the line.
func (s *state) level(it int) (next int) {
	low, high := math.Inf(-1), math.Inf(1)
	var run []int
	sum := 0.0
	for next = it; next >= 0; next = s.after(next) {
		l, h := s.slack(next)
		if max(low, l) > min(high, h) {
			break
		}
		low, high = max(low, l), min(high, h)
		run = append(run, next)
		sum += s.items[next].y
		if !s.items[next].bend {
			next = -1
			break
		}
	}
	if len(run) == 0 { // the neighbours touch it: it stays
		return s.after(it)
	}
	y := min(max(sum/float64(len(run)), low), high)
	for _, r := range run {
		s.items[r].y = y
	}
	return next
}

// slack returns between which heights an item can be moved.
func (s *state) slack(it int) (low, high float64) {
	me := &s.items[it]
	b := s.bands[me.band]
	column := b.columns[me.layer]
	low, high = me.half, b.height-me.half
	if me.index > 0 {
		low = s.items[column[me.index-1]].y + s.between(column[me.index-1], it)
	}
	if me.index+1 < len(column) {
		high = s.items[column[me.index+1]].y - s.between(it, column[me.index+1])
	}
	return low, max(low, high)
}

// wish returns the height that an item would like to have, and how much.
func (s *state) wish(it int) (y, weight float64) {
	me := &s.items[it]
	sum := 0.0
	for _, links := range [][]int{me.left, me.right} {
		for _, other := range links {
			o := &s.items[other]
			if o.band != me.band || s.fringe[o.node] && !o.bend {
				continue
			}
			w := 1.0
			switch {
			case me.bend && o.bend:
				w = 12
			case me.bend && o.node == me.node:
				w = 6 // the end of the line
			case o.bend && o.node == me.node:
				w = 3
			}
			sum += w * o.y
			weight += w
		}
	}
	if weight == 0 {
		return me.y, 0.1
	}
	return sum / weight, weight
}

// settle places a column, from 0 to height: the heights that are nearest to the
// wishes, by the squares of the distances, of all that keep order and distance.
// (Isotonic regression: pool what is out of order.)
func (s *state) settle(column []int, height float64, wish func(int) (float64, float64)) {
	if len(column) == 0 {
		return
	}
	type pool struct {
		y, weight float64
		n         int
	}
	var pools []pool
	offset := make([]float64, len(column))
	for i, it := range column {
		if i > 0 {
			offset[i] = offset[i-1] + s.between(column[i-1], it)
		}
		y, w := wish(it)
		p := pool{y - offset[i], w, 1}
		for len(pools) > 0 && pools[len(pools)-1].y > p.y {
			last := pools[len(pools)-1]
			pools = pools[:len(pools)-1]
			p = pool{(p.y*p.weight + last.y*last.weight) / (p.weight + last.weight), p.weight + last.weight, p.n + last.n}
		}
		pools = append(pools, p)
	}
	low := s.items[column[0]].half
	high := max(low, height-s.items[column[len(column)-1]].half-offset[len(column)-1])
	i := 0
	for _, p := range pools {
		for range p.n {
			s.items[column[i]].y = min(max(p.y, low), high) + offset[i]
			i++
		}
	}
}

// columns gives the columns their places: as wide as their widest node, apart by
// what has to turn between them.
func (s *state) columns() {
	s.columnX, s.columnW = make([]float64, s.layers), make([]float64, s.layers)
	for v, n := range s.nodes {
		s.columnW[s.layer[v]] = max(s.columnW[s.layer[v]], n.Width)
	}
	links := make([]int, s.layers)
	for i := range s.items {
		links[s.items[i].layer] += len(s.items[i].right)
	}
	labels := make([]float64, s.layers)
	for i, e := range s.edges {
		l := s.layer[e.From]
		if s.back[i] {
			l = max(0, l-1)
		}
		labels[l] = max(labels[l], e.Label)
	}
	x := 0.0
	for l := range s.layers {
		s.columnX[l] = x
		x += s.columnW[l] + max(labels[l], s.o.Gutter+min(s.o.Gutter*1.5, 7*math.Sqrt(float64(links[l]))))
	}
}

// extent is what a band takes of a column, from its top.
func (s *state) extent(b *band, l int) (top, bottom float64, ok bool) {
	if l >= b.first && l <= b.last {
		if b.cluster >= 0 {
			return -s.o.Padding - s.o.Header, b.height + s.o.Padding, true
		}
		return 0, b.height, true
	}
	column := b.columns[l]
	if len(column) == 0 {
		return 0, 0, false
	}
	first, last := s.items[column[0]], s.items[column[len(column)-1]]
	return first.y - first.half, last.y + last.half, true
}

// stack puts the bands below each other, side by side where they share no column,
// then moves them to where their links are shorter.
func (s *state) stack() {
	gap := s.o.Gap * 2
	floor := make([]float64, s.layers)
	height := 0.0
	for _, i := range s.order {
		b := s.bands[i]
		b.top = 0
		for l := range s.layers {
			if top, _, ok := s.extent(b, l); ok {
				b.top = max(b.top, floor[l]-top)
			}
		}
		for l := range s.layers {
			if _, bottom, ok := s.extent(b, l); ok {
				floor[l] = b.top + bottom + gap
				height = max(height, b.top+bottom)
			}
		}
	}
	for range 4 {
		s.shift(height, gap)
	}
	s.placeFringe(height)
}

// shift moves each band within the room that the others leave it, to where its
// links want it: from the last to the first, then back.
func (s *state) shift(height, gap float64) {
	for _, down := range []bool{true, false} {
		order := slices.Clone(s.order)
		if down {
			slices.Reverse(order)
		}
		for _, i := range order {
			b := s.bands[i]
			var wishes []float64
			for _, column := range b.columns {
				for _, it := range column {
					for _, links := range [][]int{s.items[it].left, s.items[it].right} {
						for _, other := range links {
							if o := &s.items[other]; o.band != i && (o.bend || !s.fringe[o.node]) {
								wishes = append(wishes, s.bands[o.band].top+o.y-s.items[it].y)
							}
						}
					}
				}
			}
			if len(wishes) == 0 {
				continue
			}
			slices.Sort(wishes)
			low, high := s.room(i, height, gap)
			b.top = min(max(wishes[len(wishes)/2], low), high)
		}
	}
}

// room returns between which places a band can be moved.
func (s *state) room(i int, height, gap float64) (low, high float64) {
	b := s.bands[i]
	low, high = math.Inf(-1), math.Inf(1)
	above := true
	for _, j := range s.order {
		if j == i {
			above = false
			continue
		}
		o := s.bands[j]
		for l := range s.layers {
			top, bottom, ok := s.extent(b, l)
			oTop, oBottom, too := s.extent(o, l)
			switch {
			case !ok || !too:
			case above:
				low = max(low, o.top+oBottom+gap-top)
			default:
				high = min(high, o.top+oTop-gap-bottom)
			}
		}
	}
	for l := range s.layers {
		if top, bottom, ok := s.extent(b, l); ok {
			low, high = max(low, -top), min(high, height-bottom)
		}
	}
	return low, max(low, high)
}

// placeFringe places the first and the last column, whose nodes no band holds,
// beside what they are linked to.
func (s *state) placeFringe(height float64) {
	for _, l := range []int{0, s.layers - 1} {
		var column []int
		want := map[int]float64{}
		for v := range s.nodes {
			it := s.byNode[v]
			if !s.fringe[v] || s.layer[v] != l {
				continue
			}
			column = append(column, it)
			sum, n := 0.0, 0
			for _, links := range [][]int{s.items[it].left, s.items[it].right} {
				for _, other := range links {
					o := &s.items[other]
					sum += o.y
					if !s.fringe[o.node] || o.bend {
						sum += s.bands[o.band].top
					}
					n++
				}
			}
			want[it] = sum / float64(max(n, 1))
		}
		slices.SortStableFunc(column, func(a, b int) int {
			switch {
			case want[a] < want[b]:
				return -1
			case want[a] > want[b]:
				return 1
			}
			return 0
		})
		// A line may be at the edge of the drawing: the node is at its middle.
		over := 0.0
		for _, it := range column {
			over = max(over, s.items[it].half)
		}
		s.settle(column, max(height, s.needs(column))+2*over, func(it int) (float64, float64) { return want[it] + over, 1 })
		for _, it := range column {
			s.items[it].y -= over
		}
	}
}
