package exec

import (
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// pathSpec says which fields pluck, without and has_fields mean: some names of the object itself, and for other names
// what is meant below them.
type pathSpec struct {
	// keys is set when the spec is nothing but names: sorted, each once.
	keys []string

	// Otherwise one of these. A list applies part after part; a name may come more than once.
	key    string // a single name, when isKey
	isKey  bool
	list   []*pathSpec
	fields []pathField // sorted
}

type pathField struct {
	key   string
	below *pathSpec
}

// newPathSpec makes a path specification of the arguments of a term.
func newPathSpec(paths []datum.Value) (*pathSpec, error) {
	p, err := pathOf(datum.Array(paths))
	if err != nil {
		return nil, err
	}
	p.flatten()
	return p, nil
}

func pathOf(d datum.Value) (*pathSpec, error) {
	p := &pathSpec{}
	switch d.Kind() {
	case datum.KindString:
		return &pathSpec{key: d.AsString(), isKey: true}, nil
	case datum.KindArray:
		for i := range d.Len() {
			part, err := pathOf(d.At(i))
			if err != nil {
				return nil, err
			}
			p.list = append(p.list, part)
		}
	case datum.KindObject, datum.KindTime, datum.KindGeometry:
		d = datum.RawObject(d)
		below := &pathSpec{}
		for i := range d.Len() {
			key, v := d.FieldAt(i)
			if v.Kind() == datum.KindBool && v.AsBool() {
				p.list = append(p.list, &pathSpec{key: key, isKey: true})
				continue
			}
			part, err := pathOf(v)
			if err != nil {
				return nil, err
			}
			below.fields = append(below.fields, pathField{key, part})
		}
		if len(p.list) == 0 {
			return below, nil
		}
		if len(below.fields) > 0 {
			p.list = append(p.list, below)
		}
	default:
		return nil, reql.Errorf(reql.QueryLogic, "Invalid path argument `%s`.", d.Print())
	}
	if len(p.list) == 1 {
		return p.list[0], nil
	}
	return p, nil
}

// flatten finds out which parts are nothing but names.
func (p *pathSpec) flatten() {
	if p.isKey {
		p.keys = []string{p.key}
		return
	}
	names := len(p.list) > 0
	for _, part := range p.list {
		part.flatten()
		names = names && part.keys != nil
	}
	for _, f := range p.fields {
		f.below.flatten()
	}
	if names {
		for _, part := range p.list {
			p.keys = append(p.keys, part.keys...)
		}
		slices.Sort(p.keys)
		p.keys = slices.Compact(p.keys)
	}
}

// isObject tells whether v has fields.
func isObject(v datum.Value) bool { return v.IsObject() || v.Kind() == datum.KindTime }

// project gives v with nothing but what the paths mean. An array below the top stands for each of its elements.
func (p *pathSpec) project(fr *frame, v datum.Value, arrays bool) (datum.Value, error) {
	if arrays && v.Kind() == datum.KindArray {
		return eachElement(fr, v, func(e datum.Value) (datum.Value, error) { return p.project(fr, e, false) })
	}
	if !isObject(v) && !(p.keys == nil && len(p.list) == 0 && len(p.fields) == 0) {
		return v, typeError(v, "OBJECT")
	}
	if p.keys != nil {
		fields := make([]datum.Field, 0, len(p.keys))
		for _, key := range p.keys {
			if f, ok := v.Get(key); ok {
				fields = append(fields, datum.Field{Key: key, Val: f})
			}
		}
		return pseudo(datum.Object(fields))
	}
	var b datum.ObjectBuilder
	for _, part := range p.list {
		sub, err := part.project(fr, v, arrays)
		if err != nil {
			return v, err
		}
		sub = datum.RawObject(sub)
		if sub.Kind() != datum.KindObject {
			return v, typeError(sub, "OBJECT")
		}
		for i := range sub.Len() {
			b.Overwrite(sub.FieldAt(i))
		}
	}
	for _, f := range p.fields {
		if below, ok := v.Get(f.key); ok {
			if sub, err := f.below.project(fr, below, true); err == nil {
				b.Overwrite(f.key, sub)
			}
		}
	}
	return pseudo(b.Value())
}

// unproject gives v without what the paths mean.
func (p *pathSpec) unproject(fr *frame, v datum.Value, arrays bool) (datum.Value, error) {
	if arrays && v.Kind() == datum.KindArray {
		return eachElement(fr, v, func(e datum.Value) (datum.Value, error) { return p.unproject(fr, e, false) })
	}
	if !isObject(v) {
		return v, typeError(v, "OBJECT")
	}
	raw := datum.RawObject(v)
	if p.keys != nil {
		return pseudo(withoutKeys(raw, p.keys))
	}
	b := datum.BuilderOf(raw)
	p.remove(fr, b, arrays)
	return pseudo(b.Value())
}

// withoutKeys gives the object without the fields of these names, which are sorted.
func withoutKeys(v datum.Value, keys []string) datum.Value {
	found := false
	for _, key := range keys {
		if _, found = v.Get(key); found {
			break
		}
	}
	if !found {
		return v
	}
	fields := make([]datum.Field, 0, v.Len())
	for i := range v.Len() {
		key, f := v.FieldAt(i)
		for len(keys) > 0 && keys[0] < key {
			keys = keys[1:]
		}
		if len(keys) == 0 || keys[0] != key {
			fields = append(fields, datum.Field{Key: key, Val: f})
		}
	}
	return datum.Object(fields)
}

func (p *pathSpec) remove(fr *frame, b *datum.ObjectBuilder, arrays bool) {
	if p.isKey {
		b.Delete(p.key)
	}
	for _, part := range p.list {
		part.remove(fr, b, arrays)
	}
	for _, f := range p.fields {
		if below, ok := b.Get(f.key); ok {
			if sub, err := f.below.unproject(fr, below, true); err == nil {
				b.Overwrite(f.key, sub)
			}
		}
	}
}

// in tells whether v has all that the paths mean. A field that is null does not count.
func (p *pathSpec) in(v datum.Value) bool {
	for _, key := range p.keys {
		if !isObject(v) {
			return false
		}
		if f, ok := v.Get(key); !ok || f.Kind() == datum.KindNull {
			return false
		}
	}
	if p.keys != nil {
		return true
	}
	for _, part := range p.list {
		if !part.in(v) {
			return false
		}
	}
	for _, f := range p.fields {
		if !isObject(v) {
			return false
		}
		if below, ok := v.Get(f.key); !ok || !f.below.in(below) {
			return false
		}
	}
	return true
}

func eachElement(fr *frame, v datum.Value, f func(e datum.Value) (datum.Value, error)) (datum.Value, error) {
	if err := fr.checkArray(v.Len()); err != nil {
		return v, err
	}
	out := make([]datum.Value, v.Len())
	for i := range out {
		var err error
		if out[i], err = f(v.At(i)); err != nil {
			return v, err
		}
	}
	return datum.Array(out), nil
}

// pseudo makes the pseudo-type of an object that has a $reql_type$.
func pseudo(obj datum.Value) (datum.Value, error) {
	if _, ok := obj.Get("$reql_type$"); ok {
		return datum.FromPseudo(obj)
	}
	return obj, nil
}
