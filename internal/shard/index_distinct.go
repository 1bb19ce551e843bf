package shard

import (
	"bytes"
	"context"
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// DistinctRows are the values of an index, each once, in its order. They are not safe for concurrent use.
//
// A value is decoded from its key, without reading a row, unless the key does not have all of it: a key is cut, or has a time
// without its zone. Then the rows of the value are scanned as IndexRows does.
type DistinctRows struct {
	index   *Index
	options IndexScanOptions
	it      *storage.Iterator
	i       int    // of the present range
	key     []byte // the value key that was returned last; nil at the beginning of a range
	bound   []byte
	ended   bool

	// slow reads the values of one key from their rows.
	slow *IndexRows
	last datum.Value
}

// Distinct returns the values in the ranges.
func (x *Index) Distinct(o IndexScanOptions) *DistinctRows {
	o.Values = true
	return &DistinctRows{index: x, options: o, ended: len(o.Ranges) == 0}
}

// nearby is how many entries of one value are passed over before a seek.
const nearby = 8

// Next returns the next value; ok is false at the end.
func (r *DistinctRows) Next(ctx context.Context) (v datum.Value, ok bool, err error) {
	for {
		if ctx.Err() != nil {
			return datum.Value{}, false, context.Cause(ctx)
		}
		if r.slow != nil {
			pair, ok, err := r.slow.Next(ctx)
			if err != nil {
				return datum.Value{}, false, err
			}
			if !ok {
				if err := r.slow.Close(); err != nil {
					return datum.Value{}, false, err
				}
				r.slow = nil
				continue
			}
			if v := pair.At(0); r.last.IsAbsent() || !datum.Equal(v, r.last) {
				r.last = v.Own()
				return r.last, true, nil
			}
			continue
		}
		valueKey, ok, err := r.advance()
		if err != nil || !ok {
			return datum.Value{}, false, err
		}
		if len(valueKey) < MaxValueKeyBytes {
			v, _, err := datum.DecodeKey(valueKey)
			if err != nil {
				return datum.Value{}, false, errors.Join(ErrCorruptIndex, err)
			}
			if !hasTime(v) {
				return v, true, nil
			}
		}
		o := r.options
		o.Ranges = []IndexRange{{Low: valueKey, High: append(bytes.Clone(valueKey), 0xff)}}
		r.slow, r.last = r.index.Scan(o), datum.Value{}
	}
}

func hasTime(v datum.Value) bool {
	if v.Kind() == datum.KindArray {
		for i := range v.Len() {
			if hasTime(v.At(i)) {
				return true
			}
		}
	}
	return v.Kind() == datum.KindTime
}

// advance moves to an entry of the next value and returns the value's key.
func (r *DistinctRows) advance() (valueKey []byte, ok bool, err error) {
	x := r.index
	if r.ended {
		return nil, false, nil
	}
	if x.dropped.Load() {
		return nil, false, ErrIndexDropped
	}
	if r.it == nil {
		if r.it, err = x.shard.store.Iter(x.prefix, x.upper); err != nil {
			return nil, false, err
		}
	}
	for {
		c := r.options.Ranges[r.i]
		switch {
		case r.key == nil && r.options.Descending && c.High == nil:
			ok = r.it.Last()
		case r.key == nil && r.options.Descending:
			ok = r.it.SeekLT(r.with(c.High))
		case r.key == nil:
			ok = r.it.SeekGE(r.with(c.Low))
		default:
			ok = r.skip()
		}
		if err := r.it.Err(); err != nil {
			return nil, false, err
		}
		if ok && r.options.Descending {
			ok = bytes.Compare(r.it.Key()[storage.IndexPrefixLen:], c.Low) >= 0
		} else if ok && c.High != nil {
			ok = bytes.Compare(r.it.Key()[storage.IndexPrefixLen:], c.High) < 0
		}
		if ok {
			break
		}
		r.key = nil
		if r.i++; r.i == len(r.options.Ranges) {
			r.ended = true
			return nil, false, nil
		}
	}
	value, err := r.it.Value()
	if err != nil {
		return nil, false, err
	}
	valueKey, _, _, err = splitEntry(r.it.Key()[storage.IndexPrefixLen:], value)
	r.key = append(r.key[:0], valueKey...)
	return r.key, err == nil, err
}

// with returns a key with the prefix of the index.
func (r *DistinctRows) with(key []byte) []byte {
	r.bound = append(append(r.bound[:0], r.index.prefix...), key...)
	return r.bound
}

// skip moves to the first entry of another value than r.key.
func (r *DistinctRows) skip() (ok bool) {
	// The iterator may be a new one, after a Park.
	for n := 0; n < nearby && r.it.Valid(); n++ {
		if r.options.Descending {
			ok = r.it.Prev()
		} else {
			ok = r.it.Next()
		}
		if !ok || !bytes.HasPrefix(r.it.Key()[storage.IndexPrefixLen:], r.key) {
			return ok
		}
	}
	if r.options.Descending {
		return r.it.SeekLT(r.with(r.key))
	}
	return r.it.SeekGE(append(r.with(r.key), 0xff))
}

// Entry returns the entry of the row that the last value was read from, nil if it was made of a key. It is valid until the next call
// of Next.
func (r *DistinctRows) Entry() []byte {
	var p Place
	if r.slow != nil {
		r.slow.Place(&p)
	}
	return p.Entry
}

// Park gives back the memory that an open iterator pins. The scan goes on after the last value.
func (r *DistinctRows) Park() error {
	var err error
	if r.slow != nil {
		err = r.slow.Park()
	}
	if r.it != nil {
		err = errors.Join(err, r.it.Close())
		r.it = nil
	}
	return err
}

// Close ends the scan.
func (r *DistinctRows) Close() error {
	r.ended = true
	if r.slow != nil {
		err := r.slow.Close()
		r.slow = nil
		return errors.Join(err, r.Park())
	}
	return r.Park()
}
