package wire_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/xdg-go/scram"
	"go.uber.org/goleak"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/auth/authtest"
	"rethinkdb/internal/session"
	"rethinkdb/internal/session/sessiontest"
	"rethinkdb/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 5 * time.Second

type server struct {
	*wire.Server
	addr     string
	engine   *sessiontest.Engine
	sessions *session.Manager
	users    *auth.Users
	log      *strings.Builder
	shutdown func() // once is enough, more do nothing
}

// start runs a server with the engine of package sessiontest and stops it at the end of the test.
func start(tb testing.TB, change ...func(*wire.Options)) *server {
	tb.Helper()
	users, err := auth.OpenUsers(&authtest.Store{})
	if err != nil {
		tb.Fatal(err)
	}
	s := &server{engine: sessiontest.New(), sessions: session.NewManager(), users: users, log: &strings.Builder{}}
	opt := wire.Options{
		Engine: s.engine, Sessions: s.sessions, Users: users, Version: "2.4.4",
		Logger: slog.New(slog.NewTextHandler(s.log, nil)),
	}
	for _, f := range change {
		f(&opt)
	}
	s.Server = wire.NewServer(opt)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s.addr = l.Addr().String()
	ended := make(chan error)
	go func() { ended <- s.Serve(l) }()
	s.shutdown = func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			tb.Errorf("shut down: %v", err)
		}
	}
	tb.Cleanup(func() {
		s.shutdown()
		if err := <-ended; !errors.Is(err, wire.ErrServerClosed) {
			tb.Errorf("Serve returned %v", err)
		}
	})
	return s
}

type client struct {
	net.Conn
	tb testing.TB
	r  *bufio.Reader
}

func dial(tb testing.TB, addr string) *client {
	tb.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(4 * patience)); err != nil {
		tb.Fatal(err)
	}
	return &client{nc, tb, bufio.NewReader(nc)}
}

const (
	magicV03 = "\x3e\xe8\x75\x5f"
	magicV04 = "\x20\x2d\x0c\x40"
	magicV10 = "\xc3\xbd\xc2\x34"
	useJSON  = "\xc7\x70\x69\x7e"
)

// connect is a connection of V0_4 without a key.
func connect(tb testing.TB, addr string) *client { return connectAs(tb, addr, magicV04) }

func connectAs(tb testing.TB, addr, magic string) *client {
	tb.Helper()
	c := dial(tb, addr)
	c.write(magic + "\x00\x00\x00\x00" + useJSON)
	c.expectMessage("SUCCESS")
	return c
}

func (c *client) write(s string) {
	c.tb.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		c.tb.Fatal(err)
	}
}

func frame(token int64, body string) string {
	b := binary.LittleEndian.AppendUint64(nil, uint64(token))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	return string(b) + body
}

func (c *client) ask(token int64, body string) {
	c.tb.Helper()
	c.write(frame(token, body))
}

func (c *client) message() string {
	c.tb.Helper()
	s, err := c.r.ReadString(0)
	if err != nil {
		c.tb.Fatalf("read a message: %v after %q", err, s)
	}
	return s[:len(s)-1]
}

func (c *client) expectMessage(want string) {
	c.tb.Helper()
	if got := c.message(); got != want {
		c.tb.Fatalf("got the message %q\nwant            %q", got, want)
	}
}

func (c *client) answer() (token int64, body string) {
	c.tb.Helper()
	token, body, err := readFrame(c.r)
	if err != nil {
		c.tb.Fatalf("read an answer: %v", err)
	}
	return token, body
}

func readFrame(r io.Reader) (token int64, body string, err error) {
	var h [12]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, "", err
	}
	b := make([]byte, binary.LittleEndian.Uint32(h[8:]))
	_, err = io.ReadFull(r, b)
	return int64(binary.LittleEndian.Uint64(h[:])), string(b), err
}

func (c *client) expect(token int64, body string) {
	c.tb.Helper()
	gotToken, got := c.answer()
	if gotToken != token || got != body {
		c.tb.Fatalf("got  token %d %.300s\nwant token %d %.300s", gotToken, got, token, body)
	}
}

func (c *client) expectEOF() {
	c.tb.Helper()
	if b, err := io.ReadAll(c.r); err != nil || len(b) > 0 {
		c.tb.Fatalf("expected the end of the connection, got %q and %v", b, err)
	}
}

// eventually waits for a condition.
func eventually(tb testing.TB, what string, cond func() bool) {
	tb.Helper()
	within(tb, patience, what, cond)
}

func within(tb testing.TB, d time.Duration, what string, cond func() bool) {
	tb.Helper()
	deadline := time.NewTimer(d)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline.C:
			tb.Fatalf("not within %v: %s", d, what)
		}
	}
}

// logIn does the handshake V1_0 with an independent implementation of SCRAM and returns the last message.
func (c *client) logIn(user, password string) string {
	c.tb.Helper()
	sc, err := scram.SHA256.NewClientUnprepped(user, password, "")
	if err != nil {
		c.tb.Fatal(err)
	}
	return c.converse(sc.WithMinIterations(1).NewConversation(), "SCRAM-SHA-256")
}

// converse logs in by the messages of an independent client of SCRAM, and gives the server's last one.
func (c *client) converse(conversation *scram.ClientConversation, method string) string {
	c.tb.Helper()
	c.write(magicV10)
	if _, ok := c.Conn.(*tls.Conn); ok {
		c.expectMessage(greetingTLS)
	} else {
		c.expectMessage(greeting)
	}
	challenge := ""
	for {
		reply, err := conversation.Step(challenge)
		if err != nil {
			c.tb.Fatalf("challenge %s: %v", challenge, err)
		}
		c.write(fmt.Sprintf(`{"protocol_version":0,"authentication_method":%q,"authentication":%q}`, method, reply) + "\x00")
		answer := c.message()
		var ok bool
		if challenge, ok = strings.CutPrefix(answer, `{"authentication":"`); !ok {
			return answer
		}
		challenge = strings.TrimSuffix(challenge, `","success":true}`)
		if strings.HasPrefix(challenge, "v=") {
			if _, err := conversation.Step(challenge); err != nil {
				c.tb.Fatalf("the server's signature %s: %v", challenge, err)
			}
			return answer
		}
	}
}

const (
	greeting    = `{"max_protocol_version":0,"min_protocol_version":0,"server_version":"2.4.4","success":true}`
	greetingTLS = `{"authentication_methods":["SCRAM-SHA-256-PLUS","SCRAM-SHA-256"],` +
		`"max_protocol_version":0,"min_protocol_version":0,"server_version":"2.4.4","success":true}`
)

var validFirst = `{"protocol_version":0,"authentication_method":"SCRAM-SHA-256","authentication":"n,,n=admin,r=` +
	base64.StdEncoding.EncodeToString([]byte("a client's nonce")) + `"}`
