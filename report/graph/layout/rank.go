package layout

import "slices"

// breakCycles marks the edges that are turned around so that no cycle is left:
// few, by the greedy heuristic of Eades, Lin and Smyth.
func (s *state) breakCycles() {
	n := len(s.nodes)
	in, out := make([]int, n), make([]int, n)
	next, prev := make([][]int, n), make([][]int, n)
	for _, e := range s.edges {
		if e.From != e.To {
			out[e.From]++
			in[e.To]++
			next[e.From] = append(next[e.From], e.To)
			prev[e.To] = append(prev[e.To], e.From)
		}
	}
	gone := make([]bool, n)
	remove := func(v int) {
		gone[v] = true
		for _, w := range next[v] {
			in[w]--
		}
		for _, w := range prev[v] {
			out[w]--
		}
	}
	position := make([]int, n)
	first, last := 0, n-1
	for first <= last {
		for again := true; again; {
			again = false
			for v := range n {
				switch {
				case gone[v]:
				case out[v] == 0:
					position[v] = last
					last--
					remove(v)
					again = true
				case in[v] == 0:
					position[v] = first
					first++
					remove(v)
					again = true
				}
			}
		}
		best := -1
		for v := range n {
			if !gone[v] && (best < 0 || out[v]-in[v] > out[best]-in[best]) {
				best = v
			}
		}
		if best < 0 {
			break
		}
		position[best] = first
		first++
		remove(best)
	}
	s.back = make([]bool, len(s.edges))
	for i, e := range s.edges {
		s.back[i] = position[e.From] > position[e.To]
	}
}

// ends returns the ends of edge i in the order of their columns.
func (s *state) ends(i int) (left, right int) {
	e := s.edges[i]
	if s.back[i] {
		return e.To, e.From
	}
	return e.From, e.To
}

// rank gives each node a column: as far left as its callers let it, then as near
// to what it is linked to as all let it. Nodes of no cluster that only call are in
// the first column, those that are only called in the last, and nothing else is.
func (s *state) rank() {
	n := len(s.nodes)
	before, after := make([][]int, n), make([][]int, n)
	for i, e := range s.edges {
		if e.From == e.To {
			continue
		}
		l, r := s.ends(i)
		after[l] = append(after[l], r)
		before[r] = append(before[r], l)
	}
	s.layer, s.fringe = make([]int, n), make([]bool, n)
	lowest := 0
	for v := range n {
		if s.nodes[v].Cluster < 0 && len(before[v]) == 0 {
			s.fringe[v] = true
			lowest = 1
		}
	}
	last := s.longestPaths(before, after, lowest)
	s.tighten(before, after, lowest)
	s.spread(before, after, lowest)
	for v := range n {
		last = max(last, s.layer[v])
	}
	exits := false
	for v := range n {
		if s.nodes[v].Cluster < 0 && len(after[v]) == 0 && len(before[v]) > 0 {
			s.fringe[v], exits = true, true
		}
	}
	if exits {
		// The last column may hold them alone already.
		last = lowest
		for v := range n {
			if !s.fringe[v] {
				last = max(last, s.layer[v])
			}
		}
		last++
		for v := range n {
			if s.fringe[v] && len(before[v]) > 0 {
				s.layer[v] = last
			}
		}
	}
	s.layers = last + 1
}

// longestPaths puts each node one column after the last of those before it.
func (s *state) longestPaths(before, after [][]int, lowest int) int {
	waiting := make([]int, len(s.nodes))
	var ready []int
	for v := range s.nodes {
		waiting[v] = len(before[v])
		if waiting[v] == 0 {
			ready = append(ready, v)
			if !s.fringe[v] {
				s.layer[v] = lowest
			}
		}
	}
	last := 0
	for len(ready) > 0 {
		v := ready[0]
		ready = ready[1:]
		last = max(last, s.layer[v])
		for _, w := range after[v] {
			s.layer[w] = max(s.layer[w], s.layer[v]+1)
			if waiting[w]--; waiting[w] == 0 {
				ready = append(ready, w)
			}
		}
	}
	return last
}

// tighten moves nodes to where their edges are shorter, until none is.
func (s *state) tighten(before, after [][]int, lowest int) {
	for range 50 {
		moved := false
		for v := range s.nodes {
			if s.fringe[v] || len(before[v]) >= len(after[v]) && len(before[v]) > 0 || len(after[v]) == 0 {
				continue // it is as far left as it can be, and that is best
			}
			to := s.layer[after[v][0]] - 1
			for _, w := range after[v] {
				to = min(to, s.layer[w]-1)
			}
			if to > s.layer[v] {
				s.layer[v] = to
				moved = true
			}
		}
		for v := range s.nodes {
			if s.fringe[v] || len(before[v]) < len(after[v]) || len(before[v]) == 0 {
				continue
			}
			to := lowest
			for _, w := range before[v] {
				to = max(to, s.layer[w]+1)
			}
			if to < s.layer[v] {
				s.layer[v] = to
				moved = true
			}
		}
		if !moved {
			return
		}
	}
}

// spread puts the nodes without edges where their cluster has room.
func (s *state) spread(before, after [][]int, lowest int) {
	type room struct{ count map[int]int }
	rooms := map[int]room{}
	alone := map[int][]int{}
	for v, n := range s.nodes {
		if rooms[n.Cluster].count == nil {
			rooms[n.Cluster] = room{map[int]int{}}
		}
		switch {
		case s.fringe[v]:
		case len(before[v])+len(after[v]) == 0:
			alone[n.Cluster] = append(alone[n.Cluster], v)
		default:
			rooms[n.Cluster].count[s.layer[v]]++
		}
	}
	for v := range s.nodes {
		c := s.nodes[v].Cluster
		if !slices.Contains(alone[c], v) {
			continue
		}
		count := rooms[c].count
		if len(count) == 0 {
			columns := 1
			for columns*columns*3 < len(alone[c]) {
				columns++
			}
			for i := range columns {
				count[lowest+i] = 0
			}
		}
		best := -1
		for l := range 10000 {
			have, ok := count[l]
			if ok && (best < 0 || have < count[best]) {
				best = l
			}
			if l > lowest+len(s.nodes) {
				break
			}
		}
		s.layer[v] = best
		count[best]++
	}
}
