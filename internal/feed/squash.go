package feed

import (
	"strconv"

	"rethinkdb/internal/datum"
)

// merged is changes of which those of one row, or of one item of an order, have been made one: the old value of the first and
// the new value of the last.
type merged struct {
	pairs bool // what has left and what has come are paired with each other
	list  []mergedChange
	byID  map[string]int // in list
	ready []Event        // to be given out
}

type mergedChange struct {
	old, new datum.Value
	oldItem  *Item // in an order
	newItem  *Item
}

func newMerged(pairs bool) *merged { return &merged{pairs: pairs, byID: map[string]int{}} }

// add takes in one node.
func (m *merged) add(n *node) {
	if !m.pairs {
		id := string(n.key)
		if n.nth > 0 {
			id += "/" + strconv.Itoa(n.nth)
		}
		c, fresh := m.change(id)
		if fresh {
			c.old = n.old
		}
		c.new = n.new
		return
	}
	if n.oldItem != nil {
		c, fresh := m.change(n.oldItem.Place)
		if fresh {
			c.oldItem, c.old = n.oldItem, n.old
		}
		c.newItem, c.new = nil, datum.Value{}
	}
	if n.newItem != nil {
		c, _ := m.change(n.newItem.Place)
		c.newItem, c.new = n.newItem, n.new
	}
}

func (m *merged) change(id string) (c *mergedChange, fresh bool) {
	i, ok := m.byID[id]
	if !ok {
		i = len(m.list)
		m.byID[id] = i
		m.list = append(m.list, mergedChange{})
	}
	return &m.list[i], !ok
}

// absorb takes in what the list of the group has. The caller holds mu. More rows than the queue may have are an overflow.
func (s *Subscription) absorb() {
	for n := s.advance(); n != nil; n = s.advance() {
		if n.skipped > 0 {
			s.skipped += n.skipped
			continue
		}
		s.merged.add(n)
		s.to = n.place()
		if len(s.merged.list) > s.options.QueueSize && !s.merged.pairs {
			s.skipped += len(s.merged.list)
			ready := s.merged.ready
			s.merged = newMerged(false)
			s.merged.ready, s.from = ready, s.to
		}
	}
}

// nextMerged gives the next merged change. The caller holds mu.
func (s *Subscription) nextMerged() (Event, bool) {
	m := s.merged
	if len(m.ready) == 0 {
		if !s.due {
			return Event{}, false
		}
		s.absorb()
		if s.skipped > 0 {
			return Event{}, false // Next comes again
		}
		m = s.merged
		s.settle()
		s.due = s.options.Interval == 0
		if len(m.ready) == 0 {
			return Event{}, false
		}
	}
	e := m.ready[0]
	m.ready = m.ready[1:]
	return e, true
}

// settle makes events of the merged changes. The caller holds mu.
func (s *Subscription) settle() {
	m := s.merged
	if m.pairs {
		m.ready = append(m.ready, s.pairs()...)
	} else {
		events := m.events()
		if s.options.Positions {
			locate(events, s.from, s.to)
			s.from = s.to
		}
		m.ready = append(m.ready, events...)
	}
	m.list = m.list[:0]
	clear(m.byID)
}

// events gives the merged changes of rows.
func (m *merged) events() (events []Event) {
	for _, c := range m.list {
		if c.old.IsAbsent() && c.new.IsAbsent() || !c.old.IsAbsent() && !c.new.IsAbsent() && datum.Equal(c.old, c.new) {
			continue
		}
		events = append(events, Event{Old: c.old, New: c.new})
	}
	return events
}

// locate gives the events of a batch their positions. Behind the last of them is the end of the batch.
func locate(events []Event, from, to Place) {
	for i := range events {
		events[i].At = &Position{Place: to}
		if i < len(events)-1 {
			events[i].At.From, events[i].At.Done = from, uint32(i+1)
		}
	}
}

// pairs gives the merged changes of items. The caller holds mu.
func (s *Subscription) pairs() (events []Event) {
	emit := func(old, new *Item, e Event) {
		if s.options.Offsets {
			s.offsets(&e, old, new)
		}
		if !e.Old.IsAbsent() && !e.New.IsAbsent() && datum.Equal(e.Old, e.New) && e.OldOffset == e.NewOffset {
			return
		}
		events = append(events, e)
	}
	var gone, come []*Item
	for _, c := range s.merged.list {
		switch {
		case c.oldItem != nil && c.newItem != nil:
			emit(c.oldItem, c.newItem, Event{Old: c.old, New: c.new})
		case c.oldItem != nil:
			gone = append(gone, c.oldItem)
		case c.newItem != nil:
			come = append(come, c.newItem)
		}
	}
	pairItems(gone, come, func(old, new *Item) {
		var e Event
		if old != nil {
			e.Old = old.Value
		}
		if new != nil {
			e.New = new.Value
		}
		emit(old, new, e)
	})
	return events
}
