package kustomize

import (
	"fmt"
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
		{"hash in capitals", lock("a", strings.ToUpper(sum)), "no hash"},
		{"bracket after it", lock("a", sum) + "}", "something follows it"},
		{"path twice", lock("a", sum+`","a":"`+sum), `names "a" twice`},
		{"files twice", `{"files":{"a":"` + sum + `"},"files":{"b":"` + sum + `"}}`, "a field twice"},
		{"files twice, in capitals", `{"files":{"a":"` + sum + `"},"FILES":{"b":"` + sum + `"}}`, "a field twice"},
		{"files that are a list", `{"files":["a"]}`, "not a lock file of netgen"},
		{"longest path", lock(strings.Repeat("a", MaxPath), sum), ""},
		{"longer path", lock(strings.Repeat("a", MaxPath+1), sum), "longer than 1024 bytes"},
		{"most files", many(MaxFiles, sum), ""},
		{"too many files", many(MaxFiles+1, sum), "more than 200000 files"},
		{"too many bytes", lock("a", sum) + strings.Repeat(" ", MaxLock), "larger than 64 MiB"},
	} {
		_, err := ParseLock([]byte(tt.in))
		if got := errorText(err); tt.want == "" && err != nil || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.title, got, tt.want)
		}
	}
}

// many is a lock file with n files.
func many(n int, sum string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"f%d":%q`, i, sum)
	}
	return `{"files":{` + b.String()[1:] + "}}"
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
