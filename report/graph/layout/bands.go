package layout

import (
	"cmp"
	"math"
	"slices"
)

// band is a strip from left to right that one cluster has for itself, or one node
// of no cluster, and the lines that lead to its nodes.
type band struct {
	cluster     int // -1 for a node of no cluster
	columns     [][]int
	first, last int // columns with nodes, the box; first > last where there are none
	height      float64
	top         float64 // of the place where its items are
}

// makeBands makes the bands of all nodes.
func (s *state) makeBands() {
	clusters := 0
	for _, n := range s.nodes {
		clusters = max(clusters, n.Cluster+1)
	}
	for c := range clusters {
		s.bands = append(s.bands, s.newBand(c))
	}
	for v, n := range s.nodes {
		b := n.Cluster
		if b < 0 {
			b = len(s.bands)
			s.bands = append(s.bands, s.newBand(-1))
		}
		s.byNode = append(s.byNode, len(s.items))
		s.items = append(s.items, item{node: v, layer: s.layer[v], band: b, half: n.Height / 2})
		if s.fringe[v] {
			continue
		}
		to := s.bands[b]
		to.first, to.last = min(to.first, s.layer[v]), max(to.last, s.layer[v])
		to.columns[s.layer[v]] = append(to.columns[s.layer[v]], s.byNode[v])
	}
}

func (s *state) newBand(cluster int) *band {
	return &band{cluster: cluster, columns: make([][]int, s.layers), first: s.layers, last: -1}
}

// link gives each edge its chain of items. All edges to one node that come from
// the same side share the bends, since they lead to the same place.
func (s *state) link() {
	type key struct {
		node, layer int
		back        bool
	}
	bends := map[key]int{}
	linked := map[[2]int]bool{}
	s.chains = make([][]int, len(s.edges))
	for i, e := range s.edges {
		if e.From == e.To {
			continue
		}
		step := 1
		if s.back[i] {
			step = -1
		}
		chain := []int{s.byNode[e.From]}
		for l := s.layer[e.From] + step; l != s.layer[e.To]; l += step {
			k := key{e.To, l, s.back[i]}
			bend, ok := bends[k]
			if !ok {
				bend = len(s.items)
				bends[k] = bend
				b := s.items[s.byNode[e.To]].band
				s.items = append(s.items, item{node: e.To, bend: true, layer: l, band: b, half: 1})
				s.bands[b].columns[l] = append(s.bands[b].columns[l], bend)
			}
			chain = append(chain, bend)
		}
		chain = append(chain, s.byNode[e.To])
		s.chains[i] = chain
		for j := 1; j < len(chain); j++ {
			a, b := chain[j-1], chain[j]
			if s.back[i] {
				a, b = b, a
			}
			if !linked[[2]int{a, b}] {
				linked[[2]int{a, b}] = true
				s.items[a].right = append(s.items[a].right, b)
				s.items[b].left = append(s.items[b].left, a)
			}
		}
	}
}

// arrange orders the bands so that what is linked is near: a band moves as long as
// that makes the links shorter.
func (s *state) arrange() {
	n := len(s.bands)
	weight := make([][]float64, n)
	for i := range weight {
		weight[i] = make([]float64, n)
	}
	height := make([]float64, n)
	for i, b := range s.bands {
		height[i] = 0.5
		for _, column := range b.columns {
			height[i] = max(height[i], s.needs(column)/50)
		}
		s.order = append(s.order, i)
	}
	for _, it := range s.items {
		for _, other := range it.right {
			if o := s.items[other].band; o != it.band {
				weight[it.band][o]++
				weight[o][it.band]++
			}
		}
	}
	position := make([]float64, n)
	place := func() {
		at := 0.0
		for _, b := range s.order {
			position[b] = at + height[b]/2
			at += height[b]
		}
	}
	place()
	// swap exchanges the bands at i and i+1 and returns how much longer all links
	// are for it.
	swap := func(i int) float64 {
		a, b := s.order[i], s.order[i+1]
		longer := 0.0
		for x := range n {
			if x != a && x != b {
				longer += weight[a][x] * (math.Abs(position[a]+height[b]-position[x]) - math.Abs(position[a]-position[x]))
				longer += weight[b][x] * (math.Abs(position[b]-height[a]-position[x]) - math.Abs(position[b]-position[x]))
			}
		}
		position[a] += height[b]
		position[b] -= height[a]
		s.order[i], s.order[i+1] = b, a
		return longer
	}
	for range 12 {
		if n > 300 || !moveBands(s.order, swap) {
			break
		}
	}
}

// moveBands takes each band to its best place and reports whether any moved.
func moveBands(order []int, swap func(int) float64) bool {
	moved := false
	for _, b := range slices.Clone(order) {
		start := slices.Index(order, b)
		at, sum, best, bestAt := start, 0.0, -1e-6, start
		for ; at+1 < len(order); at++ {
			if sum += swap(at); sum < best {
				best, bestAt = sum, at+1
			}
		}
		for ; at > 0; at-- {
			if sum += swap(at - 1); sum < best {
				best, bestAt = sum, at-1
			}
		}
		for ; at < bestAt; at++ {
			swap(at)
		}
		moved = moved || bestAt != start
	}
	return moved
}

// needs returns the height that a column of items takes.
func (s *state) needs(column []int) float64 {
	sum := 0.0
	for i, it := range column {
		if i > 0 {
			sum += s.between(column[i-1], it)
		} else {
			sum += s.items[it].half
		}
		if i == len(column)-1 {
			sum += s.items[it].half
		}
	}
	return sum
}

// between returns how far apart the middles of two neighbours are.
func (s *state) between(a, b int) float64 {
	gap := s.o.Gap
	if s.items[a].bend && s.items[b].bend {
		gap = s.o.Gap / 2
	}
	return s.items[a].half + s.items[b].half + gap
}

// reduceCrossings orders the items of each column inside their bands: by the
// middle of what they are linked to, sweeping to the right and back, keeping the
// best order met.
func (s *state) reduceCrossings() {
	for _, b := range s.bands {
		for _, column := range b.columns {
			s.number(column)
		}
	}
	rank := make([]int, len(s.bands))
	for i, b := range s.order {
		rank[b] = i
	}
	best, bestOrder := s.crossings(rank), s.snapshot()
	for sweep := range 16 {
		for i := range s.layers {
			l, right := i, false
			if sweep%2 == 1 {
				l, right = s.layers-1-i, true
			}
			for _, b := range s.bands {
				s.sortColumn(b.columns[l], right, rank)
			}
		}
		if c := s.crossings(rank); c < best {
			best, bestOrder = c, s.snapshot()
		}
	}
	for i, b := range s.bands {
		b.columns = bestOrder[i]
		for _, column := range b.columns {
			s.number(column)
		}
	}
	s.transpose(rank)
}

func (s *state) snapshot() [][][]int {
	out := make([][][]int, len(s.bands))
	for i, b := range s.bands {
		for _, column := range b.columns {
			out[i] = append(out[i], slices.Clone(column))
		}
	}
	return out
}

func (s *state) number(column []int) {
	for i, it := range column {
		s.items[it].index = i
	}
}

// at is where an item is from top to bottom, before anything is placed.
func (s *state) at(it int, rank []int) float64 {
	i := &s.items[it]
	column := s.bands[i.band].columns[i.layer]
	if len(column) == 0 { // of the first or the last column
		return float64(rank[i.band]) + 0.5
	}
	return float64(rank[i.band]) + (float64(i.index)+0.5)/float64(len(column))
}

func (s *state) sortColumn(column []int, right bool, rank []int) {
	if len(column) < 2 {
		return
	}
	want := map[int]float64{}
	for _, it := range column {
		links := s.items[it].left
		if right {
			links = s.items[it].right
		}
		want[it] = s.at(it, rank)
		if len(links) > 0 {
			sum := 0.0
			for _, other := range links {
				sum += s.at(other, rank)
			}
			want[it] = sum / float64(len(links))
		}
	}
	slices.SortStableFunc(column, func(a, b int) int { return cmp.Compare(want[a], want[b]) })
	s.number(column)
}

// crossings counts the links that cross.
func (s *state) crossings(rank []int) int {
	type link struct{ a, b float64 }
	perColumn := make([][]link, s.layers)
	for i := range s.items {
		for _, other := range s.items[i].right {
			perColumn[s.items[i].layer] = append(perColumn[s.items[i].layer], link{s.at(i, rank), s.at(other, rank)})
		}
	}
	total := 0
	for _, links := range perColumn {
		slices.SortFunc(links, func(x, y link) int { return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b)) })
		values := make([]float64, len(links))
		for i, l := range links {
			values[i] = l.b
		}
		total += inversions(values, make([]float64, len(values)))
	}
	return total
}

// inversions counts the pairs out of order, and sorts.
func inversions(v, buf []float64) int {
	if len(v) < 2 {
		return 0
	}
	m := len(v) / 2
	count := inversions(v[:m], buf[:m]) + inversions(v[m:], buf[m:])
	i, j := 0, m
	for k := range buf[:len(v)] {
		if j == len(v) || i < m && v[i] <= v[j] {
			buf[k] = v[i]
			i++
		} else {
			buf[k] = v[j]
			j++
			count += m - i
		}
	}
	copy(v, buf[:len(v)])
	return count
}

// transpose exchanges neighbours of a column as long as fewer links cross.
func (s *state) transpose(rank []int) {
	for range 8 {
		better := false
		for _, b := range s.bands {
			for _, column := range b.columns {
				for i := 1; i < len(column); i++ {
					if s.pairCrossings(column[i], column[i-1], rank) < s.pairCrossings(column[i-1], column[i], rank) {
						column[i-1], column[i] = column[i], column[i-1]
						s.number(column)
						better = true
					}
				}
			}
		}
		if !better {
			return
		}
	}
}

// pairCrossings counts how the links of two neighbours cross where upper is above.
func (s *state) pairCrossings(upper, lower int, rank []int) int {
	count := 0
	for _, sides := range [][2][]int{{s.items[upper].left, s.items[lower].left}, {s.items[upper].right, s.items[lower].right}} {
		for _, u := range sides[0] {
			for _, l := range sides[1] {
				if s.at(u, rank) > s.at(l, rank) {
					count++
				}
			}
		}
	}
	return count
}
