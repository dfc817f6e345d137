// Package layout places the nodes of a directed graph in columns from left to
// right, so that edges point to the right, and routes the edges around the nodes.
// It knows numbers alone: no topology, no text, no picture.
//
// It is a layered layout after Sugiyama, of our own because the published Go
// libraries for it either have no clusters or are not to be had from every
// module proxy, and because two things here are special. Clusters (namespaces) are
// bands: each is a box that no other box meets, and holds its nodes and no others.
// And what is called from afar is reached by one line that all its callers join,
// which keeps a hub with hundreds of callers legible and the drawing small.
//
// The stages: turn around the edges that close cycles; give each node a column;
// put a bend into each column that an edge passes; order what is in a column to
// cross little; place; route. What became a tower is folded into stacks.
package layout

// Node is a node to place.
type Node struct {
	Width, Height float64
	Cluster       int // from 0, or -1 for a node of no cluster
}

// Edge is an edge to route, by the indexes of its nodes.
type Edge struct {
	From, To int
	Label    float64 // the width of what is written beside it, where it starts
}

// Options are distances.
type Options struct {
	Gap     float64 // between nodes of a column
	Gutter  float64 // between columns, at least
	Padding float64 // between the border of a cluster and its nodes
	Header  float64 // above the nodes of a cluster, for its name
}

// Point is a place; Y grows downwards.
type Point struct{ X, Y float64 }

// Rect is a rectangle.
type Rect struct{ X, Y, Width, Height float64 }

// Layout is where everything goes.
type Layout struct {
	Width, Height float64
	Nodes         []Rect
	Clusters      []Rect // of no size where a cluster is empty
	Edges         []Route
	Columns       int
}

// Route is the way of an edge through its points: horizontal at each of them,
// straight where the height stays, and a curve, between two columns, where it does
// not.
type Route struct {
	Points []Point
	// Backward: the edge points to the left, since it closes a cycle or leads to
	// another stack.
	Backward bool
	// Direct: the edge leads to another stack, and goes behind what is between.
	Direct bool
}

// item is what has a place in a column: a node, or the bend of a line that passes.
type item struct {
	node  int // the node, or for a bend the node that the line leads to
	bend  bool
	layer int
	band  int
	half  float64 // of the height
	index int     // in its band and column
	y     float64 // of the middle, inside the band
	left  []int   // items in the column before that it is linked to
	right []int
}

type state struct {
	nodes []Node
	edges []Edge
	o     Options

	back   []bool // by edge: turned around
	layer  []int  // by node
	layers int
	fringe []bool // by node: in the first or the last column, outside all bands

	items  []item
	byNode []int   // the item of each node
	chains [][]int // by edge: the items from From to To

	bands []*band
	order []int // the bands from top to bottom

	columnX, columnW []float64
}

// Place lays out a graph. The same input has always the same layout.
func Place(nodes []Node, edges []Edge, o Options) *Layout {
	s := place(nodes, edges, o)
	return s.fold(s.result())
}

func place(nodes []Node, edges []Edge, o Options) *state {
	s := &state{nodes: nodes, edges: edges, o: o}
	s.breakCycles()
	s.rank()
	s.makeBands()
	s.link()
	s.arrange()
	s.reduceCrossings()
	for _, b := range s.bands {
		s.placeInBand(b)
	}
	s.columns()
	s.stack()
	return s
}
