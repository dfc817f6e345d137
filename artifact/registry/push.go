// Package registry pushes an artifact to a registry. It is thin: what is pushed
// is made by package artifact, and who pushes, how and over which connection is
// for the caller to say.
package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/opencontainers/go-digest"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/retry"

	"netgen.dev/artifact"
)

// Options are how to push.
type Options struct {
	PlainHTTP   bool
	Overwrite   bool // give a version other content
	Credentials auth.CredentialFunc
	Transport   http.RoundTripper
	UserAgent   string
}

// Result is what the registry holds after a push.
type Result struct {
	Digest string // of the manifest that the tag names
	Kept   bool   // the version had the same files before, and nothing was pushed
}

// manifestLimit is more than any manifest of netgen's has, and than registries
// take.
const manifestLimit = 4 << 20

// Push pushes an artifact under the tag of a reference. What answers with a
// passing failure is asked again a few times.
//
// A version means one content for good: where it has the same files already it
// is left as it is, and where it has others, the push fails with a TakenError. So
// does the first of two pushes at once of which the second took the version.
func Push(ctx context.Context, ref Reference, a artifact.Artifact, o Options) (Result, error) {
	repo, err := repository(ref, o)
	if err != nil {
		return Result{}, err
	}
	if ref.Release() && !o.Overwrite {
		there, err := find(ctx, repo, ref, a)
		if err != nil || there != "" {
			return Result{Digest: there, Kept: true}, explain(ctx, ref, err)
		}
	}
	for _, b := range []artifact.Blob{a.Config, a.Layer} {
		there, err := repo.Blobs().Exists(ctx, b.Descriptor)
		if err == nil && !there {
			err = repo.Blobs().Push(ctx, b.Descriptor, bytes.NewReader(b.Content))
		}
		if err != nil {
			return Result{}, explain(ctx, ref, err)
		}
	}
	// The manifest is last: until it is there, the tag means what it meant.
	err = repo.Manifests().PushReference(ctx, a.Manifest.Descriptor, bytes.NewReader(a.Manifest.Content), ref.Tag)
	if err != nil {
		return Result{}, explain(ctx, ref, err)
	}
	if !ref.Release() || o.Overwrite {
		return Result{Digest: a.Digest()}, nil
	}
	// Registries know no push that fails where there is a tag: another one may have
	// looked as well, found none, and pushed after this one.
	there, err := find(ctx, repo, ref, a)
	if err == nil && there == "" {
		err = errors.New("it took the version and does not have it")
	}
	if err != nil {
		return Result{}, explain(ctx, ref, err)
	}
	return Result{Digest: there, Kept: there != a.Digest()}, nil
}

func repository(ref Reference, o Options) (*remote.Repository, error) {
	repo, err := remote.NewRepository(ref.Name())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref.Name(), err)
	}
	client := &auth.Client{
		Client:     &http.Client{Transport: retry.NewTransport(o.Transport)},
		Credential: o.Credentials,
		Cache:      auth.NewCache(),
	}
	client.SetUserAgent(o.UserAgent)
	repo.Client = client
	repo.PlainHTTP = o.PlainHTTP
	return repo, nil
}

// find returns the digest of what the tag names if that holds the same files,
// and nothing if the tag names nothing.
func find(ctx context.Context, repo *remote.Repository, ref Reference, a artifact.Artifact) (string, error) {
	desc, body, err := repo.Manifests().FetchReference(ctx, ref.Tag)
	if errors.Is(err, errdef.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer body.Close() //nolint:errcheck // all of it was read, or there is an error
	manifest, err := io.ReadAll(io.LimitReader(body, manifestLimit))
	if err != nil {
		return "", err
	}
	// What the registry says in a header is not what it sent.
	got := digest.FromBytes(manifest)
	if got != desc.Digest {
		return "", fmt.Errorf("the registry says that the manifest is %s, and it is %s", desc.Digest, got)
	}
	same, err := a.HoldsSame(manifest)
	if err != nil || !same {
		return "", &TakenError{Reference: ref, Digest: got.String()}
	}
	return got.String(), nil
}
