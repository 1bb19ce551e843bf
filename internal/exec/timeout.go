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

const (
	// maxTimeLimit is as much as an option may ask for; what is longer is cut, like the time of r.http.
	maxTimeLimit = 30 * 24 * time.Hour
	// termGrace is for queries with terms that take their own limit from the same option: r.js and r.http then fail first, each
	// with the error that clients of RethinkDB know.
	termGrace = 50 * time.Millisecond
)

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

// begin gives the context for the work on one request. end must be called when it is done.
func (q *query) begin(ctx context.Context) (end context.CancelFunc) {
	if q.limit.after == 0 {
		q.ctx = ctx
		return noLimit
	}
	after := q.limit.after
	if q.limit.own && q.plan.limited {
		after += termGrace
	}
	q.ctx, end = context.WithTimeoutCause(ctx, after, errTimedOut)
	return end
}

func noLimit() {}

var errTimedOut = errors.New("the query has reached its time limit")

// timedOut tells whether it was the limit that has ended the work on the request.
func (q *query) timedOut() bool { return context.Cause(q.ctx) == errTimedOut } //nolint:errorlint // as it was given

func (l timeLimit) String() string {
	seconds := strconv.FormatFloat(l.after.Seconds(), 'f', -1, 64)
	if l.own {
		return "Query terminated after " + seconds + " seconds, the limit set by its `timeout` option."
	}
	return "Query terminated after " + seconds + " seconds, the limit set by this server's --query-timeout. The option `timeout` of a query sets another one."
}
