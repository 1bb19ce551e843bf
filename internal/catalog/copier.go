package catalog

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"rethinkdb/internal/pace"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/table"
)

// A copier copies the rows of one group to those that a move has made, and seals it in the end. See mover.go. It is owned by copies, whose goroutine runs it.
//
// Rows are read in the order of their keys, some at a time, each time as they are then (copyall.go). The keys of those that are written meanwhile are collected (shard.ChangedKeys), and their
// rows are read and copied once more. No row is on its way twice at the same time, so an older state of it never comes after a newer one.
type copier struct {
	// Set by newCopier, then constant.
	catalog *Catalog
	table   *Table // as of the snapshot in which the copying began
	at      int    // of the part
	part    *table.Part
	move    uint64
	number  uint64
	began   time.Time
	total   int64 // rows, when it began
	ctx     context.Context
	stop    context.CancelFunc
	ended   chan struct{} // closed by copies

	copied atomic.Int64 // rows

	// Owned by run.
	epoch   replication.Epoch
	keys    *table.ChangedKeys
	read    int64 // rows that it has read, which the part counts like those of clients
	bequest bequest
}

const (
	// nearlyCopied is how many changed rows may be left when a group is sealed: its writers wait until they are copied.
	nearlyCopied = 256
	// retryCopy is how long a copier waits before it tries again what has certainly not been done.
	retryCopy = 20 * time.Millisecond
)

var errEpochOver = fmt.Errorf("the rows cannot be copied any further: %w", replication.ErrNotPrimary)

func newCopier(c *Catalog, t *Table, at int) *copier {
	k := &copier{catalog: c, table: t, at: at, part: t.parts[at], move: t.Config.Move.Number, number: copierNumber(), began: time.Now(),
		total: t.parts[at].Count(), ended: make(chan struct{})}
	k.ctx, k.stop = context.WithCancel(c.background)
	return k
}

// run copies until everything is done, or something fails: then the keeper has the move begin again.
func (k *copier) run() {
	defer k.stop()
	err := k.copy(k.ctx)
	if err == nil || k.ctx.Err() != nil || errors.Is(err, errMoveOver) || errors.Is(err, ErrTableGone) {
		return
	}
	k.catalog.log.Warn("Copying a table to other groups has failed. It begins again.", "table", k.table.ID(), "group", k.part.Number(), "error", err)
	k.catalog.pause()
}

func (k *copier) copy(ctx context.Context) (err error) {
	if k.epoch, err = k.part.Group().Epoch(); err != nil {
		return err
	}
	if err = k.note(ctx, func(m *Move) { m.Copier[k.at] = k.number }); err != nil {
		return err
	}
	if k.keys, err = k.part.FollowKeys(ctx); err != nil {
		return err
	}
	defer k.part.UnfollowKeys(k.keys)
	if err := k.copyAll(ctx); err != nil {
		return err
	}
	if err := k.catchUp(ctx); err != nil {
		return err
	}
	if err := k.bequeath(ctx); err != nil {
		return err
	}
	if err := k.note(ctx, func(m *Move) { m.Copied[k.at] = true }); err != nil {
		return err
	}
	if err := k.awaitOthers(ctx); err != nil {
		return err
	}
	if err := k.part.Seal(ctx, k.epoch, k.move); err != nil { // writers wait from here on
		return err
	}
	if err := k.copyChanged(ctx, k.keys.Take()); err != nil {
		return err
	}
	if err := k.bequeath(ctx); err != nil {
		return err
	}
	return k.finish(ctx)
}

// note changes what the move says of this copier's group, as long as no other copier has it.
func (k *copier) note(ctx context.Context, edit func(m *Move)) error {
	return k.catalog.changeMove(ctx, k.table.Config.ID, k.move, func(cfg *TableConfig, m *Move) error {
		if len(cfg.Groups) == 0 || m.Copier[k.at] != 0 && m.Copier[k.at] != k.number {
			return errMoveOver
		}
		edit(m)
		k.bequest.noteStarts(cfg)
		if !containsFalse(m.Sealed) {
			cfg.endMove() // from now on the new groups are those of the table
		}
		return nil
	})
}

func containsFalse(list []bool) bool {
	for _, b := range list {
		if !b {
			return true
		}
	}
	return false
}

// finish says that the group is sealed and copied. That must be found out: as long as it is not known, the seal must stay, so only the end of the move or of the server ends it.
func (k *copier) finish(ctx context.Context) error {
	for {
		err := k.note(ctx, func(m *Move) { m.Sealed[k.at] = true })
		if err == nil || errors.Is(err, errMoveOver) || errors.Is(err, ErrTableGone) || ctx.Err() != nil {
			return err
		}
		k.catalog.log.Warn("A table cannot be switched to the groups that it was copied to. This is tried again.", "table", k.table.ID(), "error", err)
		if err := pace.Sleep(ctx, retryCopy); err != nil {
			return err
		}
	}
}

// catchUp copies what has changed, again and again, until that is little. If clients write faster than that they are slowed down, more and more.
func (k *copier) catchUp(ctx context.Context) error {
	defer k.keys.Slow(0, 0)
	for round := 1; ; round++ {
		keys := k.keys.Take()
		if err := k.copyChanged(ctx, keys); err != nil {
			return err
		}
		if len(keys) <= nearlyCopied {
			return nil
		}
		k.keys.Slow(len(keys)/2, time.Duration(min(round, maxSlow))*slowStep)
	}
}

const (
	// slowStep is by how much longer each write waits in each further round, when more has changed than may be, and maxSlow times that is the limit.
	slowStep = 2 * time.Millisecond
	maxSlow  = 50
)

// awaitOthers goes on copying what changes until the other groups of the table are copied as well, and the new ones have all of their replicas.
func (k *copier) awaitOthers(ctx context.Context) error {
	for {
		changed := k.catalog.Changed()
		t, ok := k.catalog.current.Load().tables[k.table.Config.ID]
		switch {
		case !ok:
			return ErrTableGone
		case t.Config.Move == nil || t.Config.Move.Number != k.move:
			return errMoveOver
		case !containsFalse(t.Config.Move.Copied) && !containsFalse(t.Config.Move.Joined):
			return k.catchUp(ctx)
		}
		if err := errors.Join(k.catchUp(ctx), k.bequeath(ctx)); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-time.After(retryCopy):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
