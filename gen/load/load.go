package load

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/format"
	cueload "cuelang.org/go/cue/load"
	"cuelang.org/go/cue/parser"

	"netgen.dev/diag"
	"netgen.dev/schema"
)

// Request says which package to load.
type Request struct {
	Dir  string   // directory of the package, absolute
	Base string   // directory, absolute, that paths in diagnostics are relative to
	Tags []string // injected values, key=value or key, as cue -t takes them
	// Evaluate has CUE evaluate also what is plain data.
	Evaluate bool
	// Embed lets files embed others of the module, as @embed has it.
	Embed bool
}

// Written is a topology as it is written: plain data and where it stands.
type Written struct {
	// Data is the value of the field topology: map[string]any, []any, string,
	// json.Number, bool or nil. Where CUE itself found a mistake, the data is
	// what the mistake left, for more mistakes to be found in.
	Data map[string]any
	// Refusals are what the schema does not accept. Package topology checks all
	// of that and more in better words; they matter when it finds nothing.
	Refusals diag.List
	// Plain says that the data is what the syntax says, without an evaluation.
	// Where anything is wrong with it, CUE has more to say.
	Plain bool
	// Sources are the files of the package, by the path that positions name.
	Sources map[string][]byte

	index *index
}

// Locate returns the places of the field at path below topology: of its key
// and of its value. ok is false where no file of the user has the field.
func (w *Written) Locate(path []string) (key, value diag.Pos, ok bool) {
	return w.index.locate(path)
}

// Load loads one package. The result is nil only where no data could be had.
func Load(req Request) (*Written, diag.List) {
	snap := take(req)
	w := &Written{Sources: map[string][]byte{}, index: &index{snap: snap}}
	for name, data := range snap.all {
		w.Sources[snap.display(name)] = data
	}
	if snap.list.Failed() {
		return w, snap.list
	}
	if data, ok := snap.plain(req.Tags); ok && !req.Evaluate {
		// Nothing is computed, so the syntax has the place of every field.
		w.Data, w.Plain = data, true
		return w, nil
	}
	value, refusals := evaluate(snap, req.Tags, schema.Source, diag.Schema)
	if len(refusals) == 0 {
		data, err := export(value)
		if err == nil {
			w.Data = data
			// The value is much larger than the data, and seldom asked again.
			w.index.value = sync.OnceValue(func() cue.Value {
				again, _ := evaluate(snap, req.Tags, schema.Source, diag.Schema)
				return again
			})
			return w, nil
		}
	}
	// Something is wrong. Without the schema, what remains of CUE's errors are
	// the user's own contradictions, and the data shows all other mistakes.
	value, list := evaluate(snap, req.Tags, openSchema(), diag.Evaluation)
	list = slices.DeleteFunc(list, func(d diag.Diagnostic) bool {
		return strings.HasPrefix(d.Message, "incomplete value ") // the harvest names it
	})
	w.index.value = func() cue.Value { return value }
	h := harvester{index: w.index, snap: snap}
	data, ok := h.harvest(value, nil)
	if w.Data, _ = data.(map[string]any); ok && w.Data == nil {
		_, pos, _ := w.index.locate(nil)
		h.list = append(h.list, diag.Diagnostic{
			Code: diag.Type, Severity: diag.Error, Pos: pos, Message: "topology must be a struct",
		})
	}
	if list = append(list, h.list...); len(list) == 0 {
		list = h.structs
	}
	if !list.Failed() {
		w.Refusals = refusals
	}
	return w, list
}

// virtualRoot is where CUE believes the module to be. CUE adds to the snapshot what
// the disk has in the same place, so it is another one in every run: nobody can put
// files where they would be read. The file system of a cueload.Config would do
// without the disk, but as of v0.17.1 finds no package below cue.mod/pkg.
var virtualRoot = "/netgen-" + rand.Text()

// evaluate builds the package against a schema and returns the value of the
// field topology. Errors in values get the given code.
func evaluate(snap *snapshot, tags []string, schemaSource []byte, code diag.Code) (cue.Value, diag.List) {
	cfg := &cueload.Config{
		Dir:        path.Join(virtualRoot, snap.dir),
		ModuleRoot: virtualRoot,
		Package:    snap.pkg,
		Overlay:    overlay(snap, schemaSource),
		Tags:       tags,
		Env:        []string{},
		Registry:   noRegistry{},
	}
	inst := cueload.Instances([]string{"."}, cfg)[0]
	if inst.Err != nil {
		if list := snap.unknownTags(tags); list.Failed() {
			return cue.Value{}, list
		}
		return cue.Value{}, snap.cueErrors(inst.Err, diag.Package)
	}
	root := newContext(snap).BuildInstance(inst)
	value := root.LookupPath(cue.ParsePath("topology"))
	if !value.Exists() {
		if err := root.Validate(); err != nil {
			return value, snap.cueErrors(err, code)
		}
		return value, diag.List{{
			Code: diag.Empty, Severity: diag.Error, Pos: snap.pos(snap.own[0], 1, 1),
			Message: fmt.Sprintf("package %s has no field topology", snap.pkg),
			Hint:    "declare it: topology: schema.#Topology & {…}",
		}}
	}
	if err := root.Validate(); err != nil {
		return value, snap.cueErrors(err, code)
	}
	// A reference to a field that is not there is no error to CUE as long as it
	// might come: it is one where the value has to be concrete, and would
	// otherwise leave an empty struct behind.
	if err := value.Validate(cue.Concrete(true)); err != nil {
		return value, snap.cueErrors(err, code)
	}
	return value, nil
}

// overlay returns the snapshot as CUE's loader takes it, with the schema of
// the binary in place of any copy in the module.
func overlay(snap *snapshot, schemaSource []byte) map[string]cueload.Source {
	files := map[string]cueload.Source{}
	schemaDir := path.Join("cue.mod/pkg", schema.ImportPath)
	if snap.module != "" && strings.HasPrefix(schema.ImportPath, snap.module+"/") {
		schemaDir = strings.TrimPrefix(schema.ImportPath, snap.module+"/")
	}
	for name, data := range snap.files {
		if path.Dir(name) != schemaDir {
			files[path.Join(virtualRoot, name)] = cueload.FromBytes(data)
		}
	}
	if _, ok := snap.files["cue.mod/module.cue"]; !ok {
		module := "module: \"topology.invalid\"\nlanguage: version: \"v0.17.0\"\n"
		files[path.Join(virtualRoot, "cue.mod/module.cue")] = cueload.FromString(module)
	}
	files[path.Join(virtualRoot, schemaDir, "topology.cue")] = cueload.FromBytes(schemaSource)
	return files
}

// openSchema returns the schema with every definition open to anything.
func openSchema() []byte {
	f, err := parser.ParseFile("topology.cue", schema.Source)
	if err != nil {
		panic(fmt.Sprintf("load: the embedded schema does not parse: %v", err))
	}
	for _, decl := range f.Decls {
		if field, ok := decl.(*ast.Field); ok {
			field.Value = ast.NewIdent("_")
		}
	}
	out, err := format.Node(f)
	if err != nil {
		panic(fmt.Sprintf("load: the embedded schema does not format: %v", err))
	}
	return out
}

// export returns the concrete data of a valid value.
func export(v cue.Value) (map[string]any, error) {
	// MarshalJSON is the cheapest way out of CUE, and fails on what is open.
	out, err := v.MarshalJSON()
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	dec.UseNumber()
	var data map[string]any
	if err := dec.Decode(&data); err != nil {
		return nil, err
	}
	return data, nil
}

// cueErrors turns what CUE says into diagnostics at the user's places.
func (s *snapshot) cueErrors(err error, code diag.Code) diag.List {
	var list diag.List
	for _, e := range cueerrors.Errors(err) {
		list = append(list, s.cueError(e, code))
	}
	return list
}

func (s *snapshot) cueError(e cueerrors.Error, code diag.Code) diag.Diagnostic {
	d := diag.Diagnostic{
		Code: code, Severity: diag.Error, Path: strings.TrimPrefix(strings.Join(e.Path(), "."), "topology."),
		Message: withoutRoot.Replace(message(e)),
	}
	var places []diag.Pos
	for _, p := range cueerrors.Positions(e) {
		if pos, ok := s.userPos(p.Filename(), p.Line(), p.Column()); ok {
			places = append(places, pos)
		}
	}
	if len(places) > 0 {
		d.Pos = places[0]
		for _, p := range places[1:] {
			d.Related = append(d.Related, diag.Related{Pos: p, Message: "the other side"})
		}
	} else {
		d.Pos = diag.Pos{File: s.display(s.dir)}
	}
	return d
}

// message returns what an error says, with its cause where it does not say that.
func message(e cueerrors.Error) string {
	format, args := e.Msg()
	text := fmt.Sprintf(format, args...)
	if cause := errors.Unwrap(e); text == "@embed" && cause != nil {
		return "cannot embed: " + cause.Error()
	}
	return text
}

// withoutRoot makes paths in messages those of the module.
var withoutRoot = strings.NewReplacer(virtualRoot+"/", "", virtualRoot, ".")

// userPos returns the place that CUE names as the user knows it; ok is false
// for places in the schema.
func (s *snapshot) userPos(file string, line, column int) (diag.Pos, bool) {
	name := strings.TrimPrefix(file, virtualRoot+"/")
	if embedded, ok := s.embedded[name]; ok && embedded != "" {
		name = embedded
	} else if _, ok := s.syntax[name]; !ok {
		return diag.Pos{}, false
	}
	return s.pos(name, line, column), line > 0
}
