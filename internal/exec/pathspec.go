package exec

import (
	"slices"
	"strings"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// pathSpec says which fields pluck, without and has_fields mean: some names of the object itself, and for other names
// what is meant below them.
type pathSpec struct {
	fields []pathField   // sorted, no name twice; unless there is a list
	places []datum.Place // of the fields

	// list is set when a name comes twice with something below it. The parts then apply one after the other.
	list []*pathSpec
}

type pathField struct {
	key   string
	below *pathSpec // nil for the whole field
}

// newPathSpec makes a path specification of the arguments of a term.
func newPathSpec(paths []datum.Value) (*pathSpec, error) { return pathOf(datum.Array(paths)) }

func pathOf(d datum.Value) (*pathSpec, error) {
	var parts []*pathSpec
	switch d.Kind() {
	case datum.KindString:
		return newPaths([]pathField{{key: strings.Clone(d.AsString())}}), nil
	case datum.KindArray:
		for i := range d.Len() {
			part, err := pathOf(d.At(i))
			if err != nil {
				return nil, err
			}
			parts = append(parts, part)
		}
	case datum.KindObject, datum.KindTime, datum.KindGeometry:
		d = datum.RawObject(d)
		for i := range d.Len() {
			key, v := d.FieldAt(i)
			f := pathField{key: strings.Clone(key)}
			if v.Kind() != datum.KindBool || !v.AsBool() {
				var err error
				if f.below, err = pathOf(v); err != nil {
					return nil, err
				}
			}
			parts = append(parts, newPaths([]pathField{f}))
		}
	default:
		return nil, reql.Errorf(reql.QueryLogic, "Invalid path argument `%s`.", d.Print())
	}
	return joinPaths(parts), nil
}

func newPaths(fields []pathField) *pathSpec {
	return &pathSpec{fields: fields, places: make([]datum.Place, len(fields))}
}

// joinPaths makes one specification of several.
func joinPaths(parts []*pathSpec) *pathSpec {
	var fields []pathField
	for _, part := range parts {
		if part.list != nil {
			return &pathSpec{list: parts}
		}
		fields = append(fields, part.fields...)
	}
	slices.SortStableFunc(fields, func(a, b pathField) int { return strings.Compare(a.key, b.key) })
	for i := 1; i < len(fields); i++ {
		if a, b := fields[i-1], fields[i]; a.key == b.key && (a.below != nil || b.below != nil) {
			return &pathSpec{list: parts}
		}
	}
	return newPaths(slices.CompactFunc(fields, func(a, b pathField) bool { return a.key == b.key }))
}

// top appends the names of the fields that the paths begin with.
func (p *pathSpec) top(names []string) []string {
	for _, part := range p.list {
		names = part.top(names)
	}
	for _, f := range p.fields {
		names = append(names, f.key)
	}
	return names
}

// isObject tells whether v has fields.
func isObject(v datum.Value) bool { return v.IsObject() || v.Kind() == datum.KindTime }

// project gives v with nothing but what the paths mean. An array below the top stands for each of its elements.
func (p *pathSpec) project(fr *frame, v datum.Value, arrays bool) (datum.Value, error) {
	if arrays && v.Kind() == datum.KindArray {
		return eachElement(fr, v, func(e datum.Value) (datum.Value, error) { return p.project(fr, e, false) })
	}
	if p.list != nil {
		return p.projectList(fr, v, arrays)
	}
	if !isObject(v) && len(p.fields) > 0 {
		return v, typeError(v, "OBJECT")
	}
	fields := make([]datum.Field, 0, len(p.fields))
	for i := range p.fields {
		f := &p.fields[i]
		val, ok := v.GetAt(&p.places[i], f.key)
		if !ok {
			continue
		}
		if f.below != nil {
			var err error
			if val, err = f.below.project(fr, val, true); err != nil {
				continue
			}
		}
		fields = append(fields, datum.Field{Key: f.key, Val: val})
	}
	return pseudo(datum.Object(fields))
}

func (p *pathSpec) projectList(fr *frame, v datum.Value, arrays bool) (datum.Value, error) {
	var b datum.ObjectBuilder
	for _, part := range p.list {
		sub, err := part.project(fr, v, arrays)
		if err != nil {
			return v, err
		}
		sub = datum.RawObject(sub)
		for i := range sub.Len() {
			b.Overwrite(sub.FieldAt(i))
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
	if p.list != nil {
		for _, part := range p.list {
			raw = part.remove(fr, raw)
		}
	} else {
		raw = p.remove(fr, raw)
	}
	return pseudo(raw)
}

// remove gives the object v without the fields that the paths mean.
func (p *pathSpec) remove(fr *frame, v datum.Value) datum.Value {
	if p.list != nil {
		for _, part := range p.list {
			v = part.remove(fr, v)
		}
		return v
	}
	var set []datum.Field
	var removeBuf [8]string
	remove := removeBuf[:0]
	for i := range p.fields {
		f := &p.fields[i]
		if f.below == nil {
			remove = append(remove, f.key)
		} else if val, ok := v.GetAt(&p.places[i], f.key); ok {
			if sub, err := f.below.unproject(fr, val, true); err == nil {
				set = append(set, datum.Field{Key: f.key, Val: sub})
			}
		}
	}
	return v.Edit(set, remove)
}

// in tells whether v has all that the paths mean. A field that is null does not count.
func (p *pathSpec) in(v datum.Value) bool {
	for _, part := range p.list {
		if !part.in(v) {
			return false
		}
	}
	for i := range p.fields {
		f := &p.fields[i]
		val, ok := v.GetAt(&p.places[i], f.key)
		if !ok || f.below == nil && val.Kind() == datum.KindNull || f.below != nil && !f.below.in(val) {
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
