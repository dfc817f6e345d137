package cuecommand

import (
	"bufio"
	"bytes"
	"context"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unfinished is a topology as it is while somebody types. Each "▮" is a place
// to ask for completion at, and not part of the file.
//
// The service names its definition, since cue lsp (v0.17.1) does not follow
// patterns: below [#Name]: #Service alone it offers no field of a service.
const unfinished = `package shop

import "netgen.dev/schema"

topology: schema.#Topology & {
	▮
	cluster: {
		▮
	}
	services: frontend: schema.#Service & {
		▮
	}
}
`

// TestCompletion: an editor that speaks to cue lsp offers the fields of the
// schema, with nothing but the schema vendored in the user's module.
func TestCompletion(t *testing.T) {
	dir := newModule(t)
	offers := complete(t, dir, unfinished)
	for i, want := range [][]string{
		{"name", "version", "services", "groups", "peers", "environments", "invariants"},
		{"cni", "dns", "podCIDRs", "apiServer"},
		{"ports", "connects", "labels", "podLabels", "dns"},
	} {
		for _, label := range want {
			if !slices.Contains(offers[i], label) {
				t.Errorf("cue lsp does not offer %s at place %d, it offers %q", label, i, offers[i])
			}
		}
	}
}

// TestCompletionNeedsSchema is the control: where the value is no topology, the
// fields of one are not offered.
func TestCompletionNeedsSchema(t *testing.T) {
	offers := complete(t, newModule(t), strings.ReplaceAll(unfinished, "schema.#Topology", "schema.#Text"))
	if slices.Contains(offers[0], "environments") {
		t.Errorf("cue lsp offers the fields of a topology for a text: %q", offers[0])
	}
}

// complete asks a language server of its own what it offers at each place that
// is marked in a file.
func complete(t *testing.T, dir, marked string) [][]string {
	t.Helper()
	file := filepath.Join(dir, "shop", "shop.cue")
	parts := strings.Split(marked, "▮")
	text := strings.Join(parts, "")
	write(t, file, text)
	c, stop := startServer(t, dir)
	defer stop()
	root, document := fileURL(dir), fileURL(file)
	step(t, c.call("initialize", map[string]any{
		"processId":        nil,
		"rootUri":          root,
		"workspaceFolders": []any{map[string]any{"uri": root, "name": "infra"}},
		"capabilities":     map[string]any{"workspace": map[string]any{"workspaceFolders": true}},
	}, nil))
	step(t, c.notify("initialized", map[string]any{}))
	step(t, c.notify("textDocument/didOpen", map[string]any{
		"textDocument": map[string]any{"uri": document, "languageId": "cue", "version": 1, "text": text},
	}))
	var offers [][]string
	for i := range parts[1:] {
		offers = append(offers, offersAt(t, c, document, strings.Join(parts[:i+1], "")))
	}
	return offers
}

// offersAt asks what is offered after a beginning of a document.
func offersAt(t *testing.T, c *client, document, before string) []string {
	t.Helper()
	var found struct {
		Items []struct{ Label string }
	}
	step(t, c.call("textDocument/completion", map[string]any{
		"textDocument": map[string]any{"uri": document},
		"position": map[string]any{
			"line":      strings.Count(before, "\n"),
			"character": len(before) - strings.LastIndexByte(before, '\n') - 1,
		},
	}, &found))
	labels := []string{}
	for _, item := range found.Items {
		labels = append(labels, strings.Trim(item.Label, `":?! `))
	}
	return labels
}

// startServer starts cue lsp. What it returns ends the server as the protocol
// has it, and fails the test where the server does not end by itself.
func startServer(t *testing.T, dir string) (*client, func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	cmd := command(ctx, t, dir, "lsp")
	var log bytes.Buffer
	cmd.Stderr = &log
	in, err := cmd.StdinPipe()
	step(t, err)
	out, err := cmd.StdoutPipe()
	step(t, err)
	step(t, cmd.Start())
	c := &client{in: in, out: bufio.NewReader(out)}
	return c, func() {
		defer cancel()
		if t.Failed() {
			cancel()
			_ = cmd.Wait() // it is killed, which is no news
			t.Logf("cue lsp said:\n%s", log.String())
			return
		}
		step(t, c.call("shutdown", nil, nil))
		step(t, c.notify("exit", nil))
		step(t, in.Close())
		if err := cmd.Wait(); err != nil {
			t.Errorf("cue lsp did not end well: %v\n%s", err, log.String())
		}
	}
}

func step(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fileURL(name string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String()
}
