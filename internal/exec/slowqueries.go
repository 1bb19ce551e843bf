package exec

import (
	"net/netip"
	"sync"
	"time"
)

// SlowQuery is a query of the log of slow queries.
type SlowQuery struct {
	// Ended is when it was logged. No two of a server have the same.
	Ended   time.Time
	Shape   string // without its values
	Work    time.Duration
	Outcome string

	Read, Returned, Written int64 // rows
	Batches                 int
	Unlogged                int // slow queries since the one before for which there was no room

	User string
	Peer netip.AddrPort
}

// keptSlowQueries is how many there are at most. With the longest shapes that is 250 kB.
const keptSlowQueries = 200

// SlowQueries are the last entries of the log of slow queries, for whoever looks for them with a query. The zero value is
// ready for use.
type SlowQueries struct {
	mu   sync.Mutex // guards what follows
	ring []SlowQuery
	next int // where the next goes; that is the oldest once the ring is full
	last time.Time
}

// Add notes one more query in place of the oldest.
func (s *SlowQueries) Add(q SlowQuery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !q.Ended.After(s.last) {
		q.Ended = s.last.Add(time.Nanosecond)
	}
	s.last = q.Ended
	if len(s.ring) < keptSlowQueries {
		s.ring = append(s.ring, q)
		return
	}
	s.ring[s.next] = q
	s.next = (s.next + 1) % keptSlowQueries
}

// List returns them, oldest first.
func (s *SlowQueries) List() []SlowQuery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(append([]SlowQuery(nil), s.ring[s.next:]...), s.ring[:s.next]...)
}

// KeepSlow has the queries that are logged noted in s as well. It is called before the first query.
func (e *Engine) KeepSlow(s *SlowQueries) { e.slow.kept = s }
