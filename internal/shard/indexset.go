package shard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// indexSet is the indexes that writers maintain, from one change of them to the next. A change publishes a new set; who has
// begun with the old one ends with it. The builder of an index has to know when no writer is left that has not heard of the
// index, so a set counts the writers that use it:
//
//	a writer uses the set that was the current one at some moment between its first step and its first read of a row;
//	once a set is not the current one, no further writer gets to use it, and drained returns when the last one has left.
//
// A lock for reading was considered. A pending change would then stop all writers until the slowest of those that have begun
// is done, and how long that takes is up to the function of an update.
//
// Who copies the shard to other groups tells writers in the same way what he wants of them.
type indexSet struct {
	// Constant.
	uses    []indexUse
	unique  []*Index     // of uses, those that are unique, by their numbers
	changed *ChangedKeys // takes the keys of rows that change; nil: nobody wants them
	gate    *gate        // writers of rows wait there; nil: they may go on

	inflight atomic.Int64
	retired  atomic.Bool // it is not the current set any more
	once     sync.Once
	empty    chan struct{} // closed when retired and nobody uses the set

	prev *indexSet // an older one that may still be in use; guarded by Shard.indexMu
}

type indexUse struct {
	index *Index
	mark  bool // tell the builder which rows change
	floor bool // it is kept
}

func newIndexSet(uses []indexUse, prev *indexSet) *indexSet {
	set := &indexSet{uses: uses, prev: prev, empty: make(chan struct{})}
	if prev != nil {
		set.changed, set.gate = prev.changed, prev.gate
	}
	for _, u := range uses {
		if u.index.config.Unique {
			set.unique = append(set.unique, u.index)
		}
	}
	slices.SortFunc(set.unique, func(a, b *Index) int { return cmp.Compare(a.config.Number, b.config.Number) })
	return set
}

// enter returns the current set and counts the caller in. Call leave.
func (s *Shard) enter() *indexSet {
	for {
		set := s.indexes.Load()
		set.inflight.Add(1)
		if s.indexes.Load() == set {
			return set
		}
		set.leave()
	}
}

func (g *indexSet) leave() {
	if g.inflight.Add(-1) == 0 && g.retired.Load() {
		g.once.Do(func() { close(g.empty) })
	}
}

// changeIndexes makes a set with other indexes the current one.
func (s *Shard) changeIndexes(change func(uses []indexUse) []indexUse) {
	s.indexMu.Lock()
	defer s.indexMu.Unlock()
	old := s.indexes.Load()
	s.replaceSet(old, newIndexSet(change(slices.Clone(old.uses)), old))
}

// changeWriters makes another set with the same indexes the current one, unless change says that it is no other.
func (s *Shard) changeWriters(change func(set *indexSet) bool) {
	s.indexMu.Lock()
	defer s.indexMu.Unlock()
	old := s.indexes.Load()
	if set := newIndexSet(slices.Clone(old.uses), old); change(set) {
		s.replaceSet(old, set)
	}
}

// replaceSet makes a set the current one. The caller holds indexMu.
func (s *Shard) replaceSet(old, set *indexSet) {
	s.indexes.Store(set)
	old.retired.Store(true)
	if old.inflight.Load() == 0 {
		old.once.Do(func() { close(old.empty) })
	}
}

// drained returns when nobody uses a set that was replaced before the call.
func (s *Shard) drained(ctx context.Context) error {
	current := s.indexes.Load()
	for {
		s.indexMu.Lock()
		oldest, before := current, (*indexSet)(nil)
		for oldest.prev != nil {
			oldest, before = oldest.prev, oldest
		}
		s.indexMu.Unlock()
		if before == nil {
			return nil
		}
		select {
		case <-oldest.empty:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		s.indexMu.Lock()
		if before.prev == oldest {
			before.prev = nil
		}
		s.indexMu.Unlock()
	}
}

// AddIndex makes writers maintain an index. One that is not ready has to be built. What an earlier, interrupted build has
// left is removed; so call it for such an index before there are writers.
func (s *Shard) AddIndex(ctx context.Context, c IndexConfig) (*Index, error) {
	x := &Index{shard: s, config: c}
	x.prefix, x.upper = storage.IndexRange(s.config.Group, storage.KindIndex, c.Number)
	x.marks = storage.AppendIndexPrefix(nil, s.config.Group, storage.KindTouched, c.Number)
	if !c.Ready && s.alone() { // otherwise whoever builds it does that
		if err := s.clearIndex(ctx, c.Number); err != nil {
			return nil, err
		}
	}
	s.changeIndexes(func(uses []indexUse) []indexUse { return append(uses, indexUse{index: x, mark: !c.Ready}) })
	return x, nil
}

// Finish makes writers treat the index as one that is built: another server has built it.
func (x *Index) Finish() {
	x.shard.changeIndexes(func(uses []indexUse) []indexUse {
		for i := range uses {
			if uses[i].index == x {
				uses[i].mark = false
			}
		}
		return uses
	})
}

// DropIndex ends an index and removes its entries. Nobody may be building it any more.
func (s *Shard) DropIndex(ctx context.Context, x *Index) error {
	x.dropped.Store(true)
	s.changeIndexes(func(uses []indexUse) []indexUse {
		return slices.DeleteFunc(uses, func(u indexUse) bool { return u.index == x })
	})
	if t := s.tap.Load(); t != nil {
		(*t).IndexDropped(x)
	}
	if err := s.drained(ctx); err != nil {
		return err
	}
	err := s.clearIndex(ctx, x.config.Number)
	if errors.Is(err, replication.ErrNotPrimary) {
		return nil // whoever has the primary replica does that
	}
	return err
}

// clearIndex removes all entries of an index, if there are any.
func (s *Shard) clearIndex(ctx context.Context, number uint32) error {
	b := s.store.NewBatch()
	defer b.Close()
	for _, k := range []storage.Kind{storage.KindIndex, storage.KindTouched} {
		lower, upper := storage.IndexRange(s.config.Group, k, number)
		some, err := s.anyKey(lower, upper)
		if err != nil {
			return fmt.Errorf("clear index %d: %w", number, err)
		}
		if some {
			b.DeleteRange(lower, upper)
		}
	}
	if err := s.maintain(ctx, b); err != nil {
		return fmt.Errorf("clear index %d: %w", number, err)
	}
	return nil
}

func (s *Shard) anyKey(lower, upper []byte) (bool, error) {
	it, err := s.store.Iter(lower, upper)
	if err != nil {
		return false, err
	}
	some := it.First()
	if err := it.Err(); err != nil {
		_ = it.Close() // repeats err
		return false, err
	}
	return some, it.Close()
}

// SweepIndexes removes what is left of indexes that are not among these numbers: a crash has interrupted their end. Call it
// before there are writers.
func (s *Shard) SweepIndexes(ctx context.Context, live []uint32) error {
	if !s.alone() {
		return nil // what is left there is in nobody's way
	}
	live = slices.Clone(live)
	slices.Sort(live)
	b := s.store.NewBatch()
	defer b.Close()
	for _, k := range []storage.Kind{storage.KindIndex, storage.KindTouched} {
		lower, end := storage.KindRange(s.config.Group, k)
		for _, n := range live {
			from, to := storage.IndexRange(s.config.Group, k, n)
			if err := s.sweepRange(b, lower, from); err != nil {
				return err
			}
			lower = to
		}
		if err := s.sweepRange(b, lower, end); err != nil {
			return err
		}
	}
	return s.maintain(ctx, b)
}

func (s *Shard) sweepRange(b *storage.Batch, lower, upper []byte) error {
	some, err := s.anyKey(lower, upper)
	if some {
		b.DeleteRange(lower, upper)
	}
	return err
}
