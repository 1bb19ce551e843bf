//go:build guide

package guide

import (
	"strings"
	"testing"

	"rethinkdb/test/harness"
)

// The driver port is closed to others, who get in by an ssh tunnel.
func TestDriverPortThroughTunnel(t *testing.T) {
	makeNetwork(t)
	security := openPage(t, "security.md")
	startServer(t)
	expectLogIn(t, localOther, localServer, harness.V04, "", "")
	closePort(t, security, "28015")
	expectDropped(t, localOther, localServer, 28015)
	expectDropped(t, worldOther, worldServer, 28015)

	startSSHD(t)
	startSSH(t, security.command(t, "ssh -L 4000:localhost:28015 USERNAME@HOST", "USERNAME", "root", "HOST", worldServer), 4000)
	out, err := run(t, other, "", "env", "--chdir="+drivers, "node", "official.js", "rethinkdb-2-4-2", "promises", "4000")
	if err != nil || !strings.HasSuffix(strings.TrimSpace(out), "ok") {
		t.Errorf("%v\n%s", err, out)
	}
}

// The intracluster port is reachable from the local network only.
func TestIntraclusterPort(t *testing.T) {
	makeNetwork(t)
	usePath(t)
	security := openPage(t, "security.md")
	startServer(t, "--protected-mode", "off") // so that it is the rules alone that keep the world out
	admin := func(address string) (string, error) {
		return run(t, other, "", strings.Fields(security.command(t, "rethinkdb admin --join HOST:29015", "HOST", address)+" ls machines")...)
	}
	for _, address := range []string{localServer, worldServer} {
		if out, err := admin(address); err != nil || !strings.Contains(out, "guided") {
			t.Errorf("before, %s: %v\n%s", address, err, out)
		}
	}
	security.do(t, server, "iptables -A INPUT -i eth0 -p tcp --dport 29015 -j DROP")
	expectDropped(t, localOther, localServer, 29015)
	security.do(t, server, "iptables -I INPUT -i eth0 -s 192.168.0.0/24 -p tcp --dport 29015 -j ACCEPT")
	if out, err := admin(localServer); err != nil || !strings.Contains(out, "guided") {
		t.Errorf("in the local network: %v\n%s", err, out)
	}
	expectDropped(t, worldOther, worldServer, 29015)
	if out, err := run(t, server, "", "rethinkdb", "admin", "ls", "machines"); err != nil || !strings.Contains(out, "guided") {
		t.Errorf("on the server: %v\n%s", err, out)
	}
}
