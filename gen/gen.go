// Package gen is netgen's compiler, a CUE topology in and a Kustomize tree of
// NetworkPolicies out. This file is the whole pipeline:
//
//	load → topology → plan → policy → kustomize
//
// Each stage hands a value on and changes none that it was given. Nothing here
// looks at a clock, the environment or a terminal, and nothing is written: that
// is for the command.
//
// The Go API may change in any version before 1.0.
package gen

import (
	"fmt"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/gen/kustomize"
	"netgen.dev/gen/load"
	"netgen.dev/gen/plan"
	"netgen.dev/gen/policy"
	"netgen.dev/gen/topology"
)

// Checked is a topology that was loaded and held against every rule.
type Checked struct {
	Models  []*topology.Topology // one for each environment, sorted by name
	Locate  topology.Locator
	Sources map[string][]byte // the user's files, by the path that positions name
}

// Check loads a package and checks it. Only where the list holds no error can
// the result be built.
func Check(req load.Request) (*Checked, diag.List) {
	written, list := load.Load(req)
	c := &Checked{Locate: written.Locate, Sources: written.Sources}
	if written.Data == nil {
		return c, append(list, written.Refusals...)
	}
	// Where CUE found a mistake, the data has a hole, and what follows from the
	// hole need not be said again.
	var broken []string
	reported := map[string]bool{}
	for _, d := range list {
		broken = append(broken, d.Path)
		reported[d.Path] = true
	}
	models, findings := topology.Resolve(written.Data, written.Locate, broken...)
	if written.Plain && findings.Failed() {
		req.Evaluate = true
		return Check(req)
	}
	c.Models = models
	for _, d := range findings {
		if d.Path == "" || !reported[d.Path] {
			list = append(list, d)
		}
	}
	if !list.Failed() {
		// The schema has the last word: what it refuses is refused, even where
		// netgen's own rules find nothing.
		list = append(list, written.Refusals...)
	}
	return c, list
}

// Built is what a topology compiles to.
type Built struct {
	Plans  []*plan.Plan // one for each environment, sorted by name
	System kustomize.System
	Tree   kustomize.Tree
}

// Build compiles a topology that Check found no error in.
func Build(c *Checked) *Built {
	first := c.Models[0]
	b := &Built{System: kustomize.System{Name: first.Name, Version: first.Version}}
	for _, model := range c.Models {
		p := plan.Make(model)
		b.Plans = append(b.Plans, p)
		b.System.Environments = append(b.System.Environments, kustomize.Environment{
			Name:     model.Environment,
			Digest:   p.Digest(),
			Policies: policy.Spell(p),
		})
	}
	b.Tree = kustomize.Layout(b.System)
	return b
}

// Stream renders one environment as a stream of YAML documents.
func (b *Built) Stream(environment string) ([]byte, error) {
	var names []string
	for _, env := range b.System.Environments {
		if env.Name == environment {
			return b.System.Stream(env), nil
		}
		names = append(names, env.Name)
	}
	return nil, fmt.Errorf("topology %s has no environment %s: it has %s", b.System.Name, environment, strings.Join(names, ", "))
}
