package registry_test

import (
	"regexp"
	"testing"

	"netgen.dev/artifact/registry"
)

// What is shown of a reference, and put into addresses, has no other characters.
var (
	host = regexp.MustCompile(`^[A-Za-z0-9._:\[\]-]+$`)
	name = regexp.MustCompile(`^[a-z0-9][a-z0-9._/-]*$`)
	tag  = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)
)

// FuzzReference reads whatever somebody may push to: what is taken is what was
// written, and nothing of it can be another address.
func FuzzReference(f *testing.F) {
	for _, seed := range []string{
		"oci://ghcr.io/acme/policies", "oci://127.0.0.1:5000/a:v1", "oci://a/b@sha256:x", "oci://a:b@c/d", "oci://[::1]:80/a", "oci://a/../b",
		"oci://a/b?c", "oci://a/b#c", "oci://a/b:\x1b", "oci://a\n/b", "oci:///a", "oci://a/B", "oci://a%2f/b", "http://a/b", "oci://!/0", "oci://a\u202e/b:1.0.0+x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := registry.ParseReference(s)
		if err != nil {
			return
		}
		if !host.MatchString(r.Registry) || !name.MatchString(r.Repository) || !tag.MatchString(r.Tag) {
			t.Errorf("%q is %+v", s, r)
		}
		written := "oci://" + r.Name()
		if r.Tag != "" {
			written = "oci://" + r.String()
		}
		if written != s {
			t.Errorf("%q is %q", s, written)
		}
		if again, err := registry.ParseReference(written); err != nil || again != r {
			t.Errorf("%q is %+v and then %+v, %v", s, r, again, err)
		}
	})
}
