package load

import (
	"strconv"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"netgen.dev/diag"
)

// index finds where a field of the topology is written. It is made from the
// syntax when it is first asked, which is when there is something to report.
type index struct {
	snap  *snapshot
	value func() cue.Value // of the field topology, for fields that CUE computes
	top   *entry
}

// entry is one field: everywhere that it is written, and what is below it.
type entry struct {
	key, value []diag.Pos
	fields     map[string]*entry
}

func (x *index) locate(path []string) (key, value diag.Pos, ok bool) {
	if x.top == nil {
		x.build()
	}
	e := x.top.fields["topology"]
	for _, name := range path {
		if e == nil {
			break
		}
		e = e.fields[name]
	}
	if e != nil && len(e.key) > 0 {
		return e.key[0], e.value[0], true
	}
	return x.computed(path)
}

// computed locates a field that no syntax spells at its path: one that comes
// from a comprehension, a reference or an interpolated label.
func (x *index) computed(path []string) (key, value diag.Pos, ok bool) {
	if x.value == nil || len(path) == 0 {
		return diag.Pos{}, diag.Pos{}, false
	}
	v := x.value()
	for _, name := range path {
		sel := cue.Str(name)
		if i, err := strconv.Atoi(name); err == nil && v.IncompleteKind() == cue.ListKind {
			sel = cue.Index(i)
		}
		v = v.LookupPath(cue.MakePath(sel))
	}
	if !v.Exists() {
		return diag.Pos{}, diag.Pos{}, false
	}
	_, conjuncts := v.Expr()
	for _, c := range append([]cue.Value{v}, conjuncts...) {
		p := c.Pos()
		if pos, ok := x.snap.userPos(p.Filename(), p.Line(), p.Column()); ok {
			return pos, pos, true
		}
	}
	return diag.Pos{}, diag.Pos{}, false
}

func (x *index) build() {
	x.top = &entry{}
	for _, name := range x.snap.own {
		x.decls(x.top, x.snap.syntax[name].Decls)
	}
}

func (x *index) decls(e *entry, decls []ast.Decl) {
	for _, decl := range decls {
		switch d := decl.(type) {
		case *ast.Field:
			name, _, err := ast.LabelName(d.Label)
			if err != nil {
				continue // an interpolation or a pattern
			}
			x.add(e, name, d.Label, d.Value)
		case *ast.EmbedDecl:
			x.expr(e, d.Expr)
		case *ast.Comprehension:
			x.expr(e, d.Value)
		}
	}
}

func (x *index) add(e *entry, name string, key, value ast.Node) {
	child := e.fields[name]
	if child == nil {
		child = &entry{}
		if e.fields == nil {
			e.fields = map[string]*entry{}
		}
		e.fields[name] = child
	}
	child.key = append(child.key, x.pos(key.Pos()))
	child.value = append(child.value, x.pos(value.Pos()))
	x.expr(child, value)
}

// expr descends into what an expression says about the fields of e.
func (x *index) expr(e *entry, expr ast.Node) {
	switch n := expr.(type) {
	case *ast.StructLit:
		x.decls(e, n.Elts)
	case *ast.BinaryExpr:
		if n.Op == token.AND {
			x.expr(e, n.X)
			x.expr(e, n.Y)
		}
	case *ast.ParenExpr:
		x.expr(e, n.X)
	case *ast.Alias:
		x.expr(e, n.Expr)
	case *ast.ListLit:
		for i, elt := range n.Elts {
			x.add(e, strconv.Itoa(i), elt, elt)
		}
	}
}

func (x *index) pos(p token.Pos) diag.Pos {
	return x.snap.pos(p.Filename(), p.Line(), p.Column())
}
