//go:build security

package security

import (
	"net"
	"testing"

	"rethinkdb/test/harness"
)

// The two hosts: a server, and another one that has an address of each kind. 203.0.113.0/24 and 2001:db8::/32 are public as
// far as the server can tell, and belong to nobody (RFC 5737, RFC 3849).
var (
	serverHost = harness.NewHost("server")
	otherHost  = harness.NewHost("other")
)

// peer is where a connection comes from, and the server's address that it goes to.
type peer struct {
	name     string
	host     harness.Host
	from, to string
}

var (
	loopback = peer{"loopback", serverHost, "127.0.0.1", "127.0.0.1"}
	private4 = peer{"private", otherHost, "192.168.77.2", "192.168.77.1"}
	private6 = peer{"unique local", otherHost, "fd77::2", "fd77::1"}
	public4  = peer{"public", otherHost, "203.0.113.2", "203.0.113.1"}
	public6  = peer{"public IPv6", otherHost, "2001:db8::2", "2001:db8::1"}
	peers    = []peer{loopback, private4, private6, public4, public6}
)

// makeNetwork makes both hosts and a cable between them, until the end of the test.
func makeNetwork(t *testing.T) {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir()) // where the command line remembers servers, of which each test has another one
	serverHost.Create(t)
	otherHost.Create(t)
	harness.Connect(t, serverHost, otherHost, "rdb0")
	for _, p := range peers {
		if p.host == otherHost {
			serverHost.AddAddress(t, "rdb0", p.to)
			otherHost.AddAddress(t, "rdb0", p.from)
		}
	}
}

// dial connects to a port of the server.
func (p peer) dial(port int) (net.Conn, error) { return p.host.Dial(p.from, p.to, port) }
