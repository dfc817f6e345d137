package revision

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// unambiguous refuses a revision whose name several refs have. git takes the tag
// then, and whoever may push a tag named as the branch that a change is compared with
// would decide what it is compared with. For the same reason a full name is that ref
// or nothing: git would look for a tag of that name.
func (r *Repository) unambiguous(ctx context.Context, rev string) error {
	name := rev
	if i := strings.IndexAny(rev, "~^:"); i >= 0 {
		name = rev[:i]
	}
	name, _, _ = strings.Cut(name, "@{")
	if name == "" || name == "HEAD" || name == "@" {
		return nil
	}
	full := strings.HasPrefix(name, "refs/")
	candidates := []string{name}
	if !full {
		candidates = []string{"refs/" + name, "refs/tags/" + name, "refs/heads/" + name, "refs/remotes/" + name, "refs/remotes/" + name + "/HEAD"}
	}
	out, err := r.git(ctx, nil, append([]string{"for-each-ref", "--format=%(refname)", "--"}, candidates...)...)
	if err != nil {
		return err
	}
	// A pattern also matches what is below it.
	there := slices.DeleteFunc(strings.Fields(string(out)), func(ref string) bool { return !slices.Contains(candidates, ref) })
	switch {
	case full && len(there) == 0:
		return r.absent(ctx, rev)
	case len(there) > 1:
		return fmt.Errorf("%q is ambiguous: there are %s: name one of them in full", rev, strings.Join(there, " and "))
	}
	return nil
}

// Shown returns a revision as a reader knows it: a branch by its short name.
func Shown(name string) string {
	for _, prefix := range []string{"refs/heads/", "refs/remotes/"} {
		if short, ok := strings.CutPrefix(name, prefix); ok {
			return short
		}
	}
	return name
}
