//go:build hostile

package hostile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds the wait for anything that a client is owed: an answer, or the end of its connection.
const patience = 20 * time.Second

// client is a connection with nothing but bytes.
type client struct {
	t    testing.TB
	conn *net.TCPConn
	in   *bufio.Reader
}

func dial(t testing.TB, addr string) *client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &client{t: t, conn: conn.(*net.TCPConn), in: bufio.NewReader(conn)}
}

// hello is the handshake of V0_4 for admin without a password.
var hello = string(frameBytes(0x400c2d20, 0, 0x7e6970c7))

func frameBytes(words ...uint32) []byte {
	var b []byte
	for _, w := range words {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

// login is a client that is past the handshake.
func login(t testing.TB, addr string) *client {
	t.Helper()
	c := dial(t, addr)
	c.send(hello)
	c.expect("SUCCESS\x00")
	return c
}

// loginSoon is login after a crowd: the server may still have too many connections that have not logged in.
func loginSoon(t testing.TB, addr string) *client {
	t.Helper()
	const success = "SUCCESS\x00"
	for deadline := time.Now().Add(settleTime); ; <-time.After(10 * time.Millisecond) {
		c := dial(t, addr)
		c.send(hello)
		answer := make([]byte, len(success))
		if _, err := io.ReadFull(c.conn, answer); err == nil && string(answer) == success {
			return c
		} else if time.Now().After(deadline) {
			t.Fatalf("no log-in: %q, %v", answer, err)
		}
		c.close()
	}
}

func (c *client) close() { c.conn.Close() }

// send writes bytes; that the server has closed the connection meanwhile is its right.
func (c *client) send(bytes string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, bytes); err != nil && !closedByPeer(err) {
		c.t.Fatalf("send %d bytes: %v", len(bytes), err)
	}
}

func closedByPeer(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// closeWrite tells the server that nothing more will come.
func (c *client) closeWrite() {
	c.t.Helper()
	if err := c.conn.CloseWrite(); err != nil && !errors.Is(err, syscall.ENOTCONN) {
		c.t.Fatal(err)
	}
}

// expect reads exactly these bytes.
func (c *client) expect(want string) {
	c.t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c.in, got); err != nil || string(got) != want {
		c.t.Fatalf("got %q (%v) in place of %q", got[:n], err, want)
	}
}

// rest reads until the server closes the connection.
func (c *client) rest() string {
	c.t.Helper()
	got, err := io.ReadAll(c.in)
	if err != nil && !closedByPeer(err) {
		c.t.Fatalf("the connection is still open: %v after %d bytes", err, len(got))
	}
	return string(got)
}

// frame is a request as it goes over the wire.
func frame(token int64, body string) string {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, 12+len(body)), uint64(token))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	return string(append(b, body...))
}

// query sends a request.
func (c *client) query(token int64, body string) {
	c.t.Helper()
	c.send(frame(token, body))
}

// answer reads the next response.
func (c *client) answer() (token int64, body string) {
	c.t.Helper()
	token, body, err := c.read()
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	return token, body
}

func (c *client) read() (token int64, body string, err error) {
	var head [12]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return 0, "", err
	}
	text := make([]byte, binary.LittleEndian.Uint32(head[8:]))
	_, err = io.ReadFull(c.in, text)
	return int64(binary.LittleEndian.Uint64(head[:])), string(text), err
}

// ask runs a request and gives its answer.
func (c *client) ask(body string) string {
	c.t.Helper()
	const token = 7
	c.query(token, body)
	got, answer := c.answer()
	if got != token {
		c.t.Fatalf("an answer to query %d, which was not asked: %.200s", got, answer)
	}
	return answer
}

// alive checks that the connection still answers.
func (c *client) alive() {
	c.t.Helper()
	const token = 8 // 7 may have a cursor
	c.query(token, "[1,1]")
	if got, answer := c.answer(); got != token || answer != `{"t":1,"r":[1]}` {
		c.t.Errorf("after that the connection answers 1 with %.200s", answer)
	}
}

// wants checks an answer against what it has to begin with or contain. Several ways are separated by "|".
func wants(t testing.TB, got, want string) {
	t.Helper()
	for _, w := range strings.Split(want, "|") {
		if strings.Contains(got, w) {
			return
		}
	}
	t.Errorf("got %.300s\nwant %s", got, want)
}

// silent checks that no byte comes.
func (c *client) silent(d time.Duration) {
	c.t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		c.t.Fatal(err)
	}
	if b, err := c.in.ReadByte(); !errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("got byte %q, error %v, in place of silence", fmt.Sprint(b), err)
	}
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
}
