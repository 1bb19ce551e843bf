package admin

import (
	"crypto/tls"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"rethinkdb/internal/peer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Whatever answers in place of a server, the command line ends with a sentence.
func TestStrangers(t *testing.T) {
	const stranger = "the answer is not that of a RethinkDB server"
	hello := `{"success":true}` + "\x00"
	for name, c := range map[string]struct{ password, answer, want string }{
		"silence":             {"", "", "closed the connection"},
		"a refusal":           {"", "ERROR: The intracluster port is closed.\n", "The intracluster port is closed."},
		"a refused key":       {"", "ERROR: Incorrect authorization key.\n\x00", "Incorrect authorization key."},
		"another protocol":    {"", hello, stranger},
		"a web server":        {"secret", "HTTP/1.1 400 Bad Request\r\n\r\n", stranger},
		"endless text":        {"secret", strings.Repeat("x", 1<<20), stranger},
		"a wrong password":    {"secret", hello + `{"success":false,"error":"Wrong password","error_code":12}` + "\x00", "Incorrect authorization key."},
		"another error":       {"secret", hello + `{"success":false,"error":"Too busy","error_code":20}` + "\x00", "Too busy"},
		"no SCRAM":            {"secret", hello + hello, "log in: "},
		"a server that lies":  {"secret", hello + `{"success":true,"authentication":"r=x,s=YQ==,i=1"}` + "\x00", "log in: "},
		"an end in the midst": {"secret", hello + `{"success":`, stranger},
	} {
		t.Run(name, func(t *testing.T) {
			address := answering(t, c.answer)
			conn, err := Connect(t.Context(), address, Options{Password: c.password})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			if conn != nil {
				t.Error("there is a connection")
			}
		})
	}
}

// answering is a port with TLS, one of whose clients is told something.
func answering(t *testing.T, answer string) (address string) {
	t.Helper()
	identity, _, err := peer.OpenIdentity(peer.File(filepath.Join(t.TempDir(), peer.IdentityFile)))
	if err != nil {
		t.Fatal(err)
	}
	return accepting(t, func(raw net.Conn) {
		conn := tls.Server(raw, peer.ServerConfig(identity, nil))
		// The client may have had enough before it has read it all.
		_, _ = io.WriteString(conn, answer)
		_ = conn.CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	})
}

// accepting is a port with one client.
func accepting(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if conn, err := l.Accept(); err == nil {
			serve(conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-served
	})
	return l.Addr().String()
}

// What does not speak TLS is asked for nothing.
func TestPlainPorts(t *testing.T) {
	for answer, want := range map[string]string{
		"ERROR: This port is closed to you.\n": "This port is closed to you.",
		"ERROR: \x1b[2JThis port is.\n":        "?[2JThis port is.",
		"HTTP/1.1 400 Bad Request\r\n\r\n":     "the answer is not that of a RethinkDB server",
		"ERROR: " + strings.Repeat("x", 1<<16): "xxxx",
		"":                                     "closed the connection",
	} {
		address := accepting(t, func(conn net.Conn) {
			_, _ = io.WriteString(conn, answer)
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
		})
		if _, err := Connect(t.Context(), address, Options{}); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 2000 {
			t.Errorf("%.40q: %v, want %s", answer, err, want)
		}
	}
}
