package shard

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

var (
	// ErrUnknownOutcome marks a write that readers see, but of which it is unknown whether it survives a crash.
	ErrUnknownOutcome = errors.New("the write was applied, but it is unknown whether it would survive a crash")

	// ErrPartlyWritten marks a write of which some rows were written before the error, and are seen.
	ErrPartlyWritten = errors.New("only a part of the rows was written")

	// ErrDropped is the error of writes after Drop.
	ErrDropped = replication.ErrDropped

	// ErrMoved is the error of what came to a shard whose rows are in others now. Nothing was done.
	ErrMoved = errors.New("the rows have moved to other groups")

	// ErrCorruptRow marks a stored row that cannot be decoded.
	ErrCorruptRow = errors.New("a stored row is corrupt")
)

// Config describes a shard. It is the same at every Open.
type Config struct {
	Group      storage.GroupID
	PrimaryKey string // name of the field
}

// A Shard is safe for concurrent use.
type Shard struct {
	// Set by Create or Open, then constant.
	config  Config
	store   *storage.Store
	group   atomic.Pointer[groupNow]
	latches *latches
	lower   []byte // bounds of the rows' keys; lower is their prefix
	upper   []byte

	scratch sync.Pool // of *writeScratch

	read, written atomic.Int64
	left          atomic.Int32 // writes whose authors have left while they were on their way

	dropped atomic.Bool // set before the rows are removed

	tap atomic.Pointer[Tap] // nil until somebody has followed the commits

	indexes atomic.Pointer[indexSet]
	indexMu sync.Mutex // guards changes of indexes; taken alone
	sealing sync.Mutex // held by who closes or opens the gate, also while that is committed

	history history

	inheriting sync.Mutex // held while inherited entries are read and written; taken alone

	loading sync.RWMutex // held for reading while a Load makes something part of the store, across the disk; by whoever drops the shard in between. Taken before indexMu
}

// Create makes an empty shard in the store. It is on disk when Create returns.
func Create(ctx context.Context, store *storage.Store, c Config) (*Shard, error) {
	g, err := replication.Create(ctx, store, c.Group)
	if err != nil {
		return nil, err
	}
	return newShard(store, g, c)
}

// Open returns a shard that Create has made.
func Open(store *storage.Store, c Config) (*Shard, error) {
	g, err := replication.Open(store, c.Group)
	if err != nil {
		return nil, err
	}
	return newShard(store, g, c)
}

// OpenReplica returns a shard whose rows are those of a group that is open, or absent.
func OpenReplica(store *storage.Store, g replication.Group, c Config) (*Shard, error) {
	return newShard(store, g, c)
}

func newShard(store *storage.Store, g replication.Group, c Config) (*Shard, error) {
	s := &Shard{config: c, store: store, latches: newLatches()}
	s.SetGroup(g)
	s.lower, s.upper = storage.KindRange(c.Group, storage.KindRow)
	s.indexes.Store(newIndexSet(nil, nil))
	s.scratch.New = func() any { return s.newWriteScratch() }
	if err := s.openHistory(); err != nil {
		return s, err
	}
	return s, s.readSeal()
}

// Drop removes the rows and everything else of the shard. Writes that come later fail. Who replaces the group meanwhile has to call it again; the
// error wraps ErrReplaced if somebody does.
func (s *Shard) Drop(ctx context.Context) error {
	s.dropped.Store(true)
	s.awaitLoads()
	err := s.now().Drop(ctx)
	if err == nil && !s.alone() {
		err = s.clear(ctx)
	}
	if t := s.tap.Load(); t != nil {
		(*t).Dropped()
	}
	return err
}

// clear removes what a replica has left that was here and has been removed: its number, which is of no use to a group that has ended.
func (s *Shard) clear(ctx context.Context) error {
	some, err := s.anyKey(storage.GroupRange(s.config.Group))
	if err != nil || !some {
		return err
	}
	b := s.store.NewBatch()
	defer b.Close()
	b.DeleteGroup(s.config.Group)
	if err := s.store.Commit(ctx, b, false); err != nil {
		return fmt.Errorf("clear group %d: %w", s.config.Group, err)
	}
	return nil
}

// Dropped tells whether the shard has ended. If it has not after a read, nothing was missing that the read was to find.
func (s *Shard) Dropped() bool { return s.dropped.Load() }

// Count returns the number of rows. It reads a number, not the rows.
func (s *Shard) Count() int64 { return s.now().State().Rows }

// Sync returns when all writes that readers saw before the call are on disk.
func (s *Shard) Sync(ctx context.Context) error {
	g := s.now()
	return g.WaitDurable(ctx, g.State().Applied)
}

// Stats are totals since the shard was opened.
type Stats struct {
	RowsRead    int64
	RowsWritten int64 // changed rows
}

// Stats returns the totals.
func (s *Shard) Stats() Stats {
	return Stats{RowsRead: s.read.Load(), RowsWritten: s.written.Load()}
}

// EstimatedBytes returns about how much of the disk the rows and indexes take. What is not yet flushed does not count.
func (s *Shard) EstimatedBytes() (int64, error) {
	return s.store.ApproximateSize(storage.GroupRange(s.config.Group))
}

// PrimaryKey returns the name of the field.
func (s *Shard) PrimaryKey() string { return s.config.PrimaryKey }

// Get returns the row with this encoded primary key, absent if there is none. The row is valid for ever.
func (s *Shard) Get(key []byte) (datum.Value, error) {
	storageKey := append(make([]byte, 0, storage.PrefixLen+len(key)), s.lower...)
	v, found, err := s.store.GetRow(append(storageKey, key...))
	if err != nil {
		return datum.Value{}, err
	}
	s.read.Add(1)
	if !found {
		return datum.Value{}, nil
	}
	return decode(v)
}

// GetMany fills in the rows of some encoded primary keys, absent where there is none; rows of nil keys stay as they are. The
// rows are of one state of the shard and valid for ever. It is cheaper than as many calls of Get.
func (s *Shard) GetMany(ctx context.Context, keys [][]byte, rows []datum.Value) error {
	w := s.scratch.Get().(*writeScratch)
	defer s.putScratch(w)
	w.sortKeys(keys)
	l, err := s.store.Lookup()
	if err != nil {
		return err
	}
	s.read.Add(int64(len(w.order)))
	return errors.Join(s.getMany(ctx, l, w, keys, rows), l.Close())
}

// getMany stores the rows of the keys in w.order.
func (s *Shard) getMany(ctx context.Context, l *storage.Lookup, w *writeScratch, keys [][]byte, rows []datum.Value) error {
	for n, i := range w.order {
		if n%ctxInterval == ctxInterval-1 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		w.key = append(w.key[:len(s.lower)], keys[i]...)
		v, found, err := l.GetRow(w.key)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		if rows[i], err = decode(v); err != nil {
			return err
		}
	}
	return nil
}

// decode returns a view of a stored row. Pebble's checksums find damage on the disk, so only the kind is looked at.
func decode(b []byte) (datum.Value, error) {
	row := datum.View(b)
	if !row.IsObject() {
		return datum.Value{}, fmt.Errorf("%w: it is a %s", ErrCorruptRow, row.TypeName())
	}
	return row, nil
}
