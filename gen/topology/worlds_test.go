package topology

import (
	"math/rand/v2"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// universe is every value that the labels of the test have; "other" is in no
// selector, and "" means that the label is missing.
var universe = []string{"x", "y", "z", "other", ""}

var universeKeys = []string{"a", "b"}

func randomSelector(r *rand.Rand) Selector {
	sel := Selector{Labels: map[string]string{}}
	for _, key := range universeKeys {
		if r.IntN(3) == 0 {
			sel.Labels[key] = universe[r.IntN(3)]
		}
		if r.IntN(3) == 0 {
			e := Expression{Key: key, Operator: []string{"In", "NotIn", "Exists", "DoesNotExist"}[r.IntN(4)]}
			if e.Operator == "In" || e.Operator == "NotIn" {
				for range 1 + r.IntN(2) {
					e.Values = append(e.Values, universe[r.IntN(3)])
				}
			}
			sel.Expressions = append(sel.Expressions, e)
		}
	}
	return sel
}

// kubernetes is what Kubernetes' own code makes of a selector.
func kubernetes(t *testing.T, sel Selector) labels.Selector {
	t.Helper()
	in := &metav1.LabelSelector{MatchLabels: sel.Labels}
	for _, e := range sel.Expressions {
		in.MatchExpressions = append(in.MatchExpressions, metav1.LabelSelectorRequirement{
			Key: e.Key, Operator: metav1.LabelSelectorOperator(e.Operator), Values: e.Values,
		})
	}
	out, err := metav1.LabelSelectorAsSelector(in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// pods returns the labels of every pod that a service may have in a closed
// world: its selector matches, podLabels are there, and labels that neither
// names are missing.
func podsOf(t *testing.T, s *Service) []labels.Set {
	t.Helper()
	named := map[string]bool{}
	for key := range s.Labels {
		named[key] = true
	}
	for _, e := range s.Expressions {
		named[e.Key] = true
	}
	selector := kubernetes(t, s.Selector)
	var out []labels.Set
	for _, a := range universe {
		for _, b := range universe {
			set := labels.Set{}
			for i, value := range []string{a, b} {
				if value != "" {
					set[universeKeys[i]] = value
				}
			}
			fits := selector.Matches(set)
			for _, key := range universeKeys {
				if value, ok := s.PodLabels[key]; ok {
					fits = fits && set[key] == value
				} else if !named[key] {
					fits = fits && !set.Has(key)
				}
			}
			if fits {
				out = append(out, set)
			}
		}
	}
	return out
}

// TestSelectedByEnumeration holds the algebra of label values against every
// pod of a small universe and Kubernetes' own selectors.
func TestSelectedByEnumeration(t *testing.T) {
	shares := map[share]int{}
	for seed := range 20_000 {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		s := &Service{Selector: randomSelector(r), PodLabels: map[string]string{}}
		if key := universeKeys[r.IntN(2)]; r.IntN(2) == 0 && s.Labels[key] == "" {
			value := universe[r.IntN(4)]
			if worldOf(s.Selector)[key].and(values{listed: []string{value}}).empty() && len(s.Expressions) > 0 {
				continue // it contradicts the selector, which is an error of its own
			}
			s.PodLabels[key] = value
		}
		sel := randomSelector(r)
		pods, selector := podsOf(t, s), kubernetes(t, sel)
		if len(pods) == 0 {
			continue // no pod can match: an error of its own
		}
		matched := 0
		for _, pod := range pods {
			if selector.Matches(pod) {
				matched++
			}
		}
		want := some
		switch matched {
		case 0:
			want = none
		case len(pods):
			want = all
		}
		shares[want]++
		if got := s.pods().selected(sel); got != want {
			t.Fatalf("seed %d: service %+v, selector %+v: %d of %d pods, but selected says %d", seed, s, sel, matched, len(pods), got)
		}
	}
	for _, share := range []share{none, some, all} {
		if shares[share] < 100 {
			t.Errorf("only %d cases of share %d", shares[share], share)
		}
	}
}

// TestCandidatesMissNobody sees that the index leaves out no service that a
// selector selects a pod of, and holds no other namespace's.
func TestCandidatesMissNobody(t *testing.T) {
	for seed := range 2_000 {
		r := rand.New(rand.NewPCG(uint64(seed), 8))
		services := map[string]*Service{}
		for _, name := range []string{"p", "q", "r", "s"} {
			s := &Service{Selector: randomSelector(r), Namespace: []string{"here", "there"}[r.IntN(2)]}
			if r.IntN(8) == 0 {
				s.Selector = Selector{AnyPod: true}
			}
			services[name] = s
		}
		sel := randomSelector(r)
		index := newPodIndex(services)
		found := map[string]bool{}
		for _, name := range index.candidates("here", sel) {
			found[name] = true
			if services[name].Namespace != "here" {
				t.Fatalf("seed %d: %s is in another namespace", seed, name)
			}
		}
		for name, s := range services {
			if s.Namespace == "here" && s.pods().selected(sel) != none && !found[name] {
				t.Fatalf("seed %d: %+v selects pods of %+v, which is no candidate", seed, sel, s)
			}
		}
	}
}
