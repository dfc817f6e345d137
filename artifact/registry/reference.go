package registry

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/mod/semver"
	"oras.land/oras-go/v2/registry"
)

// Reference says where an artifact goes.
type Reference struct {
	Registry   string // a host, perhaps with a port
	Repository string
	Tag        string // may be empty
}

const scheme = "oci://"

var tag = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)

// ParseReference reads oci://REGISTRY/REPO[:TAG].
func ParseReference(s string) (Reference, error) {
	name, ok := strings.CutPrefix(s, scheme)
	switch {
	case !ok:
		return Reference{}, fmt.Errorf("%q does not say that it is in a registry: write oci://REGISTRY/REPO[:TAG]", s)
	case strings.Contains(name, "@"):
		return Reference{}, fmt.Errorf("%q names a digest or a user: a digest is what a push yields, and credentials are in the configuration of Docker", s)
	case !strings.Contains(name, "/"):
		return Reference{}, fmt.Errorf("%q names no repository: write oci://REGISTRY/REPO[:TAG]", s)
	}
	ref, err := registry.ParseReference(name)
	if err != nil || strings.HasSuffix(name, ":") {
		return Reference{}, fmt.Errorf("%q is not oci://REGISTRY/REPO[:TAG]: registries and repositories are lower-case names, ports are numbers", s)
	}
	out := Reference{Registry: ref.Registry, Repository: ref.Repository, Tag: ref.Reference}
	if out.Tag != "" && !tag.MatchString(out.Tag) {
		return Reference{}, fmt.Errorf("%q cannot be a tag: up to 128 letters, digits, points, - and _", out.Tag)
	}
	return out, nil
}

// WithTag returns a reference with another tag.
func (r Reference) WithTag(name string) (Reference, error) {
	if !tag.MatchString(name) {
		return Reference{}, fmt.Errorf("%q cannot be a tag: up to 128 letters, digits, points, - and _", name)
	}
	r.Tag = name
	return r, nil
}

// String returns REGISTRY/REPO:TAG.
func (r Reference) String() string { return r.Name() + ":" + r.Tag }

// Name returns REGISTRY/REPO.
func (r Reference) Name() string { return r.Registry + "/" + r.Repository }

// Release reports whether the tag is a version, and so means one content for
// good. Other tags, as "main" or "1.4", move.
func (r Reference) Release() bool {
	v := "v" + strings.TrimPrefix(r.Tag, "v")
	// semver takes v1 and v1.4 for short forms of a version.
	return semver.IsValid(v) && strings.Count(strings.TrimSuffix(v, semver.Prerelease(v)), ".") == 2
}
