package packets

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// reportTo is the variable that names the page to write what was seen to.
const reportTo = "NETGEN_PACKETS_REPORT"

// row is what one run of TestTopologies saw.
type row struct {
	engine, topology, environment            string
	policies, places, attempts, open, probes int
	settled                                  time.Duration
}

// tally counts the probes of something that was done several times.
type tally struct{ times, probes int }

// report is what the tests saw.
type report struct {
	began       time.Time
	rows        []row
	mutants     map[string]tally // by engine
	cases       []string
	transitions []string
}

var results = report{began: time.Now(), mutants: map[string]tally{}}

func (r *report) add(x row) { r.rows = append(r.rows, x) }

func (r *report) mutant(engine string, probes int) {
	t := r.mutants[engine]
	r.mutants[engine] = tally{t.times + 1, t.probes + probes}
}

func (r *report) cyclonus(engine string, cases, steps, probes int, median time.Duration) {
	r.cases = append(r.cases, fmt.Sprintf("| %s | %d | %d | 0 | %s | %s |", engine, cases, steps, thousands(probes), median.Round(time.Millisecond)))
}

func (r *report) transition(engine, what string, kept, closed, probes, cut, leaked int, took time.Duration) {
	r.transitions = append(r.transitions, fmt.Sprintf("| %s | %s | %s | %s | %s | %d | %d | %s |",
		what, engine, thousands(kept), thousands(closed), thousands(probes), cut, leaked, took.Round(time.Millisecond)))
}

// page is docs/packets.md. Its words that do not change are here, so that the
// page is what the tests saw and nothing else.
const page = `# On real packets

<!-- Written by make e2e-packets. -->

The policies of the [six example topologies](../topologies) are stored by a real
Kubernetes API server and enforced by two engines that share no code, on real
network namespaces: one host a pod, one with every address outside of the cluster.
Each then sends a packet to each other, on every port that a connection to it names,
the ports beside it, and one that nothing names, over TCP and UDP; to what nobody
declared, on the first port of every connection. Among the hosts are pods that nobody declared, pods with the labels of a
service in another namespace, addresses of the internet, and the metadata service.
What has to arrive is what the topology says, read by rules of the language one by
one: neither the plan nor the policies are asked.

Without policies everything has to arrive first: a dead network would pass for a
closed one. With them, a run is over when one whole pass over all attempts has no
difference; within it, what ought to arrive and did not is sent once more, since
packets are lost on a busy machine. Last, a policy is taken away, and has to be missed
on the wire.

%s

## Topologies

| topology | environment | engine | policies | places | attempts | of them open | probes | differences | the pass took |
|---|---|---|---:|---:|---:|---:|---:|---:|---:|
%s
%s probes in all, no difference.

## Policies that are wrong

A policy is removed, a rule or a peer is made wider, or a selector is made to select
other pods, such that by netgen's own evaluator something changes. Each time the
wire changed, and in all attempts as the evaluator had said: the proof that runs
before every build would have seen it.

| engine | wrong policies | seen on the wire | probes |
|---|---:|---:|---:|
%s
## The harness itself

The cases of [cyclonus](https://github.com/mattfenwick/cyclonus), which test the
conformance of clusters, through the same API server, hosts and probes. What has to
arrive is what cyclonus says; SCTP is left out.

| engine | cases | steps | failed | probes | a step takes |
|---|---:|---:|---:|---:|---:|
%s
## While something changes

Policies are stored in the order of ` + "`output: syncWaves`" + `, in any order within a wave, with
a second between two. Meanwhile, without a pause, everything is tried that is open
before and after, which nothing may cut, and everything that is closed before and
after, which nothing may let through. "Right after" is from the first policy of the last
wave to the end of the first look at which everything that had to change has changed;
a look takes 150 ms at least. In the wrong order the same watch sees paths cut, and
without policies for a second, paths leak: the tests see to that.

| from | engine | stays open | stays closed | probes meanwhile | cut | leaked | right after |
|---|---|---:|---:|---:|---:|---:|---:|
%s
## What this does not say

- IPv6 and SCTP are not sent: the hosts speak IPv4, and few kernels have SCTP.
- Packets go to pods, not to Services: there is no kube-proxy. A policy sees a packet
  after that anyway.
- One node. Traffic from the node of a pod to the pod is not tried: Kubernetes leaves
  open what happens.
- Other engines may differ; so do their speeds.

` + "`make e2e-packets`" + ` runs all of it anew, and writes this page. It needs Linux with
user namespaces, and the packages iptables and ipset. ` + "`go test -C e2e/packets -short ./...`" + ` runs
two of the topologies with one engine and an API in memory, in a minute and a half, and
is part of ` + "`make test`" + `; where the kernel does not let it, it fails and says what is
missing, unless ` + "`NETGEN_PACKETS=optional`" + `.
`

// write writes the page, where that was asked for and all tests ran.
func (r *report) write() error {
	name := os.Getenv(reportTo)
	if name == "" {
		return nil
	}
	if !r.complete() {
		return fmt.Errorf("%s: not written, since not all tests ran", name)
	}
	var rows, mutants strings.Builder
	total := 0
	for _, x := range r.rows {
		total += x.probes
		fmt.Fprintf(&rows, "| %s | %s | %s | %d | %d | %s | %s | %s | 0 | %s |\n", x.topology, x.environment, x.engine,
			x.policies, x.places, thousands(x.attempts), thousands(x.open), thousands(x.probes), x.settled.Round(10*time.Millisecond))
	}
	for _, e := range engines() {
		x := r.mutants[e.name]
		fmt.Fprintf(&mutants, "| %s | %d | %d | %s |\n", e.name, x.times, x.times, thousands(x.probes))
	}
	slices.Sort(r.transitions)
	text := fmt.Sprintf(page, r.circumstances(), rows.String(), thousands(total), mutants.String(),
		strings.Join(r.cases, "\n")+"\n", strings.Join(r.transitions, "\n")+"\n")
	return os.WriteFile(name, []byte(text), 0o644)
}

// complete reports whether every test ran with every engine. That each ran well is
// seen to by whoever calls write.
func (r *report) complete() bool {
	n := len(engines())
	seen := map[string]bool{}
	for _, x := range r.rows {
		seen[x.topology] = true
	}
	return len(seen) == len(examples) && len(r.rows)%n == 0 && len(r.cases) == n && len(r.transitions) == 4*n && len(r.mutants) == n
}

// circumstances says when and with what the tests ran.
func (r *report) circumstances() string {
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		kernel = []byte("unknown")
	}
	return fmt.Sprintf("On %s, in %s, with %d cores and Linux %s: kube-apiserver %s, kube-network-policies %s, Calico's Felix %s (release 3.28), cyclonus %s.",
		r.began.UTC().Format(time.DateOnly), time.Since(r.began).Round(time.Second), runtime.NumCPU(), strings.TrimSpace(string(kernel)),
		version("apiserver", "k8s.io/kubernetes"), version(".", "sigs.k8s.io/kube-network-policies"),
		version("felix", "github.com/projectcalico/calico"), version(".", "github.com/mattfenwick/cyclonus"))
}

// version returns the version of a module that the module in dir requires.
func version(dir, module string) string {
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Version}}", module)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// thousands spells a number as in 12,345.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
