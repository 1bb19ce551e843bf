package shard

import (
	"bytes"
	"fmt"
	"slices"

	"rethinkdb/internal/storage"
)

// entryReader reads batches of entries.
type entryReader struct {
	index   *Index
	options IndexScanOptions
	size    int // of the next batch

	it     *storage.Iterator
	done   int    // ranges
	begun  bool   // the present range; the iterator stands on the last entry that was read
	ahead  bool   // or on one that is still to be read
	resume []byte // after a Park, where to seek in the present range
	low    []byte // bounds of the present range, with the prefix
	high   []byte
}

// current returns the present range.
func (r *entryReader) current() *IndexRange {
	i := r.done
	if r.options.Descending {
		i = len(r.options.Ranges) - 1 - i
	}
	return &r.options.Ranges[i]
}

// read fills the batch. more is false when there is no entry left.
func (r *entryReader) read(b *indexBatch) (more bool, err error) {
	b.reset()
	if r.done == len(r.options.Ranges) {
		return false, nil
	}
	if r.index.dropped.Load() {
		return false, ErrIndexDropped
	}
	if r.it == nil {
		if r.it, err = r.index.shard.reader(r.options.At).Iter(r.index.prefix, r.index.upper); err != nil {
			return false, err
		}
	}
	for r.done < len(r.options.Ranges) {
		ok := r.advance()
		if err := r.it.Err(); err != nil {
			return false, fmt.Errorf("scan index %d: %w", r.index.config.Number, err)
		}
		if !ok {
			r.done++
			r.begun = false
			continue
		}
		// A batch does not end between entries of one cut value, which it puts in order.
		if n := len(b.list); n >= r.size && !(b.list[n-1].cut() && bytes.HasPrefix(r.it.Key()[storage.IndexPrefixLen:], b.list[n-1].valueKey)) {
			r.ahead = true
			break
		}
		if err := r.take(b); err != nil {
			return false, err
		}
	}
	return len(b.list) > 0, nil
}

// advance moves to the next entry of the present range.
func (r *entryReader) advance() bool {
	ok := true
	switch {
	case r.ahead:
		r.ahead = false
	case r.resume != nil && r.options.Descending:
		ok = r.it.SeekLT(r.resume)
		r.resume = nil
	case r.resume != nil:
		ok = r.it.SeekGE(r.resume)
		r.resume = nil
	case r.begun && r.options.Descending:
		ok = r.it.Prev()
	case r.begun:
		ok = r.it.Next()
	default:
		r.begin()
		if r.options.Descending {
			ok = r.it.SeekLT(r.high)
		} else {
			ok = r.it.SeekGE(r.low)
		}
	}
	if !ok {
		return false
	}
	if r.options.Descending {
		return bytes.Compare(r.it.Key(), r.low) >= 0
	}
	return bytes.Compare(r.it.Key(), r.high) < 0
}

// begin computes the bounds of the present range.
func (r *entryReader) begin() {
	c := r.current()
	prefix := r.index.prefix
	r.low = append(append(slices.Grow(r.low[:0], len(prefix)+len(c.Low)), prefix...), c.Low...)
	r.high = append(append(slices.Grow(r.high[:0], len(prefix)+len(c.High)), prefix...), c.High...)
	if c.High == nil {
		r.high = append(r.high[:0], r.index.upper...)
	}
	r.begun = true
}

// goBack makes the reader go on after an entry.
func (r *entryReader) goBack(e *batchEntry) {
	r.done, r.ahead = e.of, false
	r.begin()
	r.resume = append(append(append(r.resume[:0], r.index.prefix...), e.valueKey...), e.primaryKey...)
	if !r.options.Descending {
		r.resume = append(r.resume, 0)
	}
}

// take appends the present entry to the batch.
func (r *entryReader) take(b *indexBatch) error {
	value, err := r.it.Value()
	if err != nil {
		return err
	}
	key := r.it.Key()[storage.IndexPrefixLen:]
	start := len(b.buf)
	b.buf = append(b.buf, key...) // if this moves, older entries keep the old memory
	valueKey, primaryKey, copies, err := splitEntry(b.buf[start:], value)
	if err != nil {
		return fmt.Errorf("%w: index %d", err, r.index.config.Number)
	}
	times := max(r.current().Copies, 1)
	b.list = append(b.list, batchEntry{valueKey: valueKey, primaryKey: primaryKey, of: r.done, copies: copies * times, times: times})
	return nil
}

// park closes the iterator.
func (r *entryReader) park() error {
	if r.it == nil {
		return nil
	}
	it := r.it
	r.it = nil
	if r.begun && r.resume == nil && r.done < len(r.options.Ranges) {
		r.resume = bytes.Clone(it.Key())
		// Ascending, the next entry is the first ≥ resume, and descending, the last < resume; a zero byte more makes the
		// next key of a key.
		if r.ahead == r.options.Descending {
			r.resume = append(r.resume, 0)
		}
		r.ahead = false
	}
	return it.Close()
}
