package workloads

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"netgen.dev/gen/topology"
	"netgen.dev/proof/witness"
)

// anywhere stands for every namespace in an index. No namespace has this name.
const anywhere = ""

type labelKey struct{ namespace, key, value string }

// selectors finds which of many selectors select a pod. Each is filed under one
// label that it demands, the rarest of them, and those that demand none under
// their namespace.
type selectors struct {
	byLabel map[labelKey][]filed
	rest    map[string][]filed
}

type filed struct {
	name    string
	matches labels.Selector
}

// named is a selector with the name of what it selects the pods of.
type named struct {
	name, namespace string
	selector        topology.Selector
}

// newSelectors indexes selectors; their order is that of what is found.
func newSelectors(list []named) *selectors {
	x := &selectors{byLabel: map[labelKey][]filed{}, rest: map[string][]filed{}}
	frequency := map[labelKey]int{}
	for _, n := range list {
		for key, value := range n.selector.Labels {
			frequency[labelKey{n.namespace, key, value}]++
		}
	}
	for _, n := range list {
		matches, err := compile(n.selector)
		if err != nil {
			continue // package topology refuses such a selector
		}
		f := filed{n.name, matches}
		var best labelKey
		for key, value := range n.selector.Labels {
			if k := (labelKey{n.namespace, key, value}); best.key == "" || frequency[k] < frequency[best] {
				best = k
			}
		}
		if best.key == "" {
			x.rest[n.namespace] = append(x.rest[n.namespace], f)
		} else {
			x.byLabel[best] = append(x.byLabel[best], f)
		}
	}
	return x
}

// of returns the names whose selectors select a pod, sorted.
func (x *selectors) of(namespace string, set map[string]string) []string {
	var out []string
	try := func(list []filed) {
		for _, f := range list {
			if f.matches.Matches(labels.Set(set)) {
				out = append(out, f.name)
			}
		}
	}
	for key, value := range set {
		try(x.byLabel[labelKey{namespace, key, value}])
	}
	try(x.rest[namespace])
	slices.Sort(out)
	return out
}

// compile makes a selector of the topology one of Kubernetes. With neither
// labels nor expressions it selects every pod, as anyPod says.
func compile(sel topology.Selector) (labels.Selector, error) {
	return metav1.LabelSelectorAsSelector(witness.LabelSelector(sel))
}

// labelled finds which of many things with labels a selector selects. They are
// known by their place in a list.
type labelled struct {
	sets    []map[string]string
	byLabel map[labelKey][]int
	all     map[string][]int
}

func newLabelled() *labelled {
	return &labelled{byLabel: map[labelKey][]int{}, all: map[string][]int{}}
}

func (x *labelled) add(namespace string, set map[string]string) {
	i := len(x.sets)
	x.sets = append(x.sets, set)
	for _, ns := range []string{namespace, anywhere} {
		x.all[ns] = append(x.all[ns], i)
		for key, value := range set {
			k := labelKey{ns, key, value}
			x.byLabel[k] = append(x.byLabel[k], i)
		}
	}
}

// selected returns what a selector selects in a namespace, or anywhere. need is
// what it demands by equality, so that only few have to be tried.
func (x *labelled) selected(namespace string, need map[string]string, matches labels.Selector) []int {
	best := x.all[namespace]
	for key, value := range need {
		if list := x.byLabel[labelKey{namespace, key, value}]; len(list) < len(best) {
			best = list
		}
	}
	var out []int
	for _, i := range best {
		if matches.Matches(labels.Set(x.sets[i])) {
			out = append(out, i)
		}
	}
	return out
}
