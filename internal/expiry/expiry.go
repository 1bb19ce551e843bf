// Package expiry deletes the documents whose time to live is over, in tables that have one.
//
// A table expires by a secondary index on times, so that finding what has expired is a look at the beginning of the index,
// whatever the size of the table. Documents go through the table's ordinary write path: feeds see them go, indexes follow. Write
// hooks, which are for what clients write, do not run.
package expiry

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
)

const (
	// interval is how often the indexes are looked at. A document is gone within a second of its time.
	interval = 250 * time.Millisecond
	// batchRows is how many documents one write deletes, and turnBatches how many writes a table has before the next one's turn.
	batchRows   = 256
	turnBatches = 16
	// retryAfter is how long a table is left alone after an error.
	retryAfter = 10 * time.Second
)

// Options of an Expirer.
type Options struct {
	Catalog *catalog.Catalog
	Logger  *slog.Logger
	Now     func() time.Time // nil: time.Now
}

// Expirer deletes documents for as long as it runs.
type Expirer struct {
	opt  Options
	stop context.CancelFunc
	done sync.WaitGroup

	// Only used by run.
	failed   map[catalog.TableID]time.Time // when tables had an error
	snapshot *catalog.Snapshot             // that tables are of
	tables   []*catalog.Table              // those with a time to live
}

// Start begins to delete. Stop it before the store is closed.
func Start(o Options) *Expirer {
	if o.Now == nil {
		o.Now = time.Now
	}
	ctx, stop := context.WithCancel(context.Background())
	e := &Expirer{opt: o, stop: stop, failed: map[catalog.TableID]time.Time{}}
	e.done.Go(func() { e.run(ctx) })
	return e
}

// Stop returns when no more documents are deleted.
func (e *Expirer) Stop() {
	e.stop()
	e.done.Wait()
}

func (e *Expirer) run(ctx context.Context) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		for more := true; more && ctx.Err() == nil; {
			more = e.round(ctx)
		}
	}
}

// round deletes some documents of each table that has something to delete, and tells whether there are more.
func (e *Expirer) round(ctx context.Context) (more bool) {
	if now := e.opt.Catalog.Snapshot(); now != e.snapshot { // rarely: with many tables listing them is what a round would cost
		e.snapshot = now
		e.tables = slices.DeleteFunc(now.Tables(), func(t *catalog.Table) bool { return t.Config.TTL == nil })
	}
	for _, t := range e.tables {
		if !e.due(t.Config.ID) {
			continue
		}
		rest, err := e.expire(ctx, t)
		switch {
		case err == nil:
			more = more || rest
		case ctx.Err() != nil || errors.Is(err, table.ErrDropped) || errors.Is(err, table.ErrIndexDropped):
		default:
			e.failed[t.Config.ID] = e.opt.Now()
			e.opt.Logger.Error("Documents whose time to live is over could not be deleted. This is tried again.",
				"table", t.ID(), "error", err)
		}
	}
	return more
}

// due tells whether a table has had no error lately.
func (e *Expirer) due(id catalog.TableID) bool {
	since, failed := e.failed[id]
	if failed && e.opt.Now().Sub(since) < retryAfter {
		return false
	}
	delete(e.failed, id)
	return true
}

// earliest is before all times.
const earliest = -1e15

// expire deletes the next documents of a table. more says that there may be others.
func (e *Expirer) expire(ctx context.Context, t *catalog.Table) (more bool, err error) {
	x, ok := t.Index(t.Config.TTL.Index)
	if !ok || !x.Ready {
		return false, nil
	}
	limit := float64(e.opt.Now().UnixMilli())/1000 - t.Config.TTL.Seconds
	sweep, err := x.Index.Sweep(ctx, datum.Time(earliest, 0), datum.Time(limit, 0))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, sweep.Close()) }()
	keys := make([]datum.Value, 0, batchRows)
	for range turnBatches {
		keys = keys[:0]
		for len(keys) < batchRows {
			row, ok, err := sweep.Next(ctx)
			if err != nil {
				return false, err
			}
			if !ok {
				break
			}
			key, _ := row.Get(t.PrimaryKey())
			keys = append(keys, key)
		}
		if err := errors.Join(sweep.Park(), deleteOver(ctx, t, x.Index, keys, limit)); err != nil {
			return false, err
		}
		sweep.Deleted()
		if len(keys) < batchRows {
			return false, nil
		}
	}
	return true, nil
}

// deleteOver deletes the rows with these keys, as far as they are still over.
func deleteOver(ctx context.Context, t *catalog.Table, x *table.Index, keys []datum.Value, limit float64) error {
	if len(keys) == 0 {
		return nil
	}
	results, err := t.Write(ctx, table.WriteRequest{
		Keys: keys,
		// A crash may undo this: then it is done again.
		Durability: table.DurabilitySoft,
		Update: func(_ int, old datum.Value) (datum.Value, error) {
			if old.IsAbsent() || !isOver(x, old, limit) { // it was written meanwhile
				return old, nil
			}
			return datum.Value{}, nil
		},
	})
	for _, r := range results {
		if err == nil {
			err = r.Err
		}
	}
	return err
}

// isOver tells whether the time that the index has of a row is not after limit, in seconds since 1970.
func isOver(x *table.Index, row datum.Value, limit float64) (over bool) {
	x.EachValue(row, func(v datum.Value) {
		if v.Kind() == datum.KindTime {
			epoch, _ := v.TimeParts()
			over = epoch <= limit
		}
	})
	return over
}
