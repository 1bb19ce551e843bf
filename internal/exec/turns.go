package exec

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/processors"
)

// turns are what queries that take long compute by. There are as many as processors; who wants more than grace waits for one
// and gives it back after a slice, so that of a thousand endless queries the scheduler of Go has two or three to run, and
// what others ask for meanwhile is run at once, by one of the threads that package processors keeps for it. Without that it has its
// own turn after ten milliseconds for each of them.
//
// Who comes for the first time goes before those who come again, three times in four: most queries end within one slice.
//
// A turn is not a lock: whoever has one may wait for anything, such as the disk or a row that is being written. When none has
// been given back for patience, the next in line goes ahead without one.
type turns struct {
	waiting atomic.Int32 // length of both queues, to be read without mu

	mu     sync.Mutex   // guards what follows
	free   int          // negative when some went ahead
	queues [2]list.List // of chan struct{}, closed when it is their turn; those who come for the first time, and again
	picked uint         // how many had their turn
	moved  time.Time    // when a queue last moved
	timer  *time.Timer
}

const (
	grace    = time.Millisecond
	slice    = 5 * time.Millisecond
	patience = 20 * time.Millisecond

	// In a crowd there is less of it, or a thousand queries that come at once have half a second before they wait.
	crowd        = 16
	crowdedGrace = 200 * time.Microsecond
)

func newTurns() *turns { return &turns{free: processors.Count()} }

// take waits for a turn, or for the end of ctx. again says that the query has had one.
func (t *turns) take(ctx context.Context, again bool) error {
	t.mu.Lock()
	if t.free > 0 && t.waiting.Load() == 0 {
		t.free--
		t.mu.Unlock()
		return nil
	}
	queue := &t.queues[0]
	if again {
		queue = &t.queues[1]
	}
	ready := make(chan struct{})
	place := queue.PushBack(ready)
	if t.waiting.Add(1) == 1 {
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
		queue.Remove(place)
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
	if t.free > 0 && t.waiting.Load() > 0 {
		t.advance()
	}
}

func (t *turns) advance() {
	queue, other := &t.queues[0], &t.queues[1]
	if t.picked++; t.picked%4 == 0 {
		queue, other = other, queue
	}
	if queue.Len() == 0 {
		queue = other
	}
	t.free--
	t.moved = time.Now()
	close(queue.Remove(queue.Front()).(chan struct{}))
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
	if t.waiting.Load() == 0 {
		return
	}
	if since := time.Since(t.moved); since < patience {
		t.arm(patience - since)
		return
	}
	t.advance()
	if t.waiting.Load() > 0 {
		t.arm(patience)
	}
}

// pace is where one thread of a query stands with its turns. The zero pace takes none.
type pace struct {
	turns *turns
	since time.Time // the query, or its turn, began; time that it waits for a processor counts too
	has   bool      // a turn
	again bool      // had one
}

// begin is called when the query, or its next batch, begins.
func (p *pace) begin(t *turns) { *p = pace{turns: t, since: time.Now()} }

// step is called every now and then while the query computes.
func (p *pace) step(ctx context.Context) error {
	if p.turns == nil {
		return nil
	}
	now := time.Now()
	switch {
	case !p.has:
		free := grace
		if p.turns.waiting.Load() > crowd {
			free = crowdedGrace
		}
		if now.Sub(p.since) < free {
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
	if err := p.turns.take(ctx, p.again); err != nil {
		return err
	}
	p.has, p.again, p.since = true, true, time.Now()
	return nil
}

// end is called when the query has an answer, or its thread nothing more to do.
func (p *pace) end() {
	if p.has {
		p.turns.give()
		p.has = false
	}
}
