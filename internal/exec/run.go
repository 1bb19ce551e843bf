package exec

import (
	"context"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/session"
)

// Start runs the plan up to its first answer and appends that, a whole JSON object. The cursor is not nil if and only if
// the answer is a SUCCESS_PARTIAL. When ctx ends the query stops within a few rows; the session knows why and answers.
func (p *Plan) Start(ctx context.Context, dst []byte) (out []byte, cursor session.Cursor) {
	out, cur, more := p.start(ctx, dst, false)
	if more {
		return out, cur.kind()
	}
	if cur != nil {
		cur.Close()
	}
	return out, nil
}

// start is Start, or Try for a brief one. more tells whether the answer is a SUCCESS_PARTIAL. The cursor is nil when the query
// did not begin at all.
func (p *Plan) start(ctx context.Context, dst []byte, brief bool) (out []byte, cur *Cursor, more bool) {
	if !p.counted {
		p.counted = true
		p.eng.cluster.CountQuery()
	}
	if p.err != nil {
		return reql.AppendError(dst, p.err), nil, false
	}
	one := &struct { // one allocation
		q   query
		fr  frame
		cur Cursor
	}{q: query{eng: p.eng, client: p.client, plan: p, ctx: ctx, outer: ctx, arrayLimit: defaultArrayLimit, now: nowDatum()}}
	fr := &one.fr
	cur = &one.cur
	fr.q, cur.fr, fr.brief = &one.q, fr, brief
	switch {
	case brief:
		fr.pace.since = time.Now()
	case p.slow:
		fr.pace.begin(p.eng.turns)
		defer fr.pace.end()
	}
	if p.slots > 0 {
		fr.vars = make([]datum.Value, p.slots)
	}
	if p.scripts && p.eng.scripts != nil {
		one.q.scripts = p.eng.scripts.Runner()
		defer one.q.scripts.Release()
	}
	if p.q.Profile {
		fr.trace = newTrace()
		fr.trace.root.parts = []*task{{description: "Compiling query.", took: p.compiling}}
	}
	var err error
	if one.q.limit, err = fr.timeLimit(); err != nil {
		return cur.fail(dst, err), cur, false
	}
	one.q.begin(ctx)
	defer one.q.pause()
	returned := false
	defer func() {
		if !returned { // a bug has made it panic
			cur.Close()
		}
	}()
	out, more = cur.first(dst)
	returned = true
	return out, cur, more
}

// defaultArrayLimit is the limit on the elements of an array when the query does not name another.
const defaultArrayLimit = 100_000

// Cursor is a running query with more to answer. One goroutine at a time uses it.
type Cursor struct {
	fr    *frame
	seq   *seq
	feeds *feedCursor // not nil when the sequence reads feeds

	opts  batchOptions
	ahead []byte // JSON of the row that showed that there is another batch
	late  error  // or the error that the next batch will be
}

// kind gives the cursor as a session is to see it: a feed, if it is one.
func (cur *Cursor) kind() session.Cursor {
	if cur.feeds != nil {
		return cur.feeds
	}
	return cur
}

// first evaluates the query and appends its first answer.
func (cur *Cursor) first(dst []byte) (out []byte, more bool) {
	fr := cur.fr
	p := fr.q.plan
	if p.q.Explain {
		return cur.explain(dst), false
	}
	v, err := cur.evaluate()
	if err != nil {
		return cur.fail(dst, err), false
	}
	if p.part != nil && p.part.Stream {
		return cur.stream(dst, v)
	}
	if s, ok := v.x.(*seq); ok && s.group == nil || v.x != nil && v.isSeq() && !ok {
		cur.seq, err = v.seq(fr)
		if err == nil && cur.seq.isArray {
			return cur.array(dst), false
		}
		if err == nil {
			cur.opts, err = fr.batchOptions()
		}
		if err != nil {
			return cur.fail(dst, err), false
		}
		if cur.feeds = cur.feed(); cur.feeds != nil {
			return cur.feeds.batch(dst, true)
		}
		cur.seq.passRows(true)
		return cur.batch(dst, true)
	}
	var d datum.Value
	g, err := v.maybeGrouped(fr, true)
	switch {
	case err != nil:
	case g != nil:
		d = g.datum()
	case v.isDatum():
		d, err = v.datum(fr)
	default:
		err = &reql.Error{Type: reql.RuntimeError, Class: reql.QueryLogic, TopLevel: true,
			Msg: "Query result must be of type DATUM, GROUPED_DATA, or STREAM (got " + v.kind().String() + ")."}
	}
	if err == nil {
		out, err = datum.AppendJSON(append(dst, `{"t":1,"r":[`...), d)
	}
	if err != nil {
		return cur.fail(dst, blame(err, p.q.Term)), false
	}
	fr.q.effort.outcome, fr.q.effort.returned = "finished", 1
	if d.Kind() == datum.KindArray {
		fr.q.effort.returned = int64(d.Len())
	}
	out = append(out, ']')
	out = cur.appendProfile(out)
	return append(out, '}'), false
}

// array appends the answer with the rows of a sequence that is an array. They are written as they are read: collected, they would
// take as much memory again.
func (cur *Cursor) array(dst []byte) []byte {
	fr, s := cur.fr, cur.seq
	if err := s.noInfinite(); err != nil {
		return cur.fail(dst, err)
	}
	s.passRows(false)
	out := dst // which stays what it was, for an error
	out = append(out, `{"t":1,"r":[[`...)
	var size hoard
	n := 0
	err := s.each(fr, func(row datum.Value) (bool, error) {
		if n++; n > 1 {
			out = append(out, ',')
		}
		if err := fr.checkArray(n); err != nil {
			return false, err
		}
		start := len(out)
		var err error
		if out, err = datum.AppendJSON(out, row); err != nil {
			return false, blame(err, fr.q.plan.q.Term)
		}
		return true, size.grow(fr, len(out)-start)
	})
	if err != nil {
		return cur.fail(dst, err)
	}
	fr.q.effort.outcome, fr.q.effort.returned = "finished", int64(n)
	out = cur.appendProfile(append(out, "]]"...))
	return append(out, '}')
}

// evaluate evaluates the options of the whole query and its term.
func (cur *Cursor) evaluate() (val, error) {
	fr := cur.fr
	if _, _, err := fr.limit("changefeed_queue_size", "changefeed queue size"); err != nil {
		return val{}, err
	}
	n, ok, err := fr.limit("array_limit", "array size limit")
	if err != nil {
		return val{}, err
	}
	if ok {
		fr.q.arrayLimit = int(min(n, 1<<40))
	}
	v, err := fr.q.plan.root.eval(fr)
	if err == nil && v.x != nil {
		if s, ok := v.x.(*singleVal); ok {
			v.d, err = s.get(fr)
			v.x = nil
		}
	}
	return v, err
}

// limit evaluates an option of the whole query that is a limit; ok is false when it is not given.
func (fr *frame) limit(name, text string) (n int64, ok bool, err error) {
	v, ok, err := fr.q.global(fr, name)
	if !ok || err != nil {
		return 0, false, err
	}
	d, err := v.datum(fr)
	if err != nil {
		return 0, false, err
	}
	n, err = intAt(d, v.at)
	if err == nil && n < 1 {
		err = topLevel("Illegal %s `%d`.  (Must be >= 1.)", text, n)
	}
	return n, err == nil, err
}

// Next appends the next answer; more tells whether it is a SUCCESS_PARTIAL again.
func (cur *Cursor) Next(ctx context.Context, dst []byte) (out []byte, more bool) {
	cur.fr.q.begin(ctx)
	defer cur.fr.q.pause()
	cur.fr.pace.begin(cur.fr.q.eng.turns)
	defer cur.fr.pace.end()
	if cur.fr.q.scripts != nil {
		// Between two batches, which may be far apart, the query does without.
		defer cur.fr.q.scripts.Release()
	}
	if cur.fr.q.plan.q.Profile {
		cur.fr.trace = newTrace()
	}
	cur.grow()
	return cur.batch(dst, false)
}

// Close frees what the query holds. It may be called more than once.
func (cur *Cursor) Close() {
	if cur.seq != nil {
		cur.seq.close()
	}
	cur.fr.q.end()
	cur.report()
}

// fail appends the answer for an error.
func (cur *Cursor) fail(dst []byte, err error) []byte {
	q := cur.fr.q
	switch {
	case q.tooLong:
		return dst
	case q.timedOut() && !isUsers(err):
		q.effort.outcome = "time limit"
		return reql.AppendError(dst, reql.Errorf(reql.OpIndeterminate, "%s", q.limit))
	case err == errInterrupted || q.outer.Err() != nil: //nolint:errorlint // never wrapped
		if cause := context.Cause(q.outer); cause != nil {
			q.effort.outcome = cause.Error()
		}
		return reql.AppendError(dst, reql.Errorf(reql.OpIndeterminate, "Query terminated by an unknown cause."))
	}
	q.effort.outcome = "error"
	e := asReql(err)
	if isOurs(e) {
		q.eng.errors.report("a query failed for a reason that is not the user's", err, "user", q.client.User, "peer", q.client.Addr.String())
	}
	return reql.AppendError(dst, e)
}

// isUsers tells whether an error is one that the query has brought about, and not the end of its time.
func isUsers(err error) bool {
	switch err.(type) { //nolint:errorlint // never wrapped inside the executor
	case *reql.Error, *datum.Error:
		return true
	}
	return false
}
