package table

import (
	"context"
	"fmt"

	"rethinkdb/internal/processors"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/shard"
	"rethinkdb/internal/storage"
)

// GroupID names a replication group.
type GroupID = storage.GroupID

// A Part is what one group has of a table, as this server sees it: perhaps it has a replica, perhaps the primary one, perhaps nothing. It is
// safe for concurrent use.
type Part struct {
	number storage.GroupID
	shard  *shard.Shard
}

// CreatePart makes the data of a new group with one replica, which is here. Nobody else has had its number.
func CreatePart(ctx context.Context, store *storage.Store, group storage.GroupID, primaryKey string) (*Part, error) {
	s, err := shard.Create(ctx, store, shard.Config{Group: group, PrimaryKey: primaryKey})
	return newPart(group, s, err)
}

// OpenPart returns the part of a group that is open, or absent. Without g it is one that CreatePart has made.
func OpenPart(store *storage.Store, group storage.GroupID, primaryKey string, g replication.Group) (*Part, error) {
	c := shard.Config{Group: group, PrimaryKey: primaryKey}
	if g == nil {
		s, err := shard.Open(store, c)
		return newPart(group, s, err)
	}
	s, err := shard.OpenReplica(store, g, c)
	return newPart(group, s, err)
}

func newPart(group storage.GroupID, s *shard.Shard, err error) (*Part, error) {
	if err != nil {
		return nil, fmt.Errorf("open group %d: %w", group, err)
	}
	return &Part{number: group, shard: s}, nil
}

// Number returns the number of the group.
func (p *Part) Number() storage.GroupID { return p.number }

// Group returns the group as this server has it. SetGroup replaces it by one of another kind, and Reload reads again what is remembered of
// rows that others have written.
func (p *Part) Group() replication.Group     { return p.shard.Group() }
func (p *Part) SetGroup(g replication.Group) { p.shard.SetGroup(g) }
func (p *Part) Reload() error                { return p.shard.Reload() }

// Here tells whether this server has the primary replica.
func (p *Part) Here() bool {
	_, err := p.shard.Group().Epoch()
	return err == nil
}

// Readable tells whether this server has a replica that can be read with ReadOutdated.
func (p *Part) Readable() bool {
	switch g := p.shard.Group().(type) {
	case *replication.Raft:
		return g.Status().Err == nil
	case replication.Absent:
		return false
	}
	return true
}

// Drop removes the rows that this server has of the part. Who replaces its group meanwhile has to call it again: then the error wraps ErrReplaced, and
// Dropped is true.
func (p *Part) Drop(ctx context.Context) error { return p.shard.Drop(ctx) }

// Dropped tells whether the part has ended.
func (p *Part) Dropped() bool { return p.shard.Dropped() }

// Count returns the number of rows, as this server knows it.
func (p *Part) Count() int64 { return p.shard.Count() }

// Stats returns what was read and written here.
func (p *Part) Stats() Stats { return Stats(p.shard.Stats()) }

// EstimatedBytes returns about how much of this server's disk the part takes. What is not yet flushed does not count.
func (p *Part) EstimatedBytes() (int64, error) { return p.shard.EstimatedBytes() }

// CloseTap ends what follows the part here.
func (p *Part) CloseTap() { p.shard.CloseTap() }

// EndFeeds ends what follows the part, which may be followed anew: its changes come to another server now.
func (p *Part) EndFeeds() {
	if end := p.TakeFeeds(); end != nil {
		end()
	}
}

// TakeFeeds is EndFeeds for who must not wait: from now on they are told nothing, and end ends them. It is nil if there are none.
func (p *Part) TakeFeeds() (end func()) { return p.shard.TakeTap() }

// Index returns what the part has of the index with a number.
func (p *Part) Index(number uint32) (*ShardIndex, bool) { return p.shard.Index(number) }

// SweepIndexes removes what a crash has left of indexes that are not among these numbers. Call it before there are writers.
func (p *Part) SweepIndexes(ctx context.Context, live []uint32) error {
	return p.shard.SweepIndexes(ctx, live)
}

// AddTo makes writers of a part maintain the index. If it is not ready it is empty then, and has to be built.
func (x *Index) AddTo(ctx context.Context, p *Part) error {
	if _, err := p.shard.AddIndex(ctx, x.config); err != nil {
		return fmt.Errorf("add index %d to group %d of table %s: %w", x.config.Number, p.number, x.table.id, err)
	}
	return nil
}

// DropFrom ends what a part has of the index, if it has anything, and removes its entries.
func (x *Index) DropFrom(ctx context.Context, p *Part) error {
	part, ok := p.shard.Index(x.config.Number)
	if !ok {
		return nil
	}
	if err := p.shard.DropIndex(ctx, part); err != nil {
		return fmt.Errorf("drop index %d of group %d of table %s: %w", x.config.Number, p.number, x.table.id, err)
	}
	return nil
}

// BuildPart makes the entries of the rows that were in a part before AddTo. A *NotUniqueError is final: the index can only be dropped.
func (x *Index) BuildPart(ctx context.Context, p *Part) error {
	part, ok := p.shard.Index(x.config.Number)
	if !ok {
		return ErrIndexDropped
	}
	if err := part.Build(ctx, processors.Count()); err != nil {
		return fmt.Errorf("build an index of table %s: %w", x.table.id, err)
	}
	return nil
}

// FinishPart makes writers of a part treat the index as one that is built: another server has built it.
func (x *Index) FinishPart(p *Part) {
	if part, ok := p.shard.Index(x.config.Number); ok {
		part.Finish()
	}
}

// PartProgress returns how much of the build in a part is done, from 0 to 1.
func (x *Index) PartProgress(p *Part) float64 {
	part, ok := p.shard.Index(x.config.Number)
	if !ok {
		return 0
	}
	return part.Progress()
}
