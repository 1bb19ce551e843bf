//go:build security

package security

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The two hosts: a server, and another one that has an address of each kind. 203.0.113.0/24 and 2001:db8::/32 are public as
// far as the server can tell, and belong to nobody (RFC 5737, RFC 3849).
const (
	serverHost = "rdb-server"
	otherHost  = "rdb-other"
)

// peer is where a connection comes from, and the server's address that it goes to.
type peer struct {
	name, host string
	from, to   string
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
	remove := func() {
		for _, host := range []string{serverHost, otherHost} {
			if _, err := os.Stat(namespace(host)); err == nil {
				ip(t, "netns delete "+host)
			}
		}
	}
	remove() // what a test that was killed has left
	t.Cleanup(remove)
	for _, command := range []string{
		"netns add " + serverHost,
		"netns add " + otherHost,
		"link add rdb0 netns " + serverHost + " type veth peer name rdb0 netns " + otherHost,
	} {
		ip(t, command)
	}
	for _, p := range peers {
		ip(t, "-n "+serverHost+" address replace "+prefix(p.to)+" dev "+device(p))
		if p.host == otherHost {
			ip(t, "-n "+otherHost+" address replace "+prefix(p.from)+" dev rdb0")
		}
	}
	for _, host := range []string{serverHost, otherHost} {
		ip(t, "-n "+host+" link set lo up")
		ip(t, "-n "+host+" link set rdb0 up")
	}
}

func device(p peer) string {
	if p.host == serverHost {
		return "lo"
	}
	return "rdb0"
}

// prefix is an address with its network; an IPv6 address can be used at once, without asking whether somebody else has it.
func prefix(addr string) string {
	if netip.MustParseAddr(addr).Is6() {
		return addr + "/64 nodad"
	}
	return addr + "/24"
}

func ip(t *testing.T, command string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v\n%s(this suite needs root and iproute2)", command, err, out)
	}
}

func namespace(host string) string { return filepath.Join("/run/netns", host) }

// dial connects to a port of the server.
func (p peer) dial(port int) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result)
	go func() {
		// The thread stays in the namespace, so it ends with this goroutine.
		runtime.LockOSThread()
		conn, err := p.dialHere(port)
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}

// dialHere moves the present thread to the host of the peer. A socket belongs to the namespace of the thread that makes it.
func (p peer) dialHere(port int) (net.Conn, error) {
	ns, err := os.Open(namespace(p.host))
	if err != nil {
		return nil, err
	}
	defer ns.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("enter the network of %s: %w", p.host, err)
	}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(p.from)}, Timeout: 10 * time.Second}
	conn, err := d.Dial("tcp", net.JoinHostPort(p.to, fmt.Sprint(port)))
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(20 * time.Second))
}
