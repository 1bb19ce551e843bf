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

// startApart lays out servers on hosts of their own, 192.168.0.1 and so on, which a switch connects. They are to be started.
func startApart(t *testing.T, names ...string) []*server {
	t.Helper()
	list, middle, cables := layOut(t, names...)
	run(t, "ip -n "+string(middle)+" link add bridge type bridge")
	run(t, "ip -n "+string(middle)+" link set bridge up")
	for _, cable := range cables {
		run(t, fmt.Sprintf("ip -n %s link set %s master bridge", middle, cable))
	}
	return list
}

// layOut lays out servers on hosts of their own, and a cable from each to a host in the middle.
func layOut(t *testing.T, names ...string) (list []*server, middle harness.Host, cables []string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test makes network namespaces, and needs root")
	}
	middle = harness.NewHost("switch")
	middle.Create(t)
	for i, name := range names {
		s := newServer(t, name)
		s.host, s.driverPort, s.port = harness.NewHost(name), hostDriverPort, hostClusterPort
		s.host.Create(t)
		cable := fmt.Sprintf("cable%d", i)
		harness.Connect(t, s.host, middle, cable)
		s.host.AddAddress(t, cable, s.address(i))
		s.words = []string{"--bind", "all", "--canonical-address", s.address(i)}
		if i > 0 {
			s.words = append(s.words, "--join", fmt.Sprintf("%s:%d", list[0].address(0), hostClusterPort))
		}
		list, cables = append(list, s), append(cables, cable)
	}
	return list, middle, cables
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
