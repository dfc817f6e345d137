package main

import (
	"io/fs"
	"path/filepath"
	"strings"

	"netgen.dev/diag"
	"netgen.dev/gen/load"
)

// leftOut adds the packages below DIR/... that hold no topology and look as if they
// were to. Where everything is rendered, what one of them should have said would be
// missing, and be deleted by pruning. What another package of the run imports, or has
// as its parent, is there for that.
func (a *app) leftOut(args []string, set *checkedSet, base string) error {
	used, seen := map[string]bool{}, map[string]bool{}
	for file := range set.sources {
		used[filepath.Dir(filepath.FromSlash(file))] = true
	}
	for _, arg := range args {
		name, recursive := strings.CutSuffix(filepath.ToSlash(arg), "...")
		if !recursive {
			continue
		}
		top, err := a.path(filepath.FromSlash(name))
		if err != nil {
			return err
		}
		err = filepath.WalkDir(top, func(dir string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case !d.IsDir():
				return nil
			case dir != top && skipped(d.Name()):
				return fs.SkipDir
			case used[filepath.FromSlash(relative(base, dir))] || seen[dir]:
				return nil
			}
			seen[dir] = true
			if meant, ok := load.MeantTopology(dir); ok {
				set.addMissing(meant, base)
			}
			return nil
		})
		if err != nil {
			return reason(err)
		}
	}
	return nil
}

// skipped reports whether DIR/... leaves out directories of a name, as the cue command
// does.
func skipped(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "cue.mod"
}

func (set *checkedSet) addMissing(meant load.Meant, base string) {
	meant.Pos.File = relative(base, meant.Pos.File)
	d := diag.Diagnostic{
		Code: diag.Empty, Severity: diag.Error, Pos: meant.Pos,
		Message: "the package " + meant.What + ", and has no field topology",
		Hint:    "declare it: topology: schema.#Topology & {…}; or move what others are to share to cue.mod/pkg, or to a directory whose name starts with _",
	}
	if meant.Misspelt {
		d.Hint = `did you mean "topology"?`
	}
	set.list = append(set.list, d)
	set.sources[d.Pos.File] = meant.Source
}
