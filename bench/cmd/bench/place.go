package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"netgen.dev/bench/estate"
	"netgen.dev/bench/report"
)

// place is a directory with everything that commands are run on, of one graph.
type place struct {
	dir   string
	shape report.Shape
	from  string // a service
	to    string // that this one calls
}

func (p *place) in(name string) string { return filepath.Join(p.dir, name) }

// settle makes a place for a graph. What it does is not measured.
func (b *bench) settle(ctx context.Context, shape estate.Shape) (*place, error) {
	dir, err := os.MkdirTemp(b.dir, "graph-")
	if err != nil {
		return nil, err
	}
	e := estate.Make(shape)
	p := &place{dir: dir, shape: report.Shape{Name: shape.Name, Services: shape.Services, Spread: e.Spread()}}
	for _, s := range e.Services {
		if len(s.Calls) > 0 {
			p.from, p.to = s.Name, e.Services[s.Calls[0].To].Name
			break
		}
	}
	for _, v := range []estate.Variant{estate.Plain, estate.Evaluated, estate.Computed} {
		if err := e.WriteTopology(p.in(string(v)), v); err != nil {
			return nil, err
		}
	}
	if err := e.Changed().WriteTopology(p.in("changed"), estate.Plain); err != nil {
		return nil, err
	}
	if err := e.Cluster().WriteCluster(p.in("cluster.json")); err != nil {
		return nil, err
	}
	for topology, manifests := range map[string]string{"plain": "manifests", "changed": "manifests-changed"} {
		if err := e.Cluster().WriteManifests(p.in(manifests + "/cluster.yaml")); err != nil {
			return nil, err
		}
		policies := filepath.Join(p.in(manifests), "policies.yaml")
		if err := b.netgen(ctx, policies, "build", p.in(topology), "-o", "-", "--no-verify"); err != nil {
			return nil, err
		}
		if topology == "plain" {
			if err := p.weigh(policies); err != nil {
				return nil, err
			}
			if out, err := exec.CommandContext(ctx, b.tools["evaluate"], "convert", policies, p.in("policies.json")).CombinedOutput(); err != nil {
				return nil, fmt.Errorf("converting policies: %w\n%s", err, out)
			}
		}
	}
	return p, b.netgen(ctx, os.DevNull, "build", p.in("plain"), "-o", p.in("tree"), "--no-verify")
}

// netgen runs netgen with all the time and memory that it may need.
func (b *bench) netgen(ctx context.Context, stdout string, args ...string) error {
	out, err := os.Create(stdout)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, b.tools["netgen"], append(args, unlimited...)...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = out, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("netgen %s: %w\n%s", strings.Join(args, " "), err, said.String())
	}
	return out.Close()
}

// weigh measures what netgen made of the graph.
func (p *place) weigh(policies string) error {
	data, err := os.ReadFile(policies)
	if err != nil {
		return err
	}
	p.shape.Bytes = len(data)
	for document := range strings.SplitSeq(string(data), "\n---\n") {
		p.shape.Policies++
		p.shape.Largest = max(p.shape.Largest, len(document))
	}
	return nil
}
