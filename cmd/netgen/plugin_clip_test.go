package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"netgen.dev/diag"
)

// brief sees that a text is short enough for a page of a program, in all and by
// line, and that no rune was cut.
func brief(t *testing.T, title, text string) {
	t.Helper()
	if len(text) > 8<<10 || !utf8.ValidString(text) {
		t.Errorf("%s: %d bytes: %.300q…", title, len(text), text)
	}
	for line := range strings.Lines(text) {
		if len(line) > 800 {
			t.Errorf("%s: a line of %d bytes: %.300q…", title, len(line), line)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, tt := range []struct {
		text string
		most int
		want string
	}{
		{"", 20, ""},
		{"short", 5, "short"},
		{"0123456789abcdef", 12, "01234567…f"},
		{"ééééééééééé", 13, "éééé…é"},
		{strings.Repeat("\x80", 30), 12, "…"},
	} {
		if got := shorten(tt.text, tt.most); got != tt.want || len(got) > max(tt.most, len("…")) {
			t.Errorf("%q in %d bytes is %q, and not %q", tt.text, tt.most, got, tt.want)
		}
	}
}

func TestFirst(t *testing.T) {
	// More than a page in every place; 100,000 take a minute under -race.
	long := strings.Repeat("\u202e", 3_000)
	finding := func(i int, severity diag.Severity) diag.Diagnostic {
		d := diag.Diagnostic{Code: diag.Callee, Severity: severity, Pos: diag.Pos{File: fmt.Sprint(i, long), Line: 1}, Message: long, Hint: long}
		for range 100 {
			d.Related = append(d.Related, diag.Related{Pos: diag.Pos{File: long}, Message: long})
		}
		return d
	}
	var list diag.List
	for i := range 50 {
		list = append(list, finding(i, diag.Error), finding(i, diag.Warning))
	}
	shown, more := first(list)
	if len(shown) == 0 || len(shown)+more != 50 {
		t.Errorf("%d are shown, and %d more", len(shown), more)
	}
	var text bytes.Buffer
	if err := diag.Render(&text, shown, diag.Options{}); err != nil {
		t.Fatal(err)
	}
	brief(t, "findings", text.String())
	if list[0].Message != long || len(list[0].Related) != 100 || list[0].Related[2].Message != long {
		t.Error("the findings themselves were changed")
	}
	for _, tt := range []struct{ findings, shown, more int }{{0, 0, 0}, {1, 1, 0}, {maxShown, maxShown, 0}, {maxShown + 1, maxShown, 1}} {
		var list diag.List
		for i := range tt.findings {
			list = append(list, diag.Diagnostic{Severity: diag.Warning, Message: fmt.Sprint(i)})
			list[i].Pos.Line = i + 1
		}
		if shown, more := first(list); len(shown) != tt.shown || more != tt.more {
			t.Errorf("of %d findings %d are shown, and %d more", tt.findings, len(shown), more)
		}
	}
}

func TestClipError(t *testing.T) {
	if clipError(nil) != nil || clipError(errFindings) != errFindings { //nolint:errorlint // what is short is not wrapped
		t.Error("a short error is changed")
	}
	long := strings.Repeat("é", 100_000)
	if err := clipError(fmt.Errorf("%s: %w", long, errNoTopology)); !errors.Is(err, errNoTopology) {
		t.Error("a clipped error is another one")
	}
	err := clipError(unsafef("%s", long))
	if _, ok := errors.AsType[unsafeError](err); !ok {
		t.Error("a clipped refusal is none")
	}
	brief(t, "error", err.Error())
}

// TestBriefPlugin gives the plug-in what fills a page, in every place.
func TestBriefPlugin(t *testing.T) {
	huge := strings.Repeat("Ünüsual ", 100_000/9)
	deep := "./" + strings.Repeat("x/", 2000)
	plain := writeTopology(t, smallTopology)
	tagged := writeTopology(t, strings.Replace(smallTopology, "8080", "8080 @tag(p,type=int)", 1))
	conflict := writeTopology(t, smallTopology+"\ntopology: owner: \""+huge+"\"\ntopology: owner: 5\n")
	empty := strings.Repeat("/"+strings.Repeat("d", 100), 15)[1:]
	if err := os.MkdirAll(filepath.Join(plain, filepath.FromSlash(empty)), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		title, dir, parameters, want string
	}{
		{"empty", plain, `[{"name":"directory","string":"` + empty + `/..."}]`, "no directory there holds a topology"},
		{"environment", plain, `[{"name":"environment","string":"` + huge + `"}]`, "is longer than 4096 bytes"},
		{"parameter", plain, `[{"name":"` + huge + `","string":"x"}]`, "netgen knows environment, directory and tags"},
		{"directory", plain, `[{"name":"directory","string":"` + deep + `"}]`, ""},
		{"above", plain, `[{"name":"directory","string":"../` + deep + `"}]`, "name a directory below that of the Application"},
		{"key", plain, `[{"name":"tags","map":{"` + huge + `":"x"}}]`, "cannot be the key of a CUE @tag"},
		{"value", plain, `[{"name":"tags","map":{"` + strings.Repeat("k", 4000) + `":"` + huge + `"}}]`, "is longer than 4096 bytes"},
		{"tag", tagged, `[{"name":"tags","map":{"` + strings.Repeat("k", 4000) + `":"x"}}]`, "the only @tag of the package is p"},
		{"tag's value", tagged, `[{"name":"tags","map":{"p":"` + strings.Repeat("v", 4000) + `"}}]`, ""},
		{"conflict", conflict, `[]`, "conflicting values"},
	} {
		t.Setenv("ARGOCD_APP_PARAMETERS", tt.parameters)
		var stdout, stderr bytes.Buffer
		code := run([]string{"-C", tt.dir, "plugin", "generate"}, strings.NewReader(""), &stdout, &stderr, time.Now)
		if code == exitOK || stdout.Len() > 0 || !strings.Contains(stderr.String(), tt.want) {
			t.Errorf("%s: exit code %d: %.500s", tt.title, code, stderr.String())
		}
		brief(t, tt.title, stderr.String())
	}
}

// TestBriefFunction does so with the function, whose results are read by programs.
func TestBriefFunction(t *testing.T) {
	huge := strings.Repeat("x", 100_000)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "many/many.cue"), manyEnvironments(5000))
	writeFile(t, filepath.Join(dir, "wrong/wrong.cue"), smallTopology+"\ntopology: owner: \""+huge+"\"\ntopology: owner: 5\n")
	writeFile(t, filepath.Join(dir, "callees/callees.cue"), manyCallees(500))
	for _, tt := range []struct{ title, config, want string }{
		{"environments", "spec: {directory: many}", "set environment to one of e0000, e0001, e0002, e0003, e0004 and 4995 more"},
		{"environment", "spec: {directory: many, environment: " + huge[:4000] + "}", "it has e0000, e0001, e0002, e0003, e0004 and 4995 more"},
		{"conflict", "spec: {directory: wrong}", "conflicting values"},
		{"findings", "spec: {directory: callees}", "and 490 findings more: netgen vet shows all"},
		{"field", "spec: {" + huge[:1000] + ": x}", "its spec has directory, environment and tags"},
		{"name", "metadata: {name: " + huge + "}", "is longer than 4096 bytes"},
		{"kind", "kinds: " + huge, ""},
	} {
		in := emptyList + "functionConfig:\n  apiVersion: fn.netgen.dev/v1alpha1\n  kind: BuildPolicies\n  " + tt.config + "\n"
		out, stderr, code := callFunction(t, dir, in)
		if code == exitOK || len(out.Items) > 0 || len(out.Results) == 0 || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: exit code %d, %d results: %.500s", tt.title, code, len(out.Results), stderr)
		}
		brief(t, tt.title, stderr)
		var results strings.Builder
		for _, r := range out.Results {
			fmt.Fprintln(&results, r)
		}
		brief(t, tt.title+": results", results.String())
		if !strings.Contains(results.String(), tt.want) {
			t.Errorf("%s: %.500s", tt.title, results.String())
		}
	}
}

// TestBriefList does so where there is no list to answer with.
func TestBriefList(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run([]string{"fn"}, strings.NewReader("items: [*"+strings.Repeat("x", 100_000)+"]\n"), &stdout, &stderr, time.Now)
	if code != exitFailed || stdout.Len() > 0 || !strings.Contains(stderr.String(), "<stdin>:1: error: is no YAML: ") {
		t.Errorf("exit code %d: %.500s", code, stderr.String())
	}
	brief(t, "anchor", stderr.String())
}

func manyEnvironments(n int) string {
	var b strings.Builder
	b.WriteString(smallTopology)
	for i := range n {
		fmt.Fprintf(&b, "topology: environments: e%04d: {}\n", i)
	}
	return b.String()
}

func manyCallees(n int) string {
	var b strings.Builder
	b.WriteString(smallTopology)
	for i := range n {
		fmt.Fprintf(&b, "topology: services: s%d: connects: nobody%d: {}\n", i, i)
	}
	return b.String()
}
