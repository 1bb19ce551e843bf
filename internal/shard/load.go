package shard

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// ErrNotAlone says that the group has, or may have, several replicas, so that no files can be added to what this one has.
var ErrNotAlone = errors.New("the group may have several replicas")

// A Load takes many rows that come from another group, because their table is to be divided in another way. They are new here, and come in the order of their keys; so they become files of the
// storage engine, which are part of the store all at once when Finish says so. Their index entries are computed here, sorted, and added a piece at a time. Neither goes through the log or the
// memtables. It is for groups with one replica: what several are to have goes through their log.
//
// No follower is told, and the history says nothing of the rows (Request.Copied).
//
//	as long as Finish has not returned nil, there may be entries without their rows.
//
// So who loads gives the whole group up otherwise. Nobody reads it before that, and of the rows between the first and the last one of a Load nobody else writes any.
//
// One goroutine uses it.
type Load struct {
	// Constant.
	shard      *Shard
	group      *replication.Single
	fileBytes  int
	entryBytes int // how much of each index is collected

	files   []*storage.SortedRun // with the rows; the last one is being written
	bytes   int                  // of the last one
	rows    int64
	indexes []*run
	key     []byte // prefix of the shard's rows, then the last key
}

const (
	// loadFileBytes is how long a file of rows gets, before it is compressed: it is about that of the engine's own largest files.
	loadFileBytes = 64 << 20
	// loadEntryBytes is how much memory the entries of all indexes may take together, but for minEntryBytes of each.
	loadEntryBytes = 32 << 20
	minEntryBytes  = 1 << 20
)

// Load begins to take rows. End it with Finish or Abort.
func (s *Shard) Load() (*Load, error) {
	group, ok := s.now().Group.(*replication.Single)
	if !ok {
		return nil, ErrNotAlone
	}
	l := &Load{shard: s, group: group, fileBytes: loadFileBytes, key: bytes.Clone(s.lower)}
	uses := s.indexes.Load().uses
	for _, u := range uses {
		l.indexes = append(l.indexes, &run{index: u.index})
	}
	l.entryBytes = max(min(runBytes, loadEntryBytes/max(1, len(uses))), minEntryBytes)
	return l, nil
}

// Add takes a row. Both slices are the caller's again when it returns.
func (l *Load) Add(ctx context.Context, key, row []byte) error {
	if len(l.files) == 0 || l.bytes >= l.fileBytes {
		if err := l.nextFile(); err != nil {
			return err
		}
	}
	l.key = append(l.key[:len(l.shard.lower)], key...)
	if err := l.files[len(l.files)-1].Set(l.key, row); err != nil {
		return err
	}
	l.bytes += len(l.key) + len(row)
	l.rows++
	for _, r := range l.indexes {
		r.add(key, datum.View(row))
		if len(r.buf) >= l.entryBytes {
			if err := l.writeEntries(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Load) nextFile() error {
	if n := len(l.files); n > 0 {
		l.files[n-1].FinishSoon()
	}
	f, err := l.shard.store.NewSortedRun()
	if err != nil {
		return err
	}
	l.files, l.bytes = append(l.files, f), 0
	return nil
}

// writeEntries makes entries part of the store, unless their index has been dropped.
func (l *Load) writeEntries(ctx context.Context, r *run) error {
	return l.shard.whileThere(func() error {
		set := l.shard.enter() // so that whoever drops the index waits
		defer set.leave()
		if !set.has(r.index) {
			r.buf, r.list = r.buf[:0], r.list[:0]
			return nil
		}
		return r.write(ctx)
	})
}

// Finish makes all rows part of the shard. They are on disk when it returns nil.
func (l *Load) Finish(ctx context.Context) error {
	for _, r := range l.indexes {
		if err := l.writeEntries(ctx, r); err != nil {
			return errors.Join(err, l.Abort())
		}
	}
	if l.rows == 0 {
		return nil
	}
	var index replication.Index
	err := l.shard.whileThere(func() (err error) {
		index, err = l.add(ctx)
		return err
	})
	if err == nil {
		err = l.group.WaitDurable(ctx, index)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("load %d rows into group %d: %w", l.rows, l.shard.config.Group, err), l.Abort())
	}
	return nil
}

// add makes the files part of the store, and then their rows count. If the group has been replaced meanwhile, it refuses that.
func (l *Load) add(ctx context.Context) (replication.Index, error) {
	files := l.files
	l.files = nil
	if err := l.shard.store.Ingest(ctx, files); err != nil {
		return 0, err
	}
	b := l.shard.store.NewBatch()
	defer b.Close()
	return l.group.Commit(ctx, &replication.Command{Batch: b, Rows: l.rows, Observer: upkeep{&l.shard.history}})
}

// Abort throws away what is not yet part of the store.
func (l *Load) Abort() (err error) {
	for _, f := range l.files {
		err = errors.Join(err, f.Abort())
	}
	l.files = nil
	return err
}

// whileThere calls f unless the shard has been dropped; whoever drops it waits, so that nothing of it comes afterwards.
func (s *Shard) whileThere(f func() error) error {
	s.loading.RLock()
	defer s.loading.RUnlock()
	if s.dropped.Load() {
		return ErrDropped
	}
	return f()
}

// awaitLoads waits until nothing is being loaded any more. The shard has been dropped.
func (s *Shard) awaitLoads() {
	s.loading.Lock()
	s.loading.Unlock() //nolint:staticcheck // there is nothing else to be done meanwhile
}

// has tells whether writers maintain an index.
func (g *indexSet) has(x *Index) bool {
	for _, u := range g.uses {
		if u.index == x {
			return true
		}
	}
	return false
}
