package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/auth"
	"rethinkdb/internal/session"
)

const (
	// handshakeTime is how long a client may take to log in. The original waits for ever; drivers give up after 20 s, and
	// need a few round trips.
	handshakeTime = 10 * time.Second
	// hangupInterval is how often connections that are not being read are looked at for a client that went away. It
	// is half of the 100 ms within which a query must then stop.
	hangupInterval = 40 * time.Millisecond
	// acceptRetry is the pause after an error of accept such as too many open files.
	acceptRetry = 50 * time.Millisecond
	// finishTime is how long Shutdown waits for queries that may be writes before it cancels them.
	finishTime = 3 * time.Second
)

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = errors.New("wire: server closed")

// Options of a Server. All but Gate, Audit and TLS are required.
type Options struct {
	Engine   session.Engine
	Sessions *session.Manager
	Users    *auth.Users
	Logger   *slog.Logger
	Version  string // as the handshake V1_0 gives it to drivers
	// Gate says which addresses are served; nil serves all.
	Gate *access.Gate
	// Audit is told of log-ins and refusals; nil is not.
	Audit *audit.Log
	// NoOldHandshakes refuses those from before RethinkDB 2.3.
	NoOldHandshakes bool
	// TLS makes connections begin with a TLS handshake. It may have GetConfigForClient to follow a renewed certificate.
	TLS *tls.Config
}

// Server accepts the connections of drivers.
type Server struct {
	opt  Options
	tick atomic.Int64 // counts intervals of watchHangups; at least 1
	old  oldHandshakes

	mu        sync.Mutex // guards what follows
	closing   bool
	listeners map[net.Listener]struct{}
	conns     []*conn          // in no order; conn.index is the place
	strangers access.Strangers // those of conns that have not logged in
	watching  bool             // watchHangups runs
	wg        sync.WaitGroup   // of connections and watchHangups
	stop      chan struct{}    // closed by Shutdown
}

// NewServer makes a server; Serve starts it.
func NewServer(opt Options) *Server {
	s := &Server{opt: opt, listeners: map[net.Listener]struct{}{}, stop: make(chan struct{})}
	s.tick.Store(1)
	return s
}

// Serve accepts connections until Shutdown and then returns ErrServerClosed. It may be called for several listeners.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		l.Close()
		return ErrServerClosed
	}
	s.listeners[l] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, l)
		s.mu.Unlock()
	}()
	warned := false
	for {
		c, err := l.Accept()
		if err == nil {
			warned = false
			s.start(c, access.Driver, time.Now().Add(handshakeTime))
			continue
		}
		if s.isClosing() {
			return ErrServerClosed
		}
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if !warned {
			s.opt.Logger.Error("cannot accept a driver connection; is the limit of open files too low?", "error", err)
			warned = true
		}
		select {
		case <-time.After(acceptRetry):
		case <-s.stop:
		}
	}
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// Take serves a connection of the intracluster port, whose TLS handshake is over: its client is `rethinkdb admin`, which logs in
// until the deadline and asks queries as a driver does. The connection belongs to s from now on; after Shutdown it is closed.
func (s *Server) Take(nc *tls.Conn, deadline time.Time) { s.start(nc, access.Cluster, deadline) }

func (s *Server) start(nc net.Conn, port access.Port, deadline time.Time) {
	c := newConn(s, nc, port, deadline)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		nc.Close()
		return
	}
	c.index = len(s.conns)
	s.conns = append(s.conns, c)
	c.crowded = !s.strangers.Add(c.peer.Addr())
	if !s.watching {
		s.watching = true
		s.wg.Go(s.watchHangups)
	}
	s.wg.Add(1)
	go c.run()
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	if !c.known {
		s.strangers.Remove(c.peer.Addr())
	}
	last := len(s.conns) - 1
	s.conns[c.index] = s.conns[last]
	s.conns[c.index].index = c.index
	s.conns[last] = nil
	s.conns = s.conns[:last]
	s.mu.Unlock()
	s.wg.Done()
}

// loggedIn notes that c has logged in.
func (s *Server) loggedIn(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.known = true
	s.strangers.Remove(c.peer.Addr())
}

// Connections is the number of open connections, including those that have not logged in.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Enforce ends the connections of addresses that the gate no longer admits, and tells how many there were. It waits for nobody.
func (s *Server) Enforce() (ended int) {
	for _, c := range s.snapshot() {
		if s.opt.Gate.Admit(c.port, c.peer.Addr()) != nil {
			c.abort()
			ended++
		}
	}
	return ended
}

func (s *Server) snapshot() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*conn(nil), s.conns...)
}

// Shutdown stops accepting, lets queries that may be writes finish for a while, cancels the rest, and closes all
// connections. When ctx ends it no longer waits for anything and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.closing {
		s.closing = true
		close(s.stop)
	}
	for l := range s.listeners {
		l.Close()
	}
	s.mu.Unlock()

	wait := finishTime
	if deadline, ok := ctx.Deadline(); ok { // leave time to tell clients whose queries did not finish
		wait = min(wait, time.Until(deadline)*2/3)
	}
	grace, cancel := context.WithTimeout(ctx, wait)
	var draining sync.WaitGroup
	for _, c := range s.snapshot() {
		draining.Go(func() { c.drain(grace) })
	}
	draining.Wait()
	cancel()

	ended := make(chan struct{})
	go func() { // ends with the last connection, which nothing can keep for long now that the sockets are closed
		s.wg.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watchHangups ends connections whose client has gone away while nobody reads them: the reading goroutine itself would
// see the end of the stream, but not while it waits for a free slot, for a client that does not read its answers, or
// for a query that it runs itself. It ends when there are no connections.
func (s *Server) watchHangups() {
	ticker := time.NewTicker(hangupInterval)
	defer ticker.Stop()
	var away []*conn
	for {
		select {
		case <-ticker.C:
		case <-s.stop: // drain closes every connection
			return
		}
		now := s.tick.Add(1)
		away = away[:0]
		s.mu.Lock()
		if len(s.conns) == 0 {
			s.watching = false
			s.mu.Unlock()
			return
		}
		for _, c := range s.conns {
			if since := c.awaySince.Load(); since != 0 && since < now-1 {
				away = append(away, c)
			}
		}
		s.mu.Unlock()
		for i, c := range away {
			if hungUp(c.raw) {
				c.abort()
			}
			away[i] = nil
		}
	}
}
