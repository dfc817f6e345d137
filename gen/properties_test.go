package gen_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"netgen.dev/diag"
	"netgen.dev/gen"
	"netgen.dev/gen/load"
	"netgen.dev/gen/policy"
	"netgen.dev/gen/topology"
	"netgen.dev/internal/randomtopology"
)

// rounds is how many random topologies a property is tried on.
const rounds = 300

func source(seed int) *rand.Rand { return rand.New(rand.NewPCG(uint64(seed), 1)) }

// resolved checks the data of a topology, which has no error.
func resolved(t *testing.T, seed int, data map[string]any) *gen.Checked {
	t.Helper()
	nowhere := func([]string) (key, value diag.Pos, ok bool) { return diag.Pos{}, diag.Pos{}, false }
	models, list := topology.Resolve(data, nowhere)
	if list.Failed() {
		t.Fatalf("seed %d: the random topology is invalid: %v", seed, list)
	}
	return &gen.Checked{Models: models}
}

// TestOrderChangesNothing writes a topology as CUE in different orders and
// cuts, and builds it from its files each time.
func TestOrderChangesNothing(t *testing.T) {
	for seed := range rounds / 3 {
		data := randomtopology.New(source(seed))
		want := gen.Build(resolved(t, seed, data)).Tree
		for order := range 3 {
			dir := t.TempDir()
			for name, text := range randomtopology.CUE(rand.New(rand.NewPCG(uint64(seed), uint64(order))), data) {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			c, list := gen.Check(load.Request{Dir: dir, Base: dir})
			if list.Failed() {
				t.Fatalf("seed %d: %v", seed, list)
			}
			if diff := cmp.Diff(want, gen.Build(c).Tree); diff != "" {
				t.Fatalf("seed %d: order %d changes the tree:\n%s", seed, order, diff)
			}
		}
	}
}

// TestKustomizeAgrees builds every overlay with Kustomize.
func TestKustomizeAgrees(t *testing.T) {
	for seed := range rounds / 3 {
		b := gen.Build(resolved(t, seed, randomtopology.New(source(seed))))
		disk := filesys.MakeFsInMemory()
		for _, f := range b.Tree {
			if err := disk.WriteFile("/"+f.Path, f.Data); err != nil {
				t.Fatal(err)
			}
		}
		for _, env := range b.System.Environments {
			m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, "/"+b.System.Name+"/overlays/"+env.Name)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			out, err := m.AsYaml()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(documents(string(b.System.Stream(env))), documents(string(out))); diff != "" {
				t.Fatalf("seed %d: environment %s (-netgen +kustomize):\n%s", seed, env.Name, diff)
			}
		}
	}
}

func documents(stream string) []string {
	docs := strings.Split(stream, "---\n")
	slices.Sort(docs)
	return docs
}

// TestAddingNeverCloses adds a connection, and sees every flow that was
// allowed allowed still, and nobody isolated less or more.
func TestAddingNeverCloses(t *testing.T) {
	for seed := range rounds {
		before := gen.Build(resolved(t, seed, randomtopology.New(source(seed))))
		data := randomtopology.New(source(seed))
		services := data["services"].(map[string]any)
		for _, name := range []string{"s0", "s1"} {
			services[name].(map[string]any)["ports"].(map[string]any)["added"] = "9999/UDP"
		}
		caller := services["s0"].(map[string]any)
		connects, ok := caller["connects"].(map[string]any)
		if !ok {
			connects = map[string]any{}
			caller["connects"] = connects
		}
		if _, ok := connects["s1"]; !ok {
			connects["s1"] = map[string]any{}
		} else {
			continue // it is there already, perhaps for some ports only
		}
		after := gen.Build(resolved(t, seed, data))
		for i, env := range before.System.Environments {
			old, now := rules(env.Policies), rules(after.System.Environments[i].Policies)
			for flow := range old {
				// A flow to a port list that grew is in the new one.
				if !now[flow] && !covered(flow, now) {
					t.Fatalf("seed %d: environment %s: the connection closed %s", seed, env.Name, flow)
				}
			}
		}
	}
}

// covered reports whether a set of flows has one with the same ends and port.
func covered(flow string, flows map[string]bool) bool {
	return flows[flow[:strings.LastIndex(flow, " ")]+" any"]
}

// TestNoAccidentalAny sees that a rule is open to any peer or any port only
// where the plan says so, and that both selectors, the protocol and the types
// are always written.
func TestNoAccidentalAny(t *testing.T) {
	for seed := range rounds {
		b := gen.Build(resolved(t, seed, randomtopology.New(source(seed))))
		for i, env := range b.System.Environments {
			anyPeer, anyPort := false, false
			for _, a := range b.Plans[i].Allows {
				anyPeer = anyPeer || a.Src.Anywhere || a.Dst.Anywhere
				anyPort = anyPort || a.AnyPort
			}
			for _, p := range env.Policies {
				if len(p.Object.Spec.PolicyTypes) == 0 {
					t.Errorf("seed %d: %s has no policyTypes", seed, p.Object.Name)
				}
				for _, r := range p.Object.Spec.Ingress {
					checkRule(t, seed, p.Object.Name, r.From, r.Ports, anyPeer, anyPort)
				}
				for _, r := range p.Object.Spec.Egress {
					checkRule(t, seed, p.Object.Name, r.To, r.Ports, anyPeer, anyPort)
				}
			}
		}
	}
}

func checkRule(t *testing.T, seed int, name string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort, anyPeer, anyPort bool) {
	t.Helper()
	if len(peers) == 0 && !anyPeer || len(ports) == 0 && !anyPort {
		t.Errorf("seed %d: %s has a rule for everything that the plan does not have", seed, name)
	}
	for _, p := range peers {
		if (p.IPBlock == nil) == (p.PodSelector == nil || p.NamespaceSelector == nil) {
			t.Errorf("seed %d: %s has a peer without both selectors: %v", seed, name, p)
		}
	}
	for _, p := range ports {
		if p.Protocol == nil || p.Port == nil || p.Port.IntVal == 0 {
			t.Errorf("seed %d: %s has a port without number or protocol: %v", seed, name, p)
		}
	}
}

// TestNamesAreUnique sees that no two policies of an environment share a
// namespace and a name, and that every name fits.
func TestNamesAreUnique(t *testing.T) {
	for seed := range rounds {
		b := gen.Build(resolved(t, seed, randomtopology.New(source(seed))))
		for _, env := range b.System.Environments {
			seen := map[string]bool{}
			for _, p := range env.Policies {
				id := p.Object.Namespace + "/" + p.Object.Name
				if seen[id] || len(p.Object.Name) > 253 {
					t.Errorf("seed %d: policy %s twice, or too long", seed, id)
				}
				seen[id] = true
			}
		}
	}
}

// TestShapeKeepsConnectivity cuts the policies per connection, annotates them
// and bumps the version, none of which changes the digest of the connectivity
// or the flows.
func TestShapeKeepsConnectivity(t *testing.T) {
	for seed := range rounds {
		data := randomtopology.New(source(seed))
		output := data["output"].(map[string]any)
		output["policyPer"] = "service"
		one := gen.Build(resolved(t, seed, data))
		output["policyPer"], output["syncWaves"], data["version"] = "connection", true, "9.9.9"
		two := gen.Build(resolved(t, seed, data))
		for i, env := range one.System.Environments {
			other := two.System.Environments[i]
			if env.Digest != other.Digest {
				t.Errorf("seed %d: the digest depends on the shape of the policies", seed)
			}
			if diff := cmp.Diff(rules(env.Policies), rules(other.Policies)); diff != "" {
				t.Errorf("seed %d: the flows depend on the shape of the policies:\n%s", seed, diff)
			}
		}
	}
}

// TestVersionTouchesOnlyKustomizations sees that a new version alone changes no
// policy file.
func TestVersionTouchesOnlyKustomizations(t *testing.T) {
	for seed := range rounds / 3 {
		data := randomtopology.New(source(seed))
		before := gen.Build(resolved(t, seed, data)).Tree
		data["version"] = "9.9.9"
		after := gen.Build(resolved(t, seed, data)).Tree
		for i, f := range before {
			changes := !bytes.Equal(f.Data, after[i].Data)
			may := strings.HasSuffix(f.Path, "/kustomization.yaml") || strings.HasSuffix(f.Path, "/netgen.lock")
			if changes && !may {
				t.Errorf("seed %d: a new version changes %s", seed, f.Path)
			}
		}
	}
}

// rules returns what policies allow, one string for each subject, direction,
// peer and port.
func rules(policies []policy.Policy) map[string]bool {
	out := map[string]bool{}
	for _, e := range policies {
		p := e.Object
		subject := p.Namespace + " " + text(p.Spec.PodSelector)
		for _, r := range p.Spec.Ingress {
			flows(out, subject+" from", r.From, r.Ports)
		}
		for _, r := range p.Spec.Egress {
			flows(out, subject+" to", r.To, r.Ports)
		}
	}
	return out
}

func flows(out map[string]bool, subject string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) {
	ends := []string{"anywhere"}
	if len(peers) > 0 {
		ends = nil
		for _, p := range peers {
			ends = append(ends, text(p))
		}
	}
	numbers := []string{"any"}
	if len(ports) > 0 {
		numbers = nil
		for _, p := range ports {
			numbers = append(numbers, strings.ReplaceAll(text(p), "\n", ","))
		}
	}
	for _, e := range ends {
		for _, n := range numbers {
			out[subject+" "+e+" "+strings.ReplaceAll(n, " ", "")] = true
		}
	}
}

func text(v any) string {
	out, err := yaml.Marshal(v)
	if err != nil {
		panic(fmt.Sprint(err))
	}
	return string(out)
}
