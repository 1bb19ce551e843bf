package cluster

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/peer"
)

// Options are what a mesh is made of. All functions may be called at the same time, and must not wait.
type Options struct {
	// Self is what this server tells of itself, with the key that it shows.
	Self func() Record
	// Dialer connects to other servers. Its Member should be Mesh.Member.
	Dialer peer.Dialer
	Logger *slog.Logger
	// Notice logs what an operator should see on the console.
	Notice func(format string, args ...any)
	// HeartbeatTimeout is how long a server may be silent until its link is given up.
	HeartbeatTimeout func() time.Duration
	// ReconnectTimeout is for how long a member is called that has not answered. After that it has to call.
	ReconnectTimeout time.Duration
	// Met is told what a member says of itself, with the key that it has shown, whenever a link with it begins. It may wait, and must
	// return when the context ends.
	Met func(context.Context, Record)
	// Expelled is called when another server says that this one has been removed from the cluster.
	Expelled func()
	// Admit decides whether a server that has proved itself joins the cluster, and makes it a member. It may wait, and must
	// return when the context ends. nil: none joins.
	Admit func(context.Context, Candidate) (Welcome, *peer.Refusal)
	// Tokens are those of which Admit's candidates may have used one.
	Tokens *peer.Tokens
}

// Class is a kind of messages.
type Class uint64

// MessageHandler takes a message, which it may keep, in the order of their sending. It must not wait: meanwhile nothing else comes.
type MessageHandler func(from ServerID, message []byte)

// Mesh keeps this server connected with the others.
type Mesh struct {
	// Set by New, or before the first link, then constant.
	o               Options
	instance        string // of this run of the server
	ctx             context.Context
	stop            context.CancelCauseFunc
	messageHandlers map[Class]MessageHandler
	callHandlers    map[string]CallHandler
	streamHandlers  map[string]StreamHandler
	onLost          []func(ServerID)

	joined   atomic.Pointer[ID] // the cluster that Join has found
	admitted atomic.Bool        // this server has taken another one into its cluster
	promised atomic.Bool        // Join has found servers that may take this one in soon
	// belonging is held while this server asks to join, and for reading while it takes another one in, so that it does not found a
	// cluster and join another one at the same time. It is only tried: whoever does not get it says so, or comes again.
	belonging sync.RWMutex
	beginning atomic.Int32 // connections that Accept has taken, and that are no links yet

	wg sync.WaitGroup // one goroutine for each member, each link, each connection that begins

	mu      sync.RWMutex // guards what follows, and link.up
	closed  bool
	members map[ServerID]*keeper
	removed map[ServerID]bool // were members
	byKey   map[peer.Fingerprint]ServerID
	guests  map[peer.Fingerprint]stay
	links   map[ServerID]*link         // both those that are up and those that begin
	silent  map[ServerID]chan struct{} // of the last link of each: the next one waits for it, so that messages stay in order
	// greeting has the members to which this server has just introduced itself, so that of two servers that call each other at
	// the same time one gives way.
	greeting map[ServerID]bool
	changed  chan struct{} // closed with the next change of what Connected returns
	refused  refusals
}

// New makes a mesh without members. Handlers are registered next, then SetMembers and Accept begin links.
func New(o Options) *Mesh {
	m := &Mesh{
		o:               o,
		instance:        rand.Text(),
		messageHandlers: map[Class]MessageHandler{},
		callHandlers:    map[string]CallHandler{},
		streamHandlers:  map[string]StreamHandler{},
		members:         map[ServerID]*keeper{},
		guests:          map[peer.Fingerprint]stay{},
		links:           map[ServerID]*link{},
		silent:          map[ServerID]chan struct{}{},
		greeting:        map[ServerID]bool{},
		changed:         make(chan struct{}),
	}
	m.ctx, m.stop = context.WithCancelCause(context.Background())
	return m
}

// HandleMessages has h take the messages of a class. It is called before the first link.
func (m *Mesh) HandleMessages(c Class, h MessageHandler) { m.messageHandlers[c] = h }

// OnLost has lost called as soon as the link with a server has ended. It must not wait. It is called before the first link.
func (m *Mesh) OnLost(lost func(ServerID)) { m.onLost = append(m.onLost, lost) }

// Send sends a message, which must not change any more. It never waits. ErrNotConnected and ErrCrowded are not worth a log line: a
// message may be lost on its way, too.
func (m *Mesh) Send(to ServerID, c Class, text []byte) error {
	if len(text) > MaxMessageBytes {
		return ErrTooLong
	}
	l, ok := m.linkTo(to)
	if !ok {
		return ErrNotConnected
	}
	if !l.control.out.put(messages, frame{kind: message, id: uint64(c), body: text}) {
		return ErrCrowded
	}
	return nil
}

// linkTo finds a link that is up.
func (m *Mesh) linkTo(to ServerID) (*link, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	l := m.links[to]
	return l, l != nil && l.up
}

// Connected lists the links that are up, by the servers' identifiers.
func (m *Mesh) Connected() []Link {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var list []Link
	for _, l := range m.links {
		if l.up {
			list = append(list, Link{l.peer, l.address, l.since})
		}
	}
	slices.SortFunc(list, func(a, b Link) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return list
}

// Changed is closed with the next change of what Connected returns.
func (m *Mesh) Changed() <-chan struct{} {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.changed
}

// Member finds the member, or guest, that has a key; package peer asks.
func (m *Mesh) Member(f peer.Fingerprint) (serverID string, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	id, ok := m.byKey[f]
	if !ok {
		id, ok = m.guestWith(f)
	}
	return string(id), ok
}

// SetMembers says who belongs to the cluster; this server may be among them. The mesh connects to those that are new, and ends the
// links with those that are not in the list any more.
func (m *Mesh) SetMembers(list []Member) {
	self := m.self().ID
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	members := map[ServerID]*keeper{}
	m.byKey = map[peer.Fingerprint]ServerID{}
	for _, member := range list {
		if member.ID == self {
			continue
		}
		if member.Fingerprint != (peer.Fingerprint{}) {
			m.byKey[member.Fingerprint] = member.ID
		}
		k, ok := m.members[member.ID]
		if !ok {
			k = m.newKeeper(member.ID)
			m.wg.Go(k.run)
		}
		k.update(member)
		members[member.ID] = k
	}
	for id, k := range m.members {
		if members[id] == nil {
			k.stop()
			if l := m.links[id]; l != nil {
				l.end(errRemoved)
			}
		}
	}
	m.members = members
}

// SetRemoved says who was taken out of the cluster, so that they can be told so.
func (m *Mesh) SetRemoved(list []ServerID) {
	removed := make(map[ServerID]bool, len(list))
	for _, id := range list {
		removed[id] = true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.removed = removed
}

// raise shows a link that has both connections.
func (m *Mesh) raise(l *link) bool {
	m.mu.Lock()
	if m.links[l.peer.ID] != l {
		m.mu.Unlock()
		return false
	}
	l.up = true
	m.signal()
	m.mu.Unlock()
	m.o.Notice("Connected to %s", l.peer.title())
	if m.o.Met != nil {
		l.handlers.Go(func() { m.o.Met(l.ctx, l.peer) })
	}
	return true
}

// drop forgets a link, and tells that it was lost; the second time it does nothing.
func (m *Mesh) drop(l *link) {
	m.mu.Lock()
	if m.links[l.peer.ID] != l {
		m.mu.Unlock()
		return
	}
	delete(m.links, l.peer.ID)
	if l.up {
		m.signal()
	}
	m.mu.Unlock()
	defer close(l.gone)
	if !l.up { // which nobody changes any more
		return
	}
	m.o.Notice("Disconnected from %s", l.peer.title())
	m.o.Logger.Debug("a link has ended", "server", string(l.peer.ID), "address", l.address, "reason", context.Cause(l.ctx))
	for _, lost := range m.onLost {
		lost(l.peer.ID)
	}
}

// hush lets the next link with a server begin.
func (m *Mesh) hush(l *link) {
	m.mu.Lock()
	defer m.mu.Unlock()
	close(l.silent)
	if m.silent[l.peer.ID] == l.silent {
		delete(m.silent, l.peer.ID)
	}
}

// signal tells of a change of what Connected returns. The caller holds mu.
func (m *Mesh) signal() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// self is what this server tells of itself. From its welcome on it belongs to the cluster that it has joined, whose metadata it can
// only get as a member.
func (m *Mesh) self() Record {
	r := m.o.Self()
	if joined := m.joined.Load(); joined != nil {
		r.Cluster, r.Settled = *joined, true
	}
	return r
}

// minTimeout is the shortest heartbeat timeout. With a shorter one a link ended because a process had to wait for its processor.
const minTimeout = time.Second

func (m *Mesh) heartbeatTimeout() time.Duration { return max(m.o.HeartbeatTimeout(), minTimeout) }

func (m *Mesh) warn(format string, args ...any) { m.o.Logger.Warn(fmt.Sprintf(format, args...)) }

// start gives work a goroutine that Close waits for, unless the mesh is closed.
func (m *Mesh) start(work func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.wg.Go(work)
	return true
}

// Close ends all links, and waits for all handlers.
func (m *Mesh) Close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.stop(ErrClosed)
	m.wg.Wait()
}
