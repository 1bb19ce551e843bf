package shard

import (
	"context"
	"errors"
	"sync"

	"rethinkdb/internal/datum"
)

// IndexRange is a range of entries: Low ≤ key < High, of keys without the index's prefix.
type IndexRange struct {
	Low, High []byte
	Copies    int // how often each row comes; 0 stands for 1
}

// IndexScanOptions say what a scan of an index returns.
type IndexScanOptions struct {
	Ranges     []IndexRange // ascending, and they do not overlap; the order of a descending scan is that from the last to the first
	Descending bool

	// Exact tells whether a value that was cut belongs to what is looked for. Nil: all do.
	Exact func(v datum.Value) bool

	Values    bool // the rows come as arrays of the indexed value and the row
	Transient bool // a row is valid only until the next call; otherwise for ever

	At *Snapshot // instead of the newest state; it must stay open

	// Opened is called by ScanParallel when the state to scan is open and no row was given. Its error ends the scan. It may be nil.
	Opened func() error
}

// IndexRows are the rows of a scan of an index, in its order. Rows with equal values are in the order of their primary keys.
// A row that has several entries in the ranges comes as often. They are not safe for concurrent use.
//
// Entries are read in batches. Rows are looked up in the state of the store that the entries were read from, so that each
// entry has its row: the first ones one by one, because many scans are short, and later those of a batch at once, in the order
// of their primary keys.
type IndexRows struct {
	entries entryReader
	index   *Index
	batch   *indexBatch
	rows    rowReader
	n       int64 // rows looked up
}

const (
	minIndexBatch = 12
	maxIndexBatch = 2048

	// indexBatchBytes is about how large the rows of a batch may be together.
	indexBatchBytes = 4 << 20

	// lazyRows is how many rows of a scan are looked up one by one.
	lazyRows = 64
)

// Scan returns the rows of the ranges.
func (x *Index) Scan(o IndexScanOptions) *IndexRows {
	r := new(IndexRows)
	r.Begin(x, o)
	return r
}

// Begin makes r the rows of a scan, for who has the memory for them. It is a new one or closed.
func (r *IndexRows) Begin(x *Index, o IndexScanOptions) {
	*r = IndexRows{
		index:   x,
		batch:   batches.Get().(*indexBatch),
		entries: entryReader{index: x, options: o, size: minIndexBatch},
		rows:    rowReader{index: x, options: o},
	}
}

// batches keeps the memory of scans. A scan of 20 rows takes 8 allocations less with it.
var batches = sync.Pool{New: func() any { return new(indexBatch) }}

// Next returns the next row; ok is false at the end.
func (r *IndexRows) Next(ctx context.Context) (row datum.Value, ok bool, err error) {
	if r.batch == nil { // closed
		return datum.Value{}, false, nil
	}
	for {
		if e := r.batch.next(); e != nil {
			if r.batch.lazy && !e.read {
				r.n++
				if err := r.rows.readOne(e); err != nil {
					return datum.Value{}, false, err
				}
			}
			return e.row, true, nil
		}
		if ctx.Err() != nil {
			return datum.Value{}, false, context.Cause(ctx)
		}
		r.entries.size = r.rows.batchSize(r.entries.size)
		more, err := r.entries.read(r.batch)
		if err != nil || !more {
			return datum.Value{}, false, err
		}
		if r.rows.lookup == nil {
			r.rows.lookup = r.entries.it.Lookup()
		}
		if r.n < lazyRows && !r.batch.anyCut() {
			r.batch.lazy = true
			continue
		}
		r.n += int64(len(r.batch.list))
		if err := r.rows.read(r.batch); err != nil {
			return datum.Value{}, false, err
		}
	}
}

// AppendEntry appends the key of the entry, without the prefix of the index, that the last row was returned for. Call it before
// Park.
func (r *IndexRows) AppendEntry(dst []byte) []byte {
	if e := r.batch.last(); e != nil {
		dst = append(append(dst, e.valueKey...), e.primaryKey...)
	}
	return dst
}

// Park gives back the memory that an open iterator pins. The scan goes on after the last row.
func (r *IndexRows) Park() error {
	if b := r.batch; b != nil && b.lazy && r.entries.it != nil {
		// The rows that have not been looked up would be of another state of the store than their entries.
		if e := b.last(); e != nil {
			r.entries.goBack(e)
		}
		b.keepLast()
	}
	return errors.Join(r.rows.close(), r.entries.park())
}

// Close ends the scan.
func (r *IndexRows) Close() error {
	r.entries.done = len(r.entries.options.Ranges)
	r.index.shard.read.Add(r.n)
	r.n = 0
	if b := r.batch; b != nil {
		r.batch = nil
		b.reset()
		if cap(b.buf)+cap(b.rows) <= maxScratchBytes {
			batches.Put(b)
		}
	}
	return r.Park()
}

// Count returns how many rows the ranges have, without reading them, unless values were cut.
func (x *Index) Count(ctx context.Context, o IndexScanOptions) (int64, error) {
	r := entryReader{index: x, options: o, size: maxIndexBatch}
	rows := rowReader{index: x, options: o}
	var b indexBatch
	n := int64(0)
	var err error
	for more := true; more && err == nil; {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
			break
		}
		if more, err = r.read(&b); err != nil || !more {
			break
		}
		if o.Exact != nil && b.anyCut() {
			if rows.lookup == nil {
				rows.lookup = r.it.Lookup()
			}
			err = rows.read(&b)
		}
		for i := range b.list {
			n += int64(b.list[i].copies)
		}
	}
	return n, errors.Join(err, rows.close(), r.park())
}
