package exec

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// A time limit bounds the work on one request for a query: on its START, and again on each CONTINUE. A cursor that waits for
// its client is not at work, and a feed that waits for changes has nothing that could take too long. What ends is the request's
// context, so whatever can be interrupted ends as it does when the query is killed, and the answer is of the same class: a
// write may have been made.
type timeLimit struct {
	after time.Duration // 0: there is none
	own   bool          // of the query's own option `timeout`; otherwise the server's
}

// LimitTime sets the limit of queries that do not bring one of their own. It is called before the first query.
func (e *Engine) LimitTime(after time.Duration) { e.timeLimit = after }

// maxTimeLimit is as much as an option may ask for; what is longer is cut, like the time of r.http.
const maxTimeLimit = 30 * 24 * time.Hour

// timeLimit evaluates the option of the query.
func (fr *frame) timeLimit() (timeLimit, error) {
	v, ok, err := fr.q.global(fr, "timeout")
	if !ok || err != nil {
		return timeLimit{after: fr.q.eng.timeLimit}, err
	}
	d, err := v.datum(fr)
	if err != nil {
		return timeLimit{}, err
	}
	seconds, err := numAt(d, v.at)
	if err != nil {
		return timeLimit{}, err
	}
	if !(seconds > 0) {
		return timeLimit{}, topLevel("Illegal query timeout `%s`.  (Must be > 0.)", d.Print())
	}
	if seconds >= maxTimeLimit.Seconds() {
		return timeLimit{after: maxTimeLimit, own: true}, nil
	}
	return timeLimit{after: max(time.Duration(seconds*float64(time.Second)), 1), own: true}, nil
}

// begin begins the work on one request, which came with a context; pause ends it.
func (q *query) begin(ctx context.Context) {
	q.ctx, q.outer = ctx, ctx
	if q.eng.slow.threshold > 0 {
		q.effort.began = time.Now()
	}
	if q.limit.after == 0 {
		return
	}
	q.ctx, q.cancel = context.WithTimeoutCause(ctx, q.limit.after, errTimedOut)
}

func (q *query) pause() {
	if q.cancel != nil {
		q.cancel()
		q.cancel = nil
	}
	if !q.effort.began.IsZero() {
		q.effort.work += time.Since(q.effort.began)
		q.effort.batches++
	}
}

var errTimedOut = errors.New("the query has reached its time limit")

// timedOut tells whether it was the limit that has ended the work on the request.
func (q *query) timedOut() bool { return context.Cause(q.ctx) == errTimedOut } //nolint:errorlint // as it was given

// spentBy tells whether the time went to a term that takes its own limit from the same option, as r.js and r.http do. The term
// then fails with its own error, the one that clients of RethinkDB know. Most of the time is enough: it may have begun late.
func (q *query) spentBy(limit time.Duration, began time.Time) bool {
	return q.timedOut() && q.limit.own && limit <= q.limit.after && time.Since(began) >= q.limit.after/2
}

func (l timeLimit) String() string {
	seconds := strconv.FormatFloat(l.after.Seconds(), 'f', -1, 64)
	if l.own {
		return "Query terminated after " + seconds + " seconds, the limit set by its `timeout` option."
	}
	return "Query terminated after " + seconds + " seconds, the limit set by this server's --query-timeout. The option `timeout` of a query sets another one."
}
