package changes

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"

	"netgen.dev/proof/diff"
)

// The bumps of a version, by what they promise to those who rely on it.
const (
	NoBump = "none"
	Patch  = "patch"
	Minor  = "minor"
	Major  = "major"
)

// Bump returns the bump that what changed in a topology needs: whoever relies on
// a path that is closed has to be told, which is what a major version does. Before
// 1.0.0 all moves one place to the right, as is the custom.
func Bump(t diff.Topology) string {
	narrowed, widened := effects(t)
	initial := semver.Major("v"+t.OldVersion) == "v0"
	switch {
	case narrowed > 0 && initial:
		return Minor
	case narrowed > 0:
		return Major
	case widened > 0 && initial:
		return Patch
	case widened > 0:
		return Minor
	}
	return NoBump
}

// effects counts the changes by which something no longer passes, and those by
// which something passes that did not: a change can be both.
func effects(t diff.Topology) (narrowed, widened int) {
	for _, r := range rows(&t) {
		if closes(r.Change) {
			narrowed++
		}
		if stops(GateWidened, r.Change) {
			widened++
		}
	}
	return narrowed, widened
}

// Released is what the lock file says was generated last, and which environments
// are not as they were then.
type Released struct {
	Version string
	Changed []string // environments
}

// Problem is a version that does not fit what changed.
type Problem struct {
	Topology string
	Message  string // lower case, no full stop
	Hint     string
	Needed   string // the least version that fits
}

// CheckVersion holds the version of a topology against what changed in it, and
// against what was released under that version already. rewritten are the files that
// netgen build writes from both sides and that differ, whether or not anything else
// passes: once a version is pushed, it means the files that it was pushed with. A
// topology without a version before or after has none to hold.
func CheckVersion(t diff.Topology, released *Released, rewritten []string) []Problem {
	if t.OldVersion == "" || t.NewVersion == "" {
		return unreleased(t, released, NoBump)
	}
	old, new := "v"+t.OldVersion, "v"+t.NewVersion
	for _, v := range []string{old, new} {
		if !semver.IsValid(v) {
			return []Problem{problem(t, "", "%q is not a semantic version", v[1:])}
		}
	}
	bump := Bump(t)
	needed := bumped(old, bump)
	switch {
	case semver.Compare(new, old) < 0:
		if bump == NoBump {
			needed = bumped(old, Patch)
		}
		return []Problem{problem(t, needed, "version %s is below %s, which it was", t.NewVersion, t.OldVersion)}
	case bump != NoBump && (semver.Compare(new, old) == 0 || semver.Compare(core(new), needed) < 0):
		declared := "version " + t.NewVersion
		if semver.Compare(new, old) == 0 {
			declared = "the version is still " + t.NewVersion
		}
		return []Problem{problem(t, needed, "%s, and %s: that needs a %s version", declared, because(t), bump)}
	}
	if found := unreleased(t, released, bump); len(found) > 0 || semver.Compare(new, old) != 0 || len(rewritten) == 0 {
		return found
	}
	return []Problem{problem(t, bumped(old, Patch), "the version is still %s, and netgen build writes other files (%s): netgen push refuses a version that was pushed with other files",
		t.NewVersion, someOf(rewritten))}
}

// someOf names the first of some files, and counts the others.
func someOf(files []string) string {
	if len(files) == 1 {
		return files[0]
	}
	return fmt.Sprintf("%s and %d more", files[0], len(files)-1)
}

// unreleased holds the version against what was released under it.
func unreleased(t diff.Topology, released *Released, bump string) []Problem {
	new := "v" + t.NewVersion
	if released == nil || len(released.Changed) == 0 || !semver.IsValid(new) || semver.Compare("v"+released.Version, new) != 0 {
		return nil
	}
	if bump == NoBump {
		bump = Patch
	}
	return []Problem{problem(t, bumped(new, bump), "version %s is released with other policies for %s",
		t.NewVersion, strings.Join(released.Changed, ", "))}
}

func problem(t diff.Topology, needed, format string, args ...any) Problem {
	p := Problem{Topology: t.Name, Message: clean(fmt.Sprintf(format, args...)), Hint: `write it like "1.4.0"`}
	if needed != "" {
		p.Needed = strings.TrimPrefix(needed, "v")
		p.Hint = fmt.Sprintf("write version: %q, or a later one", p.Needed)
	}
	return p
}

// because says in words what calls for a bump.
func because(t diff.Topology) string {
	narrowed, widened := effects(t)
	if narrowed > 0 {
		return fmt.Sprintf("something that passed no longer does (%s)", plural(narrowed, "change"))
	}
	return fmt.Sprintf("something passes that did not (%s)", plural(widened, "change"))
}

// core returns a version without pre-release and build.
func core(v string) string {
	v = semver.Canonical(v)
	return strings.TrimSuffix(v, semver.Prerelease(v))
}

// bumped returns the least release after v with a bump. A pre-release is on its
// way to a release, so it has made that bump already.
func bumped(v, bump string) string {
	pre := semver.Prerelease(v) != ""
	v = core(v)
	parts := strings.Split(v[1:], ".")
	var n [3]uint64
	for i, part := range parts {
		// A number that does not fit is above any that can be asked for.
		n[i], _ = strconv.ParseUint(part, 10, 63)
	}
	switch {
	case bump == NoBump:
		return v
	case bump == Patch && pre, bump == Minor && pre && n[2] == 0, bump == Major && pre && n[1] == 0 && n[2] == 0:
		return v
	case bump == Major:
		n[0], n[1], n[2] = n[0]+1, 0, 0
	case bump == Minor:
		n[1], n[2] = n[1]+1, 0
	default:
		n[2]++
	}
	return fmt.Sprintf("v%d.%d.%d", n[0], n[1], n[2])
}
