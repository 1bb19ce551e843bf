package storage

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// softSyncInterval bounds what a crash can take from writes that nobody waited for: a record is on disk at the latest
// after this interval plus one sync of the disk. Soft durability promises one second.
const softSyncInterval = 500 * time.Millisecond

// syncer groups the waiting for the log.
//
// The problem: many connections wait for their own record at once, and a sync of the disk costs the same for one record as
// for a thousand. Pebble groups syncs too, but its waiters cannot leave: a client that goes away, or a disk that is full or
// hangs, would keep a query's goroutine for ever. So batches are applied without a sync, and one goroutine syncs for all.
//
// A round is one future sync. Whoever has applied a batch joins the round that has not begun, so
//
//	applied before joining ≤ synced by that round
//
// holds because the log is one sequence. A waiter must not join the round under way: the sync may have begun before its
// record was written.
//
// Records that nobody waits for are pushed out by a timer. It is armed by the first batch after it fired, so a store at rest
// has no timer and wakes up nobody.
type syncer struct {
	s     *Store
	kick  chan struct{} // capacity 1: a round has a waiter. When full, the loop has yet to look, so nothing is lost.
	ended chan struct{}

	appliedBatches atomic.Uint64
	durableBatches atomic.Uint64 // durable ≤ applied
	armed          atomic.Bool   // the timer will fire
	timer          *time.Timer

	mu      sync.Mutex // guards the two
	current *syncRound // the one under way, or the last one
	next    *syncRound
}

type syncRound struct {
	done chan struct{} // closed when err is set
	once sync.Once
	err  error
}

func newSyncRound() *syncRound { return &syncRound{done: make(chan struct{})} }

// finish releases the waiters. Only the first call counts.
func (r *syncRound) finish(err error) {
	r.once.Do(func() {
		r.err = err
		close(r.done)
	})
}

func (y *syncer) start(s *Store) {
	y.s = s
	y.kick = make(chan struct{}, 1)
	y.ended = make(chan struct{})
	y.current, y.next = newSyncRound(), newSyncRound()
	y.timer = time.AfterFunc(time.Hour, y.pushOut)
	y.timer.Stop()
	go y.loop() // ended by stop
}

// stop ends the loop. Waiters get ErrClosed.
func (y *syncer) stop() {
	y.timer.Stop()
	if y.s.full.Load() {
		return // the loop hangs in the engine; see closeEngine
	}
	<-y.ended
}

// applied notes that a batch is in the log, but not yet known to be on disk.
func (y *syncer) applied() {
	y.appliedBatches.Add(1)
	if !y.s.onDemand && !y.armed.Load() && y.armed.CompareAndSwap(false, true) {
		y.timer.Reset(softSyncInterval)
	}
}

// pushOut syncs what no hard write has synced since the timer was armed.
func (y *syncer) pushOut() {
	y.armed.Store(false) // before the look at the counters: a batch after it arms the timer again
	if y.durableBatches.Load() < y.appliedBatches.Load() {
		y.wake()
	}
}

func (y *syncer) wake() {
	select {
	case y.kick <- struct{}{}:
	default:
	}
}

func (y *syncer) wait(ctx context.Context) error {
	if y.durableBatches.Load() == y.appliedBatches.Load() {
		return y.s.Err() // nothing is on its way
	}
	if err := y.s.Err(); err != nil {
		return err
	}
	y.mu.Lock()
	r := y.next
	y.mu.Unlock()
	y.wake()
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return fmt.Errorf("wait for the disk: %w", context.Cause(ctx))
	case <-y.s.closing:
		return ErrClosed
	}
}

// abandon releases all waiters with an error, since no sync will end soon.
func (y *syncer) abandon(err error) {
	y.mu.Lock()
	rounds := [...]*syncRound{y.current, y.next}
	y.next = newSyncRound()
	y.mu.Unlock()
	for _, r := range rounds {
		r.finish(err)
	}
}

func (y *syncer) loop() {
	defer close(y.ended)
	for {
		select {
		case <-y.kick:
		case <-y.s.closing:
			return
		}
		next := newSyncRound()
		y.mu.Lock()
		r := y.next
		y.current, y.next = r, next
		y.mu.Unlock()
		r.finish(y.syncLog())
	}
}

// syncLog syncs the log up to all that was applied before.
func (y *syncer) syncLog() error {
	if e := y.s.failed.Load(); e != nil {
		return *e
	}
	covered := y.appliedBatches.Load()
	b := y.s.db.NewBatch()
	defer b.Close()
	err := b.LogData(nil, nil)
	if err == nil {
		err = y.s.db.ApplyNoSyncWait(b, pebble.Sync)
	}
	if err == nil {
		err = b.SyncWait()
	}
	if err != nil {
		return y.s.fail(err)
	}
	y.durableBatches.Store(covered)
	return nil
}
