package load

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestVirtualRoot sees that nobody can know where CUE looks on the disk: what is
// there would be read as if it were in the repository.
func TestVirtualRoot(t *testing.T) {
	if os.Getenv("SHOW_ROOT") != "" {
		_, _ = os.Stderr.WriteString(virtualRoot)
		os.Exit(0)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{virtualRoot: true}
	for range 2 {
		cmd := exec.Command(exe, "-test.run=^TestVirtualRoot$")
		cmd.Env = append(os.Environ(), "SHOW_ROOT=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(out)] {
			t.Errorf("%s is the root of several runs", out)
		}
		seen[string(out)] = true
		if _, err := os.Lstat(string(out)); !os.IsNotExist(err) {
			t.Errorf("%s is there: %v", out, err)
		}
	}
}

// TestUnknownTag sees that a tag that nothing takes is answered with those there
// are, as many and as much of them as a line holds.
func TestUnknownTag(t *testing.T) {
	var many strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&many, "x%04d%s: string | *\"\" @tag(key%04d%[2]s)\n", i, strings.Repeat("x", 200), i)
	}
	for _, tt := range []struct {
		title, source, tag, want string
	}{
		{"none", "a: 1", "zone=a", "the package has no @tag"},
		{"one", "a: *\"\" | string @tag(env)", "zone=a", "the only @tag of the package is env"},
		{"quoted, typed and nested", "a: {b: *1 | int @tag(\"n\",type=int)}\nc: *\"\" | string @tag(env)", "zone=a", "the @tags of the package are env, n"},
		{"shorthand", "a: *\"\" | \"prod\" @tag(env,short=prod|dev)", "prod=1", "prod is a shorthand, and takes no value"},
		{"many", many.String(), "zone=a", "and 1995 more"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "x.cue"), []byte("package x\n"+tt.source+"\ntopology: {name: \"x\"}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		_, list := Load(Request{Dir: dir, Base: dir, Tags: []string{tt.tag}})
		if len(list) != 1 || !strings.HasPrefix(list[0].Message, "no tag for ") || !strings.HasSuffix(list[0].Hint, tt.want) || len(list[0].Hint) > 300 {
			t.Errorf("%s: %+v, and not %s", tt.title, list, tt.want)
		}
		if _, list := Load(Request{Dir: dir, Base: dir, Tags: []string{"zone"}}); !list.Failed() {
			t.Errorf("%s: a shorthand that is not there is taken", tt.title)
		}
	}
}
