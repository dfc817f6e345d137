package kustomize

import (
	"io/fs"
	"strings"
	"testing"
)

func TestParseLock(t *testing.T) {
	sum := Hash([]byte("x"))
	lock := func(name, sum string) string {
		return `{"generated":"","schema":"netgen.dev/v1","topology":"a","version":"1.0.0","environments":{},"files":{"` + name + `":"` + sum + `"}}`
	}
	for _, tt := range []struct{ title, in, want string }{
		{"good", lock("base/a.yaml", sum), ""},
		{"not JSON", "files:", "not a lock file of netgen"},
		{"unknown field", `{"files":{},"owner":"me"}`, "not a lock file of netgen"},
		{"two values", lock("a", sum) + "{}", "something follows it"},
		{"parent", lock("../a", sum), "not a path below it"},
		{"hidden parent", lock("a/../../b", sum), "not a path below it"},
		{"absolute", lock("/etc/hosts", sum), "not a path below it"},
		{"drive", lock("c:/a", sum), "not a path below it"},
		{"backslash", lock(`..\\a`, sum), "not a path below it"},
		{"itself", lock(".", sum), "not a path below it"},
		{"no hash", lock("a", "sha256:abc"), "no hash"},
	} {
		_, err := ParseLock([]byte(tt.in))
		if got := errorText(err); tt.want == "" && err != nil || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.title, got, tt.want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func FuzzParseLock(f *testing.F) {
	f.Add([]byte(`{"files":{"a":"` + Hash(nil) + `"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := ParseLock(data)
		if err != nil {
			return
		}
		for name := range l.Files {
			if !fs.ValidPath(name) {
				t.Errorf("%q is not below the lock file", name)
			}
		}
	})
}
