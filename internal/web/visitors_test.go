package web

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"rethinkdb/internal/auth"
)

// elsewhere is a listener whose clients come from another machine.
type elsewhere struct{ net.Listener }

func (l elsewhere) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return foreign{conn}, nil
}

type foreign struct{ net.Conn }

func (foreign) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 1} }

// status sends a request for something that needs a log-in, and gives the status of the answer, 0 when the connection was closed instead.
func status(t *testing.T, conn net.Conn, header string) int {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("GET /ajax/reql/ HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n")); err != nil {
		return 0
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	_ = response.Body.Close() // the connection is used once more at most
	return response.StatusCode
}

// Connections that have not logged in are bounded for each address; those that have are not counted, and ones that end make room.
func TestStrangersAreBounded(t *testing.T) {
	f := start(t)
	if _, err := f.users.SetInitialPassword("secret"); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- f.Serve(elsewhere{l}) }()
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() }) // perhaps again
		return conn
	}
	token, err := f.users.MakeToken(auth.Token{ID: "1", User: auth.Admin, Created: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	bearer := "Authorization: Bearer " + token + "\r\n"
	// served is the status of who may come in: the request lacks a parameter.
	const most, served = 200, http.StatusBadRequest
	for range most / 2 {
		if got := status(t, dial(), bearer); got != served {
			t.Fatalf("with a token: %d", got)
		}
	}
	var strangers []net.Conn
	for range most {
		conn := dial()
		if got := status(t, conn, ""); got != http.StatusUnauthorized {
			t.Fatalf("stranger %d: %d", len(strangers), got)
		}
		strangers = append(strangers, conn)
	}
	if got := status(t, dial(), bearer); got != 0 {
		t.Errorf("one more than %d: %d", most, got)
	}
	if got := status(t, strangers[0], bearer); got != served {
		t.Errorf("a stranger logs in: %d", got)
	}
	if got := status(t, dial(), bearer); got != served {
		t.Errorf("in its place: %d", got)
	}
}
