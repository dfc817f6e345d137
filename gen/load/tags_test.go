package load

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestTakenBy sees everything by which a package depends on -t, and reads no link.
func TestTakenBy(t *testing.T) {
	for source, want := range map[string]struct {
		keys []string
		some bool
	}{
		"package a\n":                                           {nil, false},
		"package a\nx: string @tag(k)\n":                        {[]string{"k"}, true},
		"package a\nx: {y: string @tag( k , short=a|b)}\n":      {[]string{"k"}, true},
		"@if(prod)\n\npackage a\nx: 1\n":                        {nil, true},
		"package a\nx: \"@tag(k)\" // @tag(l)\n":                {nil, false},
		"package a\nx: string @tag(k)\ny: string @tag(\"l\")\n": {[]string{"k", "l"}, true},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.cue"), []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
		got := TakenBy(Request{Dir: dir, Base: dir})
		if keys := slices.Sorted(maps.Keys(got.Keys)); !slices.Equal(keys, want.keys) || got.Any != want.some {
			t.Errorf("%q takes %q, %v", source, keys, got.Any)
		}
	}
	elsewhere, dir := t.TempDir(), t.TempDir()
	file := filepath.Join(elsewhere, "a.cue")
	if err := os.WriteFile(file, []byte("package a\nx: string @tag(k)\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, filepath.Join(dir, "a.cue")); err != nil {
		t.Skip("no links here:", err)
	}
	if got := TakenBy(Request{Dir: dir, Base: dir}); got.Any || len(got.Keys) > 0 {
		t.Errorf("a link says what is taken: %v", got)
	}
}
