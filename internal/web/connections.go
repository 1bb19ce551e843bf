package web

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/session"
)

const (
	// connectionTime is how long an HTTP connection lives without a request.
	connectionTime = 300 * time.Second
	// maxConnections bounds what a client can make the server remember by opening connections and forgetting them.
	maxConnections = 10_000
	idBytes        = 16
)

// connections are the HTTP connections of drivers: sessions with an unguessable name that expire when they are not
// used.
type connections struct {
	opt      Options
	lifetime time.Duration

	mu     sync.Mutex // guards what follows
	closed bool
	open   map[string]*connection
	wg     sync.WaitGroup // of sessions that are being ended by their timers
}

// owner is whom a connection belongs to; for others it is not there. A user who has logged in on the page has another set of connections with each
// session, which end with it.
type owner struct {
	user    string
	session string // its ID; empty without one
}

type connection struct {
	owner   owner
	peer    netip.Addr
	session *session.Session
	timer   *time.Timer
}

func (c *connections) init(opt Options) {
	c.opt, c.lifetime, c.open = opt, connectionTime, map[string]*connection{}
}

var (
	errTooMany = errors.New("too many open HTTP connections; close some or wait until they expire")
	errClosed  = errors.New("the server is shutting down")
)

// create opens a connection and gives its id.
func (c *connections) create(peer netip.AddrPort, by owner) (string, error) {
	var random [idBytes]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", fmt.Errorf("make a connection id: %w", err)
	}
	id := base64.StdEncoding.EncodeToString(random[:])
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return "", errClosed
	case len(c.open) >= maxConnections:
		return "", errTooMany
	}
	if err := c.opt.Sessions.Enter(by.user); err != nil {
		return "", err
	}
	s := session.New(session.Options{
		Client:        session.Client{User: by.user, Addr: peer, Port: access.Web, EmptyBatches: true},
		Engine:        c.opt.Engine,
		Manager:       c.opt.Sessions,
		Logger:        c.opt.Logger,
		Entered:       true,
		RefuseNoReply: true,
		AddDuration:   true,
	})
	c.open[id] = &connection{by, peer.Addr(), s, time.AfterFunc(c.lifetime, func() { c.expire(id) })}
	return id, nil
}

// find gives the session of somebody's connection and starts its time anew.
func (c *connections) find(id string, by owner) *session.Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	conn := c.open[id]
	if conn == nil || conn.owner != by || !conn.timer.Reset(c.lifetime) { // not running: it is expiring right now
		return nil
	}
	return conn.session
}

// take removes a connection that may be closed by the one who asks. The caller ends its session and then calls c.wg.Done.
func (c *connections) take(id string, may func(owner) bool) *session.Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	conn := c.open[id]
	if conn == nil || !may(conn.owner) {
		return nil
	}
	delete(c.open, id)
	conn.timer.Stop()
	c.wg.Add(1)
	return conn.session
}

func (c *connections) expire(id string) {
	if s := c.take(id, func(owner) bool { return true }); s != nil {
		s.Expire()
		c.wg.Done()
	}
}

func (c *connections) close(id string, by owner) {
	if s := c.take(id, func(o owner) bool { return o == by }); s != nil {
		s.Terminate()
		c.wg.Done()
	}
}

// enforce ends the connections of addresses that the gate no longer admits, and tells how many there were. It waits for nobody.
func (c *connections) enforce() (ended int) {
	return c.end(func(conn *connection) bool { return c.opt.Gate.Admit(access.Web, conn.peer) != nil })
}

// endOf ends the connections of sessions of the page. It waits for nobody.
func (c *connections) endOf(sessions []string) {
	c.end(func(conn *connection) bool {
		return conn.owner.session != "" && slices.Contains(sessions, conn.owner.session)
	})
}

// end ends the connections that match, waits for nobody, and tells how many there were.
func (c *connections) end(match func(*connection) bool) (ended int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, conn := range c.open {
		if !match(conn) {
			continue
		}
		delete(c.open, id)
		conn.timer.Stop()
		c.wg.Go(conn.session.Terminate)
		ended++
	}
	return ended
}

// closeAll ends all connections; queries that may be writes get until the end of ctx.
func (c *connections) closeAll(ctx context.Context) {
	c.mu.Lock()
	c.closed = true
	open := c.open
	c.open = map[string]*connection{}
	c.mu.Unlock()
	for _, conn := range open {
		conn.timer.Stop()
		c.wg.Go(func() {
			conn.session.Drain(ctx)
			conn.session.Stop()
		})
	}
	c.wg.Wait()
}
