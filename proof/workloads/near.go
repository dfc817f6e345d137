package workloads

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
	"k8s.io/apimachinery/pkg/labels"

	"netgen.dev/gen/topology"
)

// near is a workload that most likely is what a selector means: it has the name,
// or a label with it, or one that differs by a slip.
type near struct {
	*pod
	key  string // of the label that names it, or "" without labels
	cost int    // 0 is the very name
}

// maxGuesses bounds what is compared for slips: beyond it a guess costs more
// than it is worth.
const maxGuesses = 1 << 20

// pairUp finds for services without workloads the workloads that belong to no
// service and most likely are meant: each for one, the most alike first.
func (c *checker) pairUp() {
	free := map[string][]*pod{} // by namespace
	for i := range c.pods {
		if p := &c.pods[i]; len(p.services) == 0 && c.managed[p.Namespace] {
			free[p.Namespace] = append(free[p.Namespace], p)
		}
	}
	type pair struct {
		service string
		near
	}
	var pairs []pair
	guesses := 0
	for _, name := range slices.Sorted(maps.Keys(c.t.Services)) {
		s := c.t.Services[name]
		if len(c.podsOf[name]) > 0 {
			continue
		}
		for _, p := range free[s.Namespace] {
			if guesses++; guesses > maxGuesses {
				break
			}
			if n, ok := c.alike(name, s.Labels, p); ok {
				pairs = append(pairs, pair{name, n})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return a.cost - b.cost })
	for _, m := range pairs {
		if _, taken := c.meant[m.service]; !taken && c.meantBy[m.pod] == "" {
			c.meant[m.service], c.meantBy[m.pod] = m.near, m.service
		}
	}
}

// alike reports whether a workload is most likely what is called name or has
// certain labels. Any label may be the very name; a slip is one only where
// people name things.
func (c *checker) alike(name string, wanted map[string]string, p *pod) (near, bool) {
	names := []string{name}
	for _, key := range c.naming(wanted) {
		names = append(names, wanted[key])
	}
	best := near{pod: p, cost: -1}
	try := func(key, value string, slips bool) {
		for _, n := range names {
			if cost, ok := slip(n, value); ok && (slips || cost == 0) && (best.cost < 0 || cost < best.cost) {
				best.key, best.cost = key, cost
			}
		}
	}
	naming := c.naming(p.Labels)
	for _, key := range naming {
		try(key, p.Labels[key], true)
	}
	try("", p.Name, true)
	for _, key := range own(p.Labels) {
		if !slices.Contains(naming, key) {
			try(key, p.Labels[key], false)
		}
	}
	// Where its own name told, the label that names it is the one to state.
	if best.key == "" {
		if keys := append(naming, own(p.Labels)...); len(keys) > 0 {
			best.key = keys[0]
		}
	}
	return best, best.cost >= 0
}

// naming returns the keys of labels by which people mostly say what a pod is,
// those that the topology uses first.
func (c *checker) naming(set map[string]string) []string {
	var out []string
	for _, key := range []string{c.t.LabelKey, "app.kubernetes.io/name", "app", "k8s-app", "name"} {
		if _, ok := set[key]; ok && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}

// own returns the keys of labels, but for those that controllers add, which are
// different each time.
func own(set map[string]string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(set)), func(key string) bool { return slices.Contains(ofControllers, key) })
}

// ofControllers are the labels that controllers add to pods.
var ofControllers = []string{
	"pod-template-hash", "controller-revision-hash", "pod-template-generation", podName, "apps.kubernetes.io/pod-index",
	"controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name",
}

// slip reports whether two names are the same but for a slip, and how far they
// are apart. Names that differ by their numbers are of two things, and in short
// ones each letter tells.
func slip(a, b string) (int, bool) {
	const perSlip = 4 // letters
	most := min(len(a), len(b)) / perSlip
	if a == b {
		return 0, a != ""
	}
	if most == 0 || len(a)-len(b) > most || len(b)-len(a) > most || lettersOf(a) == lettersOf(b) {
		return 0, false
	}
	d := levenshtein.Distance(a, b, nil)
	return d, d <= most
}

func lettersOf(s string) string { return strings.Trim(s, "-0123456789") }

// declare says how to state the label of a workload for what was meant to select
// it by other labels.
func (c *checker) declare(n near, field, name string, wanted map[string]string) string {
	value := n.Labels[n.key]
	switch {
	case n.key == "":
		return "its pods carry no label of their own: give them " + labels.Set(wanted).String()
	case wanted[n.key] == value:
		return fmt.Sprintf("it carries %s, and not all that %s demands: correct its pod labels, or the labels of %[2]s", labels.Set{n.key: value}, name)
	}
	instead := ""
	if field == "peers" || !maps.Equal(wanted, map[string]string{c.t.LabelKey: name}) { // else nobody stated them
		instead = " in place of " + labels.Set(wanted).String()
	}
	return fmt.Sprintf("declare %s: %s: labels: %s: %q%s, or correct its pod labels", field, spelled(name), spelled(n.key), value, instead)
}

// shown names a workload with the label that tells what it is.
func (c *checker) shown(n near) string {
	if n.key == "" {
		return c.display(n.Object)
	}
	return c.display(n.Object) + " with " + labels.Set{n.key: n.Labels[n.key]}.String()
}

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// spelled spells a name as a field of CUE.
func spelled(name string) string {
	if identifier.MatchString(name) {
		return name
	}
	return strconv.Quote(name)
}

// nearPeer returns what a peer most likely is among the workloads of its
// namespace.
func (c *checker) nearPeer(name string, p *topology.Peer) (near, bool) {
	best, found := near{}, false
	for _, i := range c.podsBy.all[p.Namespace] {
		if n, ok := c.alike(name, p.Labels, &c.pods[i]); ok && (!found || n.cost < best.cost) {
			best, found = n, true
		}
	}
	return best, found
}
