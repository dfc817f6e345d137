package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDocs runs the examples of the documentation, in their order on each
// page. A block whose language is "cue FILE" is that file; the "$" lines of a
// console block are run, and what follows each is what it shows.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../../README.md") {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for i, part := range strings.Split("\n"+string(text), "\n```") {
				if i%2 == 0 {
					continue // between blocks
				}
				kind, body, _ := strings.Cut(part, "\n")
				if name, ok := strings.CutPrefix(kind, "cue "); ok {
					writeFile(t, filepath.Join(dir, name), body+"\n")
				}
				if kind == "console" {
					console(t, dir, body)
				}
			}
		})
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func console(t *testing.T, dir, body string) {
	t.Helper()
	for _, part := range strings.Split("\n"+body, "\n$ ")[1:] {
		command, want, _ := strings.Cut(part, "\n")
		got := strings.TrimSuffix(shell(t, dir, command), "\n")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("$ %s (-documented +shown)\n%s", command, diff)
		}
	}
}

// shell runs the few commands that the documentation uses, in dir.
func shell(t *testing.T, dir, command string) string {
	t.Helper()
	command, pattern, piped := strings.Cut(command, " | grep ")
	words := strings.Fields(command)
	var out bytes.Buffer
	switch words[0] {
	case "netgen":
		run(append([]string{"-C", dir}, words[1:]...), &out, &out, time.Now)
	case "cat":
		data, err := fs.ReadFile(os.DirFS(dir), words[1])
		if err != nil {
			t.Fatal(err)
		}
		out.Write(data)
	default:
		t.Fatalf("the documentation runs %q, which its test does not know", words[0])
	}
	if !piped {
		return out.String()
	}
	var lines []string
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, pattern) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// TestCommandsPage keeps docs/commands.md what the commands say of themselves.
// With NETGEN_UPDATE=1 it is written anew.
func TestCommandsPage(t *testing.T) {
	const page = "../../docs/commands.md"
	var b strings.Builder
	b.WriteString("# Commands\n\n<!-- Made from the help of the commands by go test ./cmd/netgen. -->\n")
	for _, args := range [][]string{{}, {"vet"}, {"build"}, {"schema"}, {"version"}, {"completion"}} {
		var out bytes.Buffer
		if code := run(append(args, "--help"), &out, &out, time.Now); code != exitOK {
			t.Fatal(out.String())
		}
		fmt.Fprintf(&b, "\n## %s\n\n```text\n%s\n```\n", strings.Join(append([]string{"netgen"}, args...), " "), strings.TrimSpace(out.String()))
	}
	if os.Getenv("NETGEN_UPDATE") != "" {
		writeFile(t, page, b.String())
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), b.String()); diff != "" {
		t.Errorf("%s is out of date: NETGEN_UPDATE=1 go test ./cmd/netgen\n%s", page, diff)
	}
}
