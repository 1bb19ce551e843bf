package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/auth"
	"rethinkdb/internal/session"
)

const (
	// flushBytes is how many bytes of answers may wait while further requests are in the buffer.
	flushBytes = 64 << 10
	// A connection that was refused is read until the client has closed it, so that the client gets to read why: closing
	// a socket with unread bytes destroys what is on its way. These bound how long and how much.
	lingerTime  = 2 * time.Second
	lingerBytes = 256 << 10
	// A query that is too large is read and thrown away for the same reason, unless its length is absurd.
	drainBytes = 1 << 30
	drainTime  = 5 * time.Minute
)

// conn is one connection of a driver. Its goroutine reads requests, runs the quick ones itself and writes their
// answers; the session runs the others, which answer through the same writer.
type conn struct {
	// Set by newConn, then constant, except nc and channel, which startTLS sets before the session begins.
	srv *Server
	nc  net.Conn
	tcp net.Conn        // nc below TLS
	raw syscall.RawConn // of tcp; nil when it is not a socket

	channel auth.Channel // nil without TLS

	peer netip.AddrPort
	port access.Port // the one that the client has connected to
	// deadline is when the client must have logged in.
	deadline time.Time

	// Guarded by Server.mu.
	index int  // in Server.conns
	known bool // has logged in

	crowded bool // there were too many connections without a log-in already; set before run

	// Owned by the goroutine of run.
	rd    *reader
	v1    bool // the handshake is V1_0
	out   *[]byte
	claim claim

	entered bool // the user of claim has a place by session.Manager.Enter

	w writer

	// awaySince is the tick since which the goroutine of run has not been reading; 0 while it is.
	awaySince atomic.Int64
	draining  atomic.Bool
	session   atomic.Pointer[session.Session] // nil until the handshake is over
}

func newConn(s *Server, nc net.Conn, port access.Port, deadline time.Time) *conn {
	c := &conn{srv: s, nc: nc, tcp: nc, peer: addrOf(nc), port: port, deadline: deadline}
	if t, ok := nc.(*tls.Conn); ok {
		c.tcp, c.channel = t.NetConn(), &channel{tls: t}
	}
	if sc, ok := c.tcp.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			c.raw = raw
		}
	}
	return c
}

// run is the life of the connection.
func (c *conn) run() {
	defer c.srv.remove(c)
	defer c.tcp.Close()
	in, err := c.logIn()
	c.audit(in, err)
	if err != nil {
		if c.entered {
			c.srv.opt.Sessions.Leave(c.claim.user)
		}
		if c.refuse(err) {
			c.linger(lingerBytes, lingerTime)
		} else if !isOrdinary(err) {
			c.srv.opt.Logger.Warn("a driver's connection failed before it had logged in", "client", c.peer, "error", err)
		}
		return
	}
	parallel := session.DefaultParallel
	if in.sequential {
		parallel = 1
	}
	s := session.New(session.Options{
		Client:  session.Client{User: in.user, Addr: c.peer, Port: c.port, EmptyBatches: in.sequential},
		Engine:  c.srv.opt.Engine,
		Manager: c.srv.opt.Sessions,
		Logger:  c.srv.opt.Logger,

		Parallel: parallel,
		Entered:  c.entered,
	})
	c.session.Store(s)
	err = c.serve(s)
	if c.draining.Load() {
		s.Stop() // its last answers go out before the socket is closed
	}
	c.tcp.Close() // so that nobody waits for the client any more
	s.Close()
	c.rd.release()
	if !isOrdinary(err) {
		c.srv.opt.Logger.Warn("a driver's connection failed", "client", c.peer, "error", err)
	}
}

func (c *conn) logIn() (login, error) {
	if err := c.nc.SetDeadline(c.deadline); err != nil {
		return login{}, err
	}
	if c.crowded {
		return login{}, &refusal{tooManyStrangers}
	}
	if c.draining.Load() { // set before the deadline that drain sets, which we may just have undone
		return login{}, net.ErrClosed
	}
	if c.srv.opt.TLS != nil && c.port == access.Driver {
		if err := c.startTLS(); err != nil {
			return login{}, err
		}
	}
	raw := c.raw
	if c.channel != nil {
		raw = nil
	}
	c.w.init(c.nc)
	c.rd = newReader(c.nc, raw)
	in, err := c.handshake()
	if err != nil {
		return login{}, err
	}
	c.rd.endHandshake()
	c.srv.loggedIn(c)
	return in, c.nc.SetDeadline(time.Time{})
}

// serve reads requests until the client leaves, something fails or the server stops.
func (c *conn) serve(s *session.Session) error {
	for !c.draining.Load() {
		token, length, body, want := c.rd.frame()
		switch {
		case body != nil:
			// body stays valid until the next fill.
			c.rd.consume(want)
			if err := c.handle(s, token, body, c.rd.hasFrame()); err != nil {
				return err
			}
		case length >= tooLargeBytes:
			return c.refuseLarge(token, length)
		default:
			if err := c.flush(); err != nil {
				return err
			}
			c.awaySince.Store(0)
			if err := c.rd.fill(want); err != nil {
				return err
			}
			c.awaySince.Store(c.srv.tick.Load())
		}
	}
	return c.flush()
}

func (c *conn) handle(s *session.Session, token int64, body []byte, more bool) error {
	if c.out == nil {
		c.out = takeOut()
	}
	var err error
	if *c.out, err = s.Handle(token, body, *c.out, c, more); err != nil {
		return err
	}
	if len(*c.out) >= flushBytes {
		return c.flush()
	}
	return nil
}

// flush writes the answers of quick requests.
func (c *conn) flush() error {
	if c.out == nil {
		return nil
	}
	var err error
	if len(*c.out) > 0 {
		err = c.w.send(*c.out)
	}
	giveOut(c.out)
	c.out = nil
	return err
}

// Respond writes the answer of a request that the session ran. When that fails the connection ends.
func (c *conn) Respond(frame []byte) {
	if err := c.w.send(frame); err != nil {
		c.abort()
	}
}

// Pace implements session.Pacer.
func (c *conn) Pace() { c.w.pace() }

// refuseLarge answers a query of 128 MiB or more and ends the connection.
func (c *conn) refuseLarge(token int64, length uint32) error {
	if err := c.flush(); err != nil {
		return err
	}
	c.awaySince.Store(0)
	if err := c.w.send(session.TooLargeQuery(nil, token, length, tooLargeBytes-1)); err != nil {
		return err
	}
	if length < drainBytes {
		c.linger(int(length)+lingerBytes, drainTime)
	} else {
		c.linger(lingerBytes, lingerTime)
	}
	return io.EOF
}

// linger closes our side of the connection and reads what still comes.
func (c *conn) linger(limit int, d time.Duration) {
	if half, ok := c.nc.(interface{ CloseWrite() error }); ok {
		if half.CloseWrite() != nil {
			return
		}
	}
	if c.nc.SetReadDeadline(time.Now().Add(d)) != nil {
		return
	}
	if c.rd != nil { // nil if it was refused before it was read from
		c.rd.release()
	}
	buf := takeBlock(0)
	defer blocks[0].Put(buf)
	for limit > 0 {
		n, err := c.nc.Read(*buf)
		if err != nil {
			return
		}
		limit -= n
	}
}

// abort ends the connection from another goroutine.
func (c *conn) abort() {
	c.tcp.Close()
	if s := c.session.Load(); s != nil {
		s.Cancel()
	}
}

// drain ends the connection when the server stops: requests are no longer read, and what may be a write may finish
// until ctx ends.
func (c *conn) drain(ctx context.Context) {
	c.draining.Store(true)
	if s := c.session.Load(); s != nil {
		s.Drain(ctx)
	}
	// The goroutine of run wakes up, sees that the server is draining and ends the session; if it is stuck in a write
	// to a client that does not read, that fails too.
	if err := c.tcp.SetReadDeadline(time.Unix(1, 0)); err != nil {
		c.tcp.Close()
		return
	}
	if err := c.tcp.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		c.tcp.Close()
	}
}

// isOrdinary tells whether a connection that ended with err is nothing to write about.
func isOrdinary(err error) bool {
	return err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, session.ErrClosed) || errors.Is(err, errNotObject) || errors.Is(err, errFull)
}

func addrOf(nc net.Conn) netip.AddrPort {
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		ap := a.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}
