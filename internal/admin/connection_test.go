package admin

import (
	"io"
	"net"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Whatever answers in place of a server, the command line ends with a sentence.
func TestStrangers(t *testing.T) {
	const stranger = "the answer is not that of a RethinkDB server"
	hello := `{"success":true}` + "\x00"
	for name, c := range map[string]struct{ password, answer, want string }{
		"silence":             {"", "", "EOF"},
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
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan struct{})
			go func() {
				defer close(served)
				conn, err := l.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				// The client may have had enough before it has read it all.
				_, _ = io.WriteString(conn, c.answer)
				_ = conn.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, conn)
			}()
			conn, err := Connect(t.Context(), l.Addr().String(), c.password)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			if conn != nil {
				t.Error("there is a connection")
			}
			l.Close()
			<-served
		})
	}
}
