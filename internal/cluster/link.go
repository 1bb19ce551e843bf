package cluster

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/peer"
)

const (
	// heartbeats is how many of them are missed before a link is given up.
	heartbeats = 5
	// The interval is that of a fifth of the timeout, within these bounds.
	minHeartbeat = 20 * time.Millisecond
	maxHeartbeat = 2 * time.Second
)

// link is the connection with another server: two connections of TLS, of which bulk carries the streams of OpenBulk and control
// all else, so that the one does not wait for the other. With the first of both that ends, the link does.
type link struct {
	// Set when both servers have agreed on it, then constant.
	mesh     *Mesh
	id       string // both know it by that
	peer     Record
	instance string // of the peer: another one after each start
	address  string
	dialed   bool
	ctx      context.Context // ends with the link; its cause is why
	end      context.CancelCauseFunc

	control *wire
	second  chan net.Conn // capacity 1: the bulk connection, once it is there
	gone    chan struct{} // closed when the mesh does not have the link any more
	silent  chan struct{} // closed when nothing of it reaches a handler of messages any more

	after <-chan struct{} // silent of the link before this one, or nil; set by Mesh.register, then constant

	// Set before the mesh shows the link to anybody.
	bulk  *wire
	since time.Time

	up       bool // guarded by Mesh.mu: both connections are there
	calls    callTable
	handlers sync.WaitGroup
	handling atomic.Bool // a handler of messages is at work, so that nothing is read from control
}

func newLink(m *Mesh, id string, conn net.Conn, r Record, instance string, dialed bool) *link {
	keepUnsentShort(conn)
	l := &link{mesh: m, id: id, peer: r, instance: instance, address: conn.RemoteAddr().String(), dialed: dialed,
		control: newWire(conn, r.ID, dialed), second: make(chan net.Conn, 1), gone: make(chan struct{}), silent: make(chan struct{})}
	l.ctx, l.end = context.WithCancelCause(m.ctx)
	return l
}

// run is the life of a link. It returns when everything that belongs to it has ended.
func (l *link) run() {
	defer l.handlers.Wait()
	defer l.mesh.hush(l)
	defer cut(l.control.conn)
	if !l.awaitBulk() {
		l.mesh.drop(l) // after which none comes any more
		select {
		case late := <-l.second:
			cut(late)
		default:
		}
		return
	}
	defer cut(l.bulk.conn)
	if !l.mesh.raise(l) {
		return // somebody has dropped it
	}
	var parts sync.WaitGroup
	for _, work := range []func() error{
		func() error { return l.control.write(l.ctx, l.mesh.heartbeatTimeout) },
		func() error { return l.bulk.write(l.ctx, l.mesh.heartbeatTimeout) },
		func() error { return l.control.read(l.onControl) },
		func() error { return l.bulk.read(func(f frame) error { return l.onStream(l.bulk, f) }) },
		l.watch,
	} {
		parts.Go(func() { l.end(work()) }) // the first that ends says why
	}
	<-l.ctx.Done()
	l.mesh.drop(l) // at once: whoever depends on the link must know before its handlers have ended
	cut(l.control.conn)
	cut(l.bulk.conn)
	l.control.streams.fail(ErrLost)
	l.bulk.streams.fail(ErrLost)
	parts.Wait()
}

// awaitBulk waits for the second connection.
func (l *link) awaitBulk() bool {
	timer := time.NewTimer(peer.HandshakeTime)
	defer timer.Stop()
	if l.after != nil {
		<-l.after // soon, because handlers of messages do not wait
	}
	select {
	case conn := <-l.second:
		l.bulk = newWire(conn, l.peer.ID, l.dialed)
		l.since = time.Now()
		l.control.hear()
		return true
	case <-timer.C:
		l.end(errNoBulk)
	case <-l.ctx.Done():
	}
	return false
}

// watch sends heartbeats, and gives the link up when none come.
func (l *link) watch() error {
	for {
		timeout := l.mesh.heartbeatTimeout()
		select {
		case <-time.After(min(max(timeout/heartbeats, minHeartbeat), maxHeartbeat)):
		case <-l.ctx.Done():
			return context.Cause(l.ctx)
		}
		l.control.out.put(urgent, frame{kind: heartbeat})
		if !l.handling.Load() && l.control.silence() > timeout {
			l.mesh.warn("Heartbeat timeout, killing connection to peer %s", l.address)
			return errSilent
		}
	}
}

// onControl takes a frame of the control connection.
func (l *link) onControl(f frame) error {
	switch f.kind {
	case message:
		if h := l.mesh.messageHandlers[Class(f.id)]; h != nil {
			l.handling.Store(true)
			h(l.peer.ID, f.body)
			l.control.hear() // nobody listened meanwhile
			l.handling.Store(false)
		}
	case call:
		l.serve(f)
	case answer, failure:
		l.calls.settle(f)
	case cancel:
		l.calls.stop(f.id)
	default:
		return l.onStream(l.control, f)
	}
	return nil
}
