package wire_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xdg-go/scram"

	"rethinkdb/internal/access"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/wire"
)

// from is a listener whose connections seem to come from an address.
type from struct {
	net.Listener
	peer *net.TCPAddr
}

func (l from) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return conn{c.(*net.TCPConn), l.peer}, nil
}

// conn has all of a TCP connection, so that the server can close its half of it.
type conn struct {
	*net.TCPConn
	peer *net.TCPAddr
}

func (c conn) RemoteAddr() net.Addr { return c.peer }

// serveFrom adds a port to the server that everybody seems to use from an address.
func (s *server) serveFrom(t *testing.T, peer string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(from{l, &net.TCPAddr{IP: net.ParseIP(peer), Port: 4711}}) }()
	t.Cleanup(func() { // after the server was shut down: clean-ups run last first
		s.shutdown()
		if err := <-ended; !errors.Is(err, wire.ErrServerClosed) {
			t.Errorf("Serve returned %v", err)
		}
	})
	return l.Addr().String()
}

func TestProtectedMode(t *testing.T) {
	var s *server
	s = start(t, func(o *wire.Options) {
		o.Gate = access.NewGate(access.Policy{}, func(access.Port) bool { return s.users.HasPassword("admin") }, slog.New(slog.DiscardHandler))
	})
	lan, stranger := s.serveFrom(t, "192.168.1.2"), s.serveFrom(t, "203.0.113.7")
	const no = "This server has no password yet"

	connect(t, s.addr)
	connect(t, lan)
	for _, magic := range []string{magicV03, magicV04} {
		c := dial(t, stranger)
		c.write(magic + "\x00\x00\x00\x00" + useJSON)
		if m := c.message(); !strings.HasPrefix(m, "ERROR: "+no) {
			t.Errorf("message %q", m)
		}
		c.expectEOF()
	}
	c := dial(t, stranger)
	c.write(magicV10)
	if m := c.message(); !strings.HasPrefix(m, `{"error":"`+no) || !strings.HasSuffix(m, `"error_code":20,"success":false}`) {
		t.Errorf("message %q", m)
	}
	c.expectEOF()

	// Setting a password opens the port to those who have it.
	if _, err := s.users.SetInitialPassword("secret"); err != nil {
		t.Fatal(err)
	}
	if last := dial(t, stranger).logIn("admin", "secret"); !strings.Contains(last, `"success":true`) {
		t.Error(last)
	}
	if last := dial(t, stranger).logIn("admin", ""); !strings.Contains(last, "Wrong password") {
		t.Error(last)
	}
}

// Who guesses is told to wait, in the form of each handshake. Others log in.
func TestGuessing(t *testing.T) {
	s := start(t)
	if _, err := s.users.SetInitialPassword("secret"); err != nil {
		t.Fatal(err)
	}
	guesser, other := s.serveFrom(t, "203.0.113.7"), s.serveFrom(t, "203.0.113.8")
	const wait = "Too many wrong passwords for this user from your address. Try again in "
	guess := func(hello, wrong, slowed string) {
		t.Helper()
		for range 20 { // more than six only if the machine stands still for longer than the pauses
			c := dial(t, guesser)
			c.write(hello)
			m := c.message()
			c.Close()
			if strings.HasPrefix(m, slowed) {
				return
			}
			if m != wrong {
				t.Fatalf("message %q", m)
			}
		}
		t.Errorf("%q is not slowed down", hello)
	}
	key := magicV04 + "\x05\x00\x00\x00wrong" + useJSON
	guess(key, "ERROR: Incorrect authorization key.\n", "ERROR: "+wait)
	c := dial(t, guesser)
	if last := c.logIn("admin", "secret"); !strings.HasPrefix(last, `{"error":"`+wait) && !strings.Contains(last, `"success":true`) {
		t.Error(last) // the second is what a slow machine sees
	}
	for range 20 {
		if last := dial(t, guesser).logIn("admin", "wrong"); strings.HasPrefix(last, `{"error":"`+wait) && strings.HasSuffix(last, `"error_code":20,"success":false}`) {
			break
		} else if !strings.Contains(last, "Wrong password") {
			t.Fatal(last)
		}
	}
	if last := dial(t, other).logIn("admin", "secret"); !strings.Contains(last, `"success":true`) {
		t.Error(last)
	}
}

// A user at the limit is told so in the form of the handshake; the console of operators is still served, and so are others.
func TestConnectionsPerUser(t *testing.T) {
	s := start(t)
	s.sessions.LimitUsers(2)
	config, pool := certificate(t)
	console := connectTLS(t, s.takeFrom(t, "127.0.0.1", config), &tls.Config{RootCAs: pool})
	bob := datum.Object([]datum.Field{{Key: "id", Val: datum.String("bob")}, {Key: "password", Val: datum.False}})
	if err := s.users.WriteUser(datum.String("bob"), false, bob); err != nil {
		t.Fatal(err)
	}
	first, _ := connect(t, s.addr), connect(t, s.addr)
	const full = "User `admin` has 2 connections, which is the most that a user may have on this server (--connections-per-user). Close some first."
	c := dial(t, s.addr)
	c.write(magicV04 + "\x00\x00\x00\x00" + useJSON)
	c.expectMessage("ERROR: " + full + "\n")
	c.Close()
	if last := dial(t, s.addr).logIn("admin", ""); last != `{"error":"`+full+`","error_code":20,"success":false}` {
		t.Error(last)
	}
	if last := console.logIn("admin", ""); !strings.Contains(last, `"success":true`) {
		t.Error(last)
	}
	if last := dial(t, s.addr).logIn("bob", ""); !strings.Contains(last, `"success":true`) {
		t.Error(last)
	}
	first.Close()
	eventually(t, "the place is free", func() bool {
		c := dial(t, s.addr)
		defer c.Close()
		return strings.Contains(c.logIn("admin", ""), `"success":true`)
	})
}

// Connections that do not log in are bounded for each address; others are still served, and so is the address when they go.
func TestConnectionsThatDoNotLogIn(t *testing.T) {
	s := start(t)
	flooded, other := s.serveFrom(t, "192.168.1.2"), s.serveFrom(t, "192.168.1.3")
	var silent []*client
	for range 200 {
		silent = append(silent, dial(t, flooded))
	}
	eventually(t, "all are accepted", func() bool { return s.Connections() == 200 })
	refused := dial(t, flooded)
	refused.expectMessage("ERROR: Too many connections have not logged in yet. Try again later.\n")
	refused.expectEOF()
	connect(t, other)
	eventually(t, "the one that was refused ends", func() bool { return s.Connections() == 201 })
	silent[0].Close()
	eventually(t, "one ends", func() bool { return s.Connections() == 200 })
	connect(t, flooded)
}

// Connections from addresses that are no longer served end, whether they have logged in or not, and so do their queries.
func TestEnforce(t *testing.T) {
	var list atomic.Pointer[access.Lists]
	list.Store(&access.Lists{})
	gate := access.NewGate(access.Policy{Mode: access.Off}, func(access.Port) bool { return true }, slog.New(slog.DiscardHandler))
	gate.Narrow(func() access.Lists { return *list.Load() })
	s := start(t, func(o *wire.Options) { o.Gate = gate })
	gate.Attach(s.Enforce)
	lan, stranger := s.serveFrom(t, "192.168.1.2"), s.serveFrom(t, "203.0.113.7")
	stays, goes, silent := connect(t, lan), connect(t, stranger), dial(t, stranger)
	eventually(t, "all are accepted", func() bool { return s.Connections() == 3 })
	goes.ask(1, `[1,"block"]`)
	eventually(t, "the query runs", func() bool { return s.engine.Running.Load() == 1 })

	list.Store(&access.Lists{access.Driver: {netip.MustParsePrefix("192.168.0.0/16")}})
	gate.Enforce()
	eventually(t, "their connections end", func() bool { return s.Connections() == 1 && s.engine.Running.Load() == 0 })
	for _, c := range []*client{goes, silent} {
		if n, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("read %d bytes", n)
		}
	}
	stays.ask(1, `[1,"x"]`)
	stays.expect(1, `{"t":1,"r":["x"]}`)
	late := dial(t, stranger)
	late.write(magicV10)
	if m := late.message(); !strings.Contains(m, "access_config") {
		t.Errorf("message %q", m)
	}
}

// A connection of the intracluster port that has been found to be the command line's is served like a driver's, by the rules of its
// port. Its log-in can be bound to the connection.
func TestTake(t *testing.T) {
	config, pool := certificate(t)
	var policy access.Policy
	policy.Allow[access.Driver] = []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")} // 127.0.0.1 is always served
	s := start(t, func(o *wire.Options) {
		o.TLS = config
		o.Gate = access.NewGate(policy, func(p access.Port) bool { return p != access.Cluster }, slog.New(slog.DiscardHandler))
	})
	lan, stranger := s.takeFrom(t, "192.168.1.2", config), s.takeFrom(t, "203.0.113.7", config)
	dial := func(t *testing.T, addr string) *client { return connectTLS(t, addr, &tls.Config{RootCAs: pool}) }
	c := dial(t, lan)
	binding, err := scram.NewTLSExporterBinding(state(c))
	if err != nil {
		t.Fatal(err)
	}
	expectLogIn(c, binding, "")
	expectLogIn(dial(t, lan), scram.ChannelBinding{Type: scram.ChannelBindingTLSServerEndpoint, Data: []byte("x")}, "Unsupported channel binding type")
	if _, err := s.users.SetInitialPassword("secret"); err != nil {
		t.Fatal(err)
	}
	c = dial(t, lan)
	if last := c.logIn("admin", "secret"); !strings.Contains(last, `"success":true`) {
		t.Fatal(last)
	}
	c.ask(1, `[1,"x"]`)
	c.expect(1, `{"t":1,"r":["x"]}`)
	if last := dial(t, lan).logIn("admin", ""); !strings.Contains(last, "Wrong password") {
		t.Error(last)
	}
	c = dial(t, stranger)
	c.write(magicV10)
	if m := c.message(); !strings.HasPrefix(m, `{"error":"The intracluster port of this server serves`) {
		t.Errorf("message %q", m)
	}

	s.shutdown()
	late, other := net.Pipe()
	s.Take(tls.Server(late, config), time.Now())
	if n, err := other.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after Shutdown: %d bytes, %v", n, err)
	}
}

// takeFrom is a port with TLS whose connections the server takes, as if everybody used it from an address.
func (s *server) takeFrom(t *testing.T, peer string, config *tls.Config) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := from{l, &net.TCPAddr{IP: net.ParseIP(peer), Port: 4711}}.Accept()
			if err != nil {
				return
			}
			if conn := tls.Server(c, config); conn.Handshake() == nil {
				s.Take(conn, time.Now().Add(patience))
			}
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-ended
	})
	return l.Addr().String()
}
