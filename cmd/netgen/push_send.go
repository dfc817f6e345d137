package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"

	"netgen.dev/artifact"
	"netgen.dev/artifact/registry"
	"netgen.dev/gen"
)

// tagged returns a reference with a tag: the version of the topologies where
// there is none.
func tagged(ref registry.Reference, built []*gen.Built) (registry.Reference, error) {
	if ref.Tag != "" {
		return ref, nil
	}
	if versions := versionsOf(built); len(versions) > 1 {
		return ref, usagef("%s has no tag, and the topologies have several versions (%s): name a tag, as in oci://%s:main",
			ref.Name(), strings.Join(versions, ", "), ref.Name())
	}
	return ref.WithTag(built[0].System.Version)
}

// versionsOf returns the versions of topologies, each once.
func versionsOf(built []*gen.Built) []string {
	var versions []string
	for _, b := range built {
		versions = append(versions, b.System.Version)
	}
	slices.Sort(versions)
	return slices.Compact(versions)
}

// The annotations that netgen gives an artifact, beside those of OCI.
const (
	topologyAnnotation = "dev.netgen.topology." // and the topology: its version
	digestAnnotation   = "dev.netgen.digest."   // and the topology and the environment: of its connectivity
)

// annotations says what is packed and where it is from, as far as netgen was
// told: what is guessed from the machine would differ from one to the next.
func (f *pushFlags) annotations(built []*gen.Built) map[string]string {
	out := map[string]string{}
	if f.source != "" {
		out["org.opencontainers.image.source"] = f.source
	}
	if f.revision != "" {
		out["org.opencontainers.image.revision"] = f.revision
	}
	if versions := versionsOf(built); len(versions) == 1 {
		out["org.opencontainers.image.version"] = versions[0]
	}
	for _, b := range built {
		out[topologyAnnotation+b.System.Name] = b.System.Version
		for _, env := range b.System.Environments {
			out[digestAnnotation+b.System.Name+"."+env.Name] = env.Digest
		}
	}
	return out
}

// send pushes an artifact until it is interrupted or out of time.
func (a *app) send(ctx context.Context, ref registry.Reference, packed artifact.Artifact, f *pushFlags) (registry.Result, error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	known, err := dockerCredentials()
	if err != nil {
		return registry.Result{}, err
	}
	trustRoots()
	result, err := registry.Push(ctx, ref, packed, registry.Options{
		PlainHTTP:   f.insecure,
		Overwrite:   f.force,
		Credentials: known,
		Transport:   http.DefaultTransport,
		UserAgent:   "netgen/" + version().Version,
	})
	if taken, ok := errors.AsType[*registry.TakenError](err); ok {
		a.say("refused: %s: give the topology a new version, push another tag, or --force", taken)
		return result, errRefused
	}
	switch {
	case errors.Is(err, registry.ErrCredentials):
		return result, fmt.Errorf("%w; docker login %s is where they come from", err, ref.Registry)
	case errors.Is(err, registry.ErrPlainHTTP):
		return result, fmt.Errorf("%w; --insecure talks to it all the same", err)
	}
	return result, err
}

// dockerCredentials returns what looks credentials up as Docker does. Without
// a home directory, as in a container for no user, there are none.
func dockerCredentials() (auth.CredentialFunc, error) {
	if _, err := os.UserHomeDir(); err != nil && os.Getenv("DOCKER_CONFIG") == "" {
		return nil, nil
	}
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("the configuration of Docker cannot be read: %w", err)
	}
	return credentials.Credential(store), nil
}
