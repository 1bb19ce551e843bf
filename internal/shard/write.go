package shard

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// A Request changes the rows of some keys in one atomic batch, or, when a key comes several times and there is a unique
// index, in a few.
type Request struct {
	Values []datum.Value // primary keys
	Keys   [][]byte      // their encodings; nil where Results has an error already

	// Update computes a row's successor. It runs under the latches of all keys.
	Update func(i int, old datum.Value) (datum.Value, error)

	// Fresh marks keys that certainly have no row, because they are random and new: no old row is looked for. Nil means none.
	Fresh []bool

	Durable bool // wait for the disk
	Copied  bool // the rows come from other groups of the table: no follower is told, and the history says nothing of them

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
	command replication.Command
	hashes  []uint64
	order   []int32 // indexes of the request's keys
	key     []byte  // prefix of the shard's rows, then the present key
	encoded []byte
	index   indexScratch
	claims  *claims // nil until there is a unique index
	report  report
	lowest  lowest
	changed int64 // rows

	// What the write holds until the fate of its command is known.
	indexes *indexSet // nil: it has not begun
	latched []uint64  // keys
	claimed []uint64  // values of unique indexes
}

// maxScratchBytes is the largest encoding buffer that is kept.
const maxScratchBytes = 1 << 20

func (s *Shard) newWriteScratch() *writeScratch {
	return &writeScratch{batch: s.store.NewBatch(), key: slices.Clone(s.lower), report: report{shard: s}}
}

func (s *Shard) putScratch(w *writeScratch) {
	w.batch.Reset()
	w.report.reset()
	w.lowest = nil
	if cap(w.encoded) > maxScratchBytes {
		w.encoded = nil
	}
	if cap(w.index.old.buf)+cap(w.index.new.buf) > maxScratchBytes {
		w.index = indexScratch{}
	}
	if w.claims != nil && !w.claims.reset() {
		w.claims = nil
	}
	s.scratch.Put(w)
}

// Write reads the old rows, has Update compute their successors, and commits what changed. Its steps:
//
//  1. Wait while the shard is sealed (gate.go). Take the latches of all keys, in one order for everybody. Then ask for the epoch (see replication.Group).
//  2. Read the old rows, in the order of the keys.
//  3. For each key, in the order of the request: call Update and validate.
//  4. With unique indexes, take the latches of the values that come new, and refuse rows with a value that is taken (unique.go).
//  5. Encode the changed rows and their index changes into the batch, in the order of the keys.
//  6. Commit: index and row count join the batch, and readers see it.
//  7. Release the latches.
//  8. If durable, wait for the disk. See replication.Single for why that may come after 7.
//
// Reading and writing in the order of the keys makes a batch of 200 random keys about twice as fast: neighbours in the
// engine's memory are found from each other.
//
// Errors of a row are in its result. The error of Write itself says that nothing was written, or wraps ErrUnknownOutcome or
// ErrPartlyWritten.
func (s *Shard) Write(ctx context.Context, r *Request) error {
	var index replication.Index
	err := s.following(ctx, func(replication.Group) (err error) {
		if index, err = s.applyOpen(ctx, r); err == errRepeatedKeys { //nolint:errorlint // it is never wrapped
			index, err = s.applyParts(ctx, r)
		}
		if errors.Is(err, replication.ErrReplaced) {
			r.Forget()
		}
		return err
	})
	if errors.Is(err, replication.ErrUnknownOutcome) {
		return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
	}
	if err != nil {
		return err
	}
	if r.Durable {
		if err := s.now().WaitDurable(ctx, index); err != nil {
			return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
		}
	}
	return nil
}

// applyOpen is apply, again if the gate was closed on the way to step 2.
func (s *Shard) applyOpen(ctx context.Context, r *Request) (index replication.Index, err error) {
	for {
		if index, err = s.apply(ctx, r); err != errShut { //nolint:errorlint // it is never wrapped
			return index, err
		}
	}
}

// maxLeft is how many writes may be left by their authors while they are on their way. Further ones are waited for, whatever their time limit: what waits must be bounded.
const maxLeft = 1024

// apply does steps 1 to 7 and returns the index up to which the group must be durable for the write to be durable. When ctx ends during step 6, the rest is done by
// whoever settles the command.
func (s *Shard) apply(ctx context.Context, r *Request) (replication.Index, error) {
	w := s.scratch.Get().(*writeScratch)
	left := false // w is not this call's any more
	defer func() {
		if !left { // also when Update panics
			s.release(w)
		}
	}()
	index, err := s.applyHolding(ctx, w, r)
	left = errors.Is(err, replication.ErrLeft)
	return index, err
}

// release ends what a write holds.
func (s *Shard) release(w *writeScratch) {
	s.latches.releaseAll(w.claimed)
	s.latches.releaseAll(w.latched)
	if w.indexes != nil {
		w.indexes.leave()
	}
	w.claimed, w.latched, w.indexes = nil, nil, nil
	s.putScratch(w)
}

// Settled implements replication.Author.
func (w *writeScratch) Settled(err error) {
	s := w.report.shard
	s.left.Add(-1)
	s.written.Add(w.committed(err))
	s.release(w)
}

// committed does what follows from a commit, and returns how many rows it has changed.
func (w *writeScratch) committed(err error) (changed int64) {
	w.lowest.lower()
	if w.indexes.changed != nil {
		w.indexes.changed.add(w.report.request, w.order)
	}
	if err == nil {
		changed = w.changed
	}
	return changed
}

// applyHolding is apply without the release of what w holds.
func (s *Shard) applyHolding(ctx context.Context, w *writeScratch, r *Request) (replication.Index, error) {
	indexes, err := s.enterOpen(ctx)
	if err != nil {
		return 0, err
	}
	w.indexes = indexes
	w.sortKeys(r.Keys)
	if indexes.unique != nil && w.repeats(r.Keys) {
		return 0, errRepeatedKeys
	}
	distinct := s.hashKeys(w, r.Keys)
	if err := s.latches.acquireAll(ctx, w.hashes); err != nil {
		return 0, err
	}
	w.latched = w.hashes
	group := s.now().Group
	epoch, err := group.Epoch()
	if err != nil {
		return 0, err
	}
	if s.shutFor(indexes) {
		return 0, errShut
	}

	if err := s.readOld(ctx, w, r); err != nil {
		return 0, err
	}
	var earlier map[string]datum.Value // what the request has made of its keys so far
	if !distinct {
		earlier = make(map[string]datum.Value)
	}
	for i, key := range r.Keys {
		if key == nil {
			continue
		}
		if i%ctxInterval == ctxInterval-1 && ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		old := r.Results[i].Old
		if row, ok := earlier[string(key)]; ok {
			old = row
		}
		r.Results[i] = Decide(s.config.PrimaryKey, r, i, old)
		if earlier != nil && r.Results[i].Changed {
			earlier[string(key)] = r.Results[i].New
		}
	}
	if indexes.unique != nil {
		c, err := s.claim(ctx, w, indexes.unique, r)
		if err != nil {
			return 0, err
		}
		if err := s.latches.acquireAll(ctx, c.hashes); err != nil {
			return 0, err
		}
		w.claimed = c.hashes
		if err := s.refuseDuplicates(ctx, c, r); err != nil {
			return 0, err
		}
	}

	w.command = replication.Command{Batch: w.batch, Epoch: epoch, Observer: &w.report}
	w.report.begin(r, w.order)
	w.changed = 0
	for _, i := range w.order {
		res := &r.Results[i]
		if !res.Changed {
			continue
		}
		if err := s.put(w, indexes, r.Keys[i], res); err != nil {
			return 0, err
		}
		w.command.Rows += present(res.New) - present(res.Old)
		w.changed++
	}
	if w.changed == 0 {
		// Old rows that this write saw and reports may not be on disk yet.
		return group.State().Applied, nil
	}
	if s.left.Load() < maxLeft {
		w.command.Author = w
	}
	index, err := group.Commit(ctx, &w.command)
	if errors.Is(err, replication.ErrLeft) {
		s.left.Add(1)
		return 0, err
	}
	s.written.Add(w.committed(err))
	return index, err
}

// sortKeys fills w.order with the indexes of the valid keys, in the order of the keys and, for one key, of the request.
func (w *writeScratch) sortKeys(keys [][]byte) {
	w.order = w.order[:0]
	for i, k := range keys {
		if k != nil {
			w.order = append(w.order, int32(i))
		}
	}
	slices.SortFunc(w.order, func(i, j int32) int {
		if c := bytes.Compare(keys[i], keys[j]); c != 0 {
			return c
		}
		return cmp.Compare(i, j)
	})
}

// manyKeys is from how many keys on a Lookup is cheaper than single reads.
const manyKeys = 8

// Forget makes the request as it was before it was tried. Nothing was written.
func (r *Request) Forget() {
	for i, k := range r.Keys {
		if k != nil {
			r.Results[i] = Result{}
		}
	}
}

func (r *Request) fresh(i int32) bool { return r.Fresh != nil && r.Fresh[i] }

// readOld fills in the old rows of the results.
func (s *Shard) readOld(ctx context.Context, w *writeScratch, r *Request) error {
	if r.Fresh != nil && !slices.Contains(r.Fresh, false) {
		return nil
	}
	if len(w.order) < manyKeys {
		for _, i := range w.order {
			if r.fresh(i) {
				continue
			}
			w.key = append(w.key[:len(s.lower)], r.Keys[i]...)
			v, found, err := s.store.PeekRow(w.key)
			if err != nil {
				return err
			}
			if found {
				if r.Results[i].Old, err = decode(v); err != nil {
					return err
				}
			}
		}
		return nil
	}
	l, err := s.store.Lookup()
	if err != nil {
		return err
	}
	return errors.Join(s.lookUp(ctx, l, w, r.Keys, func(i int32) *datum.Value { return &r.Results[i].Old }), l.Close())
}

// lookUp stores the rows of the keys in w.order at where row says.
func (s *Shard) lookUp(ctx context.Context, l *storage.Lookup, w *writeScratch, keys [][]byte, row func(i int32) *datum.Value) error {
	var rows copier
	for n, i := range w.order {
		if n%ctxInterval == ctxInterval-1 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		w.key = append(w.key[:len(s.lower)], keys[i]...)
		v, found, err := l.Get(w.key)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		if *row(i), err = decode(rows.copy(v)); err != nil {
			return err
		}
	}
	return nil
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

// Decide computes what is to become of the row of the i-th key, and validates that. Nothing is written. REQUIRES: r.Keys[i] is not nil.
func Decide(primaryKey string, r *Request, i int, old datum.Value) Result {
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
	if res.Err = row.LimitError(); res.Err != nil { // such a row has no fields to look at
		return res
	}
	if res.Err = validate(primaryKey, old, row, r.Values[i], r.Keys[i]); res.Err != nil {
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
func (s *Shard) put(w *writeScratch, indexes *indexSet, key []byte, res *Result) error {
	w.key = append(w.key[:len(s.lower)], key...)
	for _, u := range indexes.uses {
		u.index.update(w.batch, &w.index, key, res.Old, res.New, u.mark)
		if u.floor {
			w.lowest.note(u.index, &w.index.new)
		}
		if w.batch.Len() > storage.MaxBatchBytes {
			return errLargeBatch
		}
	}
	if res.New.IsAbsent() {
		w.report.add(key, res.Old, nil)
		w.batch.Delete(w.key)
		return nil
	}
	w.encoded = datum.AppendEncoded(w.encoded[:0], res.New)
	w.report.add(key, res.Old, w.encoded)
	if w.batch.Len()+len(w.encoded) > storage.MaxBatchBytes {
		return errLargeBatch
	}
	if res.Old.IsAbsent() {
		w.batch.Set(w.key, w.encoded)
	} else {
		w.batch.Replace(w.key, w.encoded)
	}
	return nil
}

var errLargeBatch = fmt.Errorf("the rows of one write and their index entries have more than %d bytes: write fewer rows at a time", storage.MaxBatchBytes)

func present(row datum.Value) int64 {
	if row.IsAbsent() {
		return 0
	}
	return 1
}
