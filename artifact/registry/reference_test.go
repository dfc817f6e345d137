package registry

import (
	"strings"
	"testing"
)

func TestParseReference(t *testing.T) {
	for in, want := range map[string]Reference{
		"oci://ghcr.io/acme/policies":          {"ghcr.io", "acme/policies", ""},
		"oci://ghcr.io/acme/policies:main":     {"ghcr.io", "acme/policies", "main"},
		"oci://localhost:5000/policies:1.4.0":  {"localhost:5000", "policies", "1.4.0"},
		"oci://127.0.0.1:5000/a/b/c:v1.4.0-rc": {"127.0.0.1:5000", "a/b/c", "v1.4.0-rc"},
	} {
		if got, err := ParseReference(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{
		"", "oci://", "ghcr.io/acme/policies", "https://ghcr.io/acme/policies", "oci://policies", "oci:///acme", "oci://ghcr.io/",
		"oci://ghcr.io/Acme", "oci://ghcr.io/acme:", "oci://ghcr.io/acme:-x", "oci://ghcr.io/acme@sha256:" + strings.Repeat("0", 64),
		"oci://user:secret@ghcr.io/acme", "oci://ghcr.io/acme/../x", "oci://ghcr.io/acme?x=y", "oci://ghcr.io/acme:" + strings.Repeat("x", 129),
	} {
		if got, err := ParseReference(in); err == nil {
			t.Errorf("%q is taken for %+v", in, got)
		}
	}
}

func TestRelease(t *testing.T) {
	for tag, want := range map[string]bool{
		"1.4.0": true, "v1.4.0": true, "1.4.0-rc.1": true, "v0.0.1": true, "1.4.0-a.b.c": true, "1.4.0-01": true, "01.4.0": true, "1.4.0-": true, "v1.4.0-rc..1": true,
		"": false, "main": false, "1": false, "1.4": false, "v1": false, "v1.4": false, "latest": false, "1.4.0.1": false, "1.4.0_1": false, "vv1.4.0": false,
	} {
		if got := (Reference{Tag: tag}).Release(); got != want {
			t.Errorf("%q is a release: %v", tag, got)
		}
	}
}

func TestWithTag(t *testing.T) {
	ref := Reference{Registry: "ghcr.io", Repository: "acme/policies"}
	got, err := ref.WithTag("1.4.0")
	if err != nil || got.String() != "ghcr.io/acme/policies:1.4.0" || got.Name() != "ghcr.io/acme/policies" {
		t.Errorf("%v %v", got, err)
	}
	if _, err := ref.WithTag("1.4.0+build"); err == nil {
		t.Error("a tag cannot have a +")
	}
}
