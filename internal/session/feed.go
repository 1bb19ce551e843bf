package session

import (
	"time"

	"rethinkdb/internal/reql"
)

// A feed that waits has no goroutine: its entry is parked, with the request that is to be answered. When the feed wakes it, it
// joins the list of those that have something, and one goroutine answers all of these, with one write for as many frames as
// there are. So an event that goes to a thousand feeds of a few clients costs each client one goroutine and one system call.
// Feeds whose next batch may take long to compute get a goroutine each instead, from when they are woken to their answer.

// pumpBytes is how much of the frames is written at once.
const pumpBytes = 64 << 10

// continueFeed handles a CONTINUE for a feed that nothing is running for: it appends the answer, or parks the entry. ok is
// false when this is none.
func (s *Session) continueFeed(token int64, dst []byte, to Responder) (out []byte, ok bool) {
	s.mu.Lock()
	e := s.live[token]
	if e == nil || e.running || e.feed == nil || e.why != uninterrupted || s.closed || s.drained != nil {
		s.mu.Unlock()
		return dst, false
	}
	e.running = true
	s.mu.Unlock()
	r := request{kind: reql.Continue, to: to}
	if s.opt.AddDuration {
		r.began = time.Now()
	}
	if s.park(e, r) {
		return dst, true
	}
	if !e.feed.Quick() {
		s.wg.Add(1)
		go s.run(e, r)
		return dst, true
	}
	return s.answer(e, r, dst), true
}

// park parks an entry until its feed has something, or rights have changed. It returns false when that is so already; after true
// the entry belongs to whoever answers the request.
func (s *Session) park(e *entry, r request) bool {
	s.mu.Lock()
	if e.why != uninterrupted || e.rights != s.opt.Manager.rights.Load() {
		s.mu.Unlock()
		return false
	}
	if e.wake == nil {
		e.wake = func() { s.wakeUp(e) }
	}
	e.parked, e.request = true, r
	feed := e.feed
	s.mu.Unlock()
	if feed.Wait(e.wake) {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !e.parked { // it was woken or interrupted in the meantime
		return true
	}
	e.parked = false
	return false
}

// wakeUp has the parked request of an entry answered.
func (s *Session) wakeUp(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !e.parked {
		return
	}
	e.parked = false
	if !e.feed.Quick() {
		s.wg.Add(1)
		go s.run(e, e.request)
		return
	}
	s.woken = append(s.woken, e)
	if !s.pumping {
		s.pumping = true
		s.wg.Add(1)
		go s.pump()
	}
}

// pump answers the feeds that have been woken until there are none.
func (s *Session) pump() {
	defer s.wg.Done()
	pooled := responses.Get().(*[]byte)
	buf := (*pooled)[:0]
	var woken []*entry
	var to Responder // of what is in buf
	flush := func() {
		if len(buf) > 0 {
			to.Respond(buf)
			buf = buf[:0]
		}
	}
	for {
		s.mu.Lock()
		woken, s.woken = s.woken, woken[:0]
		if len(woken) == 0 {
			s.pumping = false
			s.mu.Unlock()
			break
		}
		s.mu.Unlock()
		for i, e := range woken {
			woken[i] = nil
			r := e.request
			if len(buf) >= pumpBytes || r.to != to {
				flush()
			}
			to = r.to
			if p, ok := to.(Pacer); ok && len(buf) == 0 {
				p.Pace()
			}
			buf = s.answer(e, r, buf)
		}
		flush()
	}
	if cap(buf) <= maxPooledBytes {
		*pooled = buf
		responses.Put(pooled)
	}
}

// answer appends the frame that answers a request for a quick feed, or parks the entry again.
func (s *Session) answer(e *entry, r request, dst []byte) []byte {
	for {
		mark := len(dst)
		out, outcome := s.step(e, &r, beginFrame(dst, e.token))
		switch outcome {
		case ended:
			s.end(e, request{}, nil)
			return out
		case idle:
			dst = out[:mark]
			if s.park(e, r) {
				return dst
			}
			if !e.feed.Quick() { // it goes on in a way that may take long
				s.wg.Add(1)
				go s.run(e, r)
				return dst
			}
			continue
		}
		dst = out
		s.mu.Lock()
		if len(e.queue) == 0 && e.why == uninterrupted {
			e.running = false
			s.mu.Unlock()
			return dst
		}
		// More was asked for, or it was interrupted: what is usual for other cursors does that.
		next := request{}
		if len(e.queue) > 0 {
			next, e.queue = e.queue[0], e.queue[1:]
		}
		s.wg.Add(1)
		go s.run(e, next)
		s.mu.Unlock()
		return dst
	}
}
