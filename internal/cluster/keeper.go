package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"slices"
	"time"

	"rethinkdb/internal/peer"
)

const (
	// The pauses between attempts grow, so that a server that is away for long costs little.
	firstPause  = 200 * time.Millisecond
	pauseGrowth = 1.5
	maxPause    = 15 * time.Second
	// A link that lasted less than steady counts as one more attempt that has failed.
	steady = time.Second
	// newcomer is how long it may take until all members know of a new one.
	newcomer = 10 * time.Second
)

// keeper keeps up the link with one member: one goroutine.
type keeper struct {
	// Set by newKeeper, then constant.
	mesh *Mesh
	id   ServerID
	ctx  context.Context
	stop context.CancelFunc
	news chan struct{} // capacity 1: the member has changed, or there is a link

	// Guarded by Mesh.mu.
	member Member
	over   string // the last link that it began or had

	said string // the last reason of a failure that it has logged; owned by run
}

func (m *Mesh) newKeeper(id ServerID) *keeper {
	k := &keeper{mesh: m, id: id, news: make(chan struct{}, 1)}
	k.ctx, k.stop = context.WithCancel(m.ctx)
	return k
}

// update tells the keeper what is known of its member. The caller holds Mesh.mu.
func (k *keeper) update(member Member) {
	anew := k.member.Fingerprint != member.Fingerprint || !slices.Equal(k.member.Addresses, member.Addresses)
	k.member = member
	if anew {
		k.wake()
	}
}

func (k *keeper) wake() {
	select {
	case k.news <- struct{}{}:
	default: // it will look anyway
	}
}

func (k *keeper) known() Member {
	k.mesh.mu.RLock()
	defer k.mesh.mu.RUnlock()
	return k.member
}

// run connects to the member whenever there is no link.
func (k *keeper) run() {
	pause, alone := firstPause, time.Now() // alone: since when there is no link
	for k.ctx.Err() == nil {
		if l := k.mesh.link(k.id); l != nil {
			began := time.Now()
			select {
			case <-l.gone:
			case <-k.ctx.Done():
				return
			}
			k.said, alone = "", time.Now()
			if alone.Sub(began) > steady {
				pause = firstPause
				continue
			}
		} else if err := k.connect(); err != nil {
			k.report(err, time.Since(alone))
		}
		rest := time.After(pause + mathrand.N(pause/4)) // two servers that call each other do not stay in step
		pause = min(time.Duration(float64(pause)*pauseGrowth), maxPause)
		if time.Since(alone) > k.mesh.o.ReconnectTimeout {
			k.mesh.warn("Gave up connecting to %s: it has to connect to this server.", k.known().title())
			rest = nil
		}
		select {
		case <-rest:
		case <-k.news:
			pause = firstPause
			if rest == nil {
				alone = time.Now()
			}
		case <-k.ctx.Done():
		}
	}
}

// report logs why there has been no link for some time, once for each reason. That the other side does not know this one yet is no
// news soon after it has joined.
func (k *keeper) report(err error, alone time.Duration) {
	refused, ok := errors.AsType[*peer.Refusal](err)
	if ok && refused.Kind == peer.Removed && k.mesh.o.Expelled != nil {
		k.mesh.o.Expelled()
	}
	if ok && (refused.Kind == peer.Duplicate || refused.Kind == peer.NoMember && alone < newcomer) || k.ctx.Err() != nil {
		return
	}
	text := fmt.Sprintf("Could not connect to %s: %s", k.known().title(), line(err))
	if ok {
		text = fmt.Sprintf("Remote node refused to connect with us, peer: %s, reason: \"%s (%s)\"", k.known().title(), refused.Kind, refused.Text)
	}
	if text != k.said {
		k.said = text
		k.mesh.warn("%s", text)
	}
}

// connect begins a link, unless there is one. The rest of it happens on the link's own goroutine.
func (k *keeper) connect() error {
	m := k.mesh
	control, p, address, err := reach(k.ctx, m.o.Dialer, k.known().Addresses, k.right)
	if err != nil {
		return err
	}
	l, err := k.agree(control, p)
	if err != nil || l == nil {
		cut(control)
		return err
	}
	if err := l.addBulk(k.ctx, address); err != nil {
		l.end(err)
		return err
	}
	return nil
}

// right judges whether the server at an address is the member.
func (k *keeper) right(p peer.Peer) error {
	if p.ID != string(k.id) {
		return fmt.Errorf("server %q %s is there", p.Name, p.ID)
	}
	return nil
}

// agree makes the link out of its first connection. Without an error and a link there is one already.
func (k *keeper) agree(control net.Conn, p peer.Peer) (*link, error) {
	m := k.mesh
	id := rand.Text()
	over, ok := m.introduce(k, id)
	if !ok {
		return nil, nil
	}
	r, err := m.greet(k.ctx, control, greeting{Purpose: forControl, Link: id, Over: over})
	if err == nil {
		err = refusal(m.recognize(p, r.Record))
	}
	if err != nil {
		m.introduced(k, nil)
		return nil, err
	}
	r.Record.Fingerprint = p.Fingerprint
	l := newLink(m, id, control, r.Record, r.Instance, true)
	if !m.introduced(k, l) {
		return nil, nil
	}
	return l, nil
}

// introduce notes that this server is about to introduce itself to a member, unless they have a link.
func (m *Mesh) introduce(k *keeper, link string) (over string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.links[k.id] != nil {
		return "", false
	}
	m.greeting[k.id] = true
	over, k.over = k.over, link
	return over, true
}

// introduced ends what introduce has begun, with a link or without.
func (m *Mesh) introduced(k *keeper, l *link) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.greeting, k.id)
	return l != nil && m.register(l)
}

// addBulk connects a second time.
func (l *link) addBulk(ctx context.Context, address string) error {
	conn, _, err := l.mesh.o.Dialer.Connect(ctx, address)
	if err != nil {
		return err
	}
	if _, err := l.mesh.greet(ctx, conn, greeting{Purpose: forBulk, Link: l.id}); err != nil {
		cut(conn)
		return err
	}
	if !l.mesh.attach(l, conn) {
		cut(conn)
		return ErrLost
	}
	return nil
}

// register adds a link, and begins its life. The caller holds mu.
func (m *Mesh) register(l *link) bool {
	k := m.members[l.peer.ID]
	if m.links[l.peer.ID] != nil || k == nil && !l.peer.Proxy || m.closed {
		return false
	}
	m.links[l.peer.ID] = l
	l.after, m.silent[l.peer.ID] = m.silent[l.peer.ID], l.silent
	if k != nil {
		k.over = l.id
		k.wake()
	}
	m.wg.Go(l.run)
	return true
}

// link finds a link, whether it is up or begins.
func (m *Mesh) link(with ServerID) *link {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.links[with]
}

// refusal makes an error of what may be none.
func refusal(r *peer.Refusal) error {
	if r == nil {
		return nil
	}
	return r
}
