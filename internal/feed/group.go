package feed

import (
	"context"
	"sync"
	"sync/atomic"
)

// A group is the subscribers of one expression. It evaluates each change once and links the result to the end of its list.
type group struct {
	// Set by newGroup, then constant.
	hub        *Hub
	expression *Expression
	ctx        context.Context // of reading the table; ends with the group
	cancel     context.CancelFunc

	work  sync.Mutex // held while changes are evaluated; taken before mu, after Hub.round
	order *ordered   // of first rows; guarded by work

	tail atomic.Pointer[node] // the last of the list, never nil; changed under work and mu

	mu      sync.Mutex // guards what follows; taken after Hub.mu and Subscription.mu
	subs    []*Subscription
	waiting []*Subscription // to be woken by the next event
	trimmed node            // number and bytes of the tail when subscribers were last looked after
	err     error           // the group has ended

	pending      []commit // of an expression that may take long
	pendingBytes uint64
	lost         int
	running      bool // a goroutine works on pending
}

func newGroup(h *Hub, e *Expression) *group {
	g := &group{hub: h, expression: e}
	g.tail.Store(&node{})
	if e.Order != nil {
		g.ctx, g.cancel = context.WithCancel(h.ctx)
		g.order = &ordered{Order: e.Order}
	} else {
		g.ctx, g.cancel = h.ctx, func() {}
	}
	return g
}

// quick tells that changes may be evaluated right away.
func (g *group) quick() bool {
	return g.order == nil && (g.expression.Eval == nil || g.expression.Quick)
}

// take evaluates commits, or has them evaluated.
func (g *group) take(batch []commit, lost int) {
	if g.quick() {
		g.work.Lock()
		g.evaluate(batch, lost)
		g.work.Unlock()
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return
	}
	g.lost += lost
	for i := range batch {
		size := batch[i].size()
		if g.pendingBytes+size > maxPendingBytes {
			g.lost += len(batch[i].changes)
			for _, c := range g.pending {
				g.lost += len(c.changes)
			}
			g.pending, g.pendingBytes = nil, 0
			continue
		}
		g.pending = append(g.pending, batch[i])
		g.pendingBytes += size
	}
	if !g.running {
		g.running = true
		g.hub.wg.Add(1)
		go g.run()
	}
}

// run works on what is pending until nothing is.
func (g *group) run() {
	defer g.hub.wg.Done()
	for more := true; more; {
		g.work.Lock()
		more = g.drain()
		g.work.Unlock()
	}
}

// drain evaluates what is pending. When it returns false, run has to end. The caller holds work.
func (g *group) drain() (more bool) {
	g.mu.Lock()
	batch, lost := g.pending, g.lost
	g.pending, g.pendingBytes, g.lost = nil, 0, 0
	if len(batch) == 0 && lost == 0 {
		g.running = false
		g.mu.Unlock()
		return false
	}
	g.mu.Unlock()
	g.evaluate(batch, lost)
	return true
}

// evaluate turns commits into events. The caller holds work.
func (g *group) evaluate(batch []commit, lost int) {
	var l chain
	if g.order != nil {
		if err := g.order.evaluate(g.ctx, batch, lost, &l); err != nil {
			g.end(err)
			return
		}
	} else {
		if lost > 0 {
			l.add(&node{skipped: lost})
		}
		for i := range batch {
			for j := range batch[i].changes {
				g.expression.change(batch[i], &batch[i].changes[j], &l)
			}
		}
	}
	if l.first != nil {
		g.link(&l)
	}
}

// chain is nodes that are not yet linked to the list of a group.
type chain struct{ first, last *node }

func (l *chain) add(n *node) {
	if l.last == nil {
		l.first = n
	} else {
		l.last.next.Store(n)
	}
	l.last = n
}

// trimEvents and trimBytes are after how many further events all subscribers are looked after, in case that one has fallen
// behind too far.
const (
	trimEvents = 1024
	trimBytes  = 4 << 20
)

// link puts a chain at the end of the list and wakes who waits.
func (g *group) link(l *chain) {
	end := g.tail.Load()
	number, bytes := end.number, end.bytes
	for n := l.first; n != nil; n = n.next.Load() {
		number++
		bytes += n.size()
		n.number, n.bytes = number, bytes
	}
	g.mu.Lock()
	end.next.Store(l.first)
	g.tail.Store(l.last)
	var behind []*Subscription
	if number-g.trimmed.number >= trimEvents || bytes-g.trimmed.bytes >= trimBytes {
		g.trimmed.number, g.trimmed.bytes = number, bytes
		behind = append(behind, g.subs...)
	}
	woken := g.takeWaiting()
	g.mu.Unlock()
	for _, s := range behind {
		s.trim()
	}
	for _, s := range woken {
		s.arrived()
	}
}

// takeWaiting returns those who wait, and forgets them. The caller holds mu.
func (g *group) takeWaiting() []*Subscription {
	woken := g.waiting
	for _, s := range woken {
		s.place = -1
	}
	g.waiting = make([]*Subscription, 0, len(woken))
	return woken
}

// wait registers a subscription that has seen everything up to a node; false when there is more to see.
func (g *group) wait(s *Subscription, seen *node) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.tail.Load() != seen || g.err != nil {
		return false
	}
	if s.place < 0 {
		s.place = len(g.waiting)
		g.waiting = append(g.waiting, s)
	}
	return true
}

// add and remove change the subscribers. The caller holds Hub.mu.
func (g *group) add(s *Subscription) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.group, s.last = g, g.tail.Load()
	s.seat, s.place = len(g.subs), -1
	g.subs = append(g.subs, s)
}

func (g *group) remove(s *Subscription) (last bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.seat < 0 {
		return false
	}
	end := len(g.subs) - 1
	g.subs[s.seat], g.subs[end] = g.subs[end], nil
	g.subs = g.subs[:end]
	if s.seat < end {
		g.subs[s.seat].seat = s.seat
	}
	s.seat = -1
	if s.place >= 0 {
		end := len(g.waiting) - 1
		g.waiting[s.place], g.waiting[end] = g.waiting[end], nil
		g.waiting = g.waiting[:end]
		if s.place < end {
			g.waiting[s.place].place = s.place
		}
		s.place = -1
	}
	return len(g.subs) == 0
}

// finish ends the feeds of all subscribers behind what is pending.
func (g *group) finish(why error) {
	g.work.Lock()
	for g.drain() {
	}
	g.work.Unlock()
	g.end(why)
}

// end ends the feeds of all subscribers.
func (g *group) end(why error) {
	g.mu.Lock()
	if g.err == nil {
		g.err = why
	}
	g.pending, g.pendingBytes, g.lost = nil, 0, 0
	woken := g.takeWaiting()
	g.mu.Unlock()
	for _, s := range woken {
		s.arrived()
	}
}

func (g *group) failure() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}
