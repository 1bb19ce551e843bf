package exec

import (
	"container/list"
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// turns are what queries that take long compute by. There are as many as processors; who wants more than grace waits for one
// and gives it back after a slice, so that of a thousand endless queries the scheduler of Go has two or three to run, and
// what others ask for meanwhile is run at once. Without that it has its own turn after ten milliseconds for each of them.
//
// A turn is not a lock: whoever has one may wait for anything, such as the disk or a row that is being written. When none has
// been given back for patience, the next in line goes ahead without one.
type turns struct {
	waiting atomic.Int32 // length of queue, to be read without mu

	mu    sync.Mutex // guards what follows
	free  int        // negative when some went ahead
	queue list.List  // of chan struct{}, closed when it is their turn
	moved time.Time  // when the queue last moved
	timer *time.Timer
}

const (
	grace    = time.Millisecond
	slice    = 5 * time.Millisecond
	patience = 20 * time.Millisecond
)

func newTurns() *turns { return &turns{free: runtime.GOMAXPROCS(0)} }

// take waits for a turn, or for the end of ctx.
func (t *turns) take(ctx context.Context) error {
	t.mu.Lock()
	if t.free > 0 && t.queue.Len() == 0 {
		t.free--
		t.mu.Unlock()
		return nil
	}
	ready := make(chan struct{})
	place := t.queue.PushBack(ready)
	t.waiting.Add(1)
	if t.queue.Len() == 1 {
		t.moved = time.Now()
		t.arm(patience)
	}
	t.mu.Unlock()
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-ready: // just now
		t.free++
		t.next()
	default:
		t.queue.Remove(place)
		t.waiting.Add(-1)
	}
	return errInterrupted
}

// give gives a turn back.
func (t *turns) give() {
	t.mu.Lock()
	t.free++
	t.next()
	t.mu.Unlock()
}

// next lets the first in line go if there is a turn for it. The caller holds mu.
func (t *turns) next() {
	if t.free > 0 && t.queue.Len() > 0 {
		t.advance()
	}
}

func (t *turns) advance() {
	t.free--
	t.moved = time.Now()
	close(t.queue.Remove(t.queue.Front()).(chan struct{}))
	t.waiting.Add(-1)
}

func (t *turns) arm(d time.Duration) {
	if t.timer == nil {
		t.timer = time.AfterFunc(d, t.overdue)
	} else {
		t.timer.Reset(d)
	}
}

// overdue lets the first in line go ahead if all who have turns keep them for too long. It runs while there is a queue.
func (t *turns) overdue() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.queue.Len() == 0 {
		return
	}
	if since := time.Since(t.moved); since < patience {
		t.arm(patience - since)
		return
	}
	t.advance()
	if t.queue.Len() > 0 {
		t.arm(patience)
	}
}

// pace is where one thread of a query stands with its turns. The zero pace takes none.
type pace struct {
	turns *turns
	since time.Time // the query, or its turn, began; time that it waits for a processor counts too
	has   bool      // a turn
}

// begin is called when the query, or its next batch, begins.
func (p *pace) begin(t *turns) { p.turns, p.since = t, time.Now() }

// step is called every now and then while the query computes.
func (p *pace) step(ctx context.Context) error {
	if p.turns == nil {
		return nil
	}
	now := time.Now()
	switch {
	case !p.has:
		if now.Sub(p.since) < grace {
			return nil
		}
	default:
		if now.Sub(p.since) < slice {
			return nil
		}
		if p.turns.waiting.Load() == 0 {
			p.since = now
			return nil
		}
		p.turns.give()
		p.has = false
	}
	if err := p.turns.take(ctx); err != nil {
		return err
	}
	p.has, p.since = true, time.Now()
	return nil
}

// end is called when the query has an answer, or its thread nothing more to do.
func (p *pace) end() {
	if p.has {
		p.turns.give()
		p.has = false
	}
}
