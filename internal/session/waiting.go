package session

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// waiting is a write that runs on the goroutine that has read it. It takes a few microseconds and a wait for the disk, unless
// somebody else is writing the same row for long: then it must be possible to find and kill it. So it is a job, and the context
// that it runs with; but what a context costs that can be cancelled is paid only by those that somebody waits for.
type waiting struct {
	session *Session
	text    fmt.Stringer
	began   time.Time

	interrupted atomic.Bool // why is set

	// Guarded by Session.mu.
	why    interruption
	id     uuid.UUID // of the job; made when somebody asks
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// await makes a job of a plan, unless there is one already, which happens only where Handle is called from several goroutines.
func (s *Session) await(plan Plan) *waiting {
	w := &waiting{session: s, began: time.Now()}
	w.text, _ = plan.(fmt.Stringer)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting != nil {
		return nil
	}
	s.waiting = w
	return w
}

// end tells what has interrupted the write.
func (w *waiting) end() interruption {
	w.session.mu.Lock()
	defer w.session.mu.Unlock()
	w.session.waiting = nil
	if w.cancel != nil {
		w.cancel(nil)
	}
	return w.why
}

// interrupt stops the write. The caller holds Session.mu.
func (w *waiting) interrupt(why interruption) {
	if w.why != uninterrupted {
		return
	}
	w.why = why
	w.interrupted.Store(true) // first: who sees Done expects Err
	w.make()
	w.cancel(why)
}

// make makes the context that can be waited for. The caller holds Session.mu.
func (w *waiting) make() {
	if w.ctx == nil {
		w.ctx, w.cancel = context.WithCancelCause(w.session.ctx)
	}
}

// Deadline implements context.Context, as do the next three.
func (w *waiting) Deadline() (time.Time, bool) { return time.Time{}, false }

func (w *waiting) Done() <-chan struct{} {
	w.session.mu.Lock()
	defer w.session.mu.Unlock()
	w.make()
	return w.ctx.Done()
}

func (w *waiting) Err() error {
	if w.interrupted.Load() {
		return context.Canceled
	}
	return w.session.ctx.Err()
}

func (w *waiting) Value(key any) any {
	w.session.mu.Lock()
	ctx := w.ctx
	w.session.mu.Unlock()
	if ctx == nil {
		ctx = w.session.ctx
	}
	return ctx.Value(key)
}
