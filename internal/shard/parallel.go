package shard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// parallelScan divides the rows of a scan among workers while they work.
//
// Dividing a range beforehand needs to know where its rows are. Sizes of files answer that only for flushed data and only as
// finely as files are; sampling costs as much as scanning a small table. So nothing is divided beforehand: one worker starts
// with the whole range, and a worker without work gets the upper half of what a busy one has left. "Half" is the middle
// between two keys taken as binary fractions, which is right for random keys. For others it is wrong at first (the middle
// between the encodings of the numbers 1 and 10^6 is about 10^3), but each division is of what is left, so that the error
// shrinks; what counts is that nobody is idle for long.
//
// A worker looks for somebody idle before each row, which is one atomic load, and divides at most every minRowsPerPiece rows,
// so that dividing (some seeks) costs little against scanning. Hence a table with fewer rows than that is scanned by the
// caller's goroutine alone.
//
//	started = workers that run each; idle ≤ started; a worker that returns is neither.
//	Once no worker is busy and no piece is on its way, no more work can come up: the scan ends.
type parallelScan struct {
	shard *Shard
	each  func(worker int, rows *ParallelRows) error
	opts  ScanOptions

	hungry atomic.Int32 // workers that would take a piece: idle ones and those not started
	failed atomic.Bool  // err is set

	wg sync.WaitGroup // workers with a goroutine of their own

	mu      sync.Mutex // guards everything below
	limit   int        // of workers
	started int
	busy    int
	idle    []chan piece // capacity 1: a piece is sent at most once; closed at the end
	err     error        // the first one
	panic   any
}

// A piece is a range of keys with at least one row. The zero piece is none.
type piece struct {
	lower, upper []byte
}

// minRowsPerPiece is the number of rows that a worker reads before it gives a part of its range away.
const minRowsPerPiece = 256

var errOtherWorker = errors.New("another worker of the scan failed")

// ScanParallel calls each for up to n workers, concurrently when there is more than one. Every row within the bounds, of one
// snapshot, comes to exactly one worker; the order is not defined. A worker that returns early, without error, forgoes the
// rest of the rows that it would have had. The first error ends the scan. Worker 0 runs in the caller's goroutine.
func (s *Shard) ScanParallel(o ScanOptions, n int, each func(worker int, rows *ParallelRows) error) error {
	return s.scanParallel(s.store, o, n, each)
}

// state is a state of the store: the store itself, which is the newest at each call, or a snapshot.
type state interface {
	Get(key []byte) (value []byte, found bool, err error)
	Iter(lower, upper []byte) (*storage.Iterator, error)
}

// scanParallel is ScanParallel on some state of the store.
func (s *Shard) scanParallel(state state, o ScanOptions, n int, each func(worker int, rows *ParallelRows) error) error {
	p := &parallelScan{shard: s, each: each, opts: o, limit: max(n, 1), started: 1, busy: 1}
	p.hungry.Store(int32(p.limit - 1))
	lower, upper := s.bounds(o.Bounds)
	if bytes.Compare(lower, upper) >= 0 {
		upper = lower
	}
	it, err := state.Iter(lower, upper)
	if err != nil {
		return err
	}
	if o.Opened != nil {
		if err := o.Opened(); err != nil {
			return errors.Join(err, it.Close())
		}
	}
	rows := &ParallelRows{scan: p, it: it, lower: lower, upper: upper}
	if p.limit > 1 && it.Last() {
		rows.upper = append(bytes.Clone(it.Key()), 0) // as tight as possible, for the middle between bounds
	}
	if err := it.Err(); err != nil {
		return errors.Join(err, it.Close())
	}
	p.run(0, rows)
	p.wg.Wait()
	if p.panic != nil {
		panic(p.panic)
	}
	return p.err
}

// run is the life of one worker.
func (p *parallelScan) run(worker int, rows *ParallelRows) {
	rows.rows.transient = p.opts.Transient
	err := p.guard(worker, rows)
	p.shard.read.Add(rows.n)
	err = errors.Join(err, rows.it.Close())

	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && p.err == nil {
		p.err = err
		p.failed.Store(true)
	}
	if !rows.ended {
		p.leave()
	}
}

// guard calls each and turns its panic into an error, for ScanParallel to raise again in the caller's goroutine when all
// workers have ended. From a panic in another goroutine nobody could recover.
func (p *parallelScan) guard(worker int, rows *ParallelRows) (err error) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if worker > 0 {
			r = fmt.Sprintf("%v\n%s", r, debug.Stack()) // the caller's stack would not show where
		}
		p.mu.Lock()
		p.panic = r
		p.mu.Unlock()
		err = errOtherWorker
	}()
	return p.each(worker, rows)
}

// leave notes that a worker is not busy any more and ends the scan when it was the last. REQUIRES: p.mu.
func (p *parallelScan) leave() {
	p.busy--
	if p.busy > 0 {
		return
	}
	for _, c := range p.idle {
		close(c)
	}
	p.idle = nil
}

// take waits until a busy worker gives a piece away. ok is false when there will be none.
func (p *parallelScan) take() (work piece, ok bool) {
	c := make(chan piece, 1)
	p.mu.Lock()
	p.idle = append(p.idle, c)
	p.hungry.Add(1)
	p.leave()
	p.mu.Unlock()
	work, ok = <-c // every busy worker looks at p.hungry before each row, or leaves
	return work, ok
}

// give hands a piece to an idle worker, or starts one for it. It reports false when nobody is hungry any more.
func (p *parallelScan) give(work piece, from *ParallelRows) (given bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.hungry.Add(-1)
		p.busy++
		c <- work
		return true, nil
	}
	if p.started == p.limit {
		return false, nil
	}
	it, err := from.it.Clone(work.lower, work.upper)
	if err != nil {
		return false, err
	}
	worker := p.started
	p.started++
	p.busy++
	p.hungry.Add(-1)
	rows := &ParallelRows{scan: p, it: it, lower: work.lower, upper: work.upper}
	p.wg.Go(func() { p.run(worker, rows) })
	return true, nil
}

// ParallelRows are the rows that one worker of a parallel scan gets.
type ParallelRows struct {
	scan *parallelScan
	it   *storage.Iterator

	lower, upper []byte // of the present piece
	moved        bool   // the iterator stands on the row that was returned last
	ended        bool   // and the worker does not count as busy any more
	n            int64  // rows so far
	divideAt     int64  // n from which on the piece may be divided

	rows copier
}

// Next returns the worker's next row; ok is false when there are no more rows for it.
func (r *ParallelRows) Next(ctx context.Context) (row datum.Value, ok bool, err error) {
	if r.n%ctxInterval == 0 && ctx.Err() != nil {
		return datum.Value{}, false, context.Cause(ctx)
	}
	if r.scan.failed.Load() {
		return datum.Value{}, false, errOtherWorker
	}
	if r.ended {
		return datum.Value{}, false, nil
	}
	ok, err = r.advance()
	if err != nil || !ok {
		return datum.Value{}, false, err
	}
	r.n++
	row, err = r.rows.row(r.it)
	return row, err == nil, err
}

// Close does nothing: the scan closes the rows of its workers.
func (r *ParallelRows) Close() error { return nil }

func (r *ParallelRows) advance() (ok bool, err error) {
	switch {
	case !r.moved:
		r.moved = true
		r.divideAt = r.n + minRowsPerPiece
		ok = r.it.First()
	case r.n >= r.divideAt && r.scan.hungry.Load() > 0:
		ok, err = r.divide()
	default:
		ok = r.it.Next()
	}
	for !ok {
		if err = errors.Join(err, r.it.Err()); err != nil {
			return false, err
		}
		work, more := r.scan.take()
		if !more {
			r.ended = true
			return false, nil
		}
		r.lower, r.upper = work.lower, work.upper
		r.divideAt = r.n + minRowsPerPiece
		r.it.SetBounds(r.lower, r.upper)
		ok = r.it.First()
	}
	return true, nil
}

// maxDivisions is how often a middle is tried that has no row on its right.
const maxDivisions = 16

// divide gives the upper part of the piece away, if it can, and moves to the next row.
func (r *ParallelRows) divide() (ok bool, err error) {
	r.divideAt = r.n + minRowsPerPiece
	next := append(bytes.Clone(r.it.Key()), 0)
	upper := r.upper
	for range maxDivisions {
		m := middle(next, upper)
		if m == nil {
			break
		}
		if !r.it.SeekGE(m) {
			if err := r.it.Err(); err != nil {
				return false, err
			}
			upper = m // no row in [m, upper)
			continue
		}
		given, err := r.scan.give(piece{lower: bytes.Clone(r.it.Key()), upper: r.upper}, r)
		if err != nil {
			return false, err
		}
		if given {
			r.upper = m
			r.it.SetBounds(r.lower, r.upper)
		}
		break
	}
	return r.it.SeekGE(next), r.it.Err()
}

// middle returns a key between two keys that are taken as binary fractions: low < middle < high. It returns nil when the
// two are too close for it to matter.
func middle(low, high []byte) []byte {
	common := 0
	for common < len(low) && common < len(high) && low[common] == high[common] {
		common++
	}
	a, b := fraction(low[common:]), fraction(high[min(common, len(high)):])
	sum, carry := bits.Add64(a, b, 0)
	m := sum>>1 | carry<<63
	if a >= b || m == a {
		return nil
	}
	key := append(make([]byte, 0, common+8), low[:common]...)
	for shift := 56; shift >= 0; shift -= 8 {
		key = append(key, byte(m>>shift))
	}
	if bytes.Compare(low, key) >= 0 || bytes.Compare(key, high) >= 0 {
		return nil
	}
	return key
}

// fraction returns the first 64 bits of a key.
func fraction(key []byte) uint64 {
	var f uint64
	for i := range 8 {
		f <<= 8
		if i < len(key) {
			f |= uint64(key[i])
		}
	}
	return f
}
