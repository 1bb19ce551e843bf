package exec

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// slowLog writes a line for each query on which more work was spent than a threshold: the work on all batches of a cursor
// together, without the time that it waits for its client. The line comes when the query ends. It shows the shape of the query
// and no values, because a log is read by more people than the data is.
type slowLog struct {
	// Set before the first query, then constant.
	threshold time.Duration // 0: nothing is logged
	log       *slog.Logger
	kept      *SlowQueries // nil: in the log only

	mu       sync.Mutex // guards what follows
	second   time.Time  // the present second began
	lines    int        // in it
	unlogged int        // queries that found no room, since the last line
}

const (
	// maxSlowLines is how many lines there are in a second. An overloaded server, where everything is slow, must not fill its
	// disk as well.
	maxSlowLines = 10
	// maxShapeBytes is how much of a query is shown.
	maxShapeBytes = 1000
)

// LogSlow sets from which amount of work on a query is logged. It is called before the first query.
func (e *Engine) LogSlow(threshold time.Duration) { e.slow.threshold = threshold }

// admit tells whether there is room for another line, and how many were left out before it.
func (l *slowLog) admit(now time.Time) (unlogged int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.second) >= time.Second {
		l.second, l.lines = now, 0
	}
	if l.lines == maxSlowLines {
		l.unlogged++
		return 0, false
	}
	l.lines++
	unlogged, l.unlogged = l.unlogged, 0
	return unlogged, true
}

// tally is what is counted of a query for the log of slow queries and for its profile.
type tally struct {
	rowsRead, rowsWritten int64
}

// add takes in what another thread of the query has counted.
func (t *tally) add(o tally) {
	t.rowsRead += o.rowsRead
	t.rowsWritten += o.rowsWritten
}

// effort is the work on a query so far.
type effort struct {
	began    time.Time // the work on the present request; zero when nobody needs to know
	work     time.Duration
	batches  int
	returned int64  // rows
	outcome  string // empty: none yet
	logged   bool

	mu      sync.Mutex // guards threads
	threads tally      // of those that have ended
}

// join ends a thread that clone began.
func (fr *frame) join() {
	fr.pace.end()
	e := &fr.q.effort
	e.mu.Lock()
	e.threads.add(fr.tally)
	e.mu.Unlock()
}

// report logs the query if it was slow. It is called when the query has ended, with the frame that it began with.
func (cur *Cursor) report() {
	q := cur.fr.q
	l, e := &q.eng.slow, &q.effort
	if l.threshold == 0 || e.work < l.threshold || e.logged {
		return
	}
	e.logged = true
	if e.outcome == "" { // its cursor was not used up
		e.outcome = "closed by its client"
		if cause := context.Cause(q.outer); cause != nil {
			e.outcome = cause.Error()
		}
	}
	now := time.Now()
	unlogged, ok := l.admit(now)
	if !ok {
		return
	}
	total := cur.fr.tally
	total.add(e.threads)
	shape := q.plan.q.Term.Shape(maxShapeBytes)
	if l.kept != nil {
		l.kept.Add(SlowQuery{
			Ended: now, Shape: shape, Work: e.work, Outcome: e.outcome, Read: total.rowsRead, Returned: e.returned,
			Written: total.rowsWritten, Batches: e.batches, Unlogged: unlogged, User: q.client.User, Peer: q.client.Addr,
		})
	}
	attrs := []any{
		"ms", e.work.Milliseconds(), "outcome", e.outcome, "read", total.rowsRead, "returned", e.returned,
		"written", total.rowsWritten, "batches", e.batches, "user", q.client.User, "peer", q.client.Addr.String(),
	}
	if unlogged > 0 {
		attrs = append(attrs, "unlogged", unlogged)
	}
	l.log.Info("slow query: "+shape, attrs...)
}
