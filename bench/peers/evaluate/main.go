// Evaluate counts the pairs of pods that policies let connect, each on the port that
// the second one serves, as one evaluator sees it:
//
//	evaluate EVALUATOR POLICIES CLUSTER
//	evaluate convert POLICIES OBJECTS
//
// POLICIES are JSON objects, which convert makes of YAML: reading YAML would take
// longer than some of the answers.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"netgen.dev/bench/estate"
)

// evaluators count the pairs.
var evaluators = map[string]func([]*networkingv1.NetworkPolicy, *estate.Cluster) (int, error){
	"netgen":                byNetgen,
	"cyclonus":              byCyclonus,
	"kube-network-policies": byKubeNetworkPolicies,
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil { //nolint:forbidigo // this is a command
		fmt.Fprintln(os.Stderr, "evaluate:", err) //nolint:forbidigo // this is a command
		os.Exit(2)                                //nolint:forbidigo // this is a command
	}
}

func run(args []string, out io.Writer) error {
	if len(args) != 3 {
		return errors.New("evaluate EVALUATOR POLICIES CLUSTER")
	}
	if args[0] == "convert" {
		return convert(args[1], args[2])
	}
	count, ok := evaluators[args[0]]
	if !ok {
		return fmt.Errorf("the evaluators are %s", strings.Join(slices.Sorted(maps.Keys(evaluators)), ", "))
	}
	policies, err := read(args[1])
	if err != nil {
		return err
	}
	data, err := os.ReadFile(args[2])
	if err != nil {
		return err
	}
	var c estate.Cluster
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	allowed, err := count(policies, &c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, allowed)
	return err
}

func read(file string) ([]*networkingv1.NetworkPolicy, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	var out []*networkingv1.NetworkPolicy
	for d := json.NewDecoder(bufio.NewReader(f)); ; {
		var p networkingv1.NetworkPolicy
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, &p)
	}
}

// convert writes a YAML stream as JSON objects.
func convert(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var b strings.Builder
	for document := range strings.SplitSeq("\n"+string(data), "\n---\n") {
		if strings.TrimSpace(document) == "" {
			continue
		}
		object, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			return err
		}
		if string(object) != "null" {
			b.Write(object)
			b.WriteByte('\n')
		}
	}
	return os.WriteFile(to, []byte(b.String()), 0o644)
}
