package evaluator

import (
	"fmt"
	"slices"
	"testing"

	"netgen.dev/proof/connectivity"
)

// upstreamCase is a case of the suite that Kubernetes holds network plugins
// against.
type upstreamCase struct {
	name  string
	pods  string
	steps []step
}

// cluster returns the cluster of a step.
func (s step) cluster(pods string) *cluster {
	c := &cluster{ends: podsNamed(pods, s.labels)}
	for _, name := range []string{"x", "y", "z"} {
		c.namespaces = append(c.namespaces, connectivity.Namespace{Name: name, Labels: s.labels[name]})
	}
	for i, p := range s.policies {
		p = p.DeepCopy()
		p.Name = fmt.Sprintf("policy-%d", i)
		c.policies = append(c.policies, p)
	}
	return c
}

// TestUpstream holds what passes in each case against what the suite expects.
// That other evaluators expect the same shows that the cases are transcribed as
// they are meant.
func TestUpstream(t *testing.T) {
	cases := slices.Concat(upstreamPeers, upstreamPorts)
	if len(cases) != 43 {
		t.Errorf("%d cases of TCP, the suite has 43", len(cases))
	}
	for protocol, open := range map[string]func(int32) port{"UDP": udp, "SCTP": sctp} {
		further := upstreamProtocol(protocol, open)
		if len(further) != 3 {
			t.Errorf("%d cases of %s, the suite has 3", len(further), protocol)
		}
		cases = append(cases, further...)
	}
	run, checks, cells, loops := 0, 0, 0, 0
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			run++
			for i, s := range c.steps {
				for _, a := range s.attempts {
					checks++
					asked, looped := checkAttempt(t, fmt.Sprintf("step %d", i+1), s.cluster(c.pods), a)
					cells, loops = cells+asked, loops+looped
				}
			}
		})
	}
	t.Logf("%d cases, %d checks: %d cells agree; %d are of a pod and itself", run, checks, cells, loops)
	if run == len(cases) && (checks != 66 || cells != 508 || loops != 207) {
		t.Error("the suite makes 66 checks of 508 cells, and 207 of a pod and itself that it ignores")
	}
}

// checkAttempt tries a port between all pods of a cluster.
func checkAttempt(t *testing.T, where string, c *cluster, a attempt) (cells, loops int) {
	t.Helper()
	set, problems := connectivity.New(c.policies, c.namespaces)
	for _, problem := range problems {
		t.Errorf("%s: %v", where, problem)
	}
	judges := judgesOf(c, c.stored())
	protocol, port := a.port(t)
	for _, src := range c.ends {
		for _, dst := range c.ends {
			q := question{src, dst, protocol, port}
			got := set.Connects(src, dst, protocol, port)
			if src.Pod == dst.Pod {
				loops++
				if got != connectivity.Undefined {
					t.Errorf("%s: %s: %s, where plugins differ", where, q, got)
				}
				continue
			}
			cells++
			want := a.passes(t, src, dst)
			if got != verdict(want) {
				t.Errorf("%s: %s: %s, the suite expects %t", where, q, got, want)
			}
			for _, j := range judges {
				if theirs := j.connects(q); theirs != want {
					t.Errorf("%s: %s: %s says %t, the suite expects %t", where, q, j.name, theirs, want)
				}
			}
		}
	}
	return cells, loops
}
