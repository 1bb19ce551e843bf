package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"rethinkdb/internal/peer"
)

// maxBeginning is how many connections of other servers may begin at the same time. Each has HandshakeTime for it, or is a server
// that joins.
const maxBeginning = 256

// Accept takes a connection of another server, which has proved itself as far as it had to. It does not wait.
func (m *Mesh) Accept(conn *tls.Conn, p peer.Peer) {
	begin := func() {
		defer m.beginning.Add(-1)
		m.receive(conn, p)
	}
	if m.beginning.Add(1) <= maxBeginning && m.start(begin) {
		return
	}
	m.beginning.Add(-1)
	cut(conn)
}

// receive hears what a connection is for, and keeps it or ends it.
func (m *Mesh) receive(conn net.Conn, p peer.Peer) {
	defer context.AfterFunc(m.ctx, func() { cut(conn) })()
	kept, err := m.hearGreeting(conn, p)
	if refused, ok := errors.AsType[*peer.Refusal](err); ok {
		m.refused.log(m.o.Logger, p, refused)
		err = peer.Send(conn, reply{Refusal: refused, Instance: m.instance})
	}
	if err != nil {
		m.o.Logger.Debug("a connection of a server has ended", "address", p.Address.String(), "error", err)
	}
	if !kept {
		_ = conn.Close() // which lets the last words through; there is nothing to be done if it fails
	}
}

func (m *Mesh) hearGreeting(conn net.Conn, p peer.Peer) (kept bool, err error) {
	if err := conn.SetDeadline(time.Now().Add(peer.HandshakeTime)); err != nil {
		return false, err
	}
	var g greeting
	if err := peer.Receive(conn, maxGreetingBytes, &g); err != nil {
		return false, err
	}
	if err := errors.Join(refusal(g.Record.check()), refusal(m.stranger(g))); err != nil {
		return false, err
	}
	g.Record.Fingerprint = p.Fingerprint // whatever it says
	switch g.Purpose {
	case forControl:
		return m.acceptControl(conn, p, g)
	case forBulk:
		return m.acceptBulk(conn, p, g)
	case forJoining:
		return false, m.acceptCandidate(conn, p, g)
	}
	return false, &peer.Refusal{Kind: peer.BadVersion, Text: "This server does not know what the connection is for. Bring the older one of the two up to date."}
}

// stranger refuses this server itself, and who has its identifier.
func (m *Mesh) stranger(g greeting) *peer.Refusal {
	self := m.self()
	switch {
	case g.Instance == m.instance:
		return &peer.Refusal{Kind: peer.Myself, Text: joinedSelf}
	case g.Record.ID == self.ID:
		return &peer.Refusal{Kind: peer.Myself, Text: fmt.Sprintf("Both servers are %s: the data directory of one is a copy of the other's. Start one of them with an empty directory.", self.title())}
	}
	return nil
}

func (m *Mesh) acceptControl(conn net.Conn, p peer.Peer, g greeting) (kept bool, err error) {
	if refused := m.recognize(p, g.Record); refused != nil {
		return false, refused
	}
	m.replace(g)
	l := newLink(m, g.Link, conn, g.Record, g.Instance, false)
	if !m.registerAccepted(l) {
		l.end(nil)
		return false, &peer.Refusal{Kind: peer.Duplicate, Text: "The two servers have a connection already."}
	}
	if err := m.answer(conn, reply{}); err != nil {
		l.end(err)
	}
	return true, nil
}

// answer is the listener's consent, after which the connection has no deadline.
func (m *Mesh) answer(conn net.Conn, r reply) error {
	r.Instance, r.Record = m.instance, m.self()
	return errors.Join(peer.Send(conn, r), conn.SetDeadline(time.Time{}))
}

// replace drops a link that is over for the other side: it has started anew since, or knows that it lost it.
func (m *Mesh) replace(g greeting) {
	if old := m.link(g.Record.ID); old != nil && (old.instance != g.Instance || old.id == g.Over) {
		old.end(errReplaced)
		m.drop(old)
	}
}

// registerAccepted registers a link that the other side begins, unless there is one, or this side begins one and has the smaller
// identifier: the other side, which has the larger one, then accepts that.
func (m *Mesh) registerAccepted(l *link) bool {
	self := m.self().ID
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.greeting[l.peer.ID] && self < l.peer.ID {
		return false
	}
	return m.register(l)
}

func (m *Mesh) acceptBulk(conn net.Conn, p peer.Peer, g greeting) (kept bool, err error) {
	if refused := m.recognize(p, g.Record); refused != nil {
		return false, refused
	}
	l := m.link(g.Record.ID)
	if l == nil || l.id != g.Link || l.instance != g.Instance || l.dialed || l.peer.Fingerprint != p.Fingerprint {
		return false, &peer.Refusal{Kind: peer.Duplicate, Text: "The connection belongs to none of this server."}
	}
	if err := m.answer(conn, reply{}); err != nil {
		return false, err
	}
	return m.attach(l, conn), nil
}

// attach gives a link its second connection, unless it has one or is over.
func (m *Mesh) attach(l *link, conn net.Conn) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.links[l.peer.ID] != l {
		return false
	}
	select {
	case l.second <- conn:
		return true
	default:
		return false
	}
}

// refusals keeps the log from growing with the persistence of others.
type refusals struct {
	mu   sync.Mutex
	text string // that was logged last
	at   time.Time
}

func (r *refusals) log(l *slog.Logger, p peer.Peer, refused *peer.Refusal) {
	warn := l.Warn
	switch {
	case refused.Kind == peer.Duplicate, refused.Text == joinedSelf: // which the other end of it says
		return
	case refused.Kind == peer.NoMember: // or not yet: that end says it when it lasts
		warn = l.Info
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if refused.Text == r.text && time.Since(r.at) < time.Minute {
		return
	}
	r.text, r.at = refused.Text, time.Now()
	warn(fmt.Sprintf("Connection attempt from %s failed, reason: %s (%s)", p.Address, refused.Kind, refused.Text))
}
