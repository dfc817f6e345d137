package topology

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"

	"netgen.dev/diag"
)

// Locator returns where the field at a path below topology is written: the
// places of its key and of its value. ok is false where it is not written.
type Locator func(path []string) (key, value diag.Pos, ok bool)

// at says which part of a field a finding is about.
type at int

const (
	atKey at = iota
	atValue
)

// reporter collects findings about one environment, or about the topology as
// such where env is "".
type reporter struct {
	locate Locator
	env    string
	list   *diag.List

	// holes are the parts of the model that could not be read, by the name that
	// part gives them: what a rule says of such a part is not to be trusted.
	holes map[string]bool
	rules bool // the rules are speaking, not the decoder
}

// part names the part of the model that a path is in: a service, group, peer or
// invariant, or else a field of the topology.
func part(path []string) string {
	if len(path) > 1 && slices.Contains([]string{"services", "groups", "peers", "invariants"}, path[0]) {
		return path[0] + "." + path[1]
	}
	if len(path) > 0 {
		return path[0]
	}
	return ""
}

// hole reports whether the part of the model with a path could not be read.
func (r *reporter) hole(path ...string) bool { return r.holes[part(path)] }

// errorf reports an error about the field at path of the model and returns it,
// for hints and related places to be added.
func (r *reporter) errorf(code diag.Code, path []string, where at, format string, args ...any) *diag.Diagnostic {
	if r.rules && r.hole(path...) {
		return &diag.Diagnostic{} // the hole has been reported, and is the cause
	}
	pos, full := r.find(path, where)
	*r.list = append(*r.list, diag.Diagnostic{
		Code: code, Severity: diag.Error, Pos: pos, Path: strings.Join(full, "."), Message: fmt.Sprintf(format, args...),
	})
	return &(*r.list)[len(*r.list)-1]
}

func (r *reporter) warnf(code diag.Code, path []string, where at, format string, args ...any) *diag.Diagnostic {
	d := r.errorf(code, path, where, format, args...)
	d.Severity = diag.Warning
	return d
}

func (r *reporter) problem(p *problem, path []string, where at) {
	if p == nil {
		return
	}
	r.holes[part(path)] = true
	d := r.errorf(p.code, path, where, "%s", p.message)
	d.Hint = p.hint
	if p.code == diag.Type && len(path) > 0 {
		d.Message = strings.Join(path, ".") + " " + p.message
	}
}

// find returns where the field at path of the model is written, and its full
// path: in the environment if it says anything there, else in the topology.
// What is not written at all is where the nearest thing around it is.
func (r *reporter) find(path []string, where at) (diag.Pos, []string) {
	for n := len(path); ; n-- {
		if r.env != "" {
			full := append([]string{"environments", r.env}, path[:n]...)
			if key, value, ok := r.locate(full); ok && n > 0 {
				return pick(key, value, where, n == len(path)), full
			}
		}
		if key, value, ok := r.locate(path[:n]); ok {
			return pick(key, value, where, n == len(path)), path
		}
		if n == 0 {
			return diag.Pos{}, path
		}
	}
}

// Find returns where the field at a path of the model of an environment is
// written, or else the nearest thing around it.
func Find(locate Locator, env string, path []string) diag.Pos {
	pos, _ := (&reporter{locate: locate, env: env}).find(path, atKey)
	return pos
}

func pick(key, value diag.Pos, where at, exact bool) diag.Pos {
	if where == atValue && exact {
		return value
	}
	return key
}

// related adds a second place to d: that of the field at path.
func (r *reporter) related(d *diag.Diagnostic, path []string, message string) {
	if pos, _ := r.find(path, atKey); pos != (diag.Pos{}) {
		d.Related = append(d.Related, diag.Related{Pos: pos, Message: message})
	}
}

// nearest returns the candidate that s is most likely a slip of, or "".
func nearest(s string, candidates []string) string {
	slices.Sort(candidates)
	best, distance := "", 1+max(1, (len(s)+1)/3)
	for _, c := range candidates {
		if d := levenshtein.Distance(s, c, nil); d < distance {
			best, distance = c, d
		}
	}
	return best
}

func didYouMean(name string) string { return fmt.Sprintf("did you mean %q?", name) }

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strconv.Quote(n)
	}
	return strings.Join(out, ", ")
}
