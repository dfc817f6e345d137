package reachability

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"netgen.dev/conformance/internal/subject"
	"netgen.dev/gen/topology"
	"netgen.dev/internal/declared"
)

// written returns the connections that a person wrote down for an environment
// of a topology, in golden/edges/NAME.txt; ok is false where there is no such
// file. Lines are "caller -> callee PORT/PROTOCOL", below "# every environment"
// or "# environment NAME".
func written(t testing.TB, model *topology.Topology) (flows []declared.Flow, ok bool) {
	t.Helper()
	name := filepath.Join(subject.Root(t), "golden", "edges", model.Name+".txt")
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false
	}
	if err != nil {
		t.Fatal(err)
	}
	section, known := "", false
	for i, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
		if heading, isHeading := strings.CutPrefix(line, "# "); isHeading {
			section = strings.TrimPrefix(heading, "environment ")
			known = known || section == model.Environment || section == "every environment"
			continue
		}
		if section != model.Environment && section != "every environment" {
			continue
		}
		f, err := parseFlow(model, line)
		if err != nil {
			t.Fatalf("%s:%d: %v", name, i+1, err)
		}
		flows = append(flows, f)
	}
	if !known {
		t.Fatalf("%s says nothing of environment %s", name, model.Environment)
	}
	return flows, true
}

func parseFlow(model *topology.Topology, line string) (declared.Flow, error) {
	fields := strings.Fields(line)
	if len(fields) != 4 || fields[1] != "->" {
		return declared.Flow{}, fmt.Errorf("%q is not caller -> callee PORT/PROTOCOL", line)
	}
	caller, err := named(model, fields[0])
	if err != nil {
		return declared.Flow{}, err
	}
	callee, err := named(model, fields[2])
	if err != nil {
		return declared.Flow{}, err
	}
	numbers, protocol, _ := strings.Cut(fields[3], "/")
	first, last, isRange := strings.Cut(numbers, "-")
	if !isRange {
		last = first
	}
	from, err := strconv.ParseUint(first, 10, 16)
	if err != nil {
		return declared.Flow{}, err
	}
	to, err := strconv.ParseUint(last, 10, 16)
	if err != nil {
		return declared.Flow{}, err
	}
	port := topology.Port{First: uint16(from), Last: uint16(to), Protocol: topology.Protocol(protocol)}
	return declared.Flow{Caller: caller, Callee: callee, Ports: []topology.Port{port}}, nil
}

func named(model *topology.Topology, name string) (declared.End, error) {
	switch {
	case model.Services[name] != nil:
		return declared.EndOf(model, topology.Ref{Kind: topology.KindService, Name: name}), nil
	case model.Groups[name] != nil:
		return declared.EndOf(model, topology.Ref{Kind: topology.KindGroup, Name: name}), nil
	case model.Peers[name] != nil:
		return declared.EndOf(model, topology.Ref{Kind: topology.KindPeer, Name: name}), nil
	}
	return declared.End{}, fmt.Errorf("environment %s has no service, group or peer %q", model.Environment, name)
}
