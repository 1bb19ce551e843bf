package harness

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A Host is another machine, as far as the network can tell: a network namespace. Making one needs root and Debian's iproute2.
type Host string

const (
	namespaces = "/run/netns"
	etcOfHosts = "/etc/netns" // what a host has in place of files and directories in /etc
	hostPrefix = "rdb-"       // and the id of the process that made it
)

// NewHost chooses the name of a host, which no other process uses. Create makes it.
func NewHost(name string) Host { return Host(hostPrefix + strconv.Itoa(os.Getpid()) + "-" + name) }

// Create makes the host, with loopback as its only network, until the end of the test.
func (h Host) Create(t testing.TB) {
	t.Helper()
	removeAbandoned(t)
	ip(t, "netns add "+string(h))
	t.Cleanup(func() { h.remove(t) })
	// Addresses are there at once and stay as they are, without a look at whether somebody else has them: browsers give up what they do when one changes.
	ip(t, "netns exec "+string(h)+" tee /proc/sys/net/ipv6/conf/all/accept_dad /proc/sys/net/ipv6/conf/default/accept_dad", "0")
	ip(t, "-n "+string(h)+" link set lo up")
}

// removeAbandoned removes hosts of tests that were killed.
func removeAbandoned(t testing.TB) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(namespaces, hostPrefix+"*-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range left {
		name := filepath.Base(path)
		pid, _, _ := strings.Cut(strings.TrimPrefix(name, hostPrefix), "-")
		if _, err := os.Stat(filepath.Join("/proc", pid)); os.IsNotExist(err) {
			Host(name).remove(t)
		}
	}
}

func (h Host) remove(t testing.TB) {
	t.Helper()
	ip(t, "netns delete "+string(h))
	if err := os.RemoveAll(h.Etc("")); err != nil {
		t.Error(err)
	}
}

// Etc is where a file or directory of /etc lies that only this host sees. It has to be in /etc as well, and to be made before the
// program that looks for it is started.
func (h Host) Etc(name string) string { return filepath.Join(etcOfHosts, string(h), name) }

// Connect lays a cable between two hosts; both call their end device.
func Connect(t testing.TB, a, b Host, device string) {
	t.Helper()
	ip(t, fmt.Sprintf("link add %s netns %s type veth peer name %s netns %s", device, a, device, b))
	ip(t, fmt.Sprintf("-n %s link set %s up", a, device))
	ip(t, fmt.Sprintf("-n %s link set %s up", b, device))
}

// AddAddress gives a device of the host an address in a network of the usual size.
func (h Host) AddAddress(t testing.TB, device, address string) {
	t.Helper()
	prefix := address + "/24"
	if netip.MustParseAddr(address).Is6() {
		prefix = address + "/64"
	}
	ip(t, fmt.Sprintf("-n %s address add %s dev %s", h, prefix, device))
}

// MoveTo adds an IPv4 address, from which the host then connects to others in the network of the address.
func (h Host) MoveTo(t testing.TB, device, address string) {
	t.Helper()
	h.AddAddress(t, device, address)
	network := netip.PrefixFrom(netip.MustParseAddr(address), 24).Masked()
	ip(t, fmt.Sprintf("-n %s route replace %s dev %s proto kernel scope link src %s", h, network, device, address))
}

func ip(t testing.TB, command string, input ...string) {
	t.Helper()
	cmd := exec.Command("ip", strings.Fields(command)...)
	cmd.Stdin = strings.NewReader(strings.Join(input, "\n"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v\n%s(this suite needs root and iproute2)", command, err, out)
	}
}

// Words are the words that run a program on the host.
func (h Host) Words(program ...string) []string {
	return append([]string{"ip", "netns", "exec", string(h)}, program...)
}

// dialTime is how long connecting may take, and then a conversation; a loaded machine is slow.
const (
	dialTime         = 10 * time.Second
	conversationTime = 20 * time.Second
)

// Dial connects from an address of the host.
func (h Host) Dial(from, to string, port int) (net.Conn, error) {
	return h.DialWithin(dialTime, from, to, port)
}

// DialWithin is Dial for who does not wait long.
func (h Host) DialWithin(patience time.Duration, from, to string, port int) (conn net.Conn, err error) {
	err = h.Do(func() (err error) {
		conn, err = dialHere(patience, from, net.JoinHostPort(to, strconv.Itoa(port)))
		return err
	})
	return conn, err
}

// Do calls f on a thread that is on the host. A socket belongs to the namespace of the thread that makes it.
func (h Host) Do(f func() error) error {
	done := make(chan error)
	go func() {
		// The thread stays in the namespace, so it ends with this goroutine.
		runtime.LockOSThread()
		err := h.enter()
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

// enter moves the present thread to the host.
func (h Host) enter() error {
	ns, err := os.Open(filepath.Join(namespaces, string(h)))
	if err != nil {
		return err
	}
	defer ns.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter the network of %s: %w", h, err)
	}
	return nil
}

func dialHere(patience time.Duration, from, to string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: patience}
	conn, err := d.Dial("tcp", to)
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(conversationTime))
}
