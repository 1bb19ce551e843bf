package exec

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/js"
	"rethinkdb/internal/reql"
)

// query is the state of one running query, shared by all of its frames.
type query struct {
	// Set before evaluation, then constant.
	eng        *Engine
	client     *Client
	plan       *Plan
	arrayLimit int

	// ctx ends when the client goes away or stops the query, and at its time limit. Each batch of a cursor has its own.
	ctx    context.Context
	outer  context.Context // the one that came with the request
	cancel context.CancelFunc
	limit  timeLimit
	effort effort

	tooLong bool // it was tried, and is too long for that
	served  bool // a term of the query reads only the parts that another server asks for

	now datum.Value // r.now(), the same throughout the query

	scripts  *js.Runner // nil when there is no r.js in the query
	unsynced *unsynced  // not nil inside of a for_each, which waits for the disk when it is done

	held atomic.Int64 // bytes that are collected, by all threads; see memory.go

	mu    sync.Mutex // guards owned, alone
	owned []rows     // with temporary files
}

// own takes care that rows are closed at the end of the query if their reader does not do it. Those that hold nothing but
// memory may be forgotten.
func (q *query) own(r *sortedRows) {
	if !r.rows.OnDisk() {
		return
	}
	q.mu.Lock()
	q.owned = append(q.owned, r)
	q.mu.Unlock()
}

// end closes what the query owns, when no thread of it runs any more.
func (q *query) end() {
	for _, r := range q.owned {
		r.close()
	}
	q.owned = nil
}

// frame holds the variables of one thread of evaluation. Every parameter of every function of a query has a slot of
// its own; a function can be entered again only after its earlier result was used up, because functions yield data
// or streams that are read to their end before the next call, so that one flat frame does for all of them.
// Workers of a parallel scan have a copy each.
type frame struct {
	q     *query
	vars  []datum.Value
	ticks uint32
	pace  pace
	left  int // bytes of arrays that the evaluation of the present row has made; see hoard
	tally tally
	brief bool   // the query is being tried
	trace *trace // nil unless the query is profiled

	patterns patterns // of match
}

// clone gives a frame for another thread, which calls join when it is done.
func (fr *frame) clone() *frame {
	own := &frame{q: fr.q, vars: append([]datum.Value(nil), fr.vars...), pace: pace{turns: fr.pace.turns, since: time.Now()}}
	if fr.trace != nil {
		own.trace = newTrace()
	}
	return own
}

// errInterrupted is the end of a query that nobody waits for any more.
var errInterrupted = errors.New("query interrupted")

// tick lets a query be interrupted between two of its steps. Most take less than a microsecond, but there are some of a few
// milliseconds, such as a merge of two objects of 20,000 fields; what makes larger values looks for itself, in admit.
func (fr *frame) tick() error {
	fr.ticks++
	if fr.ticks&0x1f == 0 {
		if fr.ticks&0x3ff == 0 {
			return fr.rest()
		}
		return fr.check()
	}
	return nil
}

// rest is check, and lets other queries compute when this one takes long.
func (fr *frame) rest() error {
	if err := fr.check(); err != nil {
		return err
	}
	if fr.brief {
		return fr.giveUp()
	}
	return fr.pace.step(fr.q.ctx)
}

// Pause is rest, as part of extsort.Pauser. Sorting few rows is not what makes a query too long to be tried.
func (fr *frame) Pause() error {
	if fr.brief {
		return fr.check()
	}
	return fr.rest()
}

// check tells whether the query has been interrupted.
func (fr *frame) check() error {
	if fr.q.ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

// checkArray is the error for an array that would have n elements, when that is too many.
func (fr *frame) checkArray(n int) error {
	if n > fr.q.arrayLimit {
		return arrayLimitError(fr.q.arrayLimit)
	}
	return nil
}

func arrayLimitError(limit int) error {
	return reql.Errorf(reql.ResourceLimit, "Array over size limit `%d`.  To raise the number of allowed elements, modify the `array_limit` option to `.run` (not available in the Data Explorer), or use an index.", limit)
}

func nowDatum() datum.Value {
	return datum.Time(float64(time.Now().UnixMilli())/1000, 0)
}
