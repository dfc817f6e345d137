package evaluator

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"netgen.dev/proof/connectivity"
)

// TestDifferential compares our answers about random clusters with those of two
// other evaluators. A cell is one direction of a connection. NETGEN_CELLS says how
// many to compare, NETGEN_SEED which cluster to begin with.
//
// No cell is left out. About nodes the others know nothing, so there the text of
// Kubernetes decides and they say what it depends on: see expected.
func TestDifferential(t *testing.T) {
	cells, first := setting(t, "NETGEN_CELLS", 2_000_000), setting(t, "NETGEN_SEED", 0)
	const workers = 4 // whatever the machine, so that every run asks the same
	var total tally
	var lock sync.Mutex
	var wait sync.WaitGroup
	for i := range workers {
		wait.Go(func() {
			var own tally
			for seed := first + i; own.cells < cells/workers; seed += workers {
				d := newDuel(uint64(seed))
				d.compare()
				own.add(d.tally)
				if len(d.wrong) > 0 {
					t.Error(d.report())
					break
				}
			}
			lock.Lock()
			defer lock.Unlock()
			total.add(own)
		})
	}
	wait.Wait()
	t.Logf("%d cells of %d clusters agree: %d of isolated pods, of which %d are open; %d are left open by Kubernetes, %d are of a pod and its node",
		total.cells, total.clusters, total.isolated, total.opened, total.undefined, total.ownNode)
	if total.isolated < total.cells/5 || total.opened < total.isolated/5 || total.opened > total.isolated*4/5 || total.undefined == 0 || total.ownNode == 0 {
		t.Error("the clusters say little")
	}
}

func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text, ok := os.LookupEnv(name)
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// tally counts the cells of a run.
type tally struct {
	clusters, cells    int
	isolated, opened   int // of a pod that is isolated; of these, that a rule allows
	undefined, ownNode int // that Kubernetes leaves open; of a pod and its node
}

func (t *tally) add(u tally) {
	t.clusters += u.clusters
	t.cells += u.cells
	t.isolated += u.isolated
	t.opened += u.opened
	t.undefined += u.undefined
	t.ownNode += u.ownNode
}

// duel is a random cluster and those who judge it.
type duel struct {
	seed    uint64
	roll    roll
	cluster *cluster
	set     *connectivity.Set
	ends    *connectivity.Ends
	all     []judge // with every rule
	anyPeer []judge // with the rules that do not restrict peers only
	tally   tally
	wrong   []string
}

func newDuel(seed uint64) *duel {
	r := newRoll(seed)
	d := &duel{seed: seed, roll: r, cluster: r.cluster(), tally: tally{clusters: 1}}
	d.ends = connectivity.NewEnds(d.cluster.ends)
	var problems []connectivity.Problem
	d.set, problems = connectivity.New(d.cluster.policies, d.cluster.namespaces)
	for _, p := range problems {
		d.differ("a policy that is sound is refused: %v", p)
	}
	stored := d.cluster.stored()
	d.all = judgesOf(d.cluster, stored)
	d.anyPeer = judgesOf(d.cluster, stored.withPeers(func(networkingv1.NetworkPolicyPeer) bool { return false }))
	simulator := newSimulator(d.cluster, stored)
	for _, e := range d.cluster.ends {
		for _, direction := range directions {
			if e.Pod != nil && d.set.Reach(direction, e.Pod, d.ends).Isolated != simulator.isolates(direction, e.Pod) {
				d.differ("%s of %s: cyclonus and Reach differ in whether it is isolated", direction, e)
			}
		}
	}
	return d
}

func (d *duel) differ(format string, args ...any) {
	d.wrong = append(d.wrong, fmt.Sprintf(format, args...))
}

// compare asks for each pair of ends on some ports of each protocol.
func (d *duel) compare() {
	reach := map[connectivity.Direction][]connectivity.Reach{}
	for _, direction := range directions {
		for _, e := range d.cluster.ends {
			var r connectivity.Reach
			if e.Pod != nil {
				r = d.set.Reach(direction, e.Pod, d.ends)
			}
			reach[direction] = append(reach[direction], r)
		}
	}
	ports := []uint16{pick(d.roll, probed...), pick(d.roll, probed...), pick(d.roll, probed...)}
	for i, src := range d.cluster.ends {
		for j, dst := range d.cluster.ends {
			out, in := reach[connectivity.Egress][i], reach[connectivity.Ingress][j]
			outPorts, inPorts := out.On(j, dst), in.On(i, src)
			for _, protocol := range connectivity.Protocols {
				for _, port := range ports {
					q := question{src, dst, protocol, port}
					egress := d.cell(connectivity.Egress, q, out.Isolated, outPorts.Has(protocol, port))
					ingress := d.cell(connectivity.Ingress, q, in.Isolated, inPorts.Has(protocol, port))
					if got := d.set.Connects(src, dst, protocol, port); got != both(egress, ingress) {
						d.differ("%s: egress is %s, ingress %s, together %s", q, egress, ingress, got)
					}
				}
			}
		}
	}
}

// both is what comes of two directions.
func both(v, w connectivity.Verdict) connectivity.Verdict {
	switch {
	case v == connectivity.Denied || w == connectivity.Denied:
		return connectivity.Denied
	case v == connectivity.Undefined || w == connectivity.Undefined:
		return connectivity.Undefined
	}
	return connectivity.Allowed
}

// cell compares one direction: our answer, and that for all ends at once, with
// those of the judges.
func (d *duel) cell(direction connectivity.Direction, q question, isolated, reach bool) connectivity.Verdict {
	subject, other := q.sides(direction)
	got := ask(d.set, direction, q)
	for i := range d.all {
		plain := d.all[i].allows(direction, q)
		if want := d.expected(i, plain, direction, q); got.Verdict != want {
			d.differ("%s, %s: %s expects %s, we say %s", direction, q, d.all[i].name, want, got.Verdict)
		}
		if subject.Pod == nil {
			continue
		}
		// Reach is what the policies say, whatever Kubernetes leaves open.
		if reach != plain {
			d.differ("%s, %s: %s and Reach differ, which says %t", direction, q, d.all[i].name, reach)
		}
		if got.Verdict != connectivity.Undefined && (len(got.Isolated) > 0 != isolated || len(got.Rules) > 0 != (isolated && plain)) {
			d.differ("%s, %s: the reasons are policies %v and rules %v", direction, q, got.Isolated, got.Rules)
		}
	}
	d.count(subject, other, got)
	return got.Verdict
}

// expected returns what must come of a direction by what a judge says of it and,
// where nodes are involved, by the text of Kubernetes.
func (d *duel) expected(judge int, plain bool, direction connectivity.Direction, q question) connectivity.Verdict {
	subject, other := q.sides(direction)
	if subject.Pod == nil {
		return connectivity.Allowed
	}
	switch {
	case subject.Pod.HostNetwork, subject.Pod == other.Pod:
		// What policies do to these is not defined.
		return connectivity.Undefined
	case isNodeOf(subject.Pod, other) && direction == connectivity.Ingress:
		// A node reaches its pods, whatever policies say: its kubelet probes them.
		return connectivity.Allowed
	case isNodeOf(subject.Pod, other):
		// The other way data planes differ.
		return connectivity.Undefined
	case other.Pod != nil && other.Pod.HostNetwork && !d.anyPeer[judge].allows(direction, q):
		// Whether a selector or a block matches it is not defined. A rule that
		// restricts no peer, or no policy at all, lets it in all the same.
		return connectivity.Undefined
	}
	return verdict(plain)
}

func isNodeOf(p *connectivity.Pod, e connectivity.End) bool {
	return e.Pod == nil && slices.Contains(p.HostIPs, e.Addr.Unmap())
}

func (d *duel) count(subject, other connectivity.End, a connectivity.Answer) {
	d.tally.cells++
	if subject.Pod != nil && isNodeOf(subject.Pod, other) {
		d.tally.ownNode++
	}
	if a.Verdict == connectivity.Undefined {
		d.tally.undefined++
		return
	}
	if len(a.Isolated) > 0 {
		d.tally.isolated++
		if len(a.Rules) > 0 {
			d.tally.opened++
		}
	}
}

// report says how to repeat a difference, and what it is about.
func (d *duel) report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cluster %d: %d differences. Repeat it with NETGEN_SEED=%d NETGEN_CELLS=4.\n", d.seed, len(d.wrong), d.seed)
	for _, w := range d.wrong[:min(10, len(d.wrong))] {
		fmt.Fprintln(&b, w)
	}
	for _, part := range []any{d.cluster.policies, d.cluster.namespaces, d.cluster.ends} {
		text, err := yaml.Marshal(part)
		if err != nil {
			text = []byte(err.Error())
		}
		fmt.Fprintf(&b, "---\n%s", text)
	}
	return b.String()
}
