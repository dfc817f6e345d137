// Package estate makes service graphs as large companies have them, always the
// same ones, and writes each down as topologies and as the cluster that it runs in.
package estate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Shape is how a graph is spread.
type Shape struct {
	Name     string
	Services int
	Edges    int     // 0 where it follows from the rest
	Median   float64 // of the services that one calls
	P99      float64
	Widest   float64 // the part of all services that one service calls
	Hub      float64 // the part of all services that call the one most called
}

// The figures of Meta are of 18,571 services (Huye, Shkuro and Sambasivan, "Lifting
// the veil on Meta's microservice architecture", USENIX ATC 2023, and its data set):
// each calls 10.9 on average, half at most 4, one in a hundred more than 93, one
// 5,865; one is called by 14,084.
const (
	metaServices = 18_571
	metaMean     = 10.9
	metaMedian   = 4
	metaP99      = 93
	metaWidest   = 5_865. / metaServices
	metaHub      = 14_084. / metaServices
)

// Of returns a shape of n services that is spread as Meta's.
func Of(n int) Shape {
	s := Shape{Name: Thousands(n), Services: n, Median: metaMedian, P99: metaP99, Widest: metaWidest, Hub: metaHub}
	if n >= 1_000 { // in fewer, nothing can call so many
		s.Edges = int(math.Round(metaMean * float64(n)))
	}
	return s
}

// Meta returns the shape of Meta's graph.
func Meta() Shape {
	s := Of(metaServices)
	s.Name = "Meta's shape"
	return s
}

// Monzo returns the shape of Monzo's, 1,500 services and 9,300 connections that
// are all enforced (Jack Kleeman, "We built network isolation for 1,500 services",
// 2019). How they are spread is not published: the median is Meta's, P99 follows
// from it and the mean, and the hub is a service that as many parts call as Meta's.
func Monzo() Shape {
	return Shape{Name: "Monzo's shape", Services: 1_500, Edges: 9_300, Median: metaMedian, P99: 35, Widest: 0.1, Hub: metaHub}
}

// Service is one node of a graph.
type Service struct {
	Name, Namespace string
	Kind            string // the name of its port
	Port            int
	Metrics         bool
	Calls           []Call
}

// Call is an edge.
type Call struct {
	To  int
	Why string
}

// Estate is a graph.
type Estate struct {
	Shape    Shape
	Services []Service
}

// perNamespace is how many services share a namespace.
const perNamespace = 30

var (
	areas = []string{"checkout", "catalog", "identity", "payments", "shipping", "search", "pricing", "inventory", "orders", "reviews", "messaging", "billing"}
	roles = []string{"gateway", "api", "worker", "rules", "events", "sync", "cache", "store"}
	whys  = []string{"orders and their history", "prices of the day", "who is signed in", "what is in stock"}
)

// Make returns the graph of a shape: the same for the same shape.
func Make(shape Shape) *Estate {
	n := shape.Services
	e := &Estate{Shape: shape, Services: make([]Service, n)}
	for i := range e.Services {
		team, role := i/perNamespace, roles[i%len(roles)]
		s := &e.Services[i]
		s.Namespace = fmt.Sprintf("%s-%03d", areas[team%len(areas)], team)
		s.Name = fmt.Sprintf("%s-%s-%05d", areas[team%len(areas)], role, i)
		s.Kind, s.Port = "http", 8080
		if role == "store" {
			s.Kind, s.Port = "postgres", 5432
		}
		s.Metrics = i%3 == 0
	}
	r := rand.New(rand.NewPCG(uint64(n), uint64(shape.Edges)))
	e.connect(r, shape.fanOut(r))
	return e
}

// fanOut returns how many services each one calls. Their logarithms are spread
// normally, which fits both quantiles; the mean is reached by the upper hundredth,
// of which nothing else is known.
func (s Shape) fanOut(r *rand.Rand) []int {
	n := s.Services
	most := max(1, n/3)
	mu, sigma := math.Log(s.Median), math.Log(s.P99/s.Median)/2.3263 // the normal 0.99 quantile
	out, total := make([]int, n), 0
	for i := range out {
		z := math.Sqrt2 * math.Erfinv(2*(float64(i)+0.5)/float64(n)-1)
		out[i] = min(most, int(math.Round(math.Exp(mu+sigma*z))))
		total += out[i]
	}
	if s.Edges > 0 {
		total -= out[n-1]
		out[n-1] = max(out[n-1], int(math.Round(s.Widest*float64(n))))
		total += out[n-1]
		upper := out[n-n/100 : n-1] // beyond the quantile itself
		for i := 0; total != s.Edges; i++ {
			step := 1
			if total > s.Edges {
				step = -1
			}
			upper[i%len(upper)] += step
			total += step
		}
	}
	r.Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// connect draws whom each service calls: the hub, and others by how well known they
// are, which falls as in Zipf's law.
func (e *Estate) connect(r *rand.Rand, fanOut []int) {
	n := len(fanOut)
	hub := n / 2
	callsHub := make([]bool, n)
	left := int(math.Round(e.Shape.Hub * float64(n)))
	for _, i := range r.Perm(n) {
		if left > 0 && i != hub && fanOut[i] > 0 {
			callsHub[i] = true
			left--
		}
	}
	known, sum, byRank := make([]float64, n), 0., r.Perm(n)
	for rank := range known {
		sum += 1 / float64(rank+8)
		known[rank] = sum
	}
	for i := range e.Services {
		calls := map[int]bool{}
		if callsHub[i] {
			calls[hub] = true
		}
		for len(calls) < fanOut[i] {
			rank, _ := slices.BinarySearch(known, r.Float64()*sum)
			to := byRank[min(rank, n-1)]
			if to != i && to != hub {
				calls[to] = true
			}
		}
		s := &e.Services[i]
		for to := range calls {
			s.Calls = append(s.Calls, Call{To: to})
		}
		slices.SortFunc(s.Calls, func(a, b Call) int { return a.To - b.To })
		for j := range s.Calls {
			if r.IntN(10) == 0 {
				s.Calls[j].Why = whys[r.IntN(len(whys))]
			}
		}
	}
}

// Changed returns the graph with one edge more.
func (e *Estate) Changed() *Estate {
	out := &Estate{Shape: e.Shape, Services: slices.Clone(e.Services)}
	from := len(out.Services) - 1
	s := &out.Services[from]
	for to := range out.Services {
		if to != from && !slices.ContainsFunc(s.Calls, func(c Call) bool { return c.To == to }) {
			s.Calls = append(slices.Clone(s.Calls), Call{To: to, Why: "since today"})
			break
		}
	}
	return out
}

// Edges counts the edges.
func (e *Estate) Edges() int {
	total := 0
	for _, s := range e.Services {
		total += len(s.Calls)
	}
	return total
}

// Spread says what came of a shape.
type Spread struct {
	Edges, Median, P99, Widest, Hub int
}

// Spread measures the graph.
func (e *Estate) Spread() Spread {
	out, in := make([]int, len(e.Services)), make([]int, len(e.Services))
	for i, s := range e.Services {
		out[i] = len(s.Calls)
		for _, c := range s.Calls {
			in[c.To]++
		}
	}
	slices.Sort(out)
	n := len(out)
	return Spread{Edges: e.Edges(), Median: out[n/2], P99: out[n*99/100], Widest: out[n-1], Hub: slices.Max(in)}
}

// Thousands spells a number with commas.
func Thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", Thousands(n/1000), n%1000)
}
