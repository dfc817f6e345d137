package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"netgen.dev/artifact"
	"netgen.dev/artifact/registry"
	"netgen.dev/gen"
)

// pushFlags are the flags of push.
type pushFlags struct {
	in               inputs
	source, revision string
	dryRun           bool
	insecure         bool
	force            bool
	timeout          time.Duration
}

func (a *app) pushCommand() *cobra.Command {
	var f pushFlags
	cmd := &cobra.Command{
		Use:   "push oci://REGISTRY/REPO[:TAG] [DIR...]",
		Short: "Push the overlays of topologies to an OCI registry",
		Long: `Build the topologies in directories, the working directory by default, and push
what netgen build writes as one artifact, which Flux and Argo CD both pull.
DIR/... is every topology below DIR. As in a build, the policies are proved
first.

The tag is the version of the topologies, if none is given. What is pushed is
printed as REGISTRY/REPO@sha256:…, to be pinned. The same netgen gives the same
files, --source and --revision the same digest: no time is in it, nor anything
about the machine.

A tag that is a version, as 1.4.0 or v1.4.0, means one content for good. Where
the registry has the version with the same files, nothing is pushed, and what is
there is printed; with other files, the push is refused (exit code 3), unless
--force is given. Any other tag moves to what is pushed.

Credentials are those of docker login: $DOCKER_CONFIG/config.json, or
~/.docker/config.json, with its credential helpers. The annotations of the
artifact, which Flux and Argo CD show, name each topology with its version and
the digest of each environment's connectivity.`,
		Example: `  netgen push oci://ghcr.io/acme/policies topologies/shop
  netgen push oci://ghcr.io/acme/policies:main topologies/... \
    --source https://github.com/acme/shop --revision main@sha1:$(git rev-parse HEAD)
  netgen push oci://localhost:5000/policies:test --insecure --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("push needs to know where to: oci://REGISTRY/REPO[:TAG]")
			}
			ref, err := registry.ParseReference(args[0])
			if err != nil {
				return usageError{err}
			}
			if err := f.check(); err != nil {
				return err
			}
			built, err := a.proved(args[1:], &f.in)
			if err != nil {
				return err
			}
			a.unlimited("pushing to " + ref.String())
			return a.push(cmd.Context(), ref, built, &f)
		},
	}
	f.in.register(cmd)
	cmd.Flags().StringVar(&f.source, "source", "", "record the `URL` of the repository that the topologies are in")
	cmd.Flags().StringVar(&f.revision, "revision", "", "record the `REVISION` of the topologies, as in main@sha1:…")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "print the digest, and talk to no registry")
	cmd.Flags().BoolVar(&f.insecure, "insecure", false, "talk plain HTTP to the registry, credentials included")
	cmd.Flags().BoolVar(&f.force, "force", false, "give a version that is in the registry other content")
	cmd.Flags().DurationVar(&f.timeout, "registry-timeout", 2*time.Minute, "give up on the registry after this `TIME`")
	return cmd
}

// check sees that what is recorded is a line that can be shown anywhere.
func (f *pushFlags) check() error {
	for flag, value := range map[string]string{"source": f.source, "revision": f.revision} {
		if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return usagef("--%s is one word of printable ASCII, not %q", flag, value)
		}
	}
	if f.timeout <= 0 {
		return usagef("--registry-timeout is more than nothing, not %s", f.timeout)
	}
	return nil
}

// proved builds topologies and proves them. What was found is shown when it ends
// the command.
func (a *app) proved(args []string, in *inputs) ([]*gen.Built, error) {
	set, err := a.check(args, in)
	if err != nil {
		return nil, err
	}
	var built []*gen.Built
	if !set.list.Failed() {
		built = set.build(true)
	}
	return built, a.show(a.err, set.list, in, set.sources)
}

// push packs what was built, pushes it and prints what it is pinned by.
func (a *app) push(ctx context.Context, ref registry.Reference, built []*gen.Built, f *pushFlags) error {
	ref, err := tagged(ref, built)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, b := range built {
		for _, file := range b.Tree {
			files[file.Path] = file.Data
		}
	}
	packed, err := artifact.Pack(files, f.annotations(built))
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%s, %s", count(len(built), "topology"), count(len(files), "file"))
	result := registry.Result{Digest: packed.Digest()}
	if !f.dryRun {
		result, err = a.send(ctx, ref, packed, f)
		if err != nil {
			return err
		}
	}
	switch {
	case f.dryRun:
		a.say("%s: %s, not pushed", ref, what)
	case result.Kept:
		a.say("%s: has these files already, nothing pushed", ref)
	default:
		a.say("%s: %s pushed", ref, what)
	}
	_, err = fmt.Fprintf(a.out, "%s@%s\n", ref.Name(), result.Digest)
	return err
}
