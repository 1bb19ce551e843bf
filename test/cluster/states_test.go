//go:build cluster

package cluster

import (
	"slices"
	"testing"

	"rethinkdb/test/harness"
)

// TestOneOfTwo takes one of two replicas away: first the secondary one, then the primary one. Neither can go on alone, and what the states and the errors say is what the
// reference says.
func TestOneOfTwo(t *testing.T) {
	all := start(t, "a", "b", "c")
	a, b, c := all[0], all[1], all[2]
	const (
		noQuorum  = "The primary replica isn't connected to a quorum of replicas. "
		noPrimary = `primary replica for shard ["", +inf) not available`
	)
	a.createTable("t", 1)
	a.placeTable("t", a, b)
	a.insert("t", "x")
	count, write := harness.Term(harness.Count, table("t")), harness.Term(harness.Insert, table("t"), map[string]any{"id": "y"})
	unusable := func(s *server, states string, primaries ...string) {
		s.showsStatus(func(row status) bool {
			return row.RaftLeader == nil && row.states() == states && slices.Equal(row.Shards[0].PrimaryReplicas, primaries) &&
				row.Status.Outdated && !row.Status.Reads && !row.Status.Writes && !row.Status.All
		})
		s.await("the row", harness.Term(harness.Count, tableAt("t", "outdated")), "1")
		s.knows("current_issues", "description",
			"Table `test.t` is available for outdated reads, but not up-to-date reads or writes. The following servers are not reachable: b")
	}

	if err := b.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*server{a, c} {
		unusable(s, "a ready, b disconnected", "a")
	}
	a.refusal(count, "Cannot perform read: "+noQuorum+"The read was not performed, you can do an outdated read using `read_mode=\"outdated\"`.")
	a.refusal(write, "Cannot perform write: "+noQuorum+"The write was not performed.")

	b.words = nil
	b.start()
	a.placeTable("t", b, a)
	if err := b.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*server{a, c} {
		unusable(s, "a waiting_for_primary, b disconnected")
	}
	a.refusal(count, "Cannot perform read: "+noPrimary)
	a.refusal(write, "Cannot perform write: "+noPrimary)
}
