package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDocs runs the examples of the documentation, in their order on each
// page. A block that names a file, as in "cue FILE", is that file; the "$" lines
// of a console block are run, and what follows each is what it shows. With
// NETGEN_UPDATE=1 what they show is written anew.
func TestDocs(t *testing.T) {
	pages := []string{"../../README.md"}
	for _, pattern := range []string{"../../docs/*.md", "../../docs/diagnostics/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatal("no page ", pattern, err)
		}
		pages = append(pages, found...)
	}
	for _, page := range pages {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			parts := strings.Split("\n"+string(text), "\n```")
			for i := 1; i < len(parts); i += 2 { // what is between is prose
				kind, body, _ := strings.Cut(parts[i], "\n")
				if _, name, ok := strings.Cut(kind, " "); ok {
					writeFile(t, filepath.Join(dir, name), body+"\n")
				}
				if kind == "console" {
					parts[i] = kind + console(t, dir, body)
				}
			}
			shown := withExamples(t, dir, strings.Join(parts, "\n```")[1:])
			if os.Getenv("NETGEN_UPDATE") != "" {
				writeFile(t, page, shown)
			} else if diff := cmp.Diff(string(text), shown); diff != "" && !t.Failed() {
				t.Errorf("(-documented +shown)\n%s", diff)
			}
		})
	}
}

// example is a command whose output, being Markdown, is part of a page.
var example = regexp.MustCompile(`(?s)(<!-- \$ (.*?) -->\n).*?(<!-- end -->)`)

// withExamples returns a page with what such commands show.
func withExamples(t *testing.T, dir, page string) string {
	t.Helper()
	return example.ReplaceAllStringFunc(page, func(found string) string {
		m := example.FindStringSubmatch(found)
		return m[1] + shell(t, dir, m[2]) + m[3]
	})
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

// console runs the commands of a block and returns it with what they show.
func console(t *testing.T, dir, body string) string {
	t.Helper()
	var b strings.Builder
	for _, part := range strings.Split("\n"+body, "\n$ ")[1:] {
		command, want, _ := strings.Cut(part, "\n")
		got := strings.TrimSuffix(shell(t, dir, command), "\n")
		if diff := cmp.Diff(want, got); diff != "" && os.Getenv("NETGEN_UPDATE") == "" {
			t.Errorf("$ %s (-documented +shown)\n%s", command, diff)
		}
		b.WriteString(strings.TrimSuffix("\n$ "+command+"\n"+got, "\n"))
	}
	return b.String()
}

// shell runs the few commands that the documentation uses, in dir.
func shell(t *testing.T, dir, command string) string {
	t.Helper()
	command, target, redirected := strings.Cut(command, " > ")
	command, pattern, piped := strings.Cut(command, " | grep ")
	command, input, _ := strings.Cut(command, " < ")
	words := strings.Fields(command)
	for strings.Contains(words[0], "=") { // NAME=value before the command
		name, value, _ := strings.Cut(words[0], "=")
		t.Setenv(name, strings.Trim(value, "'"))
		defer func() { _ = os.Unsetenv(name) }()
		words = words[1:]
	}
	var in []byte
	if input != "" {
		var err error
		if in, err = os.ReadFile(filepath.Join(dir, input)); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	switch words[0] {
	case "netgen":
		run(append([]string{"-C", dir}, words[1:]...), bytes.NewReader(in), &out, &out, time.Now)
	case "cat":
		for _, name := range words[1:] {
			data, err := fs.ReadFile(os.DirFS(dir), name)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(data)
		}
	case "rm":
		if err := os.Remove(filepath.Join(dir, words[1])); err != nil {
			t.Fatal(err)
		}
	case "ln": // ln -s TARGET LINK
		if err := os.Symlink(words[2], filepath.Join(dir, words[3])); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	default:
		t.Fatalf("the documentation runs %q, which its test does not know", words[0])
	}
	if redirected {
		writeFile(t, filepath.Join(dir, target), out.String())
		return ""
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
	for _, args := range [][]string{{}, {"vet"}, {"build"}, {"verify"}, {"explain"}, {"diff"}, {"graph"}, {"push"}, {"plugin"}, {"plugin", "generate"}, {"fn"}, {"schema"}, {"version"}, {"completion"}} {
		var out bytes.Buffer
		if code := run(append(args, "--help"), strings.NewReader(""), &out, &out, time.Now); code != exitOK {
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
