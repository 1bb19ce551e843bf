package feed

import (
	"context"
	"slices"
	"sync"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
)

// Options are what a subscriber wishes.
type Options struct {
	QueueSize int           // how many elements may wait for the subscriber
	Squash    bool          // changes of a row that wait are made one
	Interval  time.Duration // how long changes are collected, with Squash
	Offsets   bool          // of the first rows of an order
	Positions bool          // events say where they are in the history
	Items     bool          // events have the items of the first rows of an order, and those that change nothing but a place come, too
}

// maxLagBytes is how much may wait for one subscriber, whatever the number of elements.
const maxLagBytes = 64 << 20

// A Subscription is the place of one subscriber in the list of its group. One goroutine at a time calls its methods, except that
// Close may come at any time.
//
// Its queue is the nodes from last to the end of the list. It is not allowed to be longer than QueueSize: then all of it is
// dropped at once, as in the reference, and the number of what was dropped is the next event.
type Subscription struct {
	hub     *Hub
	group   *group
	options Options

	seat  int // in group.subs; guarded by group.mu
	place int // in group.waiting, -1 for none; guarded by group.mu

	mu      sync.Mutex // guards what follows; taken before group.mu
	last    *node      // the last that was taken
	after   table.CommitIndex
	skipped int    // by overflow, not yet told
	wake    func() // to be called when something arrives
	closed  bool
	begun   bool // it is known where it begins: nobody may take anything in before

	// Of the first rows of an order.
	initial []Item   // not yet fetched
	places  []string // as the subscriber knows them, for offsets

	// With Squash.
	merged *merged
	from   Place       // where it begins, with Positions
	to     Place       // of the last change in it
	due    bool        // the interval is over
	timer  *time.Timer // runs the interval
}

// Subscribe joins the group of an expression. The subscription begins with what is committed after the call. For the first
// rows of an order, Initial then gives the rows that it begins with.
func (h *Hub) Subscribe(e *Expression, o Options) (*Subscription, error) {
	s := &Subscription{hub: h, options: o, seat: -1, place: -1}
	if o.Squash {
		s.merged = newMerged(e.Order != nil)
		s.due = o.Interval == 0
	}
	g, err := h.join(e, s)
	if err != nil {
		return nil, err
	}
	if e.Order == nil {
		s.mu.Lock()
		s.after = max(s.after, h.applied())
		s.mu.Unlock()
		return s, nil
	}
	if err := s.joinOrder(g); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// joinOrder fetches what the subscription begins with, and leaves out what led to it.
func (s *Subscription) joinOrder(g *group) error {
	s.hub.flush()
	g.work.Lock()
	defer g.work.Unlock()
	if err := g.order.begin(g.ctx); err != nil {
		return err
	}
	g.drain()
	if err := g.failure(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = true
	s.last = g.tail.Load() // nothing is linked while we hold work
	s.initial = slices.Clone(g.order.shown)
	if s.options.Offsets {
		for _, i := range s.initial {
			s.places = append(s.places, i.Place)
		}
	}
	return nil
}

// After makes the subscription leave out commits up to an index. It is called before Next and Wait.
func (s *Subscription) After(index table.CommitIndex) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after, s.begun = max(s.after, index), true
}

// Begin makes the subscription leave out what is before a place in the history, which is the end of a commit.
func (s *Subscription) Begin(p Place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after, s.begun = max(s.after, p.Index), true
	s.from, s.to = p, p
}

// Initial returns the next of the first rows of an order that the subscription begins with; ok is false after the last.
func (s *Subscription) Initial() (e Event, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.initial) == 0 {
		return Event{}, false
	}
	e = Event{Kind: Initial, New: s.initial[0].Value, OldOffset: -1}
	if s.options.Offsets {
		e.NewOffset = len(s.places) - len(s.initial)
	}
	if s.options.Items {
		e.NewItem = &s.initial[0]
	}
	if s.initial = s.initial[1:]; len(s.initial) == 0 {
		s.initial = nil
	}
	return e, true
}

// Next returns the next event; ok is false when there is none yet. An error is the end of the feed.
func (s *Subscription) Next() (e Event, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = true
	for {
		s.drop()
		if s.skipped > 0 {
			e = Event{Kind: Overflow, Skipped: s.skipped}
			s.skipped = 0
			return e, true, nil
		}
		if s.merged != nil {
			if e, ok = s.nextMerged(); ok {
				return e, true, nil
			}
			if s.skipped > 0 {
				continue
			}
			if !s.due && (len(s.merged.list) > 0 || s.last.next.Load() != nil) && s.group.failure() != nil { // there will be no more to collect
				s.due = true
				continue
			}
			break
		}
		n := s.advance()
		if n == nil {
			break
		}
		if n.skipped > 0 {
			s.skipped += n.skipped
			continue
		}
		e = n.event()
		if s.options.Positions {
			e.At = &Position{Place: n.place()}
		}
		if s.options.Items {
			e.OldItem, e.NewItem = n.oldItem, n.newItem
			return e, true, nil
		}
		if !s.options.Offsets {
			if n.oldItem != nil && n.newItem != nil && datum.Equal(n.old, n.new) {
				continue
			}
			return e, true, nil
		}
		if s.offsets(&e, n.oldItem, n.newItem); e.OldOffset == e.NewOffset && datum.Equal(e.Old, e.New) {
			continue
		}
		return e, true, nil
	}
	if s.closed {
		return Event{}, false, context.Canceled
	}
	if s.last.next.Load() == nil {
		return Event{}, false, s.group.failure()
	}
	return Event{}, false, nil
}

// advance takes the next node that concerns the subscription; nil if there is none. The caller holds mu.
func (s *Subscription) advance() *node {
	for {
		n := s.last.next.Load()
		if n == nil {
			return nil
		}
		s.last = n
		if n.index == 0 || n.index > s.after {
			return n
		}
	}
}

// offsets makes a change to the places that the subscriber knows.
func (s *Subscription) offsets(e *Event, old, new *Item) {
	o := s.group.expression.Order
	e.OldOffset, e.NewOffset = -1, -1
	compare := func(a, b string) int {
		switch {
		case a == b:
			return 0
		case o.before(a, b):
			return -1
		}
		return 1
	}
	if old != nil {
		if i, found := slices.BinarySearchFunc(s.places, old.Place, compare); found {
			s.places = slices.Delete(s.places, i, i+1)
			e.OldOffset = i
		}
	}
	if new != nil {
		i, found := slices.BinarySearchFunc(s.places, new.Place, compare)
		if !found {
			s.places = slices.Insert(s.places, i, new.Place)
		}
		e.NewOffset = i
	}
}

// drop drops the queue if it has become too long. The caller holds mu.
func (s *Subscription) drop() {
	if s.merged != nil || s.group.expression.Order != nil {
		return
	}
	end := s.group.tail.Load()
	if end.number <= s.last.number { // less, when we have followed a link that is not yet the tail's
		return
	}
	queued := end.number - s.last.number
	limit := uint64(s.options.QueueSize)
	drop := uint64(0)
	if queued > limit {
		drop = queued / (limit + 1) * (limit + 1) // each time that it would have been full
	}
	if end.bytes-s.last.bytes > maxLagBytes {
		drop = queued
	}
	for ; drop > 0; drop-- {
		n := s.last.next.Load()
		s.last = n
		switch {
		case n.skipped > 0:
			s.skipped += n.skipped
		case n.index > s.after:
			s.skipped++
		}
	}
}

// trim keeps the queue within its limits while nobody fetches it.
func (s *Subscription) trim() {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed || !s.begun:
	case s.merged == nil:
		s.drop()
	default:
		s.absorb()
		if len(s.merged.list) > s.options.QueueSize/2 { // no time to collect more
			s.due = true
		}
	}
}

// Wait makes wake be called once, as soon as Next may have something. It returns false, and forgets about wake, if that is so
// already. wake is called by whoever brings news; it must not block.
func (s *Subscription) Wait(wake func()) bool {
	s.mu.Lock()
	s.begun = true
	if s.closed || s.skipped > 0 || s.merged != nil && (len(s.merged.ready) > 0 || s.due && len(s.merged.list) > 0) {
		s.mu.Unlock()
		return false
	}
	for { // what does not concern us is not worth waking for
		n := s.last.next.Load()
		if n == nil || n.index == 0 || n.index > s.after {
			break
		}
		s.last = n
	}
	last := s.last
	s.wake = wake
	collecting := s.merged != nil && (len(s.merged.list) > 0 || last.next.Load() != nil)
	s.mu.Unlock()
	if s.group.wait(s, last) {
		if collecting {
			s.arrived()
		}
		return true
	}
	if s.merged != nil && s.options.Interval > 0 && s.group.failure() == nil {
		s.arrived()
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wake = nil
	return false
}

// arrived is called when there is something for who waits.
func (s *Subscription) arrived() {
	s.mu.Lock()
	if s.wake == nil || s.closed {
		s.mu.Unlock()
		return
	}
	if s.options.Interval > 0 && !s.due && !s.collect() {
		s.mu.Unlock()
		return
	}
	wake := s.wake
	s.wake = nil
	s.mu.Unlock()
	wake()
}

// collect takes in what has arrived during an interval of squashing, and tells whether that is over before its time: when half of
// the queue is full, something was dropped, or the feed has ended. The caller holds mu.
func (s *Subscription) collect() (over bool) {
	if s.timer == nil {
		s.timer = time.AfterFunc(s.options.Interval, s.collected)
	}
	for {
		s.absorb()
		if len(s.merged.list) > s.options.QueueSize/2 || s.skipped > 0 {
			s.due = true
		}
		if s.due || s.group.failure() != nil {
			s.timer.Stop()
			s.timer = nil
			return true
		}
		if s.group.wait(s, s.last) {
			return false
		}
	}
}

// collected is called when the interval of squashing is over.
func (s *Subscription) collected() {
	s.mu.Lock()
	s.due, s.timer = true, nil
	s.mu.Unlock()
	s.arrived()
}

// Close ends the subscription. It may be called more than once.
func (s *Subscription) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	s.wake, s.initial, s.places = nil, nil, nil
	if s.timer != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	if s.group != nil {
		s.hub.leave(s.group, s)
	}
}
