package topology

import (
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"netgen.dev/diag"
)

// decoder puts plain data into the model, strictly, and reports everything
// that does not fit instead of stopping at the first. What does not fit is
// left at its default.
//
// The tags of the model say how: cue is the name of the field and perhaps
// ",required"; key and rule name the rules for the keys of a map and for
// strings; oneOf lists the values that a string may have.
type decoder struct {
	*reporter
}

// parser is a type that is written as a scalar or a short list.
type parser interface{ parse(data any) *problem }

// into decodes data, which stands at path, into dst.
func (d *decoder) into(dst reflect.Value, data any, path []string, tag reflect.StructTag) {
	if bad, ok := parseScalar(dst, data); ok {
		d.problem(bad, path, atValue)
		return
	}
	switch dst.Kind() {
	case reflect.Pointer:
		dst.Set(reflect.New(dst.Type().Elem()))
		d.into(dst.Elem(), data, path, tag)
	case reflect.Struct:
		d.structure(dst, data, path)
	case reflect.Map:
		d.mapping(dst, data, path, tag)
	case reflect.Slice:
		list, ok := data.([]any)
		if !ok {
			d.problem(wrongType("a list", data), path, atValue)
			return
		}
		dst.Set(reflect.MakeSlice(dst.Type(), len(list), len(list)))
		for i, v := range list {
			d.into(dst.Index(i), v, below(path, strconv.Itoa(i)), tag)
		}
	case reflect.String:
		s, ok := data.(string)
		if !ok {
			d.problem(wrongType("a string", data), path, atValue)
			return
		}
		if bad := checkString(s, tag); bad != nil {
			d.problem(bad, path, atValue)
			return
		}
		dst.SetString(s)
	case reflect.Bool:
		b, ok := data.(bool)
		if !ok {
			d.problem(wrongType("true or false", data), path, atValue)
			return
		}
		dst.SetBool(b)
	default:
		panic("topology: the model has a field of kind " + dst.Kind().String())
	}
}

// parseScalar decodes data into the types that parse themselves.
func parseScalar(dst reflect.Value, data any) (bad *problem, ok bool) {
	switch p := dst.Addr().Interface().(type) {
	case parser:
		return p.parse(data), true
	case *netip.Prefix:
		return parsePrefix(p, data), true
	}
	return nil, false
}

// checkString holds s against the tags rule and oneOf.
func checkString(s string, tag reflect.StructTag) *problem {
	if rule := tag.Get("rule"); rule != "" {
		return rules[rule](s)
	}
	if choices := strings.Split(tag.Get("oneOf"), "|"); choices[0] != "" && !slices.Contains(choices, s) {
		bad := problemf(diag.Choice, "%q is none of %s", s, quoted(choices))
		if near := nearest(s, choices); near != "" {
			bad.hint = didYouMean(near)
		}
		return bad
	}
	return nil
}

func (d *decoder) structure(dst reflect.Value, data any, path []string) {
	fields, ok := data.(map[string]any)
	if !ok {
		d.problem(wrongType("a struct", data), path, atValue)
		return
	}
	if def, ok := reflect.TypeAssert[defaulter](dst.Addr()); ok {
		def.defaults()
	}
	seen := 0
	for _, f := range modelFields(dst.Type()) {
		v, ok := fields[f.name]
		if ok {
			seen++
			d.into(dst.FieldByIndex(f.index), v, below(path, f.name), f.tag)
			continue
		}
		if f.required {
			d.problem(problemf(diag.Missing, "%s is missing", describe(path, f.name)), below(path, f.name), atKey)
		}
		// The defaults of a struct that is not written are its fields' own.
		if def, ok := reflect.TypeAssert[defaulter](dst.FieldByIndex(f.index).Addr()); ok {
			def.defaults()
		}
	}
	if seen < len(fields) {
		d.unknown(dst.Type(), fields, path)
	}
}

// unknown reports the fields that the language does not have.
func (d *decoder) unknown(t reflect.Type, fields map[string]any, path []string) {
	var known []string
	for _, f := range modelFields(t) {
		known = append(known, f.name)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if slices.Contains(known, name) {
			continue
		}
		bad := problemf(diag.Unknown, "unknown field %s", describe(path, strconv.Quote(name)))
		if near := nearest(name, known); near != "" {
			bad.hint = didYouMean(near)
		}
		d.problem(bad, below(path, name), atKey)
	}
}

func (d *decoder) mapping(dst reflect.Value, data any, path []string, tag reflect.StructTag) {
	fields, ok := data.(map[string]any)
	if !ok {
		bad := wrongType("a struct", data)
		if example := tag.Get("example"); example != "" {
			bad.hint = "write it like " + example
		}
		d.problem(bad, path, atValue)
		return
	}
	dst.Set(reflect.MakeMapWithSize(dst.Type(), len(fields)))
	rule := rules[tag.Get("key")]
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if bad := rule(key); bad != nil {
			d.problem(bad, below(path, key), atKey)
		}
		v := reflect.New(dst.Type().Elem()).Elem()
		d.into(v, fields[key], below(path, key), tag)
		dst.SetMapIndex(reflect.ValueOf(key), v)
	}
}

// modelField is a field of the language.
type modelField struct {
	name     string
	required bool
	index    []int
	tag      reflect.StructTag
}

// fieldsOf remembers what modelFields returned, by type.
var fieldsOf sync.Map

// modelFields returns the fields of a struct of the model and of those that it
// embeds.
func modelFields(t reflect.Type) []modelField {
	if fields, ok := fieldsOf.Load(t); ok {
		return fields.([]modelField)
	}
	var out []modelField
	for _, f := range reflect.VisibleFields(t) {
		name, option, _ := strings.Cut(f.Tag.Get("cue"), ",")
		if name != "" {
			out = append(out, modelField{name, option == "required", f.Index, f.Tag})
		}
	}
	fieldsOf.Store(t, out)
	return out
}

// below returns the path of a field of what is at path. The path is copied:
// others may go on to extend it.
func below(path []string, name string) []string {
	return append(append(make([]string, 0, len(path)+1), path...), name)
}

// describe names a field and, where it is in something, what it is in.
func describe(path []string, field string) string {
	if len(path) == 0 {
		return field
	}
	return field + " in " + strings.Join(path, ".")
}
