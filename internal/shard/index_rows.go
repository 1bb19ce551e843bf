package shard

import (
	"bytes"
	"fmt"
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// rowReader reads the rows of batches.
type rowReader struct {
	index   *Index
	options IndexScanOptions
	lookup  *storage.Lookup
	key     []byte
	order   []int32
	rows    copier

	found, bytes int // so far
}

// batchSize returns the size of the next batch, after one of that size.
func (r *rowReader) batchSize(size int) int {
	if r.found == 0 {
		return size
	}
	mean := r.bytes/r.found + 1
	return max(min(2*size, maxIndexBatch, indexBatchBytes/mean), minIndexBatch)
}

func (r *rowReader) close() error {
	r.rows.chunk = nil
	if r.lookup == nil {
		return nil
	}
	l := r.lookup
	r.lookup = nil
	return l.Close()
}

// read looks up the rows of a batch.
func (r *rowReader) read(b *indexBatch) error {
	r.order = r.order[:0]
	sorted := true
	for i := range b.list {
		r.order = append(r.order, int32(i))
		sorted = sorted && (i == 0 || bytes.Compare(b.list[i-1].primaryKey, b.list[i].primaryKey) <= 0)
	}
	if !sorted {
		slices.SortFunc(r.order, func(i, j int32) int { return bytes.Compare(b.list[i].primaryKey, b.list[j].primaryKey) })
	}
	var last *batchEntry
	for _, i := range r.order {
		e := &b.list[i]
		if last != nil && bytes.Equal(last.primaryKey, e.primaryKey) {
			e.row = last.row
			continue
		}
		r.key = append(append(r.key[:0], r.index.shard.lower...), e.primaryKey...)
		v, shared, found, err := r.lookup.PeekRow(r.key)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("%w: index %d has a row that is not there", ErrCorruptIndex, r.index.config.Number)
		}
		r.found++
		r.bytes += len(v)
		switch {
		case shared:
		case r.options.Transient:
			start := len(b.rows)
			b.rows = append(b.rows, v...) // if this moves, older rows keep the old memory
			v = b.rows[start:len(b.rows):len(b.rows)]
		default:
			v = r.rows.copy(v)
		}
		if e.row, err = decode(v); err != nil {
			return err
		}
		last = e
	}
	return r.finish(b)
}

// readOne looks up the row of an entry, and its value if that is wanted.
func (r *rowReader) readOne(e *batchEntry) error {
	r.key = append(append(r.key[:0], r.index.shard.lower...), e.primaryKey...)
	v, found, err := r.lookup.GetRow(r.key)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%w: index %d has a row that is not there", ErrCorruptIndex, r.index.config.Number)
	}
	r.found++
	r.bytes += len(v)
	if e.row, err = decode(v); err != nil {
		return err
	}
	e.read = true
	if r.options.Values {
		if e.value, err = r.index.valueOf(e); err != nil {
			return err
		}
		e.row = datum.Array([]datum.Value{e.value, e.row})
	}
	return nil
}
