package changes

import (
	"slices"
	"strings"
	"testing"

	"netgen.dev/report/changes/changestest"
)

// annotation is a workflow command as the runner reads it: properties end at the
// first "::", are divided by "," and "=", and are unescaped last.
type annotation struct {
	level, message string
	properties     map[string]string
}

func annotations(t *testing.T, out string) []annotation {
	t.Helper()
	data := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%")
	property := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%", "%3A", ":", "%2C", ",")
	var all []annotation
	for line := range strings.Lines(out) {
		head, message, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(line, "::"), "\n"), "::")
		level, rest, _ := strings.Cut(head, " ")
		if !ok || !strings.HasPrefix(line, "::") {
			t.Fatalf("not a command: %q", line)
		}
		a := annotation{level, data.Replace(message), map[string]string{}}
		for pair := range strings.SplitSeq(rest, ",") {
			key, value, _ := strings.Cut(pair, "=")
			a.properties[key] = property.Replace(value)
		}
		all = append(all, a)
	}
	return all
}

func TestAnnotationsAreReadAsWritten(t *testing.T) {
	for _, s := range append([]string{"plain"}, changestest.Hostile...) {
		files := 0
		for _, a := range annotations(t, render(t, "github", changestest.Poisoned(s))) {
			if !slices.Contains([]string{"error", "warning", "notice"}, a.level) || !strings.HasPrefix(a.properties["title"], "netgen diff") {
				t.Errorf("%.40q: the command is %+v", s, a)
			}
			for key := range a.properties {
				if !slices.Contains([]string{"file", "line", "title"}, key) {
					t.Errorf("%.40q: there is a property %q", s, key)
				}
			}
			if file, ok := a.properties["file"]; ok {
				files++
				if file != clean(s) {
					t.Errorf("the file is %q, want %q", file, clean(s))
				}
			}
			if !strings.Contains(a.message, "more change") && !strings.Contains(a.message, clean(s)) {
				t.Errorf("%.40q is not in %q", s, a.message)
			}
		}
		if files == 0 {
			t.Errorf("%.40q: no command names a file", s)
		}
	}
}

// A line of the old file is another line of the new one.
func TestAnnotationsHaveNoOldLines(t *testing.T) {
	for _, a := range annotations(t, render(t, "github", changestest.Rich())) {
		if _, line := a.properties["line"]; line == strings.Contains(a.message, "was at ") && a.properties["file"] != "" {
			t.Errorf("%+v", a)
		}
	}
}
