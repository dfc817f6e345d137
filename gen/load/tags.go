package load

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"

	"netgen.dev/diag"
)

// unknownTags reports the injected values that no @tag of the package takes. CUE
// does, too, but not which there are.
func (s *snapshot) unknownTags(injected []string) diag.List {
	keys, shorthands := s.tags()
	var list diag.List
	for _, tag := range injected {
		key, _, isPair := strings.Cut(tag, "=")
		if !isPair || keys[key] {
			continue // CUE knows whether a word without a value is a shorthand or a condition
		}
		d := diag.Diagnostic{
			Code: diag.Package, Severity: diag.Error, Pos: diag.Pos{File: s.display(s.dir)},
			Message: fmt.Sprintf("no tag for %q", key), Hint: "the package has no @tag",
		}
		switch {
		case shorthands[key]:
			d.Hint = fmt.Sprintf("%s is a shorthand, and takes no value", key)
		case len(keys) == 1:
			d.Hint = "the only @tag of the package is " + someOf(keys)
		case len(keys) > 1:
			d.Hint = "the @tags of the package are " + someOf(keys)
		}
		list = append(list, d)
	}
	return list
}

// Taken is what a package takes from outside.
type Taken struct {
	Keys map[string]bool // of the @tags, which take values
	Any  bool            // whether anything depends on them, on a shorthand or on an @if
}

// TakenBy returns what the package of a request takes, whatever values are injected.
// It reads what Load reads, and no more.
func TakenBy(req Request) Taken {
	s := take(req)
	keys, shorthands := s.tags()
	anything := len(keys)+len(shorthands) > 0
	for _, f := range s.syntax {
		for _, decl := range f.Decls {
			attr, ok := decl.(*ast.Attribute)
			anything = anything || ok && strings.HasPrefix(attr.Text, "@if")
		}
	}
	return Taken{Keys: keys, Any: anything}
}

// tags returns the keys of the @tags of the package, and their shorthands. Those
// of packages that it imports take no values.
func (s *snapshot) tags() (keys, shorthands map[string]bool) {
	keys, shorthands = map[string]bool{}, map[string]bool{}
	for _, name := range s.own {
		ast.Walk(s.syntax[name], func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok {
				return true
			}
			for _, attr := range field.Attrs {
				if is, body := attr.Split(); is == "tag" {
					words := strings.Split(body, ",")
					keys[strings.Trim(strings.TrimSpace(words[0]), `"`)] = true
					for _, word := range words[1:] {
						if names, ok := strings.CutPrefix(strings.TrimSpace(word), "short="); ok {
							for short := range strings.SplitSeq(names, "|") {
								shorthands[short] = true
							}
						}
					}
				}
			}
			return true
		}, nil)
	}
	return keys, shorthands
}

// someOf lists the first names of a set, each as far as a line has place for it.
func someOf(set map[string]bool) string {
	const most, length = 5, 40
	names := slices.Sorted(maps.Keys(set))
	more := len(names) - most
	names = names[:min(len(names), most)]
	for i, name := range names {
		if len(name) > length {
			names[i] = strings.ToValidUTF8(name[:length], "") + "…"
		}
	}
	text := strings.Join(names, ", ")
	if more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
