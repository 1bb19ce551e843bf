package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// CallHandler answers a request of another server, which it may keep. Its context ends when nobody waits for the answer any more.
type CallHandler func(ctx context.Context, from ServerID, request []byte) ([]byte, error)

// maxServed is how many calls of one server are answered at the same time; further ones fail with FailedCrowded.
const maxServed = 4096

// Call asks another server and waits for its answer. A *Failure is that server's; after ErrLost, or when ctx has ended, nobody
// knows whether it has done what it was asked for. The request must not change until then.
func (m *Mesh) Call(ctx context.Context, to ServerID, kind string, request []byte) ([]byte, error) {
	if len(request) > MaxMessageBytes || len(kind) > maxLabelBytes {
		return nil, ErrTooLong
	}
	l, ok := m.linkTo(to)
	if !ok {
		return nil, ErrNotConnected
	}
	id, result := l.calls.expect()
	defer l.calls.forget(id)
	if !l.control.out.put(calls, frame{kind: call, id: id, label: kind, body: request}) {
		return nil, ErrCrowded
	}
	select {
	case f := <-result:
		if f.kind == failure {
			return nil, failureOf(f)
		}
		return f.body, nil
	case <-l.ctx.Done():
		return nil, ErrLost
	case <-ctx.Done():
		l.control.out.put(urgent, frame{kind: cancel, id: id})
		return nil, context.Cause(ctx)
	}
}

// HandleCall has h answer calls of a kind. It is called before the first link.
func (m *Mesh) HandleCall(kind string, h CallHandler) { m.callHandlers[kind] = h }

// Ask is Call with JSON.
func Ask[A any](ctx context.Context, m *Mesh, to ServerID, kind string, request any) (a A, err error) {
	text, err := json.Marshal(request)
	if err != nil {
		return a, err
	}
	text, err = m.Call(ctx, to, kind, text)
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("the answer of server %s to %s: %w", to, kind, err)
	}
	return a, nil
}

// Answer makes a CallHandler for Ask.
func Answer[Q, A any](h func(ctx context.Context, from ServerID, request Q) (A, error)) CallHandler {
	return func(ctx context.Context, from ServerID, text []byte) ([]byte, error) {
		var request Q
		if err := json.Unmarshal(text, &request); err != nil {
			return nil, fmt.Errorf("the request cannot be read: %w", err)
		}
		a, err := h(ctx, from, request)
		if err != nil {
			return nil, err
		}
		return json.Marshal(a)
	}
}

// callTable has the calls of one link, in both directions.
type callTable struct {
	mu      sync.Mutex
	last    uint64
	waiting map[uint64]chan frame         // own calls; capacity 1
	served  map[uint64]context.CancelFunc // calls of the other side
}

// expect makes the number of a new call, and where its answer will be.
func (t *callTable) expect() (id uint64, result <-chan frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		t.waiting = map[uint64]chan frame{}
	}
	t.last++
	c := make(chan frame, 1)
	t.waiting[t.last] = c
	return t.last, c
}

func (t *callTable) forget(id uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waiting, id)
}

// settle gives an answer to who waits for it, if anybody still does.
func (t *callTable) settle(f frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, ok := t.waiting[f.id]; ok {
		delete(t.waiting, f.id) // so that c, which holds one, never gets two
		c <- f
	}
}

// begin notes a call of the other side.
func (t *callTable) begin(id uint64, stop context.CancelFunc) (ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.served == nil {
		t.served = map[uint64]context.CancelFunc{}
	}
	if _, twice := t.served[id]; twice || len(t.served) >= maxServed {
		return false
	}
	t.served[id] = stop
	return true
}

// finish ends a call of the other side, and its context.
func (t *callTable) finish(id uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if stop, ok := t.served[id]; ok {
		stop()
		delete(t.served, id)
	}
}

// stop ends the context of a call of the other side, which has given it up.
func (t *callTable) stop(id uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if stop, ok := t.served[id]; ok {
		stop()
	}
}

// serve answers a call on a goroutine of its own.
func (l *link) serve(f frame) {
	h, ok := l.mesh.callHandlers[f.label]
	if !ok {
		l.reply(failed(failure, f.id, &Failure{FailedUnknown, fmt.Sprintf("this server does not know calls of the kind %q", f.label)}))
		return
	}
	ctx, stop := context.WithCancel(l.ctx)
	if !l.calls.begin(f.id, stop) {
		stop()
		l.reply(failed(failure, f.id, &Failure{FailedCrowded, "the server has too many calls of this one"}))
		return
	}
	l.handlers.Go(func() {
		defer l.calls.finish(f.id)
		text, err := h(ctx, l.peer.ID, f.body)
		switch {
		case err == nil && len(text) > MaxMessageBytes:
			l.reply(failed(failure, f.id, &Failure{FailedTooLong, fmt.Sprintf("the answer has %d bytes, and may have %d", len(text), MaxMessageBytes)}))
		case err != nil:
			l.reply(failed(failure, f.id, err))
		default:
			l.reply(frame{kind: answer, id: f.id, body: text})
		}
	})
}

// reply sends what a call comes to. The caller waits, so that an answer that finds no room becomes a failure.
func (l *link) reply(f frame) {
	if !l.control.out.put(calls, f) {
		l.control.out.put(urgent, failed(failure, f.id, &Failure{FailedCrowded, "too many answers wait to be sent"}))
	}
}
