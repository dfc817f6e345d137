package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"cuelang.org/go/cue"

	"netgen.dev/diag"
)

// harvester takes the data out of a value that holds mistakes, leaving out
// what is mistaken and saying so.
type harvester struct {
	index *index
	snap  *snapshot
	list  diag.List

	// structs are structs and lists that are still open. Mostly something that
	// has been reported keeps them open; they are findings where nothing has.
	structs diag.List
}

// harvest returns the data of v, which stands at path; ok is false where there
// is none.
func (h *harvester) harvest(v cue.Value, path []string) (data any, ok bool) {
	switch kind := v.IncompleteKind(); {
	case !v.Exists():
		return nil, false
	case v.Err() != nil || kind == cue.StructKind:
		// A struct with a mistake anywhere below is an error as a whole, and
		// has its fields all the same.
		return h.harvestStruct(v, path)
	case kind == cue.ListKind:
		list := []any{}
		for it, err := v.List(); err == nil && it.Next(); {
			if item, ok := h.harvest(it.Value(), append(path, strconv.Itoa(len(list)))); ok {
				list = append(list, item)
			}
		}
		return list, true
	case !v.IsConcrete():
		if d, ok := v.Default(); ok && d.IsConcrete() {
			return h.harvest(d, path)
		}
		h.open(v, path)
		return nil, false
	}
	out, err := v.MarshalJSON()
	if err != nil {
		h.open(v, path)
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	dec.UseNumber()
	return data, dec.Decode(&data) == nil
}

func (h *harvester) harvestStruct(v cue.Value, path []string) (any, bool) {
	data := map[string]any{}
	it, err := v.Fields()
	if err != nil {
		h.list = append(h.list, h.snap.cueErrors(err, diag.Evaluation)...)
		return nil, false
	}
	for it.Next() {
		if it.Selector().LabelType() != cue.StringLabel {
			return nil, false // a list with a mistake, which evaluate has reported
		}
		name := it.Selector().Unquoted()
		// The path is copied: what is below may keep it.
		below := append(append(make([]string, 0, len(path)+1), path...), name)
		if field, ok := h.harvest(it.Value(), below); ok {
			data[name] = field
		}
	}
	return data, true
}

// open reports a value that is not concrete.
func (h *harvester) open(v cue.Value, path []string) {
	d := diag.Diagnostic{
		Code: diag.NotConcrete, Severity: diag.Error, Path: strings.Join(path, "."),
		Message: fmt.Sprintf("%s is still open: %v", strings.Join(append([]string{"topology"}, path...), "."), v),
		Hint:    "give it a value, here or with -t key=value where it has a @tag",
	}
	if _, pos, ok := h.index.locate(path); ok {
		d.Pos = pos
	} else {
		d.Pos = diag.Pos{File: h.snap.display(h.snap.dir)}
	}
	if kind := v.IncompleteKind(); kind == cue.BottomKind || kind&(cue.StructKind|cue.ListKind) != 0 {
		h.structs = append(h.structs, d)
		return
	}
	h.list = append(h.list, d)
}
