package shard

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"rethinkdb/internal/datum"
)

// finish puts cut values in order, leaves out those that do not belong, and adds the values if they are wanted.
func (r *rowReader) finish(b *indexBatch) error {
	if b.anyCut() {
		var out []batchEntry
		for i := 0; i < len(b.list); {
			end := i + 1
			for end < len(b.list) && b.list[i].cut() && bytes.Equal(b.list[end].valueKey, b.list[i].valueKey) {
				end++
			}
			var err error
			if out, err = r.appendCut(out, b.list[i:end]); err != nil {
				return err
			}
			i = end
		}
		b.list = out
	}
	if !r.options.Values {
		return nil
	}
	for i := range b.list {
		e := &b.list[i]
		if e.value.IsAbsent() {
			v, err := r.index.valueOf(e)
			if err != nil {
				return err
			}
			e.value = v
		}
		e.row = datum.Array([]datum.Value{e.value, e.row})
	}
	return nil
}

// appendCut appends the entries with one beginning of a cut value, in the order of the values.
func (r *rowReader) appendCut(out, list []batchEntry) ([]batchEntry, error) {
	if !list[0].cut() || r.index.config.Geo {
		return append(out, list...), nil
	}
	start := len(out)
	for i := range list {
		// Elements of an array that have a common beginning share an entry, which counts all of them.
		values, err := r.index.valuesOf(&list[i])
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			if r.options.Exact == nil || r.options.Exact(v) {
				one := list[i]
				one.value, one.copies = v, one.times
				out = append(out, one)
			}
		}
	}
	slices.SortStableFunc(out[start:], func(a, b batchEntry) int {
		c := cmp.Or(datum.Compare(a.value, b.value), bytes.Compare(a.primaryKey, b.primaryKey))
		if r.options.Descending {
			return -c
		}
		return c
	})
	return out, nil
}

// valuesOf computes the values of an entry's row that have this entry: one, except in a multi index.
func (x *Index) valuesOf(e *batchEntry) ([]datum.Value, error) {
	v, ok := x.config.Function(e.row)
	var out []datum.Value
	var key []byte
	match := func(v datum.Value) {
		if Indexable(v) {
			if key = appendValueKey(key[:0], v); bytes.Equal(key, e.valueKey) {
				out = append(out, v)
			}
		}
	}
	switch {
	case !ok:
	case x.config.Multi && v.Kind() == datum.KindArray:
		for i := range v.Len() {
			match(v.At(i))
		}
	default:
		match(v)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: index %d has a value that its row has not", ErrCorruptIndex, x.config.Number)
	}
	return out, nil
}

// valueOf computes the value of an entry. It is not decoded from the key, which has no time zones.
func (x *Index) valueOf(e *batchEntry) (datum.Value, error) {
	if !x.config.Multi && !x.config.Geo {
		if v, ok := x.config.Function(e.row); ok {
			return v, nil
		}
	}
	values, err := x.valuesOf(e)
	if err != nil {
		return datum.Value{}, err
	}
	return values[0], nil
}
