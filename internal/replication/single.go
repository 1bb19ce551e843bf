package replication

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"rethinkdb/internal/storage"
)

// Single is a group with one replica.
//
// Order and durability are separate steps. Under mu a command gets its index, its batch gets the state that follows from
// it, and storage applies the batch; so the order of indexes, of the log's records and of visibility is one. The wait for
// the disk happens outside mu and outside the latches of the rows, and is shared with all other writers of the store.
//
// That a later writer, or a reader, sees a row before it is on disk is sound for writers: its own record comes later in the
// log, and a sync covers everything before it, so
//
//	a durable command ⇒ every command it saw is durable.
//
// A hard write that changes nothing has no record of its own; it waits for State().Applied instead. Reads do not wait: like
// the reads of soft writes they may see what a crash takes back.
//
// The lock is held while storage writes to the log's memory and the memtable: a few microseconds per row. Storage makes it
// wait when compactions cannot keep up; then all writers have to wait anyway.
type Single struct {
	// Set by Open, then constant.
	id    storage.GroupID
	store *storage.Store

	durable atomic.Uint64 // the commands up to this index are known to be on disk; durable ≤ state.Applied

	// Written under mu, read without it.
	applied atomic.Uint64
	rows    atomic.Int64

	mu      sync.Mutex // taken after latches, never before
	ended   error      // why there are no further commands; nil as long as there may be
	key     []byte     // of the state
	history []byte     // room for a key of the history
	value   []byte     // room for a state
}

var _ Group = (*Single)(nil)

// Create adds an empty group to the store. It is on disk when Create returns.
func Create(ctx context.Context, store *storage.Store, id storage.GroupID) (*Single, error) {
	g, err := Begin(store, id)
	if err != nil {
		return nil, err
	}
	if err := store.WaitDurable(ctx); err != nil {
		return nil, fmt.Errorf("create group %d: %w", id, err)
	}
	return g, nil
}

// Begin is Create for somebody who does not wait for the disk: what the group acknowledges comes after this in the store's log.
func Begin(store *storage.Store, id storage.GroupID) (*Single, error) {
	g := newSingle(store, id)
	b := store.NewBatch()
	defer b.Close()
	b.Set(g.key, stored{}.encode(nil))
	if err := store.Apply(b); err != nil {
		return nil, fmt.Errorf("create group %d: %w", id, err)
	}
	return g, nil
}

// Open returns a group that Create has made, in the state of its last command that survived.
func Open(store *storage.Store, id storage.GroupID) (*Single, error) {
	g := newSingle(store, id)
	v, found, err := readState(store, id)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, fmt.Errorf("open group %d: %w: it is missing", id, ErrCorrupt)
	case v.log.index != 0:
		return nil, fmt.Errorf("open group %d: %w: it has several replicas", id, ErrReplaced)
	}
	g.applied.Store(uint64(v.Applied))
	g.rows.Store(v.Rows)
	return g, nil
}

func newSingle(store *storage.Store, id storage.GroupID) *Single {
	return &Single{id: id, store: store, key: storage.AppendPrefix(nil, id, storage.KindState)}
}

// ID returns the group's number.
func (g *Single) ID() storage.GroupID { return g.id }

// Epoch implements Group.
func (g *Single) Epoch() (Epoch, error) { return 0, nil }

// Commit implements Group.
func (g *Single) Commit(_ context.Context, cmd *Command) (Index, error) {
	if err := g.store.Err(); err != nil { // before mu, which a writer may hold while it waits for space on the disk
		return 0, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended != nil {
		return 0, g.ended
	}
	next := State{Applied: Index(g.applied.Load()) + 1, Rows: g.rows.Load() + cmd.Rows}
	g.value = stored{State: next}.encode(g.value[:0])
	cmd.Batch.Set(g.key, g.value)
	if cmd.Observer != nil {
		if record := cmd.Observer.Record(); record != nil {
			g.history = storage.AppendHistoryKey(g.history[:0], g.id, uint64(next.Applied))
			cmd.Batch.Set(g.history, record)
		}
	}
	if err := g.store.Apply(cmd.Batch); err != nil {
		return 0, err
	}
	g.rows.Store(next.Rows)
	g.applied.Store(uint64(next.Applied))
	if cmd.Observer != nil {
		cmd.Observer.Applied(next.Applied)
	}
	return next.Applied, nil
}

// WaitDurable implements Group.
func (g *Single) WaitDurable(ctx context.Context, i Index) error {
	if g.durable.Load() >= uint64(i) {
		return nil
	}
	if err := g.store.WaitDurable(ctx); err != nil {
		return err
	}
	for {
		d := g.durable.Load()
		if d >= uint64(i) || g.durable.CompareAndSwap(d, uint64(i)) {
			return nil
		}
	}
}

// State implements Group. The two fields may be of neighbouring commands while a command is being applied.
func (g *Single) State() State {
	return State{Applied: Index(g.applied.Load()), Rows: g.rows.Load()}
}

// Drop implements Group.
func (g *Single) Drop(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended != nil {
		if errors.Is(g.ended, ErrDropped) {
			return nil
		}
		return g.ended
	}
	b := g.store.NewBatch()
	defer b.Close()
	b.DeleteGroup(g.id)
	if err := g.store.Apply(b); err != nil {
		return fmt.Errorf("drop group %d: %w", g.id, err)
	}
	g.ended = ErrDropped
	g.rows.Store(0)
	return g.store.WaitDurable(ctx)
}
