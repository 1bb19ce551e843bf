package shard

import (
	"context"
	"errors"
	"sync"

	"rethinkdb/internal/datum"
)

// ScanParallel calls each for up to n workers, concurrently when there are more than a few entries. Every row of the ranges
// comes to exactly one worker, in no defined order. The first error ends the scan. Worker 0 runs in the caller's goroutine;
// ScanParallel returns after all of them.
//
// One worker at a time reads a batch of entries; that takes a small part of the time that looking up their rows does.
func (x *Index) ScanParallel(ctx context.Context, o IndexScanOptions, n int, each func(worker int, rows *ParallelIndexRows) error) (err error) {
	p := &parallelIndexScan{index: x, options: o, reader: entryReader{index: x, options: o, size: lazyRows}}
	defer func() { err = errors.Join(err, p.reader.park()) }()
	first := &ParallelIndexRows{scan: p, rows: rowReader{index: x, options: o}}
	more, err := p.reader.read(&first.batch)
	if err == nil && o.Opened != nil {
		if err := o.Opened(); err != nil {
			return err
		}
	}
	if err != nil || !more {
		return errors.Join(err, each(0, first))
	}
	first.rows.lookup = p.reader.it.Lookup()
	if err := first.rows.read(&first.batch); err != nil {
		return errors.Join(err, first.rows.close())
	}
	if len(first.batch.list) < lazyRows {
		n = 1
	}
	errs := make([]error, n)
	workers := []*ParallelIndexRows{first}
	if n > 1 {
		err = first.rows.lookup.Detach()
	}
	for len(workers) < n && err == nil {
		w := &ParallelIndexRows{scan: p, rows: rowReader{index: x, options: o, lookup: p.reader.it.Lookup()}}
		if err = w.rows.lookup.Detach(); err == nil {
			workers = append(workers, w)
		}
	}
	var wg sync.WaitGroup
	for w, rows := range workers[1:] {
		wg.Go(func() { errs[w+1] = p.run(w+1, rows, each) })
	}
	errs[0] = p.run(0, first, each)
	wg.Wait()
	if p.panic != nil {
		panic(p.panic)
	}
	for _, e := range errs {
		if e != nil && (err == nil || errors.Is(err, errOtherWorker)) {
			err = e
		}
	}
	return err
}

type parallelIndexScan struct {
	index   *Index
	options IndexScanOptions

	mu     sync.Mutex // guards everything below; held while a batch of entries is read
	reader entryReader
	ended  bool
	failed bool
	panic  any
}

func (p *parallelIndexScan) run(worker int, rows *ParallelIndexRows, each func(worker int, rows *ParallelIndexRows) error) (err error) {
	defer func() {
		r := recover()
		if err == nil && r == nil {
			err = rows.rows.close()
		} else {
			_ = rows.rows.close() // the first error is the one to report
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if r != nil {
			p.panic = r
			err = errOtherWorker
		}
		p.failed = p.failed || err != nil
		p.index.shard.read.Add(rows.n)
	}()
	return each(worker, rows)
}

// ParallelIndexRows are the rows that one worker of a parallel scan of an index gets.
type ParallelIndexRows struct {
	scan  *parallelIndexScan
	batch indexBatch
	rows  rowReader
	n     int64
}

// Next returns the worker's next row; ok is false when there are no more rows for it.
func (r *ParallelIndexRows) Next(ctx context.Context) (row datum.Value, ok bool, err error) {
	for {
		if e := r.batch.next(); e != nil {
			return e.row, true, nil
		}
		if ctx.Err() != nil {
			return datum.Value{}, false, context.Cause(ctx)
		}
		more, err := r.fill()
		if err != nil || !more {
			return datum.Value{}, false, err
		}
		r.n += int64(len(r.batch.list))
		if err := r.rows.read(&r.batch); err != nil {
			return datum.Value{}, false, err
		}
	}
}

func (r *ParallelIndexRows) fill() (more bool, err error) {
	p := r.scan
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed {
		return false, errOtherWorker
	}
	if p.ended {
		r.batch.reset()
		return false, nil
	}
	p.reader.size = r.rows.batchSize(p.reader.size)
	more, err = p.reader.read(&r.batch)
	p.ended = err == nil && !more
	return more, err
}

// Close does nothing: the scan closes the rows of its workers.
func (r *ParallelIndexRows) Close() error { return nil }
