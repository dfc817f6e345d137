package registry

import (
	"fmt"
	"regexp"
	"strings"

	"oras.land/oras-go/v2/registry"
)

// Reference says where an artifact goes.
type Reference struct {
	Registry   string // a host, perhaps with a port
	Repository string
	Tag        string // may be empty
}

const scheme = "oci://"

var version = regexp.MustCompile(`^v?[0-9]+\.[0-9]+\.[0-9]+(-.*)?$`)

// host is what a registry is called, perhaps with a port. What reads references
// elsewhere takes anything that an address can have there.
var host = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$`)

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
	if err != nil || strings.HasSuffix(name, ":") || !host.MatchString(ref.Registry) {
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
// good. Other tags, as "main" or "1.4", move. What looks like a version is one, also
// where it breaks a rule for them, as 1.4.0-01 does: nobody expects it to move.
func (r Reference) Release() bool { return version.MatchString(r.Tag) }
