//go:build cluster

package cluster

import (
	"errors"
	"strings"
	"testing"

	"rethinkdb/test/harness"
)

// repair is reconfigure with emergency_repair.
func repair(name, mode string) any {
	return harness.TermOpt(termReconfigure, map[string]any{"emergency_repair": mode}, table(name))
}

// repaired is the answer of a repair.
type repaired struct {
	Repaired int
	Config   []struct {
		New struct {
			Shards []struct {
				Primary   string   `json:"primary_replica"`
				NonVoting []string `json:"nonvoting_replicas"`
			}
		} `json:"new_val"`
	} `json:"config_changes"`
}

// refusal waits until a term is refused with a text that begins so.
func (s *server) refusal(term any, want string) {
	s.t.Helper()
	var last error
	s.eventually("refuses with "+want, func() bool {
		last = once(s, term, new(any))
		refused, ok := errors.AsType[*harness.ReQLError](last)
		return ok && strings.HasPrefix(refused.Text, want)
	})
}

// insert writes rows with these keys, one by one.
func (s *server) insert(name string, keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		ask(s, harness.TermOpt(harness.Insert, map[string]any{"conflict": "replace"}, table(name), map[string]any{"id": key, "by": s.name}),
			func(r struct{ Inserted, Unchanged, Replaced int }) bool {
				return r.Inserted+r.Unchanged+r.Replaced == 1
			})
	}
}

// TestEmergencyRepair loses two of the three servers with replicas for good, as everybody thinks. What is left goes on; and when the lost servers come back, first
// the two of them, who were a majority once, they give up what they have and become replicas again.
func TestEmergencyRepair(t *testing.T) {
	all := start(t, "a", "b", "c", "d", "e")
	a, lost, rest := all[0], all[1:3], append([]*server{all[0]}, all[3:]...)
	a.createTable("t", 1)
	a.placeTable("t", all[1], all[0], all[2])
	all[1].do(harness.Term(harness.Insert, systemTable("table_config"), map[string]any{"db": "test", "name": "gone", // nobody else ever had it
		"shards": harness.Term(harness.MakeArray, map[string]any{"primary_replica": "b", "replicas": harness.Term(harness.MakeArray, "b")})}))
	a.insert("t", "before")
	a.insert("gone", "before")
	for _, s := range all {
		s.knows("current_issues", "type")
		fails(s, repair("t", "unsafe_rollback"), "This table doesn't need to be repaired.")
	}
	for _, s := range lost {
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range rest {
		s.awaitServers("a", "d", "e")
	}

	dry := harness.TermOpt(termReconfigure, map[string]any{"emergency_repair": "unsafe_rollback", "dry_run": true}, table("t"))
	ask(all[3], dry, func(r repaired) bool { return r.Repaired == 0 && r.Config[0].New.Shards[0].Primary == "a" })
	a.showsStatus(func(row status) bool { return !row.Status.Writes && row.Status.Outdated })
	ask(all[3], repair("t", "unsafe_rollback"), func(r repaired) bool {
		return r.Repaired == 1 && r.Config[0].New.Shards[0].Primary == "a" && len(r.Config[0].New.Shards[0].NonVoting) == 2
	})
	all[4].insert("t", "after")
	for _, s := range rest {
		s.await("the rows", harness.Term(harness.Count, table("t")), "2")
		s.showsStatus(func(row status) bool {
			return row.primary() == "a" && row.states() == "a ready, b disconnected, c disconnected" && row.Status.Writes && !row.Status.All
		})
		fails(s, repair("t", "unsafe_rollback"), "This table doesn't need to be repaired.")
	}

	a.refusal(repair("gone", "unsafe_rollback"), "The server(s) hosting table `test.gone` are currently unreachable. The table was not repaired.")
	ask(a, repair("gone", "unsafe_rollback_or_erase"), func(r repaired) bool { return r.Repaired == 1 })
	a.insert("gone", "after")

	for _, s := range lost {
		s.words = nil
		s.start()
	}
	for _, s := range all {
		s.showsStatus(func(row status) bool { return row.primary() == "a" && row.Status.All })
		s.await("the rows", harness.Term(harness.Count, table("t")), "2")
		s.await("the new row", harness.Term(harness.Count, table("gone")), "1")
	}
	a.placeTable("t", all[2], all[0], all[1])
	all[1].insert("t", "in the end")
	for _, s := range all {
		s.await("the rows", harness.Term(harness.Count, tableAt("t", "outdated")), "3")
	}
}

// metadataStatus is the row of metadata_status.
type metadataStatus struct {
	Available    bool
	Primary      *string
	Voters       []string
	Disconnected []string
}

func giveUp(servers ...string) any {
	names := make([]any, len(servers))
	for i, s := range servers {
		names[i] = s
	}
	return harness.Term(harness.Update, harness.Term(harness.Get, systemTable("metadata_status"), "metadata"),
		map[string]any{"given_up": harness.Term(harness.MakeArray, names...)})
}

// keeps waits until a server knows who keeps the metadata.
func (s *server) keeps(want func(metadataStatus) bool) {
	s.t.Helper()
	ask(s, harness.Term(harness.Get, systemTable("metadata_status"), "metadata"), want)
}

func (s *server) refusesToGiveUp(want string, servers ...string) {
	s.t.Helper()
	ask(s, giveUp(servers...), func(r struct {
		Error string `json:"first_error"`
	}) bool {
		return strings.HasPrefix(r.Error, want)
	})
}

// TestLossOfTwo loses two of three servers for good, and with them the majority that keeps the metadata. The third is made to go on alone, with what it has; the others
// come back and follow it. Tables that were on them alone are as they were.
func TestLossOfTwo(t *testing.T) {
	all := start(t, "a", "b", "c")
	a, b, left := all[0], all[1], all[2]
	a.createTable("t", 3)
	b.do(harness.Term(harness.Insert, systemTable("table_config"), map[string]any{"db": "test", "name": "own",
		"shards": harness.Term(harness.MakeArray, map[string]any{"primary_replica": "b", "replicas": harness.Term(harness.MakeArray, "b")})}))
	a.insert("t", "before")
	b.insert("own", "before")
	for _, s := range all {
		s.await("the row", harness.Term(harness.Count, tableAt("t", "outdated")), "1")
		s.keeps(func(m metadataStatus) bool { return m.Available && len(m.Voters) == 3 })
	}
	left.refusesToGiveUp("A majority of the servers that keep the metadata is connected", "a", "b")
	for _, s := range all[:2] {
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	left.awaitServers("c")
	left.keeps(func(m metadataStatus) bool { return !m.Available && m.Primary == nil && len(m.Disconnected) == 2 })
	left.refusal(repair("t", "unsafe_rollback"), "A majority of the servers of the cluster is currently unreachable. Nothing was changed.")
	left.refusesToGiveUp("The servers that keep the metadata and are not connected are `a`, `b`. Name all of these, and no others", "a")
	left.refusesToGiveUp("In `given_up`: Server `x` does not exist.", "x")
	ask(left, giveUp("b", "a"), func(r struct{ Replaced int }) bool { return r.Replaced == 1 })
	left.keeps(func(m metadataStatus) bool { return m.Available && *m.Primary == "c" && len(m.Voters) == 1 })
	left.do(harness.Term(harness.DBCreate, "after"))
	ask(left, repair("t", "unsafe_rollback"), func(r repaired) bool { return r.Repaired == 1 })
	left.insert("t", "after")
	left.await("both rows", harness.Term(harness.Count, table("t")), "2")
	left.createTable("new", 1)

	for _, s := range all[:2] {
		s.words = nil
		s.start()
	}
	for _, s := range all {
		s.awaitServers("a", "b", "c")
		s.keeps(func(m metadataStatus) bool { return m.Available && *m.Primary == "c" && len(m.Voters) == 3 })
		s.await("the databases", harness.Term(harness.DBList), `["after","rethinkdb","test"]`)
		s.showsStatus(func(row status) bool { return row.primary() == "c" && row.Status.All })
		s.await("both rows", harness.Term(harness.Count, table("t")), "2")
		s.await("the row of the table that was away", harness.Term(harness.Count, table("own")), "1")
	}
	left.placeTable("t", a, b, left)
	if err := left.Kill(); err != nil { // the others are a majority again
		t.Fatal(err)
	}
	a.do(harness.Term(harness.DBCreate, "later"))
	b.insert("t", "later")
}
