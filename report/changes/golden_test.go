package changes

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/diag"
	"netgen.dev/proof/diff"
	"netgen.dev/report/changes/changestest"
)

// formats are all of them by the name of a golden file.
var formats = map[string]func(io.Writer, *diff.Diff) error{
	"txt":    func(w io.Writer, d *diff.Diff) error { return Text(w, d, Options{}) },
	"color":  func(w io.Writer, d *diff.Diff) error { return Text(w, d, Options{Color: true}) },
	"md":     func(w io.Writer, d *diff.Diff) error { return Markdown(w, d, Options{}) },
	"json":   func(w io.Writer, d *diff.Diff) error { return JSON(w, d, Options{}) },
	"sarif":  func(w io.Writer, d *diff.Diff) error { return SARIF(w, d, Options{Version: "1.2.3"}) },
	"github": func(w io.Writer, d *diff.Diff) error { return GitHub(w, d, Options{}) },
	"link.md": func(w io.Writer, d *diff.Diff) error {
		return Markdown(w, d, Options{
			Link: func(pos diag.Pos, before bool) string {
				commit := "new"
				if before {
					commit = "old"
				}
				return "https://github.com/acme/net/blob/" + commit + "/" + pos.File
			},
		})
	},
}

func render(t testing.TB, format string, d *diff.Diff) string {
	t.Helper()
	var b bytes.Buffer
	if err := formats[format](&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGolden compares every format with a file; NETGEN_UPDATE=1 writes it anew.
func TestGolden(t *testing.T) {
	for name, d := range map[string]*diff.Diff{"rich": changestest.Rich(), "ordinary": changestest.Ordinary(), "empty": {}} {
		for format := range formats {
			t.Run(name+"."+format, func(t *testing.T) {
				file := filepath.Join("testdata", name+"."+format)
				got := render(t, format, d)
				if os.Getenv("NETGEN_UPDATE") != "" {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestStops sees that every format but the text says why a change is not to pass,
// also where no connection changed; the command says it below the text.
func TestStops(t *testing.T) {
	o := Options{Stops: []Stop{{Message: "shop: the version is still 1.4.0", Pos: changestest.At(3)}}}
	for format, write := range map[string]func(io.Writer, *diff.Diff, Options) error{
		"markdown": Markdown, "json": JSON, "sarif": SARIF, "github": GitHub,
	} {
		for name, d := range map[string]*diff.Diff{"empty": {}, "ordinary": changestest.Ordinary()} {
			var with, without bytes.Buffer
			if err := errors.Join(write(&with, d, o), write(&without, d, Options{})); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(with.String(), "the version is still 1.4.0"); n != 1 || with.Len() <= without.Len() {
				t.Errorf("%s of an %s diff says it %d times:\n%s", format, name, n, &with)
			}
		}
	}
}

func TestDeterministic(t *testing.T) {
	for format := range formats {
		want := render(t, format, changestest.Rich())
		for range 20 {
			if got := render(t, format, changestest.Rich()); got != want {
				t.Fatalf("%s differs from run to run:\n%s", format, cmp.Diff(want, got))
			}
		}
	}
}

// Formats must not change what they are given: the next one gets it too.
func TestDiffIsLeftAlone(t *testing.T) {
	d := changestest.Rich()
	for format := range formats {
		render(t, format, d)
		if diff := cmp.Diff(changestest.Rich(), d, cmp.AllowUnexported(diff.Change{})); diff != "" {
			t.Fatalf("%s changed the diff (-want +got):\n%s", format, diff)
		}
	}
}

// failing takes nothing.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestFailedWritesAreReported(t *testing.T) {
	for format, write := range formats {
		if err := write(failing{}, changestest.Rich()); err == nil {
			t.Errorf("%s says nothing of a write that failed", format)
		}
	}
}
