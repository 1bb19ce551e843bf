package exec

import (
	"fmt"
	"slices"
	"strings"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Control
	//
	// sequence.forEach(function) → object
	//
	// Calls a function of one argument for each element, in the order of the sequence, and adds up what its writes answer:
	// numbers are added, arrays are joined, of texts the first one stays. The function gives one write or an array of them.
	// Without any element the answer is `{}`.
	//
	// Errors:
	// - QueryLogic: FOR_EACH expects one or more basic write queries.
	//
	//	> r.table("visits").filter({hero: 1}).forEach(v => r.table("heroes").get(v("hero")).update({traveller: true}))
	//	{"deleted":0,"errors":0,"inserted":0,"replaced":1,"skipped":0,"unchanged":1}
	register(reql.TermForEach, spec{min: 2, max: 2, datum: evalForEach, slow: true})

	// Family: Writing data
	//
	// table.sync() → object
	//
	// Waits until all writes to the table that were acknowledged are on disk, also those with soft durability.
	//
	// Errors:
	// - OpFailed: Artificial tables don't support `sync()`.
	//
	//	> r.table("heroes").sync()
	//	{"synced":1}
	register(reql.TermSync, spec{min: 1, max: 1, datum: evalSync, det: detNever, waits: true})
}

const notWrites = "FOR_EACH expects one or more basic write queries."

func evalForEach(c call) (result datum.Value, err error) {
	s, err := c.seq(0)
	if err != nil {
		return datum.Value{}, err
	}
	f, err := c.fn(1, constantShortcut)
	if err != nil {
		s.close()
		return datum.Value{}, err
	}
	if c.fr.q.unsynced == nil {
		c.fr.q.unsynced = &unsynced{}
		defer func() {
			u := c.fr.q.unsynced
			c.fr.q.unsynced = nil
			if failed := u.sync(c.fr); failed != nil && err == nil {
				result, err = datum.Value{}, failed
			}
		}()
	}
	sum := resultSum{limit: c.fr.q.arrayLimit}
	err = s.each(c.fr, func(row datum.Value) (bool, error) {
		v, err := f.call(c.fr, row)
		if err != nil {
			return false, err
		}
		if err := sum.addAll(c.fr, v); err != nil {
			return false, notWritesError(err, v.at)
		}
		return true, nil
	})
	return sum.datum(), err
}

// notWritesError says that the function of for_each did not make the result of a write. An error that has a place
// already loses its own text, as in the original.
func notWritesError(err error, at *reql.Term) error {
	switch e := err.(type) { //nolint:errorlint // never wrapped inside the executor
	case *reql.Error:
		if e.Term != nil {
			return failAt(e.Term, e.Class, notWrites)
		}
		return failAt(at, e.Class, "%s  %s", notWrites, e.Error())
	case *datum.Error:
		return failAt(at, classOf(e), "%s  %s", notWrites, e.Msg)
	}
	return err
}

// resultSum adds up results of writes: numbers are added, arrays joined, and of texts the first stays.
type resultSum struct {
	fields   []summed // in the order of their names
	limit    int
	warnings []string
}

type summed struct {
	name string
	val  datum.Value
	arr  []datum.Value // instead of val, once it has been joined with another array
}

func (r *resultSum) addAll(fr *frame, v val) error {
	d, err := v.datum(fr)
	if err != nil {
		return err
	}
	if d.IsObject() || d.Kind() == datum.KindTime {
		return r.add(d)
	}
	if err := typed(d, datum.KindArray, "ARRAY"); err != nil {
		return err
	}
	for i := range d.Len() {
		if err := r.add(d.At(i)); err != nil {
			return err
		}
	}
	return nil
}

func (r *resultSum) add(d datum.Value) error {
	if d.Kind() == datum.KindTime {
		d = datum.RawObject(d)
	}
	if !d.IsObject() {
		return typeError(d, "OBJECT")
	}
	for i := range d.Len() {
		name, v := d.FieldAt(i)
		at, found := slices.BinarySearchFunc(r.fields, name, func(f summed, name string) int { return strings.Compare(f.name, name) })
		if !found {
			r.fields = slices.Insert(r.fields, at, summed{name: name, val: v})
			continue
		}
		if err := r.join(&r.fields[at], v); err != nil {
			return err
		}
	}
	return nil
}

func (r *resultSum) join(f *summed, v datum.Value) error {
	l := f.val
	switch {
	case l.Kind() == datum.KindNumber && v.Kind() == datum.KindNumber:
		n, err := datum.NewNumber(l.AsNumber() + v.AsNumber())
		f.val = n
		return err
	case l.Kind() == datum.KindArray && v.Kind() == datum.KindArray:
		if f.arr == nil {
			f.arr = joinElems(nil, f.val)
		}
		if len(f.arr)+v.Len() > r.limit {
			r.warn(fmt.Sprintf("Too many changes, array truncated to %d.", r.limit))
		}
		f.arr = joinElems(f.arr, v)
		if len(f.arr) > r.limit {
			f.arr = f.arr[:r.limit]
		}
		return nil
	case l.Kind() == datum.KindString && v.Kind() == datum.KindString:
		return nil
	}
	return reql.Errorf(reql.QueryLogic, "Cannot merge statistics `%s` (type %s) and `%s` (type %s).",
		f.value().PrintTrunc(), l.TypeName(), v.PrintTrunc(), v.TypeName())
}

func joinElems(dst []datum.Value, array datum.Value) []datum.Value {
	dst = slices.Grow(dst, array.Len())
	for i := range array.Len() {
		dst = append(dst, array.At(i))
	}
	return dst
}

func (f *summed) value() datum.Value {
	if f.arr != nil {
		return datum.Array(f.arr)
	}
	return f.val
}

func (r *resultSum) warn(text string) {
	if !slices.Contains(r.warnings, text) {
		r.warnings = append(r.warnings, text)
	}
}

func (r *resultSum) datum() datum.Value {
	var b datum.ObjectBuilder
	for i := range r.fields {
		b.Add(r.fields[i].name, r.fields[i].value())
	}
	if len(r.warnings) > 0 {
		var texts []datum.Value
		if w, ok := b.Get("warnings"); ok && w.Kind() == datum.KindArray {
			texts = joinElems(nil, w)
		}
		for _, t := range r.warnings {
			if !slices.ContainsFunc(texts, func(v datum.Value) bool { return v.AsString() == t }) {
				texts = append(texts, datum.String(t))
			}
		}
		b.Overwrite("warnings", datum.Array(texts))
	}
	return b.Value()
}

func evalSync(c call) (datum.Value, error) {
	t, err := c.table(0)
	if err != nil {
		return datum.Value{}, err
	}
	if err := t.require(c.fr, WriteRows); err != nil {
		return datum.Value{}, err
	}
	if err := t.Sync(c.fr.q.ctx); err != nil {
		return datum.Value{}, c.fr.writeError(err, false)
	}
	return datum.Object([]datum.Field{{Key: "synced", Val: datum.Int(1)}}), nil
}
