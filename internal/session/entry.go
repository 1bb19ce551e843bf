package session

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"rethinkdb/internal/reql"
)

// entry is a token that is in use: a query that runs, or a cursor that the client has not used up.
type entry struct {
	// Set when the entry is made, then constant.
	token   int64
	noreply bool
	profile bool
	began   time.Time
	seq     uint64       // of a noreply query
	text    fmt.Stringer // the query's text, if its plan tells
	ctx     context.Context
	cancel  context.CancelCauseFunc // the cause is the interruption

	// Owned by the goroutine that runs the entry; under Session.mu while running is false.
	plan   Plan // until it was started
	cursor Cursor
	feed   Feed   // the cursor, if it is one
	wake   func() // for the feed; made when it first waits
	rights uint64 // Manager.rights when the feed was last asked, which looks whether the client may still see it

	// Guarded by Session.mu.
	running bool
	started bool // the Start was answered; what runs now is a Continue
	parked  bool // running, but only until the feed wakes it for the request below
	request request
	why     interruption
	queue   []request // what arrived while the entry was running, in order
	id      uuid.UUID // of the job; made when somebody asks
}

// request is one thing to do for an entry.
type request struct {
	kind  reql.QueryType
	to    Responder // nil: no answer
	slot  bool      // holds a slot
	began time.Time
}

// interruption is the reason for which a query was stopped. The first one counts.
type interruption uint8

const (
	uninterrupted interruption = iota
	stopped                    // by STOP
	killed                     // by a delete from `rethinkdb.jobs`
	expired                    // by the time limit of HTTP connections
	shutDown                   // with the server
	abandoned                  // by the HTTP request that asked
	gone                       // with the client
)

// Error names the reason. The interruption is the cause of the end of the context that the query runs with, so that whoever
// runs it can say why it ended.
func (i interruption) Error() string {
	switch i {
	case stopped:
		return "stopped by its client"
	case killed:
		return "killed by the jobs table"
	case shutDown:
		return "the server shut down"
	case expired, abandoned, gone:
		return "its client went away"
	}
	return "not interrupted"
}

const (
	killedText  = "Query terminated by the `rethinkdb.jobs` table."
	expiredText = "HTTP ReQL query timed out after 300 seconds."
	shutText    = "Server is shutting down."
	goneText    = "Client closed the connection."
	closedText  = "This ReQL connection has been terminated."
)

// interrupt stops e. The caller holds mu.
func (s *Session) interrupt(e *entry, why interruption) {
	if e.why != uninterrupted {
		return
	}
	e.why = why
	e.cancel(why)
	if e.parked { // somebody has to answer
		e.parked = false
		s.wg.Add(1)
		go s.run(e, e.request)
	}
}

func (s *Session) newEntry(token int64, q *reql.Query, plan Plan) *entry {
	e := &entry{token: token, noreply: q.NoReply, profile: q.Profile, began: time.Now(), plan: plan}
	e.text, _ = plan.(fmt.Stringer)
	e.ctx, e.cancel = context.WithCancelCause(s.ctx)
	return e
}

// dispatch handles what cannot be answered on the spot.
func (s *Session) dispatch(token int64, q *reql.Query, plan Plan, dst []byte, to Responder) ([]byte, error) {
	dst, err := s.acquire(dst, to)
	if err != nil {
		return dst, err
	}
	r := request{kind: q.Type, to: to, slot: true, began: time.Now()}
	mark := len(dst)
	s.mu.Lock()
	if s.closed || s.drained != nil {
		s.mu.Unlock()
		s.release(true)
		return dst, ErrClosed
	}
	e := s.live[token]
	var failed *reql.Error
	answer := ""
	var cursor Cursor
	switch q.Type {
	case reql.Start:
		switch {
		case e != nil:
			failed = duplicateToken(token)
		case len(s.live) >= maxOpenTokens:
			failed = tooManyTokens()
		default:
			if q.NoReply {
				r.to = nil
			}
			e = s.newEntry(token, q, plan)
			e.running = true
			if e.noreply {
				e.seq = s.noreply.begin()
			}
			s.live[token] = e
			s.wg.Add(1)
			go s.run(e, r)
		}
		if failed != nil && q.NoReply {
			s.mu.Unlock()
			s.release(true)
			return dst, nil
		}
	case reql.Continue:
		switch {
		case e == nil:
			failed = unknownToken(token)
		case e.running:
			e.queue = append(e.queue, r)
		default:
			e.running = true
			s.wg.Add(1)
			go s.run(e, r)
		}
	case reql.Stop:
		switch {
		case e == nil:
			failed = unknownToken(token)
		case e.running:
			s.interrupt(e, stopped)
			e.queue = append(e.queue, r)
		default:
			s.interrupt(e, stopped)
			delete(s.live, token)
			cursor = e.cursor
			answer = emptySequence
		}
	case reql.NoReplyWait:
		switch {
		case e != nil:
			failed = duplicateToken(token)
		case !s.noreply.wait(token, r):
			answer = waitComplete
		}
	}
	s.mu.Unlock()
	s.closeCursor(cursor)
	switch {
	case failed != nil:
		dst = reql.AppendError(beginFrame(dst, token), failed)
	case answer != "":
		dst = append(beginFrame(dst, token), answer...)
	default:
		return dst, nil
	}
	dst = s.finish(dst, mark, r.began, q.Profile)
	s.release(true)
	return dst, nil
}

// responses holds the buffers that responses are built in. A batch is up to about a megabyte; growing a new buffer for
// each costs twice that in copying and garbage.
var responses = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// maxPooledBytes keeps buffers of unusually large responses from staying.
const maxPooledBytes = 4 << 20

// run does r and then what has queued up behind it. It ends when the entry has nothing left to do.
func (s *Session) run(e *entry, r request) {
	defer s.wg.Done()
	pooled := responses.Get().(*[]byte)
	buf := *pooled
	for {
		if p, ok := r.to.(Pacer); ok && r.kind != reql.Stop {
			p.Pace()
		}
		buf = beginFrame(buf[:0], e.token)
		var outcome outcome
		buf, outcome = s.step(e, &r, buf)
		if outcome == ended {
			s.end(e, r, buf)
			break
		}
		if outcome == idle {
			if s.park(e, r) {
				break
			}
			continue
		}
		s.reply(r, buf)
		s.mu.Lock()
		if len(e.queue) == 0 && (e.why == uninterrupted || e.why == killed) {
			e.running = false
			var cursor Cursor
			if e.why == killed {
				cursor, e.cursor = e.cursor, nil
			}
			s.mu.Unlock()
			s.closeCursor(cursor)
			break
		}
		if len(e.queue) == 0 {
			// It was interrupted by something that waits for no answer.
			s.mu.Unlock()
			s.end(e, request{}, nil)
			break
		}
		r = e.queue[0]
		e.queue = e.queue[1:]
		s.mu.Unlock()
	}
	if cap(buf) <= maxPooledBytes {
		*pooled = buf
		responses.Put(pooled)
	}
}

// outcome is what has become of one request.
type outcome uint8

const (
	answered outcome = iota
	ended            // answered, and the token is free again
	idle             // nothing to answer yet: the feed has to be waited for
)

// step runs one request and appends its response to the header of its frame.
func (s *Session) step(e *entry, r *request, buf []byte) (out []byte, o outcome) {
	mark := len(buf) - headerBytes
	done := false
	e.rights = s.opt.Manager.rights.Load()
	switch {
	case e.ctx.Err() != nil: // what interrupted it is the answer
	case r.kind == reql.Start:
		buf, e.cursor, _ = s.start(e.ctx, e.plan, false, buf)
		e.feed, _ = e.cursor.(Feed)
		e.plan = nil
		done = e.cursor == nil || e.noreply
	case r.kind == reql.Continue:
		if e.feed != nil && r.slot {
			s.release(true)
			r.slot = false
		}
		var more bool
		buf, more = s.next(e.ctx, e.cursor, buf)
		done = !more
		if more && e.feed != nil && len(buf) == mark+headerBytes {
			o = idle
		}
	}
	s.mu.Lock()
	e.started = true
	s.signalDrained()
	why := e.why
	s.mu.Unlock()
	if why != uninterrupted {
		if response := buf[mark+headerBytes:]; !done || !completed(response) {
			buf = appendInterruption(buf[:mark+headerBytes], why)
		}
		done = true
	}
	switch {
	case done:
		o = ended
	case o == idle:
		return buf, o
	}
	return s.finish(buf, mark, r.began, e.profile), o
}

func appendInterruption(dst []byte, why interruption) []byte {
	text := goneText
	switch why {
	case stopped:
		return append(dst, emptySequence...)
	case killed:
		text = killedText
	case expired:
		text = expiredText
	case shutDown:
		text = shutText
	case abandoned:
		text = closedText
	}
	return reql.AppendError(dst, indeterminate(text))
}

// end frees the token of e, answers r with the frame, and what has queued up behind it. The token is free before the
// client hears of it, because it may use it again at once.
func (s *Session) end(e *entry, r request, frame []byte) {
	s.mu.Lock()
	delete(s.live, e.token)
	queue := e.queue
	e.queue = nil
	s.mu.Unlock()
	e.cancel(nil)
	s.closeCursor(e.cursor)
	s.reply(r, frame)
	for _, r := range queue {
		buf := beginFrame(nil, e.token)
		if r.kind == reql.Stop {
			buf = append(buf, emptySequence...)
		} else {
			buf = reql.AppendError(buf, duplicateToken(e.token))
		}
		s.reply(r, s.finish(buf, 0, r.began, e.profile))
	}
	if e.noreply {
		s.mu.Lock()
		waiters := s.noreply.end(e.seq)
		s.mu.Unlock()
		for _, w := range waiters {
			buf := append(beginFrame(nil, w.token), waitComplete...)
			s.reply(w.request, s.finish(buf, 0, w.request.began, false))
		}
	}
}

func (s *Session) reply(r request, frame []byte) {
	if r.to != nil {
		r.to.Respond(frame)
	}
	s.release(r.slot)
}
