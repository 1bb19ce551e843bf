package storage

import (
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// confirmer tells those who have applied batches with ApplyAndSync when these are on disk: one goroutine waits for all of them.
//
// A batch whose sync is asked for with the batch itself goes to the disk in one step. To apply it, and then to join a round of the syncer, costs the log a second
// write, and two more goroutines have to wake up one after the other.
type confirmer struct {
	s     *Store
	ended chan struct{}

	mu     sync.Mutex // guards what follows; nothing is taken below it
	cond   *sync.Cond
	queue  []unconfirmed // in the order in which they were applied, about
	closed bool
}

type unconfirmed struct {
	b    *Batch // nil: only what comes before it counts
	done func(error)
}

func (c *confirmer) start(s *Store) {
	c.s = s
	c.ended = make(chan struct{})
	c.cond = sync.NewCond(&c.mu)
	if s.onDemand {
		close(c.ended)
		return
	}
	go c.loop() // ended by stop
}

// stop ends the loop when everything was confirmed.
func (c *confirmer) stop() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cond.Signal()
	if c.s.full.Load() {
		return // the loop hangs in the engine; see closeEngine
	}
	<-c.ended
}

func (c *confirmer) add(u unconfirmed) {
	c.mu.Lock()
	c.queue = append(c.queue, u)
	c.mu.Unlock()
	c.cond.Signal()
}

// take waits for something to confirm. There is nothing more to come when it returns nothing.
func (c *confirmer) take() []unconfirmed {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue) == 0 && !c.closed {
		c.cond.Wait()
	}
	list := c.queue
	c.queue = nil
	return list
}

func (c *confirmer) loop() {
	defer close(c.ended)
	for list := c.take(); len(list) > 0; list = c.take() {
		for _, u := range list {
			u.done(c.wait(u))
		}
	}
}

// wait waits until a batch is on disk, and gives its memory back.
func (c *confirmer) wait(u unconfirmed) error {
	if u.b == nil {
		return nil
	}
	defer u.b.Close()
	if err := u.b.pb.SyncWait(); err != nil {
		return c.s.fail(err)
	}
	return nil
}

// ApplyAndSync is Apply for a batch that shall be on disk as soon as possible, even an empty one: then what comes before it shall be. It does not wait for that. Without an
// error the batch is the store's, and WhenSynced has to follow.
func (s *Store) ApplyAndSync(b *Batch) error {
	if s.onDemand {
		return s.Apply(b)
	}
	if b.pb.Empty() {
		must(b.pb.LogData(nil, nil))
	}
	return s.apply(b, (*pebble.DB).ApplyNoSyncWait, pebble.Sync)
}

// WhenSynced has done told when a batch that ApplyAndSync has taken is on disk with all before it, or why that will never be known. Without a batch it
// is told after those who came before. A goroutine of the store tells it, which must not be kept for long.
func (s *Store) WhenSynced(b *Batch, done func(error)) {
	if s.onDemand && b != nil {
		b.Close()
		b = nil
	}
	s.confirmer.add(unconfirmed{b, done})
}

// Confirm syncs a store with SyncOnDemand, and tells those who wait for that by WhenSynced.
func (s *Store) Confirm() {
	s.confirmer.mu.Lock()
	list := s.confirmer.queue
	s.confirmer.queue = nil
	s.confirmer.mu.Unlock()
	if len(list) == 0 {
		return
	}
	err := s.sync.syncLog()
	for _, u := range list {
		u.done(err)
	}
}
