package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/table"
)

// A copier copies the rows of one group to those that a move has made, and seals it in the end. See mover.go. It is owned by copies, whose goroutine runs it.
//
// Rows are read in the order of their keys, some at a time, each time as they are then. The keys of those that are written meanwhile are collected (shard.ChangedKeys), and their
// rows are read and copied once more. One batch is written after the other, so that an older state of a row never comes after a newer one.
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
	epoch replication.Epoch
	keys  *table.ChangedKeys
	again bool // rows are copied that may have been copied before
	pace  pace
}

const (
	// copyRows and copyBytes are how much is copied at a time: enough that the wait for the disk and the network is shared by many, and little enough that clients get in between.
	copyRows  = 256
	copyBytes = 256 << 10
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
	return k.finish(ctx)
}

// note changes what the move says of this copier's group, as long as no other copier has it.
func (k *copier) note(ctx context.Context, edit func(m *Move)) error {
	return k.catalog.changeMove(ctx, k.table.Config.ID, k.move, func(cfg *TableConfig, m *Move) error {
		if len(cfg.Groups) == 0 || m.Copier[k.at] != 0 && m.Copier[k.at] != k.number {
			return errMoveOver
		}
		edit(m)
		if !containsFalse(m.Sealed) {
			cfg.Move = nil // from now on the new groups are those of the table
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
		if err := rest(ctx, retryCopy); err != nil {
			return err
		}
	}
}

// copyAll copies all rows once.
func (k *copier) copyAll(ctx context.Context) error {
	rows, err := k.table.Only(k.at).Scan(ctx, table.ScanOptions{})
	if err != nil {
		return err
	}
	err = k.copyScan(ctx, rows)
	return errors.Join(err, rows.Close())
}

func (k *copier) copyScan(ctx context.Context, rows table.Rows) error {
	for over := false; !over; {
		var b batch
		for !over && !b.full() {
			row, ok, err := rows.Next(ctx)
			if err != nil {
				return err
			}
			if over = !ok; ok {
				key, _ := row.Get(k.table.PrimaryKey())
				b.add(key, row)
			}
		}
		if p, ok := rows.(table.Parker); ok {
			if err := p.Park(); err != nil {
				return err
			}
		}
		if err := k.put(ctx, &b); err != nil {
			return err
		}
		k.copied.Add(int64(len(b.keys)))
		if err := k.pace.rest(ctx, k.part, int64(len(b.keys))); err != nil {
			return err
		}
		if k.keys.Crowded() {
			if err := k.copyChanged(ctx, k.keys.Take()); err != nil {
				return err
			}
		}
	}
	return nil
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

// awaitOthers goes on copying what changes until the other groups of the table are copied as well.
func (k *copier) awaitOthers(ctx context.Context) error {
	for {
		changed := k.catalog.Changed()
		t, ok := k.catalog.current.Load().tables[k.table.Config.ID]
		switch {
		case !ok:
			return ErrTableGone
		case t.Config.Move == nil || t.Config.Move.Number != k.move:
			return errMoveOver
		case !containsFalse(t.Config.Move.Copied):
			return k.catchUp(ctx)
		}
		if err := k.catchUp(ctx); err != nil {
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

// copyChanged copies the rows with some encoded keys as they are now.
func (k *copier) copyChanged(ctx context.Context, keys [][]byte) error {
	k.again = true
	for len(keys) > 0 {
		some := keys[:min(copyRows, len(keys))]
		keys = keys[len(some):]
		rows, err := k.part.Rows(ctx, some)
		if err != nil {
			return err
		}
		var b batch
		for i, encoded := range some {
			key, _, err := datum.DecodeKey(encoded)
			if err != nil {
				return fmt.Errorf("a changed row has an impossible key: %w", err)
			}
			b.add(key, rows[i])
		}
		if err := k.put(ctx, &b); err != nil {
			return err
		}
	}
	return nil
}

// batch is some rows that are written together; an absent row is one that is to be deleted.
type batch struct {
	keys, rows []datum.Value
	bytes      int
}

func (b *batch) add(key, row datum.Value) {
	b.keys, b.rows = append(b.keys, key), append(b.rows, row)
	b.bytes += row.SizeHint()
}

func (b *batch) full() bool { return len(b.keys) >= copyRows || b.bytes >= copyBytes }

// put writes a batch to the new groups, to all of them at the same time. It returns nil when everything is on disk there.
func (k *copier) put(ctx context.Context, b *batch) error {
	if e, err := k.part.Group().Epoch(); err != nil || e != k.epoch {
		return errEpochOver
	}
	next := k.table.next
	shares := make([]batch, len(next.Parts()))
	for i, key := range b.keys {
		encoded, err := datum.PrimaryKey(key)
		if err != nil {
			return err
		}
		shares[next.PartOf(encoded)].add(key, b.rows[i])
	}
	errs := make([]error, len(shares))
	var wg sync.WaitGroup
	for i := range shares {
		if len(shares[i].keys) > 0 {
			wg.Go(func() { errs[i] = k.write(ctx, next.Only(i), &shares[i]) })
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}

// write writes a batch to one group. What was certainly not done is tried again.
func (k *copier) write(ctx context.Context, to *table.Table, b *batch) error {
	var fresh []bool
	if !k.again { // then nobody need look whether there is something yet
		fresh = slices.Repeat([]bool{true}, len(b.keys))
	}
	for {
		results, err := to.Write(ctx, table.WriteRequest{Keys: b.keys, Durability: table.DurabilityHard, Generated: fresh,
			Update: func(i int, _ datum.Value) (datum.Value, error) { return b.rows[i], nil }})
		if errors.Is(err, table.ErrNotPrimary) {
			if err := rest(ctx, retryCopy); err != nil {
				return err
			}
			continue
		}
		for _, r := range results {
			if err == nil {
				err = r.Err
			}
		}
		return err
	}
}

// pace leaves clients half of the time, as long as there are any who read or write the part.
type pace struct {
	since time.Time // the last rest ended
	stats table.Stats
}

// maxRest bounds a rest: what has taken longer has waited for the network, and not worked.
const maxRest = 50 * time.Millisecond

// rest waits for as long as the copier has been at work since the last rest, if others have read or written meanwhile; own is how many rows it has read itself.
func (p *pace) rest(ctx context.Context, part *table.Part, own int64) error {
	stats := part.Stats()
	busy := stats.RowsWritten != p.stats.RowsWritten || stats.RowsRead > p.stats.RowsRead+own
	first := p.since.IsZero()
	worked := time.Since(p.since)
	p.stats = stats
	if busy && !first {
		if err := rest(ctx, min(worked, maxRest)); err != nil {
			return err
		}
	}
	p.since = time.Now()
	return nil
}

// rest waits for a time.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
