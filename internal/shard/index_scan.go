package shard

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
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
	return &IndexRows{
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
			if r.rows.lookup, err = r.entries.it.Lookup(); err != nil {
				return datum.Value{}, false, err
			}
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
			clear(b.list[:cap(b.list)])
			batches.Put(b)
		}
	}
	return r.Park()
}

// indexBatch is some entries with their rows.
type indexBatch struct {
	list []batchEntry
	buf  []byte // keys of the entries
	rows []byte // transient rows
	at   int    // the next to return
	left int    // how often it still comes
	lazy bool   // rows are looked up when they are returned
}

type batchEntry struct {
	valueKey   []byte
	primaryKey []byte
	of         int // the number of the range
	copies     int // how often the row comes
	times      int // of that, because of the range
	row        datum.Value
	value      datum.Value // only with options.Values, and of a cut one
	read       bool
}

func (e *batchEntry) cut() bool { return len(e.valueKey) == MaxValueKeyBytes }

func (b *indexBatch) reset() { *b = indexBatch{list: b.list[:0], buf: b.buf[:0], rows: b.rows[:0]} }

func (b *indexBatch) anyCut() bool {
	return slices.ContainsFunc(b.list, func(e batchEntry) bool { return e.cut() })
}

// last returns the entry that was returned last.
func (b *indexBatch) last() *batchEntry {
	if i := b.at; b.left > 0 {
		return &b.list[i]
	} else if i > 0 {
		return &b.list[i-1]
	}
	return nil
}

// keepLast leaves only the entry that was returned last, if it is to come again.
func (b *indexBatch) keepLast() {
	if b.left == 0 {
		b.reset()
		return
	}
	e := b.list[b.at]
	e.row = datum.View(datum.AppendEncoded(nil, e.row))
	b.list, b.at = append(b.list[:0], e), 0
}

// next returns the next entry to return the row of.
func (b *indexBatch) next() *batchEntry {
	for b.at < len(b.list) {
		e := &b.list[b.at]
		if b.left == 0 {
			b.left = e.copies
			if b.left == 0 { // left out
				b.at++
				continue
			}
		}
		if b.left--; b.left == 0 {
			b.at++
		}
		return e
	}
	return nil
}

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
		if r.it, err = r.index.shard.store.Iter(r.index.prefix, r.index.upper); err != nil {
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
	r.low = append(append(r.low[:0], r.index.prefix...), c.Low...)
	r.high = append(append(r.high[:0], r.index.prefix...), c.High...)
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
		v, found, err := r.lookup.Get(r.key)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("%w: index %d has a row that is not there", ErrCorruptIndex, r.index.config.Number)
		}
		r.found++
		r.bytes += len(v)
		if r.options.Transient {
			start := len(b.rows)
			b.rows = append(b.rows, v...) // if this moves, older rows keep the old memory
			v = b.rows[start:len(b.rows):len(b.rows)]
		} else {
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
	v, found, err := r.lookup.Get(r.key)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%w: index %d has a row that is not there", ErrCorruptIndex, r.index.config.Number)
	}
	r.found++
	r.bytes += len(v)
	if !r.options.Transient {
		v = r.rows.copy(v)
	}
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
				if rows.lookup, err = r.it.Lookup(); err != nil {
					break
				}
			}
			err = rows.read(&b)
		}
		for i := range b.list {
			n += int64(b.list[i].copies)
		}
	}
	return n, errors.Join(err, rows.close(), r.park())
}

// ScanParallel calls each for up to n workers, concurrently when there are more than a few entries. Every row of the ranges
// comes to exactly one worker, in no defined order. The first error ends the scan. Worker 0 runs in the caller's goroutine;
// ScanParallel returns after all of them.
//
// One worker at a time reads a batch of entries; that takes a small part of the time that looking up their rows does.
func (x *Index) ScanParallel(ctx context.Context, o IndexScanOptions, n int, each func(worker int, rows *ParallelIndexRows) error) (err error) {
	p := &parallelIndexScan{index: x, options: o, reader: entryReader{index: x, options: o, size: lazyRows}}
	defer func() { err = errors.Join(err, p.reader.park()) }()
	first := &ParallelIndexRows{scan: p, rows: rowReader{index: x, options: o}}
	more, err := p.reader.read(&first.batch)
	if err != nil || !more {
		return errors.Join(err, each(0, first))
	}
	if first.rows.lookup, err = p.reader.it.Lookup(); err != nil {
		return err
	}
	if err := first.rows.read(&first.batch); err != nil {
		return errors.Join(err, first.rows.close())
	}
	if len(first.batch.list) < lazyRows {
		n = 1
	}
	errs := make([]error, n)
	workers := []*ParallelIndexRows{first}
	for len(workers) < n && err == nil {
		w := &ParallelIndexRows{scan: p, rows: rowReader{index: x, options: o}}
		if w.rows.lookup, err = p.reader.it.Lookup(); err == nil {
			workers = append(workers, w)
		}
	}
	var wg sync.WaitGroup
	for w, rows := range workers[1:] {
		wg.Go(func() { errs[w+1] = p.run(w+1, rows, each) })
	}
	errs[0] = p.run(0, first, each)
	wg.Wait()
	if p.panic != nil {
		panic(p.panic)
	}
	for _, e := range errs {
		if e != nil && (err == nil || errors.Is(err, errOtherWorker)) {
			err = e
		}
	}
	return err
}

type parallelIndexScan struct {
	index   *Index
	options IndexScanOptions

	mu     sync.Mutex // guards everything below; held while a batch of entries is read
	reader entryReader
	ended  bool
	failed bool
	panic  any
}

func (p *parallelIndexScan) run(worker int, rows *ParallelIndexRows, each func(worker int, rows *ParallelIndexRows) error) (err error) {
	defer func() {
		r := recover()
		if err == nil && r == nil {
			err = rows.rows.close()
		} else {
			_ = rows.rows.close() // the first error is the one to report
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if r != nil {
			p.panic = r
			err = errOtherWorker
		}
		p.failed = p.failed || err != nil
		p.index.shard.read.Add(rows.n)
	}()
	return each(worker, rows)
}

// ParallelIndexRows are the rows that one worker of a parallel scan of an index gets.
type ParallelIndexRows struct {
	scan  *parallelIndexScan
	batch indexBatch
	rows  rowReader
	n     int64
}

// Next returns the worker's next row; ok is false when there are no more rows for it.
func (r *ParallelIndexRows) Next(ctx context.Context) (row datum.Value, ok bool, err error) {
	for {
		if e := r.batch.next(); e != nil {
			return e.row, true, nil
		}
		if ctx.Err() != nil {
			return datum.Value{}, false, context.Cause(ctx)
		}
		more, err := r.fill()
		if err != nil || !more {
			return datum.Value{}, false, err
		}
		r.n += int64(len(r.batch.list))
		if err := r.rows.read(&r.batch); err != nil {
			return datum.Value{}, false, err
		}
	}
}

func (r *ParallelIndexRows) fill() (more bool, err error) {
	p := r.scan
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed {
		return false, errOtherWorker
	}
	if p.ended {
		r.batch.reset()
		return false, nil
	}
	p.reader.size = r.rows.batchSize(p.reader.size)
	more, err = p.reader.read(&r.batch)
	p.ended = err == nil && !more
	return more, err
}

// Close does nothing: the scan closes the rows of its workers.
func (r *ParallelIndexRows) Close() error { return nil }
