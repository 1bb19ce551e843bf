package table

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
)

// ScanParallel calls each for up to n workers, concurrently when the range has more than a few hundred rows. Every row of the
// range comes to exactly one worker, in no defined order, and those of one part are of one state of it. The first error ends the scan.
// A worker that returns early without an error forgoes only its own rows. Worker 0 runs in the caller's goroutine; ScanParallel returns
// after all of them.
func (t *Table) ScanParallel(_ context.Context, o ScanOptions, n int, each func(worker int, rows Rows) error) error {
	so, err := shardOptions(o)
	if err != nil {
		return err
	}
	l := t.layout.Load()
	if p := l.single(); p != nil && t.here(p, o.Read.Mode) {
		one := so
		one.Opened = t.opened(l, p, o.Read.Mode, so.At)
		err := p.shard.ScanParallel(one, n, func(worker int, rows *shard.ParallelRows) error { return each(worker, rows) })
		if begun(err) {
			return err
		}
	}
	return t.sideBySide(l, n, func(own *layout) Rows {
		return t.scanRuns(own.runs, so, o.Read.Mode)
	}, each)
}

// parallel is ScanParallel for a range of entries.
func (x *Index) parallel(ctx context.Context, o shard.IndexScanOptions, m ReadMode, n int, each func(worker int, rows Rows) error) error {
	t := x.table
	l := t.layout.Load()
	if p := l.single(); p != nil && t.here(p, m) {
		part, ok := p.shard.Index(x.config.Number)
		if !ok {
			return ErrIndexDropped
		}
		one := o
		one.Opened = t.opened(l, p, m, o.At)
		err := part.ScanParallel(ctx, one, n, func(worker int, rows *shard.ParallelIndexRows) error { return each(worker, rows) })
		if begun(err) {
			return err
		}
	}
	return t.sideBySide(l, n, func(own *layout) Rows {
		rows := x.rows(o, m)
		rows.own = own
		return rows
	}, each)
}

// notBegun is the error of a scan that has found its rows gone before anybody got one.
type notBegun struct{ error }

func begun(err error) bool {
	var n *notBegun
	return !errors.As(err, &n)
}

// opened gives what checks that a part is still where it is about to be read; nil for a state that stays.
func (t *Table) opened(l *layout, p *Part, m ReadMode, at *Snapshot) func() error {
	if at != nil {
		return nil
	}
	return func() error {
		if err := t.still(l, p, m); err != nil {
			return &notBegun{err}
		}
		return nil
	}
}

// sideBySide has each worker read the rows of some parts of a layout.
func (t *Table) sideBySide(l *layout, n int, rows func(own *layout) Rows, each func(worker int, rows Rows) error) error {
	n = max(min(n, len(l.parts)), 1)
	own := make([][]int, n)
	for i := range l.parts {
		own[i%n] = append(own[i%n], i)
	}
	errs := make([]error, n)
	var failed atomic.Bool
	var wg sync.WaitGroup
	var caught any
	var once sync.Once
	work := func(worker int) {
		defer func() {
			if r := recover(); r != nil { // from a panic in another goroutine nobody could recover
				once.Do(func() { caught = fmt.Sprintf("%v\n%s", r, debug.Stack()) })
				failed.Store(true)
			}
		}()
		r := rows(l.only(own[worker]))
		errs[worker] = errors.Join(each(worker, &jointRows{r, &failed}), r.Close())
		if errs[worker] != nil {
			failed.Store(true)
		}
	}
	for w := 1; w < n; w++ {
		wg.Go(func() { work(w) })
	}
	work(0)
	wg.Wait()
	if caught != nil {
		panic(caught)
	}
	var first error
	for _, err := range errs {
		if err != nil && (first == nil || errors.Is(first, errOtherWorker)) {
			first = err
		}
	}
	return first
}

// jointRows are the rows of a worker, until another one has failed.
type jointRows struct {
	Rows
	failed *atomic.Bool
}

func (r *jointRows) Next(ctx context.Context) (datum.Value, bool, error) {
	if r.failed.Load() {
		return datum.Value{}, false, errOtherWorker
	}
	return r.Rows.Next(ctx)
}

var errOtherWorker = errors.New("another worker of the scan failed")
