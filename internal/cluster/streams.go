package cluster

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
)

// StreamHandler serves a stream that another server has opened. Its context ends when that server has given it up. With its return
// the stream is closed, or aborted if it returns an error.
type StreamHandler func(ctx context.Context, s *Stream) error

const (
	// maxAccepted is how many streams that one server has opened are served at the same time on each connection: one for each client that
	// is connected to that server. Further ones fail with FailedCrowded.
	maxAccepted = 16 << 10
	// spareBytes is how much the windows of all streams of a connection may grow together.
	spareBytes = 64 << 20
)

// HandleStream has h serve streams of a kind, be they opened by Open or by OpenBulk. It is called before the first link.
func (m *Mesh) HandleStream(kind string, h StreamHandler) { m.streamHandlers[kind] = h }

// Open opens a stream to another server, which is to be closed. Nothing is waited for: if that server refuses it, Read says so.
func (m *Mesh) Open(to ServerID, kind string) (*Stream, error) {
	return m.open(to, kind, func(l *link) *wire { return l.control })
}

// OpenBulk is Open for so much that it should go over a connection of its own, where it delays nobody else.
func (m *Mesh) OpenBulk(to ServerID, kind string) (*Stream, error) {
	return m.open(to, kind, func(l *link) *wire { return l.bulk })
}

func (m *Mesh) open(to ServerID, kind string, over func(*link) *wire) (*Stream, error) {
	if len(kind) > maxLabelBytes {
		return nil, ErrTooLong
	}
	l, ok := m.linkTo(to)
	if !ok {
		return nil, ErrNotConnected
	}
	return over(l).streams.open(kind)
}

// streams are those of one connection.
type streams struct {
	out  *outbox
	peer ServerID

	mu       sync.Mutex // guards what follows
	last     uint64     // id of an own stream; the side that has dialed has odd ones
	byID     map[uint64]*Stream
	accepted int   // of byID, opened by the other side
	spare    int   // how many bytes more the windows may have
	lost     error // why there are no streams any more
}

func newStreams(out *outbox, peer ServerID, dialed bool) *streams {
	t := &streams{out: out, peer: peer, byID: map[uint64]*Stream{}, spare: spareBytes}
	if dialed {
		t.last++
	}
	return t
}

// own tells whether this side has opened the stream.
func (t *streams) own(id uint64) bool { return id%2 == t.last%2 }

func (t *streams) open(kind string) (*Stream, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lost != nil {
		return nil, t.lost
	}
	t.last += 2
	s := newStream(t, t.last, kind)
	t.byID[s.id] = s
	t.out.put(chunks, frame{kind: open, id: s.id, label: kind})
	return s, nil
}

// accept is open for a stream of the other side. Without one, there are too many.
func (t *streams) accept(id uint64, kind string) (*Stream, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.own(id) || t.byID[id] != nil:
		return nil, fmt.Errorf("stream %d was opened twice: %w", id, errProtocol)
	case t.accepted >= maxAccepted || t.lost != nil:
		return nil, nil
	}
	s := newStream(t, id, kind)
	t.byID[id] = s
	t.accepted++
	return s, nil
}

// forget forgets a stream, which had a window.
func (t *streams) forget(id uint64, windowBytes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.byID[id]; ok {
		delete(t.byID, id)
		t.spare += windowBytes - firstWindowBytes
		if !t.own(id) {
			t.accepted--
		}
	}
}

// widen takes what a window may grow by from the spare, if there is as much.
func (t *streams) widen(bytes int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.spare < bytes {
		return false
	}
	t.spare -= bytes
	return true
}

func (t *streams) find(id uint64) (*Stream, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.byID[id]
	return s, ok
}

// fail ends all streams.
func (t *streams) fail(err error) {
	t.mu.Lock()
	t.lost = err
	list := make([]*Stream, 0, len(t.byID))
	for _, s := range t.byID {
		list = append(list, s)
	}
	t.mu.Unlock()
	for _, s := range list {
		s.mu.Lock()
		s.fail(err)
		s.mu.Unlock()
	}
}

// grant lets the other side send more of a stream.
func (t *streams) grant(id uint64, n int) {
	t.out.put(urgent, frame{kind: window, id: id, body: binary.LittleEndian.AppendUint32(nil, uint32(n))})
}

// windowOf is what such a frame grants.
func windowOf(f frame) (int, error) {
	if len(f.body) != 4 {
		return 0, errProtocol
	}
	n := binary.LittleEndian.Uint32(f.body)
	if n > maxWindowBytes {
		return 0, errProtocol
	}
	return int(n), nil
}

// onStream takes a frame of a stream.
func (l *link) onStream(w *wire, f frame) error {
	switch f.kind {
	case open:
		return l.accept(w, f)
	case data, window, end, reset:
		if s, ok := w.streams.find(f.id); ok {
			return s.deliver(f)
		}
		// This side has ended the stream, and the other one may not yet know.
	}
	return nil
}

// accept has a stream of the other side served on a goroutine of its own.
func (l *link) accept(w *wire, f frame) error {
	h, ok := l.mesh.streamHandlers[f.label]
	if !ok {
		w.out.put(chunks, failed(reset, f.id, &Failure{FailedUnknown, fmt.Sprintf("this server does not know streams of the kind %q", f.label)}))
		return nil
	}
	s, err := w.streams.accept(f.id, f.label)
	if err != nil {
		return err
	}
	if s == nil {
		w.out.put(chunks, failed(reset, f.id, &Failure{FailedCrowded, "the server has too many streams of this one"}))
		return nil
	}
	ctx, stop := context.WithCancel(l.ctx)
	s.over = stop // nobody else knows the stream yet
	l.handlers.Go(func() {
		defer stop()
		if err := h(ctx, s); err != nil {
			s.Abort(err)
			return
		}
		_ = s.Close() // which never fails
	})
	return nil
}
