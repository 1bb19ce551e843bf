//go:build cluster

package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// dropped is how long nobody answers before that counts as dropped.
const dropped = 2 * time.Second

// A second server joins over the private network while a firewall keeps everybody else from the intracluster port.
func TestJoinBehindFirewall(t *testing.T) {
	all := startApart(t, "first", "second")
	first, second := all[0], all[1]
	for _, rule := range []string{"-p tcp --dport 29015 -s 192.168.0.0/24 -j ACCEPT", "-p tcp --dport 29015 -j DROP"} {
		run(t, fmt.Sprintf("ip netns exec %s iptables -w -A INPUT %s", first.host, rule))
	}
	first.host.AddAddress(t, "cable0", "203.0.113.1")
	second.host.AddAddress(t, "cable1", "203.0.113.2")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("correct horse battery staple\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		s.words = append(s.words, "--cluster-secret-file", secret)
		s.start()
	}
	awaitAll(all)
	if _, err := second.host.DialWithin(dropped, "203.0.113.2", "203.0.113.1", hostClusterPort); err == nil {
		t.Error("the intracluster port answers to another network")
	}
	first.createTable("t", 2)
	second.answer(harness.Term(harness.Insert, table("t"), map[string]any{"id": 1}))
	for _, s := range all {
		s.await("the row in its replica", harness.Term(harness.Count, tableAt("t", "outdated")), "1")
	}
}
