//go:build guide

package guide

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// curl asks for a page, and returns its status and where it sends the browser, or why there is no answer.
func curl(t *testing.T, h harness.Host, words ...string) string {
	t.Helper()
	out, _ := run(t, h, "", append([]string{"curl", "--silent", "--show-error", "--output", "/dev/null", "--write-out", "%{http_code} %{redirect_url}"}, words...)...)
	return strings.TrimSpace(out) // which has the reason after a failure
}

func expectCurl(t *testing.T, h harness.Host, want string, words ...string) {
	t.Helper()
	if got := curl(t, h, words...); got != want {
		t.Errorf("curl %s on %s: %s, want %s", strings.Join(words, " "), h, got, want)
	}
}

// patience is how long an answer is waited for that must not come: a packet that was dropped is never answered.
const patience = time.Second

// expectDropped expects that nobody answers the other host.
func expectDropped(t *testing.T, from, to string, port int) {
	t.Helper()
	conn, err := other.DialWithin(patience, from, to, port)
	if err == nil {
		conn.Close()
	}
	if timeout := net.Error(nil); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("port %d of %s from %s: %v, want no answer", port, to, from, err)
	}
}

// closePort drops what comes for a port from other hosts, as the guide says.
func closePort(t *testing.T, security page, port string) {
	t.Helper()
	security.do(t, server, "iptables -A INPUT -i eth0 -p tcp --dport "+port+" -j DROP")
	security.do(t, server, "iptables -I INPUT -i eth0 -s 127.0.0.1 -p tcp --dport "+port+" -j ACCEPT")
}

// The web port is closed to others by iptables, and opened again to those who can log in on the server.
func TestWebPort(t *testing.T) {
	makeNetwork(t)
	security := openPage(t, "security.md")
	startServer(t)
	expectCurl(t, other, "200", "http://"+localServer+":8080/")
	expectCurl(t, other, "403", "http://"+worldServer+":8080/")
	expectCurl(t, other, "200", "http://["+local6Server+"]:8080/")

	closePort(t, security, "8080")
	expectCurl(t, server, "200", "http://localhost:8080/")
	expectDropped(t, localOther, localServer, 8080)
	expectDropped(t, worldOther, worldServer, 8080)
	security.do(t, server, "ip6tables -A INPUT -i eth0 -p tcp --dport 8080 -j DROP")
	expectDropped(t, local6Other, local6Server, 8080)

	startSSHD(t)
	startSSH(t, security.command(t, "ssh -D 3000 USERNAME@HOST", "USERNAME", "root", "HOST", worldServer), 3000)
	security.do(t, other, "curl --socks5-hostname localhost:3000 http://localhost:8080/")
	expectCurl(t, other, "200", "--socks5-hostname", "localhost:3000", "http://localhost:8080/style.css")
	person{}.expectPage(t, "http://localhost:8080/", "socks5://localhost:3000", "http://localhost:8080/")
}
