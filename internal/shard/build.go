package shard

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// Building an index while rows change.
//
// The entries of millions of rows come from a scan, which takes a while, and meanwhile writers go on. At the end every row
// must have exactly its entries. With E(r) for the entries of a row r, and of a row that is not there E = ∅:
//
//  1. AddIndex: from now on writers maintain the index. A writer that turns a row from old into new deletes E(old) \ E(new)
//     and adds E(new) \ E(old), in the batch of the row, and, when there is such a difference, marks the row as touched.
//  2. Wait until no writer is left that has begun before 1 (see indexSet). Then take a snapshot of the store. Of each row let
//     s be its version in the snapshot and c the present one.
//  3. Scan the snapshot, compute E(s) of each row, and add those entries, sorted, in large pieces.
//  4. Writers stop marking. Wait until no writer is left that still does.
//  5. For each marked row, under its latch: delete E(s) \ E(c).
//  6. Remove the marks. The caller writes down that the index is ready.
//
// Every entry that belongs is there after 3: if e ∈ E(c), then either e ∈ E(v) for each version v of the row since the
// snapshot, so e ∈ E(s) and 3 has added it, and no writer has deleted it; or some writer was the last to turn a version
// without e into one with e. That writer has added it, and after that no writer has deleted it. The builder deletes nothing before
// 5, and in 5 only what is not in E(c).
//
// No entry is there that does not belong, after 5: what writers add they delete when it ends to belong, unless 3 adds it
// again later. So any such entry is in E(s) of its row and was deleted by a writer, who has marked the row in step 3 or before.
// A writer that comes after 4 and deletes an entry does so for good, because nobody adds entries of the snapshot any more.
//
// Crashes: the index counts as ready only when the record that says so is on disk, which comes after everything else in the
// log. An index that is not ready is cleared when the shard is opened (AddIndex) and built from the beginning. Resuming
// would save half of the work on average and need the marks and the progress to be right after a crash; a build reads
// about as fast as the disk, so the work is small.
//
// Alternatives: A scan that adds the entries of each row under the row's latch needs neither snapshot nor marks. It takes a
// latch and reads the row again for each row of the table, and puts the entries in the order of primary keys into the store,
// which costs several times what sorted pieces cost. Marks in memory would be cheaper than marks in the store, and unbounded.

// runBytes is how much a worker of a build collects before it writes. Larger pieces mean fewer files that overlap; each
// worker has this much memory, and about half as much for the order of the entries; twice that at the end, in writeRest.
const runBytes = 16 << 20

// maxUpkeepBytes is how much goes through the log of a group with several replicas at a time, so that writes of rows do not wait long.
const maxUpkeepBytes = 512 << 10

// smallRunBytes is the size up to which a piece goes through a batch: making a file of it would cost more.
const smallRunBytes = 256 << 10

// Build makes the entries of all rows. Writers go on meanwhile. When it returns without an error the index is complete; then
// the caller makes that known. After an error the index has to be dropped, or built after the next start. A *NotUniqueError
// will come again until the rows change.
func (x *Index) Build(ctx context.Context, workers int) error {
	s := x.shard
	if !s.alone() { // another server may have begun to build it
		if err := s.clearIndex(ctx, x.config.Number); err != nil {
			return err
		}
	}
	if err := s.drained(ctx); err != nil {
		return err
	}
	snap := s.store.Snapshot()
	err := x.buildFrom(ctx, snap, workers)
	return errors.Join(err, snap.Close())
}

func (x *Index) buildFrom(ctx context.Context, snap *storage.Snapshot, workers int) error {
	s := x.shard
	x.expect.Store(s.Count())
	runs := make([]*run, workers)
	err := s.scanParallel(snap, ScanOptions{Transient: true}, workers, func(worker int, rows *ParallelRows) error {
		r := &run{index: x}
		runs[worker] = r
		return r.collect(ctx, rows)
	})
	if err == nil {
		err = x.writeRest(ctx, runs)
	}
	if err != nil {
		return fmt.Errorf("scan for index %d: %w", x.config.Number, err)
	}
	x.Finish()
	if err := s.drained(ctx); err != nil {
		return err
	}
	if err := x.settle(ctx, snap); err != nil {
		return fmt.Errorf("settle index %d: %w", x.config.Number, err)
	}
	if x.config.Unique {
		return x.proveUnique(ctx)
	}
	return nil
}

// Progress returns how much of a build is done, from 0 to 1. It is 1 only when the scan is over.
func (x *Index) Progress() float64 {
	done, all := x.scanned.Load(), x.expect.Load()
	if all <= 0 {
		return 0
	}
	return min(float64(done)/float64(all), 0.999)
}

// run collects entries of one worker and writes them in the order of their keys.
type run struct {
	index *Index
	buf   []byte // key and value of one entry after the other
	list  []runEntry
	row   entries
	value []byte
}

type runEntry struct {
	head   uint64 // the beginning of the key after the prefix, which decides most comparisons
	at     uint32 // in buf
	keyLen uint32 // without the prefix
	valLen uint32
}

// progressRows is how often a worker tells how far it is.
const progressRows = 1024

func (r *run) collect(ctx context.Context, rows *ParallelRows) error {
	x := r.index
	prefix := len(x.shard.lower)
	n := 0
	defer func() { x.scanned.Add(int64(n % progressRows)) }()
	for {
		row, ok, err := rows.Next(ctx)
		if err != nil || !ok {
			return err
		}
		r.add(rows.it.Key()[prefix:], row)
		if n++; n%progressRows == 0 {
			x.scanned.Add(progressRows)
		}
		if len(r.buf) >= runBytes {
			if err := r.write(ctx); err != nil {
				return err
			}
		}
	}
}

func (r *run) add(primaryKey []byte, row datum.Value) {
	r.index.compute(&r.row, primaryKey, row)
	for i := range r.row.list {
		key := r.row.key(i)
		r.value = appendEntryValue(r.value[:0], len(primaryKey), r.row.list[i].copies)
		e := runEntry{at: uint32(len(r.buf)), keyLen: uint32(len(key)), valLen: uint32(len(r.value))}
		var head [8]byte
		copy(head[:], key)
		e.head = binary.BigEndian.Uint64(head[:])
		r.buf = append(append(r.buf, key...), r.value...)
		r.list = append(r.list, e)
	}
}

func (r *run) key(e *runEntry) []byte { return r.buf[e.at : e.at+e.keyLen] }

func (r *run) entryValue(e *runEntry) []byte {
	at := e.at + e.keyLen
	return r.buf[at : at+e.valLen]
}

// write writes what was collected and begins anew.
func (r *run) write(ctx context.Context) error {
	if len(r.list) == 0 {
		return nil
	}
	slices.SortFunc(r.list, func(a, b runEntry) int {
		switch {
		case a.head < b.head:
			return -1
		case a.head > b.head:
			return 1
		}
		return bytes.Compare(r.key(&a), r.key(&b))
	})
	var err error
	if len(r.buf) <= smallRunBytes || !r.index.shard.alone() {
		err = r.writeBatch(ctx)
	} else {
		err = r.ingest(ctx)
	}
	r.buf, r.list = r.buf[:0], r.list[:0]
	return err
}

func (r *run) writeBatch(ctx context.Context) error {
	store := r.index.shard.store
	b := store.NewBatch()
	defer b.Close()
	key := slices.Clone(r.index.prefix)
	for i := range r.list {
		e := &r.list[i]
		key = append(key[:storage.IndexPrefixLen], r.key(e)...)
		b.Set(key, r.entryValue(e))
		if b.Len() >= maxUpkeepBytes {
			if err := r.index.shard.maintain(ctx, b); err != nil {
				return err
			}
			b.Reset()
		}
	}
	return r.index.shard.maintain(ctx, b)
}

func (r *run) ingest(ctx context.Context) error {
	file, err := r.index.shard.store.NewSortedRun()
	if err != nil {
		return err
	}
	key := slices.Clone(r.index.prefix)
	for i := range r.list {
		if i%ctxInterval == 0 && ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), file.Abort())
		}
		e := &r.list[i]
		key = append(key[:storage.IndexPrefixLen], r.key(e)...)
		if err := file.Set(key, r.entryValue(e)); err != nil {
			return errors.Join(err, file.Abort())
		}
	}
	return file.Ingest(ctx)
}

// settleRows is how many rows are settled under their latches at a time.
const settleRows = 64

// settle deletes the entries that marked rows have from the snapshot and do not have any more, and then the marks.
func (x *Index) settle(ctx context.Context, snap *storage.Snapshot) error {
	s := x.shard
	lower, upper := storage.IndexRange(s.config.Group, storage.KindTouched, x.config.Number)
	it, err := s.store.Iter(lower, upper)
	if err != nil {
		return err
	}
	var keys [][]byte
	flush := func() error {
		err := x.settleRows(ctx, snap, keys)
		keys = keys[:0]
		return err
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		keys = append(keys, bytes.Clone(it.Key()[len(lower):]))
		if len(keys) == settleRows {
			err = flush()
		}
	}
	if err == nil {
		err = it.Err()
	}
	if err = errors.Join(err, it.Close()); err == nil {
		err = flush()
	}
	if err != nil {
		return err
	}
	b := s.store.NewBatch()
	defer b.Close()
	b.DeleteRange(lower, upper)
	return s.maintain(ctx, b)
}

func (x *Index) settleRows(ctx context.Context, snap *storage.Snapshot, keys [][]byte) error {
	if len(keys) == 0 {
		return nil
	}
	s := x.shard
	hashes := make([]uint64, len(keys))
	for i, k := range keys {
		hashes[i] = s.latches.hash(k)
	}
	slices.Sort(hashes)
	hashes = slices.Compact(hashes)
	if err := s.latches.acquireAll(ctx, hashes); err != nil {
		return err
	}
	defer s.latches.releaseAll(hashes)
	b := s.store.NewBatch()
	defer b.Close()
	var then, now entries
	var entryKey []byte
	for _, k := range keys {
		old, err := x.rowIn(snap, k)
		if err != nil {
			return err
		}
		present, err := x.rowIn(s.store, k)
		if err != nil {
			return err
		}
		x.compute(&then, k, old)
		x.compute(&now, k, present)
		for i := range then.list {
			if _, stays := now.find(then.key(i)); !stays {
				entryKey = append(append(entryKey[:0], x.prefix...), then.key(i)...)
				b.Delete(entryKey)
			} else {
				// The scan may have overwritten the number of copies.
				x.rewrite(b, &now, then.key(i), len(k), &entryKey)
			}
		}
	}
	return s.maintain(ctx, b)
}

// rewrite adds an entry of a row to the batch again.
func (x *Index) rewrite(b *storage.Batch, e *entries, key []byte, primaryKeyLen int, buf *[]byte) {
	i, _ := e.find(key)
	*buf = append(append((*buf)[:0], x.prefix...), key...)
	b.Set(*buf, appendEntryValue(nil, primaryKeyLen, e.list[i].copies))
}

// find returns the place of an entry.
func (e *entries) find(key []byte) (i int, ok bool) {
	return slices.BinarySearchFunc(e.list, key, func(a entry, key []byte) int { return bytes.Compare(e.buf[a.start:a.end], key) })
}

func (x *Index) rowIn(r state, primaryKey []byte) (datum.Value, error) {
	v, found, err := r.Get(append(bytes.Clone(x.shard.lower), primaryKey...))
	if err != nil || !found {
		return datum.Value{}, err
	}
	return decode(v)
}
