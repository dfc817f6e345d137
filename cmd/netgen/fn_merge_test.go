package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goyaml "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"

	"netgen.dev/internal/foreign"
)

// places returns namespace and name of the items, with their files and indices, and
// sees that no two have the same.
func (l list) places(t *testing.T) string {
	t.Helper()
	var out []string
	seen := map[string]bool{}
	for _, item := range l.Items {
		meta := item["metadata"].(map[string]any)
		annotations, _ := meta["annotations"].(map[string]any)
		place := fmt.Sprintf("%v %v", annotations[pathAnnotation], annotations[indexAnnotation])
		if seen[place] {
			t.Errorf("several items are at %s", place)
		}
		seen[place] = true
		out = append(out, fmt.Sprintf("%v/%v: %s", meta["namespace"], meta["name"], place))
	}
	return strings.Join(out, "\n")
}

// call calls a function with a list that has a configuration.
func (l list) call(t *testing.T, dir, config string) (out list, stderr string, code int) {
	t.Helper()
	l.FunctionConfig, l.Results = nil, nil
	if err := yaml.Unmarshal([]byte(config), &l.FunctionConfig); err != nil {
		t.Fatal(err)
	}
	data, err := yaml.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	return callFunction(t, dir, string(data))
}

// policiesOf is a functionConfig.
func policiesOf(name, spec string) string {
	return fmt.Sprintf("{apiVersion: fn.netgen.dev/v1alpha1, kind: BuildPolicies, metadata: {name: %s}, spec: {%s}}", name, spec)
}

// TestFunctionsOfOneTopology runs two functions of one topology over one list, one
// after the other and again, as kpt does: neither touches what the other made.
func TestFunctionsOfOneTopology(t *testing.T) {
	tagged := strings.Replace(smallTopology, `"shop"`+"\n\tservices", `*"shop" | string @tag(ns)`+"\n\tservices", 1)
	dir := writeTopology(t, tagged)
	blue, green := policiesOf("blue", "tags: {ns: blue}"), policiesOf("green", "tags: {ns: green}")
	both := list{APIVersion: "config.kubernetes.io/v1", Kind: "ResourceList"}
	want := `blue/shop.backend: netgen/shop.yaml 0
blue/shop.default-deny: netgen/shop.yaml 1
green/shop.backend: netgen/shop.yaml 2
green/shop.default-deny: netgen/shop.yaml 3`
	for range 2 {
		for _, config := range []string{blue, green} {
			var stderr string
			var code int
			if both, stderr, code = both.call(t, dir, config); code != exitOK {
				t.Fatal(stderr)
			}
		}
		if got := both.places(t); got != want {
			t.Errorf("%s\nand not\n%s", got, want)
		}
	}
	// One function has a service more, which gets a place of its own; then one less.
	writeFile(t, filepath.Join(dir, "shop.cue"), tagged+"\ntopology: services: api: connects: backend: {}\n")
	more, stderr, _ := both.call(t, dir, blue)
	if got, want := more.places(t), want+"\nblue/shop.api: netgen/shop.yaml 4"; got != want {
		t.Errorf("%s\nand not\n%s (%s)", got, want, stderr)
	}
	again, _, _ := more.call(t, dir, blue)
	if got, want := again.places(t), more.places(t); got != want {
		t.Errorf("again it is\n%s\nand not\n%s", got, want)
	}
	writeFile(t, filepath.Join(dir, "shop.cue"), tagged)
	if less, stderr, _ := more.call(t, dir, blue); less.places(t) != want {
		t.Errorf("%s\nand not\n%s (%s)", less.places(t), want, stderr)
	}

	// The same policies by another function are an error, and nothing is changed.
	clash, stderr, code := both.call(t, dir, policiesOf("third", "tags: {ns: green}"))
	message := "function third makes the NetworkPolicy green/shop.backend, and so does function green: "
	if code != exitFailed || !strings.Contains(stderr, message) || clash.places(t) != want {
		t.Errorf("exit code %d, %s\n%s", code, stderr, clash.places(t))
	}
	if len(clash.Results) != 1 || !strings.Contains(fmt.Sprint(clash.Results[0]["message"]), message) {
		t.Errorf("the results are %v", clash.Results)
	}
}

// TestFunctionEnvironments sees that the environments of one configuration are kept
// apart, and that asking for the only one by its name is no other function.
func TestFunctionEnvironments(t *testing.T) {
	dir := writeTopology(t, smallTopology)
	l := list{APIVersion: "config.kubernetes.io/v1", Kind: "ResourceList"}
	step := func(spec, want string) {
		t.Helper()
		out, stderr, code := l.call(t, dir, policiesOf("shop", spec))
		if got := out.places(t); code != exitOK || got != want {
			t.Fatalf("%s\nand not\n%s\n%s", got, want, stderr)
		}
		l = out
	}
	only := "shop/shop.backend: netgen/shop.yaml 0\nshop/shop.default-deny: netgen/shop.yaml 1"
	step("", only)
	step("environment: default", only)
	step("", only)
	writeFile(t, filepath.Join(dir, "shop.cue"), smallTopology+"\ntopology: environments: {prod: {}, same: {}, dev: namespaces: shop: \"shop-dev\"}\n")
	step("environment: prod", only)
	step("environment: dev", only+"\nshop-dev/shop.backend: netgen/shop/dev.yaml 0\nshop-dev/shop.default-deny: netgen/shop/dev.yaml 1")
	if _, stderr, code := l.call(t, dir, policiesOf("shop", "environment: same")); code != exitFailed ||
		!strings.Contains(stderr, "function shop/same makes the NetworkPolicy shop/shop.backend, and so does function shop/prod") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if _, stderr, code := l.call(t, dir, policiesOf("a/b", "environment: dev")); code != exitFailed || !strings.Contains(stderr, "has a slash") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// TestFunctionPlaces gives the function items whose places collide, or are not
// known, or are written in the older way.
func TestFunctionPlaces(t *testing.T) {
	dir := writeTopology(t, smallTopology)
	item := func(name, annotations, labels string) map[string]any {
		var out map[string]any
		text := fmt.Sprintf("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: %s, namespace: shop, annotations: {%s}, labels: {%s}}}", name, annotations, labels)
		if err := yaml.Unmarshal([]byte(text), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	ours := "app.kubernetes.io/managed-by: netgen, app.kubernetes.io/part-of: shop"
	at := func(file, index string) string {
		return fmt.Sprintf("%s: %s, %s: %q", pathAnnotation, file, indexAnnotation, index)
	}
	for _, tt := range []struct {
		title string
		items []map[string]any
		want  string
	}{
		{
			"both at one index",
			[]map[string]any{item("shop.backend", at("a.yaml", "0"), ours), item("shop.default-deny", at("a.yaml", "0"), ours)},
			"shop/shop.backend: a.yaml 0\nshop/shop.default-deny: a.yaml 1",
		},
		{
			"where another is",
			[]map[string]any{item("shop.backend", at("a.yaml", "7"), ours), item("by-hand", at("a.yaml", "7"), "")},
			"shop/shop.backend: a.yaml 8\nshop/by-hand: a.yaml 7\nshop/shop.default-deny: netgen/shop.yaml 0",
		},
		{
			"no index",
			[]map[string]any{item("shop.backend", pathAnnotation+": a.yaml", ours), item("by-hand", at("a.yaml", "0"), "")},
			"shop/shop.backend: a.yaml 1\nshop/by-hand: a.yaml 0\nshop/shop.default-deny: netgen/shop.yaml 0",
		},
		{
			"in the file of the function",
			[]map[string]any{item("by-hand", at("netgen/shop.yaml", "0"), "")},
			"shop/by-hand: netgen/shop.yaml 0\nshop/shop.backend: netgen/shop.yaml 1\nshop/shop.default-deny: netgen/shop.yaml 2",
		},
	} {
		l := list{APIVersion: "config.kubernetes.io/v1", Kind: "ResourceList", Items: tt.items}
		for range 2 {
			out, stderr, _ := l.call(t, dir, policiesOf("shop", ""))
			if got := out.places(t); got != tt.want {
				t.Errorf("%s:\n%s\nand not\n%s\n%s", tt.title, got, tt.want, stderr)
			}
			l = out
		}
	}
	// Both ways to write a place go on to say the same.
	old := fmt.Sprintf("%s: a.yaml, %s: \"3\", ", oldPathAnnotation, oldIndexAnnotation)
	l := list{APIVersion: "config.kubernetes.io/v1", Kind: "ResourceList", Items: []map[string]any{
		item("by-hand", at("a.yaml", "3"), ""), item("shop.backend", old+at("a.yaml", "3"), ours),
	}}
	out, _, _ := l.call(t, dir, policiesOf("shop", ""))
	annotations := out.Items[1]["metadata"].(map[string]any)["annotations"].(map[string]any)
	if annotations[indexAnnotation] != "4" || annotations[oldIndexAnnotation] != "4" {
		t.Errorf("the indices are %v", annotations)
	}
}

// TestResourceListTooLarge sees that a list that would fill the memory is refused
// before it is parsed.
func TestResourceListTooLarge(t *testing.T) {
	var stdout, stderr bytes.Buffer
	in := io.MultiReader(strings.NewReader(emptyList), strings.NewReader(strings.Repeat("# filled\n", foreign.MaxListBytes/9+1)))
	code := run([]string{"fn"}, in, &stdout, &stderr, time.Now)
	if code != exitRefused || stdout.Len() > 0 || !strings.Contains(stderr.String(), "<stdin>: error: has more than the 16 MiB that netgen reads of a ResourceList [NG902]") {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
}

// TestResourceListValues sees that many tiny values are refused before they fill
// the memory, and that what people write of that size is not.
func TestResourceListValues(t *testing.T) {
	if _, err := parseResourceList([]byte(emptyList + "x: [" + strings.Repeat("a,", foreign.MaxListValues) + "a]\n")); err == nil || !strings.Contains(err.Error(), "has more than the 2000000 values") {
		t.Error(err)
	}
	for _, end := range []string{"\r", "\u0085", "\u2028", "\u2029"} {
		many := strings.Repeat("-"+end, foreign.MaxListBytes/5)
		if _, err := parseResourceList([]byte(emptyList + "x:\n" + many)); err == nil || !strings.Contains(err.Error(), "which readers take for different things") {
			t.Errorf("%q ends lines: %v", end, err)
		}
	}
	if _, err := parseResourceList([]byte(emptyList + "x: |\n" + strings.Repeat("  Lorem ipsum dolor sit amet, consectetur adipisici elit.\n", 250_000))); err != nil {
		t.Error(err)
	}
}

// TestEncode sees that a list comes out as one encoder writes it, though it is
// written in parts.
func TestEncode(t *testing.T) {
	for _, in := range []string{
		emptyList,
		"# head\n\n# list\napiVersion: config.kubernetes.io/v1\nkind: ResourceList # kind\n# items\nitems: # beside\n  # first\n  - kind: A\n    t: |\n      text\n  # second\n  - kind: B # b\n    t: |2-\n       x\n      y\n  # foot\n  - {kind: C, x: [1, \"2\"]}\n# config\nfunctionConfig: {a: b}\n# end\n",
		"kind: ResourceList\nitems:\n  - kind: A\n    t: |\n      text\n  - kind: B\n    t: |-\n      text\napiVersion: config.kubernetes.io/v1beta1\n",
	} {
		l, err := parseResourceList([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		var whole bytes.Buffer
		enc := goyaml.NewEncoder(&whole)
		enc.SetIndent(2)
		if err := errors.Join(enc.Encode(l.document), enc.Close()); err != nil {
			t.Fatal(err)
		}
		out, err := l.encode(nil)
		if err != nil || string(out) != whole.String() {
			t.Errorf("%v\n%s\nand not\n%s", err, out, whole.String())
		}
	}
}

// TestFunctionLeftovers renames a topology: a function with a name of its own takes
// away what it made of it, and one that may be another keeps it and says so.
func TestFunctionLeftovers(t *testing.T) {
	dir := writeTopology(t, smallTopology)
	renamed := writeTopology(t, strings.Replace(smallTopology, `"shop"`, `"store"`, 1))
	start := list{APIVersion: "config.kubernetes.io/v1", Kind: "ResourceList"}
	for name, keeps := range map[string]bool{"shop": false, "function-input": true, `""`: true} {
		before, stderr, code := start.call(t, dir, policiesOf(name, ""))
		if code != exitOK {
			t.Fatal(stderr)
		}
		after, stderr, code := before.call(t, renamed, policiesOf(name, ""))
		if kept := strings.Contains(after.names(), "shop.backend"); code != exitOK || kept != keeps || !strings.Contains(after.names(), "store.backend") {
			t.Errorf("function %s: exit code %d, %s\n%s", name, code, after.names(), stderr)
		}
		const message = "the items have 2 policies of topology shop, by a function that is called "
		said := fmt.Sprint(after.Results)
		if keeps != strings.Contains(stderr, "warning: "+message) || keeps != strings.Contains(said, message) || keeps != strings.Contains(said, "severity:warning") {
			t.Errorf("function %s says %s and %v", name, stderr, after.Results)
		}
	}
}

// TestFunctionSamePlaces sees that what is written in another way is no other
// namespace, and no other file.
func TestFunctionSamePlaces(t *testing.T) {
	dir := writeTopology(t, strings.ReplaceAll(smallTopology, `namespace: "shop"`, `namespace: "default"`))
	var hand map[string]any
	text := "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: shop.backend}, spec: {podSelector: {}}}"
	if err := yaml.Unmarshal([]byte(text), &hand); err != nil {
		t.Fatal(err)
	}
	l := list{APIVersion: "config.kubernetes.io/v1", Kind: "ResourceList", Items: []map[string]any{hand}}
	if _, stderr, code := l.call(t, dir, policiesOf("shop", "")); code != exitFailed || !strings.Contains(stderr, "the items have a NetworkPolicy default/shop.backend that netgen did not make") {
		t.Errorf("a policy without a namespace: exit code %d, %s", code, stderr)
	}
	hand["metadata"] = map[string]any{"name": "mine", "annotations": map[string]any{pathAnnotation: "./netgen/./shop.yaml", indexAnnotation: "0"}}
	l.Items = []map[string]any{hand}
	out, stderr, _ := l.call(t, dir, policiesOf("shop", ""))
	if got := out.places(t); !strings.Contains(got, "shop.backend: netgen/shop.yaml 1\n") {
		t.Errorf("two are at one place:\n%s\n%s", got, stderr)
	}
}
