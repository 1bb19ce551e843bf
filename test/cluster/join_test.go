//go:build cluster

package cluster

import (
	"testing"

	"rethinkdb/test/harness"
)

// Servers join through any member, and all know all.
func TestJoin(t *testing.T) {
	servers := start(t, "a", "b", "c")
	for _, s := range servers {
		for _, other := range others(servers, s) {
			s.says(`Connected to server "` + other.name + `"`)
		}
	}
	// What is made through one is there for all.
	servers[2].do(harness.Term(harness.DBCreate, "made_at_c"))
	for _, s := range servers {
		ask(s, harness.Term(harness.DBList), func(names []string) bool {
			for _, n := range names {
				if n == "made_at_c" {
					return true
				}
			}
			return false
		})
	}
}

// A member needs neither --join nor a token to come back, wherever it then is.
func TestComeBack(t *testing.T) {
	servers := start(t, "a", "b", "c")
	b := servers[1]
	if err := b.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, s := range others(servers, b) {
		s.says(`Disconnected from server "b"`)
		s.awaitServers("a", "c")
	}
	b.words, b.port = nil, freePort(t)
	b.start()
	for _, s := range servers {
		s.awaitServers("a", "b", "c")
	}
}

// A server that cannot join says why, goes on by itself, and joins as soon as it can.
func TestRefusals(t *testing.T) {
	servers := start(t, "a")
	a := servers[0]
	named := newServer(t, "a", "--join", a.clusterAddr())
	named.start()
	named.says("Could not join the cluster at " + a.clusterAddr())

	early := newServer(t, "c", "--join", "127.0.0.1:1", "--join", a.clusterAddr())
	if err := a.Kill(); err != nil {
		t.Fatal(err)
	}
	early.start() // nobody is there
	early.says("Could not join the cluster at")
	a.start()
	early.awaitServers("a", "c")

	full := newServer(t, "d")
	full.start()
	full.do(harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), "t"))
	if err := full.Kill(); err != nil {
		t.Fatal(err)
	}
	full.words = []string{"--join", a.clusterAddr()}
	full.start()
	full.says("belongs to another cluster")

	self := newServer(t, "e")
	self.words = []string{"--join", self.clusterAddr()}
	self.start()
	self.says("Attempted to join self, peer ignored")
}
