package shard

import (
	"context"
	"errors"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// groupNow is the group of the shard, which may be replaced by one of another kind while the shard is open: replicas come and go.
type groupNow struct {
	replication.Group
	replaced chan struct{} // closed when there is another one
}

func (s *Shard) now() *groupNow { return s.group.Load() }

// SetGroup replaces the group, which has the same number and, unless the rows are about to come from elsewhere or are gone, the same rows.
func (s *Shard) SetGroup(g replication.Group) {
	old := s.group.Swap(&groupNow{Group: g, replaced: make(chan struct{})})
	if old != nil {
		close(old.replaced)
	}
}

// Group returns the group of the shard.
func (s *Shard) Group() replication.Group { return s.now().Group }

// Reload reads again what the shard remembers of its rows: others have written them. No writer of this server may be at work.
func (s *Shard) Reload() error { return errors.Join(s.readHistory(), s.readSeal()) }

// commit commits a command that rests on no row, in the present epoch.
func (s *Shard) commit(ctx context.Context, cmd *replication.Command) (i replication.Index, err error) {
	err = s.following(ctx, func(g replication.Group) error {
		if cmd.Epoch, err = g.Epoch(); err == nil {
			i, err = g.Commit(ctx, cmd)
		}
		return err
	})
	return i, err
}

// following calls f with the group, and again with the one that has replaced it as long as f finds out that there is one.
func (s *Shard) following(ctx context.Context, f func(g replication.Group) error) error {
	for {
		now := s.now()
		err := f(now.Group)
		if !errors.Is(err, replication.ErrReplaced) {
			return err
		}
		select {
		case <-now.replaced:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// maintain applies changes of what belongs to the group but is no row: entries of indexes that are being built, and their removal. They
// are in no particular order with writes of rows of a group with one replica, and an ordinary command of any other.
func (s *Shard) maintain(ctx context.Context, b *storage.Batch) error {
	if s.alone() {
		return s.store.Commit(ctx, b, false)
	}
	if b.Empty() {
		return nil
	}
	_, err := s.commit(ctx, &replication.Command{Batch: b, Observer: upkeep{&s.history}})
	return err
}

// alone tells whether the group has one replica only, and cannot have more as it is.
func (s *Shard) alone() bool {
	_, alone := s.now().Group.(*replication.Single)
	return alone
}

// upkeep is the observer of a command that changes no row. The history, which has an entry for each command, has an empty one for it.
type upkeep struct{ history *history }

// Record implements replication.Observer.
func (u upkeep) Record() []byte {
	if !u.history.on.Load() {
		return nil
	}
	entry := beginEntry(nil)
	u.history.stamp(entryChanges, entry)
	return entry
}

// Applied implements replication.Observer.
func (u upkeep) Applied(CommitIndex) {}
