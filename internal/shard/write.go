package shard

import (
	"context"
	"fmt"
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// A Request changes the rows of some keys in one atomic batch.
type Request struct {
	Values []datum.Value // primary keys
	Keys   [][]byte      // their encodings; nil where Results has an error already

	// Update computes a row's successor. It runs under the latches of all keys.
	Update func(i int, old datum.Value) (datum.Value, error)

	Durable bool // wait for the disk

	Results []Result // as many as keys, filled in by Write
}

// A Result is what became of one key. Without an error Old and New are the stored rows before and after, absent where there
// is none. With an error nothing was written: Old is as before, and New is what Update returned, if anything.
type Result struct {
	Old, New datum.Value
	Changed  bool // Old and New differ
	Err      error
}

// writeScratch is the memory of one Write. A pooled scratch saves a single-row write six allocations of about 2 KB together.
type writeScratch struct {
	batch   *storage.Batch
	hashes  []uint64
	key     []byte // prefix of the shard's rows, then the present key
	encoded []byte
}

// maxScratchBytes is the largest encoding buffer that is kept.
const maxScratchBytes = 1 << 20

func newWriteScratch(store *storage.Store, prefix []byte) *writeScratch {
	return &writeScratch{batch: store.NewBatch(), key: slices.Clone(prefix)}
}

func (s *Shard) putScratch(w *writeScratch) {
	w.batch.Reset()
	if cap(w.encoded) > maxScratchBytes {
		w.encoded = nil
	}
	s.scratch.Put(w)
}

// Write reads the old rows, has Update compute their successors, and commits what changed. Its steps:
//
//  1. Take the latches of all keys, in one order for everybody.
//  2. For each key, in order: read the old row once, call Update, validate, encode, note row and index changes in the batch.
//  3. Commit: index and row count join the batch, and readers see it.
//  4. Release the latches.
//  5. If durable, wait for the disk. See replication.Single for why that may come after 4.
//
// Errors of a row are in its result. The error of Write itself says that nothing was written, or wraps ErrUnknownOutcome.
func (s *Shard) Write(ctx context.Context, r *Request) error {
	index, err := s.apply(ctx, r)
	if err != nil {
		return err
	}
	if r.Durable {
		if err := s.group.WaitDurable(ctx, index); err != nil {
			return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
		}
	}
	return nil
}

// apply does steps 1 to 4 and returns the index up to which the group must be durable for the write to be durable.
func (s *Shard) apply(ctx context.Context, r *Request) (replication.Index, error) {
	w := s.scratch.Get().(*writeScratch)
	defer s.putScratch(w)
	distinct := s.hashKeys(w, r.Keys)
	if err := s.latches.acquireAll(ctx, w.hashes); err != nil {
		return 0, err
	}
	defer s.latches.releaseAll(w.hashes)

	earlier := earlierRows(nil)
	if !distinct {
		earlier = make(earlierRows)
	}
	cmd := replication.Command{Batch: w.batch}
	changed := int64(0)
	for i, key := range r.Keys {
		if key == nil {
			continue
		}
		if i%256 == 255 && ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		w.key = append(w.key[:len(s.lower)], key...)
		res := &r.Results[i]
		old, err := s.oldRow(w.key, key, earlier)
		if err != nil {
			return 0, err
		}
		*res = s.evaluate(r, i, old)
		if res.Err != nil || !res.Changed {
			continue
		}
		if err := s.put(w, key, res); err != nil {
			return 0, err
		}
		if earlier != nil {
			earlier[string(key)] = res.New
		}
		cmd.Rows += present(res.New) - present(res.Old)
		changed++
	}
	if changed == 0 {
		// Old rows that this write saw and reports may not be on disk yet.
		return s.group.State().Applied, nil
	}
	s.written.Add(changed)
	return s.group.Commit(ctx, &cmd)
}

// hashKeys fills w.hashes with the ascending hashes of the keys and reports whether there are no duplicates among the keys.
func (s *Shard) hashKeys(w *writeScratch, keys [][]byte) (distinct bool) {
	w.hashes = w.hashes[:0]
	for _, k := range keys {
		if k != nil {
			w.hashes = append(w.hashes, s.latches.hash(k))
		}
	}
	if len(w.hashes) < 2 {
		return true
	}
	slices.Sort(w.hashes)
	n := len(w.hashes)
	w.hashes = slices.Compact(w.hashes)
	return len(w.hashes) == n // equal hashes of different keys count as duplicates, which is slower but right
}

// earlierRows has what the same request has made of the keys so far; the batch is not visible yet. Nil if no key comes twice.
type earlierRows map[string]datum.Value

func (s *Shard) oldRow(storageKey, key []byte, earlier earlierRows) (datum.Value, error) {
	if row, ok := earlier[string(key)]; ok {
		return row, nil
	}
	v, found, err := s.store.Get(storageKey)
	if err != nil || !found {
		return datum.Value{}, err
	}
	return decode(v)
}

// evaluate computes and validates the new row.
func (s *Shard) evaluate(r *Request, i int, old datum.Value) Result {
	row, err := r.Update(i, old)
	if err != nil {
		return Result{Old: old, Err: err}
	}
	if row.Kind() == datum.KindNull {
		row = datum.Value{}
	}
	res := Result{Old: old, New: row}
	if row.IsAbsent() {
		res.Changed = !old.IsAbsent()
		return res
	}
	if res.Err = row.DepthError(); res.Err != nil { // such a row has no fields to look at
		return res
	}
	if res.Err = s.validate(old, row, r.Values[i], r.Keys[i]); res.Err != nil {
		return res
	}
	res.Changed = old.IsAbsent() || !datum.Equal(old, row)
	if !res.Changed {
		res.New = old // rows that compare equal can differ, for example in the zone of a time; the stored one stays
		return res
	}
	if res.Err = datum.CheckStorable(row); res.Err != nil {
		res.Changed = false
	}
	return res
}

// put adds the change of a row and of its index entries to the batch.
func (s *Shard) put(w *writeScratch, key []byte, res *Result) error {
	for _, m := range s.indexes {
		if err := m.Update(w.batch, key, res.Old, res.New); err != nil {
			return err
		}
	}
	if res.New.IsAbsent() {
		w.batch.Delete(w.key)
		return nil
	}
	w.encoded = datum.AppendEncoded(w.encoded[:0], res.New)
	if w.batch.Len()+len(w.encoded) > storage.MaxBatchBytes {
		return fmt.Errorf("the rows of one write have more than %d bytes: write fewer rows at a time", storage.MaxBatchBytes)
	}
	w.batch.Set(w.key, w.encoded)
	return nil
}

func present(row datum.Value) int64 {
	if row.IsAbsent() {
		return 0
	}
	return 1
}
