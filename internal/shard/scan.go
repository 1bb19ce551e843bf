package shard

import (
	"bytes"
	"context"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// Bounds of a scan: encoded primary keys, Low ≤ key < High. A nil bound is none.
type Bounds struct {
	Low, High []byte
}

// ScanOptions say what a scan returns.
type ScanOptions struct {
	Bounds     Bounds
	Descending bool
	Transient  bool      // a row is valid only until the next call; otherwise for ever
	At         *Snapshot // instead of the newest state; it must stay open

	// Opened is called by ScanParallel when the state to scan is open and nothing was read. Its error ends the scan. It may be nil.
	Opened func() error
}

// ctxInterval is how many rows a scan reads between two looks at its context.
const ctxInterval = 128

// Rows are the rows of a scan in key order. From the first row on, and again from the first row after each Park, they are of
// one state of the shard. They are not safe for concurrent use.
//
// A snapshot for the whole life of a cursor was considered: an idle cursor would keep every old version of every row on disk
// for as long as its client likes, and closing a Pebble snapshot costs more than a short scan does.
type Rows struct {
	shard      *Shard
	reader     storage.Reader
	descending bool

	// The iterator is nil before the first row, while parked, and after the end. key is the last key that was returned; it
	// is only kept by Park.
	it           *storage.Iterator
	lower, upper []byte
	begun, ended bool
	key          []byte

	rows copier
	n    int64 // rows so far
}

// Scan returns the rows within bounds.
func (s *Shard) Scan(o ScanOptions) *Rows {
	r := new(Rows)
	r.Begin(s, o)
	return r
}

// Begin makes r the rows of a scan, for who has the memory for them. It is a new one or closed.
func (r *Rows) Begin(s *Shard, o ScanOptions) {
	*r = Rows{shard: s, reader: s.reader(o.At), descending: o.Descending, key: r.key[:0]}
	r.rows.transient = o.Transient
	r.lower, r.upper = s.bounds(o.Bounds)
	r.ended = bytes.Compare(r.lower, r.upper) >= 0
}

// bounds returns the bounds as keys of the store.
func (s *Shard) bounds(b Bounds) (lower, upper []byte) {
	lower, upper = s.lower, s.upper
	if b.Low != nil {
		lower = append(bytes.Clone(s.lower), b.Low...)
	}
	if b.High != nil {
		upper = append(bytes.Clone(s.lower), b.High...)
	}
	return lower, upper
}

// Next returns the next row; ok is false at the end.
func (r *Rows) Next(ctx context.Context) (row datum.Value, ok bool, err error) {
	if ok, err = r.advance(ctx); err != nil || !ok {
		return datum.Value{}, false, err
	}
	row, err = r.rows.row(r.it)
	return row, err == nil, err
}

// NextStored is Next for who passes rows on as they are stored, with their encoded primary keys. Both are valid until the next call.
func (r *Rows) NextStored(ctx context.Context) (key, row []byte, ok bool, err error) {
	if ok, err = r.advance(ctx); err != nil || !ok {
		return nil, nil, false, err
	}
	row, err = r.it.Value()
	return r.it.Key()[len(r.shard.lower):], row, err == nil, err
}

// advance moves the iterator to the next row.
func (r *Rows) advance(ctx context.Context) (ok bool, err error) {
	if r.n%ctxInterval == 0 && ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	switch {
	case r.ended:
		return false, nil
	case r.it == nil:
		ok, err = r.position()
	case r.descending:
		ok = r.it.Prev()
	default:
		ok = r.it.Next()
	}
	if err != nil {
		return false, err
	}
	if !ok {
		r.ended = true
		return false, r.it.Err()
	}
	r.n++
	return true, nil
}

// position opens the iterator and moves it to the first row that was not returned yet.
func (r *Rows) position() (ok bool, err error) {
	if r.it, err = r.reader.Iter(r.lower, r.upper); err != nil {
		return false, err
	}
	switch {
	case r.begun && r.descending:
		return r.it.SeekLT(r.key), nil
	case r.begun:
		return r.it.SeekGE(append(r.key, 0)), nil // the smallest key after the last one
	}
	r.begun = true
	if r.descending {
		return r.it.Last(), nil
	}
	return r.it.First(), nil
}

// Park gives back the memory that an open iterator pins (memtables, files that compactions have replaced). The scan goes on
// after the last row.
func (r *Rows) Park() error {
	if r.it == nil || r.ended {
		return nil
	}
	r.key = append(r.key[:0], r.it.Key()...)
	r.rows.chunk = nil
	return r.closeIterator()
}

// Parked returns the key of the last row, without prefix, of a scan that was parked after one; otherwise nil. It is valid until the
// next call of Next.
func (r *Rows) Parked() []byte {
	if r.it != nil || !r.begun || r.ended {
		return nil
	}
	return r.key[len(r.shard.lower):]
}

// Close ends the scan.
func (r *Rows) Close() error {
	r.ended = true
	r.shard.read.Add(r.n)
	r.n = 0
	return r.closeIterator()
}

func (r *Rows) closeIterator() error {
	if r.it == nil {
		return nil
	}
	it := r.it
	r.it = nil
	return it.Close()
}

// copier turns the value under an iterator into a row.
//
// The engine's memory is valid until the iterator moves. Rows that must live longer are copied into chunks, one allocation
// for many rows; the garbage collector frees a chunk when no row in it is used any more.
type copier struct {
	transient bool
	chunk     []byte // rows, and room for more
}

// Chunks begin with room for a few rows, because many scans are short, and grow to 32 KB. Larger ones would save little and
// let one row that somebody keeps pin more.
const (
	minChunkBytes = 1 << 10
	maxChunkBytes = 32 << 10
)

func (c *copier) row(it *storage.Iterator) (datum.Value, error) {
	v, err := it.Value()
	if err != nil {
		return datum.Value{}, err
	}
	if !c.transient {
		v = c.copy(v)
	}
	return decode(v)
}

func (c *copier) copy(v []byte) []byte {
	if cap(c.chunk)-len(c.chunk) < len(v) {
		if len(v) > maxChunkBytes/4 {
			return bytes.Clone(v) // alone: it would waste the rest of a chunk
		}
		c.chunk = make([]byte, 0, min(max(minChunkBytes, 4*len(v), 2*cap(c.chunk)), maxChunkBytes))
	}
	start := len(c.chunk)
	c.chunk = append(c.chunk, v...)
	return c.chunk[start:len(c.chunk):len(c.chunk)]
}
