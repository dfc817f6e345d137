package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// texts are more than text somewhere: on a terminal, in the log of a CI system, in
// Markdown, HTML, YAML, JSON, DOT, Mermaid, on a command line.
var texts = []string{
	"\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b]8;;http://example.com\x1b\\x\x1b]8;;\x1b\\", "\x9b2J", "\u009b2J", "a\rb", "a\nb", "\x7f", "\x00", "\b\b\b",
	"\u202egnp.exe", "\u2066x\u2069", "a\u200bb", "a\u200db", "\ufeffa", "\u2028\u2029", "\u00ad", "\u034f", "\ufe0f", "\u3164", "\U000e0041", "\xff\xfe", "\xed\xa0\x80", "\ufffd",
	"::error file=a::b", "\n::stop-commands::x", "::add-mask::a", "%0A::error::x", "##vso[task.setvariable variable=a]b", "##[error]x", "##teamcity[x]",
	"<script>alert(1)</script>", "<!-- x -->", "[x](http://example.com)", "![x](http://example.com)", "@everyone #1", "`x` ```", "| a | b |", "www.example.com",
	"\"]; evil -> x; [\"", "--output=x", "-", "$(id)", "a: &a [*a]", "!!python/object:x", "{{x}}", "%s%n%d", "\\", strings.Repeat("a", 5000),
}

// inert sees that what is printed acts on no terminal and no CI system, and hides
// nothing.
func inert(t *testing.T, title, out string) {
	t.Helper()
	if !utf8.ValidString(out) {
		t.Errorf("%s: not UTF-8: %.300q", title, out)
		return
	}
	for _, r := range out {
		if r == '\n' || r == '\t' {
			continue
		}
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r == unicode.ReplacementChar {
			t.Errorf("%s: it has %U: %.300q", title, r, out)
			return
		}
	}
	if command := ciCommand.FindString(out); command != "" {
		t.Errorf("%s: a CI system takes %q for a command: %.300q", title, command, out)
	}
}

// ciCommand is a command to a CI system: anywhere, or at the start of a line.
var ciCommand = regexp.MustCompile(`##\w*\[|(?m)^\s*::[A-Za-z-]+( .*)?::`)

// annotated is a command that netgen itself gives to GitHub.
var annotated = regexp.MustCompile(`(?m)^::(error|warning|notice) (file=[^:,\n]*(,line=\d+)?(,col=\d+)?,)?title=[^:,\n]*::`)

// scene is a text in all places of a repository that hold one.
type scene struct {
	dir, file string // the directory of a topology, and what has the text for a name
}

// stage writes a repository with a text wherever one can be.
func stage(t *testing.T, text string) scene {
	t.Helper()
	s := scene{dir: t.TempDir()}
	write := func(name, data string) string {
		full := filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(data), 0o644); err != nil {
			t.Logf("no such name here: %v", err)
		}
		return name
	}
	cue := strconv.QuoteToGraphic(strings.ToValidUTF8(text, "?"))
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	const header = "package shop\n\ntopology: {name: \"shop\", version: \"1.0.0\", namespace: \"shop\"}\ntopology: services: {web: connects: db: {}, db: ports: sql: 5432}\n"
	write("good/shop.cue", header)
	write("said/shop.cue", header+"topology: services: web: connects: db: why: "+string(quoted)+"\ntopology: services: db: {owner: "+string(quoted)+", description: "+string(quoted)+"}\n")
	write("names/shop.cue", header+"topology: services: "+string(quoted)+": {}\ntopology: environments: "+string(quoted)+": {}\ntopology: peers: x: cidrs: ["+string(quoted)+"]\n")
	write("broken/shop.cue", header+"topology: version: "+string(quoted)+"\ntopology: owner: "+string(quoted)+" & 5\n// "+cue+"\nx: [\n")
	write("clash/shop.cue", header+"topology: version: "+string(quoted)+"\ntopology: services: db: ports: sql: "+string(quoted)+"\n")
	write("import/shop.cue", "package shop\n\nimport "+string(quoted)+"\n"+strings.TrimPrefix(header, "package shop\n"))
	write("raw/shop.cue", header+"// "+text+"\ntopology: services: db: ports: "+text+": 1\n")
	name := strings.NewReplacer("/", "_", "\x00", "_").Replace(text)
	if len(name) > 200 {
		name = name[:200]
	}
	s.file = write(name+".yaml", policyOf(string(quoted)))
	write(filepath.Join(name, "x.cue"), header+"topology: services: nobody: connects: none: {}\n")
	write("policies.yaml", policyOf("\"a\""))
	write("object.yaml", policyOf(string(quoted)))
	write("raw.yaml", policyOf(text))
	write("unknown.yaml", "apiVersion: example.org/v1\nkind: "+strconv.Quote("NetworkPolicy")+"\nmetadata: {name: "+string(quoted)+", namespace: "+string(quoted)+"}\n")
	write("field.yaml", strings.Replace(policyOf("\"a\""), "podSelector", string(quoted), 1))
	write("workload.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: "+string(quoted)+", namespace: shop}\nspec: {template: {metadata: {labels: {app: "+string(quoted)+"}}, spec: {containers: [{name: a, ports: [{name: "+string(quoted)+", containerPort: 80}]}]}}}\n")
	write("kustomized/kustomization.yaml", "resources: ["+string(quoted)+"]\n")
	write("locked/shop/netgen.lock", `{"topology": `+string(quoted)+`, "version": `+string(quoted)+`, "files": {`+string(quoted)+`: "x"}}`)
	write("list.yaml", "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\nfunctionConfig: {apiVersion: v1, kind: ConfigMap, metadata: {name: "+string(quoted)+"}, data: {directory: "+string(quoted)+", environment: "+string(quoted)+", "+string(quoted)+": x}}\n")
	return s
}

func policyOf(name string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  namespace: shop\n  name: " + name +
		"\nspec: {podSelector: {matchLabels: {app: " + name + "}}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {x: " + name + "}}}], ports: [{port: " + name + "}]}]}\n"
}

// commands are all that print, with a text in what they read or are told.
func commands(s scene, text string) [][]string {
	var out [][]string
	add := func(args ...string) { out = append(out, append([]string{"-C", s.dir}, args...)) }
	for _, dir := range []string{"said", "names", "broken", "clash", "import", "raw", "./" + strings.TrimSuffix(s.file, ".yaml"), text} {
		for _, format := range []string{"text", "json", "github"} {
			add("vet", dir, "--format", format)
		}
	}
	for _, format := range []string{"mermaid", "dot", "svg", "html"} {
		add("graph", "said", "--format", format)
	}
	for _, format := range []string{"text", "markdown", "json", "sarif", "github", "html"} {
		add("diff", "good", "said", "--format", format)
		add("diff", "policies.yaml", "object.yaml", "--format", format)
		add("diff", "policies.yaml", "unknown.yaml", "--format", format)
	}
	for _, file := range []string{"object.yaml", "raw.yaml", "unknown.yaml", "field.yaml", "./" + s.file, text} {
		add("verify", "good", "--rendered", file)
		add("diff", file, "policies.yaml")
	}
	for _, format := range []string{"text", "json", "github"} {
		add("verify", "good", "--rendered", "object.yaml", "--format", format)
		add("verify", "good", "--manifests", "workload.yaml", "--format", format)
	}
	add("build", "said", "-o", "-")
	add("build", "good", "-o", "./"+text)
	add("build", "good", "--env", text, "-o", "-")
	add("explain", "web", "db:5432", "said")
	add("explain", "web", "db:5432", "said", "--format", "json")
	add("explain", text, "db:"+text, "good")
	add("graph", "good", "--focus", text)
	add("graph", "good", "--env", text)
	add("vet", "good", "-t", text)
	add("verify", "good", "--env", text)
	add("diff", "--against", text, "good")
	add("diff", "kustomized", "policies.yaml")
	add("diff", "locked", "policies.yaml")
	add("push", text, "good")
	add("push", "oci://127.0.0.1:1/"+text, "good", "--dry-run")
	add("push", "oci://127.0.0.1:1/a", "good", "--source", text, "--revision", text)
	out = append(out, []string{text}, []string{"vet", "--" + text}, []string{"-C", text, "vet"}, []string{"--color", text, "vet"}, []string{"plugin", text}, []string{"fn", text})
	return out
}

// TestHostileTexts pushes texts through every command and format: what comes out is
// text, whoever shows it.
func TestHostileTexts(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs every command for every text")
	}
	for i, text := range texts {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			s := stage(t, text)
			for _, args := range commands(s, text) {
				checkInert(t, args, "")
			}
			list, err := os.ReadFile(filepath.Join(s.dir, "list.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			checkInert(t, []string{"-C", s.dir, "fn"}, string(list))
			checkInert(t, []string{"-C", s.dir, "fn"}, text)
			checkInert(t, []string{"-C", s.dir, "verify", "good", "--rendered", "-"}, text)
		})
	}
}

// checkInert runs a command and looks at what it prints.
func checkInert(t *testing.T, args []string, in string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(args, strings.NewReader(in), &stdout, &stderr, time.Now)
	title := fmt.Sprintf("%.200q", args[min(2, len(args)-1):])
	if code != exitOK && stdout.Len()+stderr.Len() == 0 {
		t.Errorf("%s fails without a word", title)
	}
	out := stdout.String()
	switch {
	case strings.Contains(title, `"fn"`): // what was read comes out as it was
		_, out, _ = strings.Cut(out, "\nresults:")
	case strings.Contains(title, `"build"`): // an emoji may be in colour
		out = strings.ReplaceAll(out, "\ufe0f", "")
	case strings.Contains(title, `"github"`):
		for line := range strings.Lines(out) {
			if !annotated.MatchString(line) {
				t.Errorf("%s: no annotation of netgen's: %q", title, line)
			}
		}
		out = annotated.ReplaceAllString(out, "")
	}
	inert(t, title+" on stdout", out)
	inert(t, title+" on stderr", stderr.String())
}
