//go:build cluster

package cluster

import (
	"os/exec"
	"strings"
	"testing"

	"rethinkdb/test/harness"
)

// admin runs a command of rethinkdb admin on the server.
func (s *server) admin(words ...string) (said string, ok bool) {
	s.t.Helper()
	command := exec.CommandContext(s.t.Context(), harness.Binary(s.t), append([]string{"admin", "--join", s.clusterAddr()}, words...)...)
	command.Env = append(command.Environ(), "XDG_CONFIG_HOME="+s.t.TempDir())
	out, err := command.CombinedOutput()
	return string(out), err == nil
}

// declines expects a command of rethinkdb admin to fail.
func (s *server) declines(want string, words ...string) {
	s.t.Helper()
	if said, ok := s.admin(words...); ok || !strings.Contains(said, want) {
		s.t.Errorf("%s on %s: %v, %s", strings.Join(words, " "), s.name, ok, said)
	}
}

var clusterMembers = harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "cluster_members")

// A server that is lost is taken out of the cluster when no table needs it any more. The metadata does not count on it then, and it is told so if it
// comes back. Its machine can join again, under the old name, with a new directory.
func TestRemovedServer(t *testing.T) {
	all := start(t, "a", "b", "c")
	a, b, c := all[0], all[1], all[2]
	a.createTable("t", 3)
	a.declines("Server `c` is connected. Stop it before you remove it from the cluster.", "rm", "machine", "c")
	c.kill()
	a.awaitServers("a", "b")
	a.declines("Server `c` has replicas of the table `test.t`.", "rm", "machine", "c")
	a.placeTable("t", a, b)
	if said, ok := a.admin("rm", "machine", "c"); !ok {
		t.Fatal(said)
	}
	b.await("two members", harness.Term(harness.Count, clusterMembers), "2")

	// It knows of nothing, and is told.
	c.start()
	c.says("This server has been removed from its cluster.")
	issues := harness.Term(harness.Filter, harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "current_issues"), map[string]any{"type": "server_removed"})
	c.await("that in its issues", harness.Term(harness.Count, issues), "1")
	a.awaitServers("a", "b")
	outdated := harness.Term(harness.Count, tableAt("t", "outdated"))
	if rows, err := c.try(outdated); err == nil || !strings.Contains(err.Error(), "This server has been removed from its cluster") {
		t.Errorf("a server that was removed answers with %s, %v", rows, err)
	}
	c.kill()

	again := newServer(t, "c", "--join", a.clusterAddr())
	again.start()
	a.await("three servers that vote", harness.Term(harness.Count, harness.Term(harness.Filter, clusterMembers, map[string]any{"votes": true})), "3")
	again.await("them", allServers, "3")
	// Two of three servers are a majority; with the one that was removed there would be four.
	b.kill()
	a.answer(harness.Term(harness.DBCreate, "by_two"))
	again.await("the change", harness.Term(harness.Count, harness.Term(harness.DBList)), "3")
}

// A server that has the only complete copy of a table is not taken out, although the configuration does not name it any more.
func TestRemovalWouldLoseData(t *testing.T) {
	all := start(t, "a", "b", "c")
	a, b, c := all[0], all[1], all[2]
	a.createTable("t", 1)
	a.placeTable("t", c)
	c.answer(harness.Term(harness.Insert, table("t"), map[string]any{"id": 1}))
	c.kill()
	a.awaitServers("a", "b")
	if said := a.answer(place("t", b)); strings.Contains(said, "first_error") {
		t.Logf("the table cannot even be placed elsewhere: %s", said)
		a.declines("Server `c` has replicas of the table `test.t`.", "rm", "machine", "c")
		return
	}
	a.declines("Server `c` may have the newest data of the table `test.t`", "rm", "machine", "c")
}
