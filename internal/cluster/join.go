package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"rethinkdb/internal/peer"
)

// Candidate is a server that wants to join the cluster.
type Candidate struct {
	Record           // with the key that it has shown
	Peer   peer.Peer // as the handshake has found it
}

// Welcome is what a server that joins needs to know.
type Welcome struct {
	Cluster ID       `json:"cluster"`
	Members []Member `json:"members"` // with the new one
	// More is what those who keep the metadata have to say to each other.
	More json.RawMessage `json:"more,omitempty"`
}

// joinedSelf are the reference's words.
const joinedSelf = "Attempted to join self, peer ignored"

// ErrAdmitted ends Join when this server has taken another one into a cluster of its own meanwhile, as the first of several that look for each other.
var ErrAdmitted = errors.New("this server has founded a cluster with another one")

// admission is how long it may take to make a server a member.
const admission = 30 * time.Second

// Join asks the servers at the addresses to take this one into their cluster, until one does, ctx ends, or this one has taken in another.
// token may be nil. From then on this server says that it belongs to that cluster; SetMembers with those of the welcome begins the links.
func (m *Mesh) Join(ctx context.Context, addresses []string, token *peer.Token) (Welcome, error) {
	j := joining{mesh: m, dialer: m.o.Dialer, addresses: slices.Clone(addresses), said: map[string]string{}}
	j.dialer.Token = token
	m.promised.Store(true)
	defer m.promised.Store(false)
	began := time.Now()
	for pause := firstPause; ; pause = min(time.Duration(float64(pause)*pauseGrowth), maxPause) {
		w, ok, err := j.attempt(ctx)
		if ok || err != nil {
			return w, err
		}
		m.promised.Store(j.answered && time.Since(began) < hope)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return Welcome{}, context.Cause(ctx)
		}
	}
}

// hope is how long a server whose calls are answered, if only by refusals, takes nobody in itself: servers that are started at the same time in a
// row, or in a circle, shall not found several clusters.
const hope = 5 * time.Second

// joining is what a server does that looks for a cluster.
type joining struct {
	mesh      *Mesh
	dialer    peer.Dialer
	addresses []string          // those of this server itself go
	said      map[string]string // what was logged last of each
	answered  bool              // somebody was there the last time
}

// attempt asks all once, unless this server is just taking another one in.
func (j *joining) attempt(ctx context.Context) (w Welcome, ok bool, err error) {
	m := j.mesh
	if !m.belonging.TryLock() {
		return w, false, nil
	}
	defer m.belonging.Unlock()
	if m.admitted.Load() {
		return w, false, ErrAdmitted
	}
	if w, ok = j.ask(ctx); ok {
		m.joined.Store(&w.Cluster)
	}
	return w, ok, nil
}

// ask goes through the addresses once, the quickest first.
func (j *joining) ask(ctx context.Context) (Welcome, bool) {
	rest := slices.Clone(j.addresses)
	j.answered = false
	for len(rest) > 0 {
		conn, _, address, err := reach(ctx, j.dialer, rest, func(peer.Peer) error { return nil })
		if err != nil {
			j.report(ctx, strings.Join(rest, ", "), err)
			break
		}
		j.answered = true
		w, err := j.join(ctx, conn)
		if err == nil {
			return w, true
		}
		j.report(ctx, address, err)
		rest = slices.DeleteFunc(rest, func(a string) bool { return a == address })
	}
	return Welcome{}, false
}

// join asks the server at the other end.
func (j *joining) join(ctx context.Context, conn net.Conn) (w Welcome, err error) {
	defer cut(conn) // whatever it had to say, it has said
	r, err := j.mesh.greet(ctx, conn, greeting{Purpose: forJoining})
	switch {
	case err != nil:
		return w, err
	case r.Welcome == nil:
		return w, fmt.Errorf("%s did not say what its cluster is", r.Record.title())
	}
	return *r.Welcome, nil
}

// report logs why it did not work, once for each reason, and forgets an address of this server itself.
func (j *joining) report(ctx context.Context, address string, err error) {
	if refused, ok := errors.AsType[*peer.Refusal](err); ok && refused.Kind == peer.Myself && refused.Text == joinedSelf {
		j.mesh.warn(joinedSelf)
		j.addresses = slices.DeleteFunc(j.addresses, func(a string) bool { return a == address })
		return
	}
	if text := strings.TrimPrefix(line(err), address+": "); ctx.Err() == nil && j.said[address] != text {
		j.said[address] = text
		j.mesh.warn("Could not join the cluster at %s: %s", address, text)
	}
}

// line is an error, which may be several, on one line.
func line(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// acceptCandidate takes a server into the cluster, or says why not.
func (m *Mesh) acceptCandidate(conn net.Conn, p peer.Peer, g greeting) error {
	if m.promised.Load() || !m.belonging.TryRLock() {
		return &peer.Refusal{Kind: peer.Unavailable, Text: stillJoining}
	}
	defer m.belonging.RUnlock()
	self := m.self()
	switch joined := m.joined.Load(); {
	case joined != nil && m.o.Self().Cluster != *joined:
		return &peer.Refusal{Kind: peer.Unavailable, Text: stillJoining}
	case m.o.Admit == nil:
		return &peer.Refusal{Kind: peer.Unavailable, Text: "This server takes nobody into its cluster."}
	case string(g.Record.ID) != p.ID:
		return &peer.Refusal{Kind: peer.BadMessage, Text: "The server has told two names of itself."}
	case g.Record.Settled && g.Record.Cluster != self.Cluster:
		return m.settled(self, g.Record)
	}
	g.Record.Addresses = withObserved(g.Record.Addresses, p)
	ctx, cancel := context.WithTimeout(m.ctx, admission)
	defer cancel()
	w, refused := m.o.Admit(ctx, Candidate{g.Record, p})
	if refused != nil {
		return refused
	}
	if !g.Record.Proxy {
		m.admitted.Store(true)
	}
	if p.Token != nil && m.o.Tokens != nil {
		if err := m.o.Tokens.Spend(ctx, *p.Token); err != nil {
			return err // it can join again, by its key
		}
	}
	if err := conn.SetDeadline(time.Now().Add(peer.HandshakeTime)); err != nil {
		return err
	}
	return m.answer(conn, reply{Welcome: &w})
}

// stillJoining is what a server that is looking for its own cluster says to one that wants to join it, and that asks again.
const stillJoining = "This server is just joining a cluster itself."

// settled refuses a server that has tables or a cluster of its own.
func (m *Mesh) settled(self, r Record) *peer.Refusal {
	refused := otherCluster(self, r)
	if !self.Settled {
		refused.Text = fmt.Sprintf("%s has data or a cluster of its own, and %s has none: start that one with --join and an address of the other one.", r.title(), self.title())
	}
	return refused
}

// withObserved adds the address that a server connects from: behind a translation of addresses it does not know itself.
func withObserved(addresses []string, p peer.Peer) []string {
	if len(addresses) == 0 || !p.Address.IsValid() {
		return addresses
	}
	_, port, err := net.SplitHostPort(addresses[0])
	if err != nil {
		return addresses
	}
	observed := net.JoinHostPort(p.Address.Addr().String(), port)
	if slices.Contains(addresses, observed) || len(addresses) >= maxAddresses {
		return addresses
	}
	return append(slices.Clone(addresses), observed)
}
