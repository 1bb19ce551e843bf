//go:build cluster

package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"rethinkdb/test/harness"
)

// ports of servers on hosts of their own.
const (
	hostDriverPort  = 28015
	hostClusterPort = 29015
)

// startApart starts servers on hosts of their own, 192.168.0.1 and so on, which a switch connects.
func startApart(t *testing.T, names ...string) []*server {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test makes network namespaces, and needs root")
	}
	middle := harness.NewHost("switch")
	middle.Create(t)
	run(t, "ip -n "+string(middle)+" link add bridge type bridge")
	run(t, "ip -n "+string(middle)+" link set bridge up")
	var list []*server
	for i, name := range names {
		s := newServer(t, name)
		s.host, s.driverPort, s.port = harness.NewHost(name), hostDriverPort, hostClusterPort
		s.host.Create(t)
		cable := fmt.Sprintf("cable%d", i)
		harness.Connect(t, s.host, middle, cable)
		s.host.AddAddress(t, cable, s.address(i))
		run(t, fmt.Sprintf("ip -n %s link set %s master bridge", middle, cable))
		s.words = []string{"--bind", "all", "--canonical-address", s.address(i)}
		if i > 0 {
			s.words = append(s.words, "--join", fmt.Sprintf("%s:%d", list[0].address(0), hostClusterPort))
		}
		list = append(list, s)
	}
	return list
}

// address is that of the host with this number.
func (s *server) address(number int) string { return fmt.Sprintf("192.168.0.%d", number+1) }

// cut drops what comes to a server from others, by their numbers.
func (s *server) cut(from ...int) {
	s.t.Helper()
	for _, n := range from {
		run(s.t, fmt.Sprintf("ip netns exec %s iptables -w -A INPUT -s %s -j DROP", s.host, s.address(n)))
	}
}

// heal ends all cuts.
func heal(servers []*server) {
	for _, s := range servers {
		s.t.Helper()
		run(s.t, fmt.Sprintf("ip netns exec %s iptables -w -F INPUT", s.host))
	}
}

func run(t *testing.T, line string) {
	t.Helper()
	words := strings.Fields(line)
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
}
