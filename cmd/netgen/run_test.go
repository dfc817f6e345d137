package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const smallTopology = `package shop

topology: {
	name:      "shop"
	version:   "1.0.0"
	namespace: "shop"
	services: backend: ports: http: 8080
}
`

// writeTopology makes a directory with a package of one file.
func writeTopology(t testing.TB, source string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "shop.cue"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestExitCodes(t *testing.T) {
	good := writeTopology(t, smallTopology)
	bad := writeTopology(t, strings.Replace(smallTopology, "8080", "80800", 1))
	warned := writeTopology(t, strings.Replace(smallTopology, "services:", `peers: x: is: "internet"`+"\n\tservices:", 1))
	linked := writeTopology(t, smallTopology)
	if err := os.Symlink("shop.cue", filepath.Join(linked, "link.cue")); err != nil {
		t.Skip("no links here:", err)
	}
	embedding := writeTopology(t, "@extern(embed)\n\n"+smallTopology)
	out := filepath.Join(t.TempDir(), "out")
	for _, tt := range []struct {
		title string
		args  []string
		want  int
	}{
		{"valid topology", []string{"vet", good}, exitOK},
		{"warning", []string{"vet", warned}, exitOK},
		{"invalid topology", []string{"vet", bad}, exitFindings},
		{"invalid topology built", []string{"build", bad, "-o", "-"}, exitFindings},
		{"no tree yet", []string{"build", good, "-o", out, "--check"}, exitFindings},
		{"built", []string{"build", good, "-o", out}, exitOK},
		{"up to date", []string{"build", good, "-o", out, "--check"}, exitOK},
		{"unknown flag", []string{"vet", "--fast"}, exitFailed},
		{"unknown command", []string{"vett"}, exitFailed},
		{"missing directory", []string{"vet", filepath.Join(good, "nowhere")}, exitFailed},
		{"file for a directory", []string{"vet", filepath.Join(good, "shop.cue")}, exitFailed},
		{"output is a file", []string{"build", good, "-o", filepath.Join(good, "shop.cue")}, exitFailed},
		{"unknown environment", []string{"build", good, "-o", "-", "--env", "prod"}, exitFailed},
		{"link among the sources", []string{"vet", linked}, exitRefused},
		{"embedded file", []string{"vet", embedding}, exitRefused},
	} {
		var stdout, stderr bytes.Buffer
		if got := run(tt.args, strings.NewReader(""), &stdout, &stderr, time.Now); got != tt.want {
			t.Errorf("%s: exit code %d, want %d\n%s", tt.title, got, tt.want, stderr.String())
		}
		if tt.want != exitOK && stdout.Len() > 0 {
			t.Errorf("%s: %d bytes on standard output", tt.title, stdout.Len())
		}
		if (tt.want != exitOK) != (stderr.Len() > 0) && tt.title != "warning" && tt.title != "built" {
			t.Errorf("%s: standard error: %q", tt.title, stderr.String())
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// TestBrokenStdout sees that output that got lost is not taken for success.
func TestBrokenStdout(t *testing.T) {
	dir := writeTopology(t, smallTopology)
	for _, args := range [][]string{
		{"build", dir, "-o", "-"}, {"schema"}, {"version"}, {"version", "--format", "json"}, {"vet", dir, "--format", "json"},
	} {
		var stderr bytes.Buffer
		if got := run(args, strings.NewReader(""), brokenPipe{}, &stderr, time.Now); got != exitFailed {
			t.Errorf("%v: exit code %d, want %d", args, got, exitFailed)
		}
	}
}

// TestExpiresSoon is about the clock, which scripts cannot set.
func TestExpiresSoon(t *testing.T) {
	source := strings.Replace(smallTopology, "services:",
		`services: frontend: connects: backend: expires: "2026-11-30"`+"\n\tservices:", 1)
	dir := writeTopology(t, source)
	for _, tt := range []struct {
		today, want string
		code        int
	}{
		{"2026-10-30", "", exitOK},
		{"2026-10-31", "warning: the connection from frontend to backend expires on 2026-11-30 [NG308]", exitOK},
		{"2026-11-30", "warning: the connection from frontend to backend expires on 2026-11-30 [NG308]", exitOK},
		{"2026-12-01", "error: the connection from frontend to backend expired on 2026-11-30 [NG307]", exitFindings},
	} {
		today, err := time.Parse(time.DateOnly, tt.today)
		if err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		code := run([]string{"vet", dir}, strings.NewReader(""), &stdout, &stderr, func() time.Time { return today.Add(23 * time.Hour) })
		if code != tt.code || !strings.Contains(stderr.String(), tt.want) || tt.want == "" && stderr.Len() > 0 {
			t.Errorf("on %s: exit code %d and %q, want %d and %q", tt.today, code, stderr.String(), tt.code, tt.want)
		}
		// The clock changes no output.
		var first, second bytes.Buffer
		run([]string{"build", dir, "-o", "-"}, strings.NewReader(""), &first, &stderr, func() time.Time { return today })
		run([]string{"build", dir, "-o", "-"}, strings.NewReader(""), &second, &stderr, func() time.Time { return today.AddDate(10, 0, 0) })
		if first.Len() == 0 || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("on %s: the output depends on the clock", tt.today)
		}
	}
}
