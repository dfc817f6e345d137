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
}

// harvest returns the data of v, which stands at path, or nil.
func (h *harvester) harvest(v cue.Value, path []string) any {
	switch kind := v.IncompleteKind(); {
	case !v.Exists():
		return nil
	case v.Err() != nil || kind == cue.StructKind:
		// A struct with a mistake anywhere below is an error as a whole, and
		// has its fields all the same. evaluate has reported the mistake.
		return h.harvestStruct(v, path)
	case kind == cue.ListKind:
		list := []any{}
		for it, err := v.List(); err == nil && it.Next(); {
			list = append(list, h.harvest(it.Value(), append(path, strconv.Itoa(len(list)))))
		}
		return list
	case !v.IsConcrete():
		if d, ok := v.Default(); ok && d.IsConcrete() {
			return h.harvest(d, path)
		}
		h.open(v, path)
		return nil
	}
	out, err := v.MarshalJSON()
	if err != nil {
		h.open(v, path)
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	dec.UseNumber()
	var data any
	if err := dec.Decode(&data); err != nil {
		return nil
	}
	return data
}

func (h *harvester) harvestStruct(v cue.Value, path []string) any {
	data := map[string]any{}
	it, err := v.Fields()
	if err != nil {
		return nil
	}
	for it.Next() {
		name := it.Selector().Unquoted()
		// The path is copied: what is below may keep it.
		below := append(append(make([]string, 0, len(path)+1), path...), name)
		if field := h.harvest(it.Value(), below); field != nil {
			data[name] = field
		}
	}
	return data
}

// open reports a value that is not concrete.
func (h *harvester) open(v cue.Value, path []string) {
	d := diag.Diagnostic{
		Code: diag.NotConcrete, Severity: diag.Error, Path: strings.Join(path, "."),
		Message: fmt.Sprintf("%s is still open: %v", strings.Join(path, "."), v),
		Hint:    "give it a value, here or with -t key=value where it has a @tag",
	}
	if _, pos, ok := h.index.locate(path); ok {
		d.Pos = pos
	} else {
		d.Pos = diag.Pos{File: h.snap.display(h.snap.dir)}
	}
	h.list = append(h.list, d)
}
