package session

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"rethinkdb/internal/reql"
)

const (
	// DefaultParallel is how many requests of one connection run at the same time; the next waits, and with it the
	// reading of the connection.
	DefaultParallel = 1024
	// maxOpenTokens bounds the cursors that one client may leave open. The original has no bound.
	maxOpenTokens = 65536
)

// ErrClosed is the answer of a session that was closed.
var ErrClosed = errors.New("session is closed")

// ErrNoReply refuses a noreply query where Options.RefuseNoReply is set.
var ErrNoReply = errors.New("noreply queries are not supported here")

// Responder takes answers that are ready after Handle returned.
type Responder interface {
	// Respond sends a frame. It may wait while the client does not read. The frame is only valid during the call.
	Respond(frame []byte)
}

// Pacer is what a Responder implements in addition if answers can pile up because the client does not read them.
type Pacer interface {
	// Pace returns when there is room for another answer, or the client is gone.
	Pace()
}

// Options of a session.
type Options struct {
	Client  Client
	Engine  Engine
	Manager *Manager
	Logger  *slog.Logger
	// Parallel is the number of requests that run at the same time; 0 means that there is no limit. With 1 they run
	// and are answered one after the other.
	Parallel int
	// RefuseNoReply makes Handle refuse noreply queries with ErrNoReply.
	RefuseNoReply bool
	// Entered says that the client has a place by Manager.Enter, which ends with the session.
	Entered bool
	// AddDuration adds to each response of an accepted query how long it took.
	AddDuration bool
}

// Session is the state of one client. Requests come in through Handle. A quick query is answered at once, on the
// caller's goroutine, and so is one that is tried and turns out to be quick; of the others each token has one goroutine
// while there is something to do for it, so that requests of one token are answered in their order and those of different
// tokens do not wait for each other.
type Session struct {
	// Set by New, then constant.
	opt      Options
	compiler Compiler
	ctx      context.Context // ends with Close
	cancel   context.CancelCauseFunc
	slots    chan struct{} // capacity: Options.Parallel; nil: no limit. Holds one element for each running request.
	wg       sync.WaitGroup

	mu      sync.Mutex // guards what follows; nothing is called while it is held
	closed  bool
	drained chan struct{} // closed when there is no Start running and the session is ending; nil before
	live    map[int64]*entry
	waiting *waiting // nil: there is none
	noreply noreplies
	woken   []*entry // whose feeds have something; pump answers them
	pumping bool
}

// New begins a session.
func New(opt Options) *Session {
	s := &Session{opt: opt, live: map[int64]*entry{}}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	if opt.Parallel > 0 {
		s.slots = make(chan struct{}, opt.Parallel)
	}
	s.compiler = opt.Engine.Open(opt.Client)
	opt.Manager.add(s)
	return s
}

// Handle takes one request: the body of a frame with that token. It appends to dst, which holds complete frames, the
// frame that answers it if it is answered at once. Otherwise `to` gets the answer later. Frames in dst go to `to` first
// if Handle has to wait. more says that the next request of the client is there already. body is not kept.
func (s *Session) Handle(token int64, body, dst []byte, to Responder, more bool) ([]byte, error) {
	q, bad := s.parse(body)
	if bad != nil {
		mark := len(dst)
		return endFrame(reql.AppendError(beginFrame(dst, token), bad), mark), nil
	}
	if q.NoReply && s.opt.RefuseNoReply {
		return dst, ErrNoReply
	}
	if s.opt.Parallel == 1 {
		// One request at a time also means that a quick one waits for the one before.
		return s.handleSlowly(token, q, dst, to)
	}
	switch q.Type {
	case reql.Start:
		plan, failed := s.compile(q)
		if failed != nil {
			mark := len(dst)
			return endFrame(reql.AppendError(beginFrame(dst, token), failed), mark), nil
		}
		if !plan.Quick() {
			// What arrives together runs at the same time, on all processors.
			if t, ok := plan.(Trier); ok && !more && t.Brief() {
				return s.startQuick(token, q, plan, true, dst, to)
			}
			return s.dispatch(token, q, plan, dst, to)
		}
		if w, ok := plan.(Waiter); ok && w.Waits() {
			// With a goroutine each, writes that arrive together share one wait for the disk. A single one does not
			// need to pay for a goroutine; what arrives meanwhile will not be single.
			if more {
				return s.dispatch(token, q, plan, dst, to)
			}
			if len(dst) > 0 {
				to.Respond(dst)
				dst = dst[:0]
			}
		}
		return s.startQuick(token, q, plan, false, dst, to)
	case reql.ServerInfoQuery:
		return s.serverInfo(token, dst), nil
	case reql.Continue:
		if out, ok := s.continueFeed(token, dst, to); ok {
			return out, nil
		}
	}
	return s.dispatch(token, q, nil, dst, to)
}

func (s *Session) handleSlowly(token int64, q *reql.Query, dst []byte, to Responder) ([]byte, error) {
	var plan Plan
	switch q.Type {
	case reql.Start:
		var failed *reql.Error
		if plan, failed = s.compile(q); failed != nil {
			mark := len(dst)
			return endFrame(reql.AppendError(beginFrame(dst, token), failed), mark), nil
		}
		if plan.Quick() {
			dst, err := s.acquire(dst, to)
			if err != nil {
				return dst, err
			}
			defer s.release(true)
			return s.startQuick(token, q, plan, false, dst, to)
		}
	case reql.ServerInfoQuery:
		dst, err := s.acquire(dst, to)
		if err != nil {
			return dst, err
		}
		defer s.release(true)
		return s.serverInfo(token, dst), nil
	}
	return s.dispatch(token, q, plan, dst, to)
}

func (s *Session) serverInfo(token int64, dst []byte) []byte {
	began := time.Now()
	mark := len(dst)
	dst = append(beginFrame(dst, token), `{"t":5,"r":[`...)
	dst = append(s.opt.Engine.AppendServerInfo(dst), `]}`...)
	return s.finish(dst, mark, began, false)
}

// finish completes the frame of an accepted query.
func (s *Session) finish(dst []byte, mark int, began time.Time, profiled bool) []byte {
	if s.opt.AddDuration && !(profiled && successful(dst[mark+headerBytes:])) {
		dst = appendDuration(dst, mark+headerBytes, time.Since(began))
	}
	return endFrame(dst, mark)
}

func (s *Session) parse(body []byte) (q *reql.Query, failed *reql.Error) {
	defer func() {
		if p := recover(); p != nil {
			failed = s.panicked(p)
		}
	}()
	return reql.ParseQuery(body)
}

func (s *Session) compile(q *reql.Query) (plan Plan, failed *reql.Error) {
	defer func() {
		if p := recover(); p != nil {
			failed = s.panicked(p)
		}
	}()
	return s.compiler.Compile(q), nil
}

// panicked reports a bug in the execution of a query, which costs its sender an error and nobody else anything.
func (s *Session) panicked(p any) *reql.Error {
	s.logPanic(p)
	return reql.Errorf(reql.Internal, "Internal error: the server failed to run this query; its log has the details.")
}

func (s *Session) logPanic(p any) {
	s.opt.Logger.Error("a query made the server panic; please report this", "panic", p, "user", s.opt.Client.User,
		"client", s.opt.Client.Addr, "stack", string(debug.Stack()))
}

// start runs a plan, or tries one that is a Trier. A panic becomes an error response.
func (s *Session) start(ctx context.Context, plan Plan, try bool, dst []byte) (out []byte, cursor Cursor, done bool) {
	defer func() {
		if p := recover(); p != nil {
			out, cursor, done = reql.AppendError(dst, s.panicked(p)), nil, true
		}
	}()
	if try {
		return plan.(Trier).Try(ctx, dst)
	}
	out, cursor = plan.Start(ctx, dst)
	return out, cursor, true
}

func (s *Session) next(ctx context.Context, cursor Cursor, dst []byte) (out []byte, more bool) {
	defer func() {
		if p := recover(); p != nil {
			out, more = reql.AppendError(dst, s.panicked(p)), false
		}
	}()
	return cursor.Next(ctx, dst)
}

func (s *Session) closeCursor(cursor Cursor) {
	if cursor == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			s.logPanic(p)
		}
	}()
	cursor.Close()
}

// startQuick runs a plan here and now; if it only tries to and fails, the plan is dispatched.
func (s *Session) startQuick(token int64, q *reql.Query, plan Plan, try bool, dst []byte, to Responder) ([]byte, error) {
	mark := len(dst)
	var began time.Time
	if s.opt.AddDuration {
		began = time.Now()
	}
	s.mu.Lock()
	_, taken := s.live[token]
	full := len(s.live) >= maxOpenTokens
	closed := s.closed || s.drained != nil
	s.mu.Unlock()
	if closed {
		return dst, ErrClosed
	}
	dst = beginFrame(dst, token)
	switch {
	case taken:
		dst = reql.AppendError(dst, duplicateToken(token))
	case full:
		dst = reql.AppendError(dst, tooManyTokens())
	default:
		var cursor Cursor
		var done bool
		ctx := s.ctx
		var job *waiting
		if w, ok := plan.(Waiter); ok && w.Waits() {
			if job = s.await(plan); job == nil {
				return s.dispatch(token, q, plan, dst[:mark], to)
			}
			ctx = job
		}
		dst, cursor, done = s.start(ctx, plan, try, dst)
		if job == nil && s.ctx.Err() != nil && done && cursor == nil && !completed(dst[mark+headerBytes:]) {
			return dst[:mark], ErrClosed // the session was closed meanwhile, and the answer knows nothing of that
		}
		if job != nil {
			if why := job.end(); why != uninterrupted && !completed(dst[mark+headerBytes:]) {
				dst = appendInterruption(dst[:mark+headerBytes], why)
			}
		}
		switch {
		case !done:
			return s.dispatch(token, q, plan, dst[:mark], to)
		case cursor == nil:
		case q.NoReply:
			s.closeCursor(cursor)
		default:
			if failed := s.keep(token, q, plan, cursor); failed != nil {
				s.closeCursor(cursor)
				dst = reql.AppendError(dst[:mark+headerBytes], failed)
			}
		}
	}
	if q.NoReply {
		return dst[:mark], nil
	}
	return s.finish(dst, mark, began, q.Profile), nil
}

// keep makes an entry for the cursor of a quick query.
func (s *Session) keep(token int64, q *reql.Query, plan Plan, cursor Cursor) *reql.Error {
	e := s.newEntry(token, q, plan)
	e.plan, e.cursor, e.started = nil, cursor, true
	e.feed, _ = cursor.(Feed)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		e.cancel(nil)
		return indeterminate(closedText)
	}
	if s.live[token] != nil { // only possible where Handle is called from several goroutines
		e.cancel(nil)
		return duplicateToken(token)
	}
	s.live[token] = e
	return nil
}

func tooManyTokens() *reql.Error {
	return reql.Errorf(reql.ResourceLimit,
		"This connection has %d open cursors, which is the most that a connection may have. Close some, or use more connections.", maxOpenTokens)
}

// acquire takes a slot for a request that does not run at once. While it waits for one, the frames in dst must not: it
// sends them.
func (s *Session) acquire(dst []byte, to Responder) ([]byte, error) {
	if s.slots == nil {
		return dst, nil
	}
	select {
	case s.slots <- struct{}{}:
		return dst, nil
	default:
	}
	if len(dst) > 0 {
		to.Respond(dst)
		dst = dst[:0]
	}
	select {
	case s.slots <- struct{}{}:
		return dst, nil
	case <-s.ctx.Done():
		return dst, ErrClosed
	}
}

func (s *Session) release(held bool) {
	if held && s.slots != nil {
		<-s.slots
	}
}

// Running tells whether there are requests that were not answered yet.
func (s *Session) Running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.live {
		if e.running {
			return true
		}
	}
	return len(s.noreply.waiting) > 0
}

// Abort stops the query of a token without an answer: whoever asked has gone away.
func (s *Session) Abort(token int64) {
	s.mu.Lock()
	e := s.live[token]
	if e == nil {
		s.mu.Unlock()
		return
	}
	var cursor Cursor
	s.interrupt(e, abandoned)
	if !e.running {
		delete(s.live, token)
		cursor = e.cursor
	}
	s.mu.Unlock()
	s.closeCursor(cursor)
}

// Drain lets what may be a write finish and stops the rest: reads that are under way are interrupted and new requests
// are refused. It returns when no Start runs any more or ctx ends. Close must follow.
func (s *Session) Drain(ctx context.Context) {
	s.mu.Lock()
	if s.closed || s.drained != nil {
		s.mu.Unlock()
		return
	}
	s.drained = make(chan struct{})
	for _, e := range s.live {
		if e.running && e.started {
			s.interrupt(e, shutDown)
		}
	}
	s.signalDrained()
	drained := s.drained
	s.mu.Unlock()
	select {
	case <-drained:
	case <-ctx.Done():
	}
}

// signalDrained closes drained if the time has come. The caller holds mu.
func (s *Session) signalDrained() {
	if s.drained == nil {
		return
	}
	for _, e := range s.live {
		if e.running && !e.started {
			return
		}
	}
	select {
	case <-s.drained:
	default:
		close(s.drained)
	}
}

// Close cancels everything and returns when nothing of the session runs any more and its cursors are closed. Respond is
// not called after it.
func (s *Session) Close() { s.close(gone) }

// Expire closes the session of an HTTP client that was silent for too long, and tells its queries so.
func (s *Session) Expire() { s.close(expired) }

// Terminate closes the session of an HTTP client that asked for it.
func (s *Session) Terminate() { s.close(abandoned) }

// Stop closes the session of a client that is still there, and tells it that the server is shutting down.
func (s *Session) Stop() { s.close(shutDown) }

func (s *Session) close(why interruption) {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	var cursors []Cursor
	for token, e := range s.live {
		s.interrupt(e, why)
		if !e.running {
			delete(s.live, token)
			cursors = append(cursors, e.cursor)
		}
	}
	s.noreply.waiting = nil
	s.mu.Unlock()
	s.cancel(ErrClosed)
	for _, cursor := range cursors {
		s.closeCursor(cursor)
	}
	s.wg.Wait()
	if first {
		s.opt.Manager.remove(s)
		if s.opt.Entered {
			s.opt.Manager.Leave(s.opt.Client.User)
		}
	}
}

// Cancel stops everything without waiting for it: the client has gone away. Close must follow.
func (s *Session) Cancel() {
	s.mu.Lock()
	for _, e := range s.live {
		s.interrupt(e, gone)
	}
	s.mu.Unlock()
	s.cancel(ErrClosed)
}
